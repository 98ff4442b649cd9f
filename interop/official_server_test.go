package interop

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mapped are the server scenarios of docs/CONFORMANCE.md: by name, if they want a
// fixture.
func mapped(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(root(t, "docs/CONFORMANCE.md"))
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "## Beside the official suite")
	require.True(t, found)
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+) \| (yes|no) \|`).FindAllStringSubmatch(table, -1) {
		out[m[1]] = m[2] == "yes"
	}
	require.NotEmpty(t, out)
	return out
}

// TestEveryServerScenarioIsMapped fails where the suite has one that the page doesn't
// name, or the page one that the suite hasn't.
func TestEveryServerScenarioIsMapped(t *testing.T) {
	out, err := official(t, "list").Output()
	require.NoError(t, err)
	list, _, found := strings.Cut(string(out), "Client scenarios")
	require.True(t, found, string(out))
	table := mapped(t)
	names := regexp.MustCompile(`(?m)^  - (\S+)`).FindAllStringSubmatch(list, -1)
	assert.Len(t, names, len(table))
	for _, m := range names {
		assert.Contains(t, table, m[1])
	}
}

// TestTheMockPassesTheOfficialSuite in every scenario with the fixture, and without it
// in those that need none.
func TestTheMockPassesTheOfficialSuite(t *testing.T) {
	table := mapped(t)
	line := regexp.MustCompile(`(?m)^([✓✗]) (\S+): (\d+) passed, (\d+) failed`)
	for _, fixture := range []bool{true, false} {
		for _, revision := range []string{"2025-11-25", "2026-07-28"} {
			t.Run(fmt.Sprint(revision, " fixture=", fixture), func(t *testing.T) {
				t.Parallel()
				port := freePort(t)
				argv := []string{built(t, root(t, ""), "./cmd/mcpload"), "mock", "--server", "acb", "--rate",
					"100000/s", "--burst", "100000",
					"--addr", fmt.Sprintf("127.0.0.1:%d", port)}
				if fixture {
					argv = append(argv, "--fixture")
				}
				serve(t, port, nil, argv...)
				cmd := official(t, "server", "--url", endpoint(port, "/mcp"), "--suite", "all", "--spec-version",
					revision)
				cmd.Dir = t.TempDir()
				out, err := cmd.CombinedOutput()
				require.Contains(t, string(out), "=== SUMMARY ===", "%v", err)
				seen := line.FindAllStringSubmatch(string(out), -1)
				require.NotEmpty(t, seen, string(out))
				for _, m := range seen {
					wants, known := table[m[2]]
					assert.True(t, known, "%s is not in the table", m[2])
					if fixture || !wants {
						assert.True(t, m[4] == "0" || passesAlone(t, port, m[2], revision), m[0])
					}
				}
			})
		}
	}
}

// passesAlone tries a scenario again: on a busy machine a report may come too late.
func passesAlone(t *testing.T, port int, scenario, revision string) bool {
	for range 3 {
		cmd := official(t, "server", "--url", endpoint(port, "/mcp"), "--scenario", scenario, "--spec-version",
			revision)
		cmd.Dir = t.TempDir()
		if cmd.Run() == nil {
			return true
		}
	}
	return false
}
