//go:build live

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// probed runs the command line in this process and decodes its document.
func probed(t *testing.T, args ...string) (int, results.Probed) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(append([]string{"probe", "--format", "json", "--no-store"}, args...), strings.NewReader(""), &stdout,
		&stderr)
	var doc results.Probed
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc), "%s%s", stdout.String(), stderr.String())
	t.Logf("%s", stdout.String())
	return status, doc
}

// measuredBy probes until something is measured: a busy machine spreads the calls, so that a
// budget may not suffice, which is no wrong answer. What the third probe says counts.
func measuredBy(t *testing.T, args ...string) results.Probed {
	t.Helper()
	var status int
	var doc results.Probed
	for range 3 {
		if status, doc = probed(t, args...); status != exitInconclusive {
			break
		}
	}
	require.Equal(t, exitPass, status)
	return doc
}

// around asserts that what was measured holds what a server was set to, and that
// nothing was measured where the budget didn't suffice.
func around(t *testing.T, doc results.Probed, rate, burst float64) {
	t.Helper()
	require.NotNil(t, doc.Measured)
	require.LessOrEqual(t, doc.Measured.Rate.Lo, rate)
	require.GreaterOrEqual(t, doc.Measured.Rate.Hi, rate)
	require.LessOrEqual(t, doc.Measured.Burst.Lo, burst)
	require.GreaterOrEqual(t, doc.Measured.Burst.Hi, burst)
}

// Nobody tells probe what FastMCP's limiter is set to, or whose it is.
func TestProbeFastMCP(t *testing.T) {
	for _, version := range []string{"fastmcp2", "fastmcp-newest"} {
		for scope, want := range map[string]string{"--global": probe.Global, "--client": probe.PerSession} {
			if version == "fastmcp-newest" && scope == "--client" {
				continue // its newest revision has no sessions, so that there is one client
			}
			t.Run(version+scope, func(t *testing.T) {
				python := installed(t, version, "bin", "python")
				port := freePort(t)
				serve(t, port, nil, python, filepath.Join(repo(t), "testdata", "live", "fastmcp_server.py"),
					"--rate", "15", "--burst", "40", scope, "--port", fmt.Sprint(port))
				dir := t.TempDir()
				doc := measuredBy(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "--tool", "ping",
					"--budget", "calls=1500,time=2m", "--emit-profile", filepath.Join(dir, "found.yaml"))
				around(t, doc, 15, 40)
				require.Equal(t, results.ProbeMeasured, doc.Result)
				require.Equal(t, "token bucket", doc.Models[0].Name)
				require.Equal(t, want, *doc.Scope.Answer)
				require.Equal(t, map[bool]string{true: "no", false: "yes"}[want == probe.Global], *doc.Evasion.Answer)
				require.NotEmpty(t, *doc.Refusal.ContentType)
				require.Equal(t, probe.RetryAbsent, *doc.Refusal.RetryAfter.Answer)
				costs := map[string]*int{}
				for _, c := range doc.Costs {
					costs[c.Kind] = c.Tokens
				}
				require.Equal(t, 1, *costs["tools/list"])
				require.Equal(t, 0, *costs["a refused call"])

				catalog, err := profiles.Load(dir)
				require.NoError(t, err)
				p, ok := catalog.Get("found")
				require.True(t, ok)
				require.InDelta(t, 15, p.Limit.Rate, 0.15)
				require.Equal(t, 40, p.Limit.Burst)
			})
		}
	}
}

// FastMCP's other limiter counts the calls of a minute; a stranger's server isn't
// asked for that long by default, and what was found until then is said.
func TestProbeFastMCPWindow(t *testing.T) {
	python := installed(t, "fastmcp2", "bin", "python")
	port := freePort(t)
	serve(t, port, nil, python, filepath.Join(repo(t), "testdata", "live", "fastmcp_server.py"), "--middleware",
		"sliding", "--burst", "40", "--port", fmt.Sprint(port))
	status, doc := probed(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "--tool", "ping", "--budget",
		"time=40s")
	require.Equal(t, exitInconclusive, status)
	require.Equal(t, results.ProbeUnfinished, doc.Result)
	require.Contains(t, strings.Join(doc.Notes, "\n"), "Allow it more time")
}

// An mcp-go server behind a limiter that isn't ours, and charges tool calls only.
func TestProbeMCPGo(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "gomcp")
	build := exec.Command("go", "build", "-o", binary, "./testdata/live/gomcp")
	build.Dir = repo(t)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	port := freePort(t)
	serve(t, port, nil, binary, "-rate", "12", "-burst", "16", "-addr", fmt.Sprintf("127.0.0.1:%d", port))
	doc := measuredBy(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "--tool", "ping", "--budget",
		"calls=1500,time=2m")
	around(t, doc, 12, 16)
	for _, c := range doc.Costs {
		if c.Kind == "tools/list" || c.Kind == "ping" {
			require.NotNil(t, c.Tokens, c.Kind)
			require.Equal(t, 0, *c.Tokens, c.Kind)
		}
	}
}

// The reference server has no limiter: the probe stops, and says how far it went.
func TestProbeServerEverything(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node is needed")
	script := installed(t, "everything", "node_modules", "@modelcontextprotocol", "server-everything", "dist",
		"index.js")
	port := freePort(t)
	serve(t, port, []string{fmt.Sprintf("PORT=%d", port)}, node, script, "streamableHttp")
	doc := measuredBy(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "--tool", "echo", "--args",
		`{"message":"hello"}`, "--budget", "calls=120,time=20s")
	require.Equal(t, results.ProbeNoLimit, doc.Result)
	require.Positive(t, doc.NoLimit.AtOnce)
	require.LessOrEqual(t, doc.Spent.Calls, 120)
	require.Nil(t, doc.Measured)
}
