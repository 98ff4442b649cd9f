//go:build field

package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// rounds is how often each of the two servers is asked, in turns: a machine that is busy
// for a while slows both.
const rounds = 4

// TestRMCP: a server as rmcp makes it, with Nagle's algorithm on, serves a closed loop at
// least half of what it serves without.
func TestRMCP(t *testing.T) {
	mcpload := built(t, root(t, "."), "./cmd/mcpload")
	server := existing(t, filepath.Join(cache(t), "interop", "rmcp", "release", "rmcp-server"))
	ports := [2]int{freePort(t), freePort(t)}
	serve(t, ports[0], nil, server, fmt.Sprint(ports[0]))
	serve(t, ports[1], []string{"NODELAY=1"}, server, fmt.Sprint(ports[1]))
	plan := filepath.Join(t.TempDir(), "plan.yaml") // which the fast path doesn't carry
	write(t, plan, "sessions: {count: 4, calls: 500}\nmix:\n  - sequence: two\n    steps: [{call: echo, args: {text: hi}}, "+
		"{call: echo, args: {text: hi}}]\n")
	for name, load := range map[string][]string{
		"fast":  {"--tool", "echo", "--args", `{"text":"hi"}`},
		"plain": {"--mix", plan},
	} {
		t.Run(name, func(t *testing.T) {
			var served [2]int
			for range rounds {
				for i, port := range ports {
					served[i] += resultsOf(t, mcpload, append(load, "--url", endpoint(port, "/mcp"), "--protocol",
						"2025-11-25", "--rate", "max", "--connections", "4", "--duration", "2s")...)
				}
			}
			t.Logf("%d with Nagle's algorithm, %d without", served[0], served[1])
			require.Positive(t, served[1])
			require.Greater(t, 2*served[0], served[1])
		})
	}
}

// resultsOf is how many calls of a load got a result; all must.
func resultsOf(t *testing.T, mcpload string, args ...string) int {
	t.Helper()
	out, err := exec.Command(mcpload, append([]string{"load", "--no-store", "--format", "json"}, args...)...).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != undecided[0] { // a busy machine leaves a load open
		require.NoError(t, err, string(out))
	}
	var doc struct {
		Servers []struct {
			Scenarios []struct{ Calls struct{ Sent, Admitted int } }
		}
	}
	require.NoError(t, json.Unmarshal(out, &doc))
	calls := doc.Servers[0].Scenarios[0].Calls
	require.Equal(t, calls.Sent, calls.Admitted)
	return calls.Admitted
}
