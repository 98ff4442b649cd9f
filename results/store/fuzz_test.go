package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// Whatever an environment.json holds, it is read or refused, and what was read is
// written and read again as it was.
func FuzzEntry(f *testing.F) {
	e, err := newEntry(aRun(f, noon, verdict.Pass))
	require.NoError(f, err)
	whole, err := json.Marshal(e)
	require.NoError(f, err)
	for _, s := range []string{string(whole), `{}`, `{"schema":"mcpload.environment/v1"}`,
		`{"schema":"mcpload.environment/v1","servers":[{"history":"../x"}],"started":"0001-01-01T00:00:00Z"}`, `[`,
		`null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decodeEntry(text)
		if err != nil {
			return
		}
		out, err := json.Marshal(e)
		require.NoError(t, err)
		again, err := decodeEntry(out)
		require.NoError(t, err)
		require.Equal(t, e.ID, again.ID)
		require.True(t, e.Started.Equal(again.Started))
		e.path = t.TempDir()
		_, _ = e.Histories() // refused or not, it must come back
	})
}

// Whatever a document holds, its head is read or refused.
func FuzzHead(f *testing.F) {
	for _, s := range []string{
		string(aRun(f, noon, verdict.Fail).Document),
		`{"schema":"mcpload.probe/v1","server":"acb","result":"measured"}`,
		`{"schema":"x","server":7,"servers":[{"measured":{"rate":{"lo":2,"hi":1}}}]}`, `{}`, `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := headOf(text)
		if err == nil && h.Schema == "" {
			t.Fatal("a document without a schema")
		}
		if _, err := newEntry(Run{Kind: "run", Started: time.Unix(0, 0), Document: text}); err != nil {
			return
		}
	})
}
