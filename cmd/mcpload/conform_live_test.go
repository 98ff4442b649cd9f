//go:build live

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// conformed tries a server in every revision that it speaks, and returns the MUSTs that
// it breaks, and how many rows could be judged.
func conformed(t *testing.T, args ...string) (broken []string, judged int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(append([]string{"conform", "--format", "json", "--no-store"}, args...), strings.NewReader(""), &stdout, &stderr)
	var doc results.Document
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc), "%s%s", stdout.String(), stderr.String())
	answered := map[string]bool{}
	for _, sc := range doc.Servers[0].Scenarios {
		require.NotNil(t, sc.Conform)
		assert.Empty(t, sc.Conform.Ended)
		for _, r := range sc.Conform.Rows {
			answered[r.ID] = answered[r.ID] || r.Answer != results.RowNotTestable
			if r.Answer == results.RowFail && r.Level == "MUST" && !slices.Contains(broken, r.ID) {
				broken = append(broken, r.ID)
				t.Logf("%s in %s: %s", r.ID, sc.Conform.Protocol, r.Saw)
			}
		}
	}
	for _, was := range answered {
		if was {
			judged++
		}
	}
	slices.Sort(broken)
	return broken, judged
}

// TestConformServersOfOthers holds what is said of servers that nobody here wrote to
// what was read beside the specification, by hand: no other MUST may be held against
// them, and no fewer rows be judged. docs/CONFORMANCE_SERVERS.md says why each is one.
func TestConformServersOfOthers(t *testing.T) {
	python := installed(t, "fastmcp-newest", "bin", "python")
	everything := installed(t, "everything", "node_modules", "@modelcontextprotocol", "server-everything", "dist",
		"index.js")
	fastmcp := filepath.Join(repo(t), "testdata", "live", "fastmcp_server.py")
	for _, c := range []struct {
		name   string
		broken []string
		judged int
		args   func(t *testing.T) []string
	}{
		{"FastMCP over HTTP", []string{"H01", "H01-older", "R09"}, 70, func(t *testing.T) []string {
			port := freePort(t)
			serve(t, port, nil, python, fastmcp, "--rate", "10000", "--burst", "10000", "--global", "--port",
				fmt.Sprint(port))
			return []string{"--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port)}
		}},
		{"server-everything over HTTP", []string{"H01", "H01-older", "H11", "T09"}, 60, func(t *testing.T) []string {
			port := freePort(t)
			serve(t, port, []string{fmt.Sprintf("PORT=%d", port)}, "node", everything, "streamableHttp")
			return []string{"--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port)}
		}},
		{"server-everything over stdio", []string{"R09", "T09"}, 50, func(*testing.T) []string {
			return []string{"--", "node", everything, "stdio"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken, judged := conformed(t, c.args(t)...)
			assert.Equal(t, c.broken, broken)
			assert.GreaterOrEqual(t, judged, c.judged)
			t.Logf("%d rows judged", judged)
		})
	}
}
