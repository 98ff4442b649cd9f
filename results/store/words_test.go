package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// Shells are told the addresses of kept runs, and behind one the tools that were called there.
func TestWordsBehindAnAddress(t *testing.T) {
	s := open(t)
	kept := func(address, tool string) {
		doc := &results.Document{Started: "2026-11-30T06:00:00Z", Servers: []results.Server{{Server: "s",
			Target: results.Target{Kind: "url", Address: address, Call: &results.Call{Tool: tool}}}}}
		doc.Finish()
		var b bytes.Buffer
		require.NoError(t, doc.JSON(&b))
		_, err := s.Keep(Run{Kind: "run", Started: time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC), Document: b.Bytes()})
		require.NoError(t, err)
	}
	kept("http://127.0.0.1:1/mcp", "one")
	kept("http://127.0.0.1:2/mcp", "two")
	kept("broken by traceback", "three")
	require.ElementsMatch(t, []string{"http://127.0.0.1:1/mcp", "http://127.0.0.1:2/mcp"}, Behind(true, nil)(s))
	require.Equal(t, []string{"two"}, Behind(true, []string{"127.0.0.1:2/mcp"})(s))
	require.ElementsMatch(t, []string{"one", "two", "three"}, Behind(true, []string{"http://elsewhere/mcp"})(s))
	require.Empty(t, Behind(false, []string{"http://127.0.0.1:2/mcp"})(s), "a command that calls no tool takes none")
	require.Empty(t, Behind(true, []string{"http://127.0.0.1:2/mcp", "two"})(s))
}
