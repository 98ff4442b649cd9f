package store

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
)

// TestAKeptProbeFitsItsTerminal: it is told anew for the width that there is, and not as wide
// as the terminal was that it was made on. One that can't be read is shown as it was then.
func TestAKeptProbeFitsItsTerminal(t *testing.T) {
	s := open(t)
	table, err := export.Runs().Named("table")
	require.NoError(t, err)
	r := Renderer{Format: table, Warn: t.Logf, Table: func(map[string][]history.Call) results.TableOptions {
		return results.TableOptions{Width: 60}
	}}
	shown := func(document string) string {
		e, err := s.Keep(Run{Kind: KindProbe, Started: noon, Document: []byte(document), Screen: []byte("as it was\n")})
		require.NoError(t, err)
		write, err := r.Report(e)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, write(&b))
		return b.String()
	}
	text := shown(`{"schema":"mcpload.probe/v1","server":"acb","result":"unfinished","notes":["` +
		strings.Repeat("so many words ", 12) + `"]}`)
	require.Contains(t, text, "so many words")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 61, line)
	}
	require.Equal(t, "as it was\n", shown(`{"schema":"mcpload.probe/v9","server":"acb","result":"measured"}`))
}
