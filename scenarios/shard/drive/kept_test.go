package drive

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/merge"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/verdict"
)

// archived is the result of a conform's first shard, as its worker sends it.
func archived(t *testing.T, of int) string {
	row := results.ConformRow{ID: conform.Rows()[0].ID, Level: "MUST", Says: "it", Answer: results.RowPass, Saw: "it"}
	doc := results.Document{Version: "v1", Started: "2026-05-01T12:00:00Z", Servers: []results.Server{{Server: "s",
		Target: results.Target{Kind: "url", Transport: "http", Protocol: "2025-11-25"},
		Shard:  &results.Shard{Part: 1, Of: of, Plan: "p", Clocks: []results.ShardClock{}},
		Scenarios: []results.Scenario{results.NewConform(results.Conform{Protocol: "2025-11-25",
			Rows: []results.ConformRow{row}}, results.Counts{Planned: 3, Sent: 3, Admitted: 3})}}}}
	doc.Finish()
	var text bytes.Buffer
	require.NoError(t, doc.JSON(&text))
	s, err := store.Open(t.TempDir())
	require.NoError(t, err)
	e, err := s.Keep(store.Run{Kind: store.KindConform, Started: time.Now(), Document: text.Bytes()})
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(t.TempDir(), "one.tar.gz"))
	require.NoError(t, err)
	require.NoError(t, store.Archive(file, []*store.Entry{e}))
	require.NoError(t, file.Close())
	return file.Name()
}

// Results that are damaged, empty or none cost their shards alone: what the others sent is
// judged, nothing passes, and the reason is said.
func TestAResultThatCantBeRead(t *testing.T) {
	good := archived(t, 3)
	text, err := os.ReadFile(good)
	require.NoError(t, err)
	for says, damaged := range map[string][]byte{
		"shard 2: lost, as its result can't be read: the archive can't be": text[:len(text)-9],
		"its result can't be read: the archive can't be read: gzip":        []byte("<html>no result</html>"),
		"its result can't be read: the archive can't be read: EOF":         {},
		"its result can't be read: it is that of another run or shard":     text,
	} {
		bad := filepath.Join(t.TempDir(), "two.tar.gz")
		require.NoError(t, os.WriteFile(bad, damaged, 0o600))
		told := &results.Shard{Part: 2, Of: 3, Clocks: []results.ShardClock{{Name: "c", Bounds: []results.ClockBound{{}}}}}
		parts, err := Received([]Outcome{{Part: 1, Archive: good}, {Part: 2, Archive: bad, Shard: told, Planned: 7},
			{Part: 3, Lost: "it was not heard of for 15s", Shard: told}}, t.TempDir(),
			func(*history.Call) bool { return false })
		require.NoError(t, err)
		require.Len(t, parts, 3)
		whole, err := merge.Runs(parts, merge.Config{})
		require.NoError(t, err)
		require.Equal(t, verdict.Inconclusive, whole.Document.Verdict)
		sc := whole.Document.Servers[0].Scenarios[0]
		require.Contains(t, sc.Conform.Ended, says)
		require.Contains(t, sc.Conform.Ended, "shard 3: lost, as it was not heard of for 15s")
		require.Contains(t, sc.Conform.Ended, "what its rows were answered is not known")
		require.Len(t, sc.Conform.Rows, 1)
		require.Equal(t, 3, sc.Calls.Sent, "what the first one sent isn't theirs")
	}
	_, err = Received([]Outcome{{Part: 1, Lost: "there is no such tool"}, {Part: 2, Lost: "it never joined"},
		{Part: 3, Lost: "there is no such tool"}}, t.TempDir(), nil)
	require.EqualError(t, err, "no shard came back, so that there is nothing to judge: shard 1 and shard 3: "+
		"there is no such tool; shard 2: it never joined")
}
