//go:build live

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/verdict"
)

// hostile is text that wants out of its place.
const hostile = `</script><script>window.pwned=1</script>"'><img src=x onerror="window.pwned=1"> ` +
	"\u202egnissim\u202c \u2066\x00\x1b[31m \xff\xfe end --> ]]> {{.}} &#60;"

// hostilePage draws a run whose every text is hostile.
func hostilePage(t *testing.T) string {
	t.Helper()
	long := strings.Repeat("x", 5000)
	var calls []history.Call
	for i := range 8 {
		c := history.Call{Sent: time.Duration(i) * time.Millisecond, Received: time.Duration(i)*time.Millisecond +
			100_000, Detail: hostile + long, Outcome: history.OK}
		c.Client, c.Method, c.Tool, c.Label = hostile, "tools/call", hostile+long, hostile
		if i%3 == 2 {
			c.Outcome = history.Broken
		}
		calls = append(calls, c)
	}
	bad := verdict.Finding{Check: hostile, Verdict: verdict.Fail, Want: hostile, Saw: hostile + long, Cause: hostile,
		Warnings: []string{hostile},
		Witness:  &verdict.Witness{To: 8 * time.Millisecond, Calls: []int{1, 2, 3}, Admitted: 5, Allowed: 2}}
	open := verdict.Finding{Check: hostile + "2", Want: hostile, Saw: hostile}
	s := results.Server{Server: hostile, Target: results.Target{Kind: "url", Transport: hostile, Protocol: hostile,
		Address: hostile},
		Limit:     results.Limit{Rate: 1, Burst: 2, Scope: "client", Charges: []string{"*"}, Inherited: hostile},
		Scenarios: []results.Scenario{results.NewScenario(hostile, calls, []verdict.Finding{bad, open})},
		Notes:     []string{hostile}, Error: hostile, Hint: hostile}
	doc := &results.Document{Version: hostile, Started: hostile, Servers: []results.Server{s, s}}
	doc.Finish()
	path := filepath.Join(t.TempDir(), "hostile.html")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, page.HTML(file, doc, map[string][]history.Call{hostile: calls}))
	require.NoError(t, file.Close())
	return path
}
