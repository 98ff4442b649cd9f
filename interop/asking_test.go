package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// askingServers are servers of four SDKs whose tools ask their client something in
// mid-call, or end their stream before they have answered.
var askingServers = []struct {
	name  string
	tools []string
	argv  func(t *testing.T, port int) (env, argv []string)
}{
	{"python-sdk", []string{"elicits", "samples", "pings"}, func(t *testing.T, port int) (env, argv []string) {
		return nil, []string{python(t, "fastmcp2"), root(t, "interop/servers/asking.py"), fmt.Sprint(port)}
	}},
	{"FastMCP", []string{"elicits", "samples", "pings"}, func(t *testing.T, port int) (env, argv []string) {
		return []string{"MADE_WITH=fastmcp"}, []string{python(t, "fastmcp2"), root(t, "interop/servers/asking.py"),
			fmt.Sprint(port)}
	}},
	{"typescript-sdk", []string{"elicits", "samples", "pings", "polls"}, func(t *testing.T, port int) (env,
		argv []string) {
		modules := existing(t, filepath.Join(cache(t), "interop", "official", "node_modules"))
		return []string{fmt.Sprint("PORT=", port), "MODULES=" + modules},
			[]string{filepath.Join(modules, ".bin", "node"), root(t, "interop/servers/asking.mjs")}
	}},
	{"go-sdk", []string{"elicits", "samples", "pings"}, func(t *testing.T, port int) (env, argv []string) {
		return nil, []string{built(t, root(t, "interop"), "./gosdk"), "-rate", "0", "-addr", fmt.Sprint("127.0.0.1:",
			port)}
	}},
}

// TestServersThatAskAreAnswered at 50 calls a second for ten seconds: every call comes
// to its result.
func TestServersThatAskAreAnswered(t *testing.T) {
	mcpload := built(t, root(t, "."), "./cmd/mcpload")
	for _, s := range askingServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			env, argv := s.argv(t, port)
			serve(t, port, env, argv...)
			dir := t.TempDir()
			said := filepath.Join(dir, "said.json")
			write(t, said, `{"role":"assistant","model":"none","content":{"type":"text","text":"hi"}}`)
			plan := filepath.Join(dir, "plan.yaml")
			write(t, plan, "mix:\n  - {call: "+strings.Join(s.tools, "}\n  - {call: ")+"}\n")
			cmd := exec.Command(mcpload, "load", "--no-store", "--format", "json", "--url", endpoint(port, "/mcp"),
				"--mix", plan,
				"--protocol", "2025-11-25", "--rate", "50/s", "--duration", "10s", "--timeout", "30s",
				"--answer", "elicitation=accept", "--answer", "sampling="+said)
			var words bytes.Buffer
			cmd.Stderr = &words
			out, err := cmd.Output()
			require.NoError(t, err, "%s%s", out, &words)
			var doc struct {
				Servers []struct {
					Scenarios []struct {
						Calls struct{ Sent, Admitted int }
					}
				}
			}
			require.NoError(t, json.Unmarshal(out, &doc))
			calls := doc.Servers[0].Scenarios[0].Calls
			assert.Equal(t, 500, calls.Sent)
			assert.Equal(t, calls.Sent, calls.Admitted)
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}
