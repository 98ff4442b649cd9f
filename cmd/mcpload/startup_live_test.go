//go:build live

package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// FastMCP servers, started again and again: one that checks its key passes,
// one that checks nothing and one whose exception quotes the key are found.
func TestStartupOfFastMCP(t *testing.T) {
	self := program(t)
	script := filepath.Join(repo(t), "testdata", "live", "fastmcp_startup.py")
	for _, version := range []string{"fastmcp2", "fastmcp-newest"} {
		python := installed(t, version, "bin", "python")
		run := func(t *testing.T, mode string, flags ...string) (int, *results.Document) {
			args := append([]string{"--credential", "OPENAI_API_KEY=openai", "--dir", t.TempDir()}, flags...)
			args = append(args, "--", python, script, mode)
			if len(flags) > 0 && flags[0] == "--url" {
				args = append(args, "--port", flags[1][len("http://127.0.0.1:"):len(flags[1])-len("/mcp")])
			}
			status, doc, stderr := started(t, self, args...)
			require.NotNil(t, doc, stderr)
			return status, doc
		}
		t.Run(version+" strict", func(t *testing.T) {
			status, doc := run(t, "strict")
			require.Empty(t, failedStarts(doc), "%+v", doc.Servers[0].Scenarios[0].Findings)
			require.Equal(t, exitPass, status, "%+v", doc.Servers[0].Scenarios[0].Findings)
			// some cases have several formats
			require.Greater(t, len(doc.Servers[0].Scenarios[0].Starts), len(startup.Cases()))
		})
		t.Run(version+" strict over http", func(t *testing.T) {
			status, doc := run(t, "strict", "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", freePort(t)))
			require.Empty(t, failedStarts(doc), "%+v", doc.Servers[0].Scenarios[0].Findings)
			require.Equal(t, exitPass, status, "%+v", doc.Servers[0].Scenarios[0].Findings)
		})
		t.Run(version+" open", func(t *testing.T) {
			status, doc := run(t, "open", "--case", "absent,placeholder,malformed")
			require.Equal(t, exitFail, status)
			require.Equal(t, []string{"refuses"}, failedStarts(doc))
			for _, s := range doc.Servers[0].Scenarios[0].Starts {
				require.Equal(t, "served", s.Did, s.Case)
			}
		})
		t.Run(version+" open over http", func(t *testing.T) {
			status, doc := run(t, "open", "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", freePort(t)), "--case",
				"absent")
			require.Equal(t, exitFail, status)
			require.Equal(t, []string{"refuses"}, failedStarts(doc))
		})
		t.Run(version+" trace", func(t *testing.T) {
			status, doc := run(t, "trace")
			require.Equal(t, exitFail, status)
			require.Equal(t, []string{"no-traceback", "no-leak-output"}, failedStarts(doc))
		})
	}
}
