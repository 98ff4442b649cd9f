//go:build live

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// These tests judge servers that nobody here wrote. `make live-setup` installs
// them; a missing one fails the test, it never skips.

// cache is where live-setup.sh puts the servers.
func cache(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MCPLOAD_TEST_CACHE")
	if dir == "" {
		home, err := os.UserHomeDir()
		require.NoError(t, err)
		dir = filepath.Join(home, ".cache", "mcpload-test")
	}
	return dir
}

func installed(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{cache(t)}, parts...)...)
	_, err := os.Stat(path)
	require.NoError(t, err, "run `make live-setup` first")
	return path
}

// repo is the root of the checkout.
func repo(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// serve starts a server and waits until its port accepts connections.
func serve(t *testing.T, port int, env []string, argv ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // its status is of no interest any more
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 600 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			require.NoError(t, conn.Close())
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Fail(t, "the server never listened", "%v\n%s", argv, output.String())
}

// judged runs the command line in this process and decodes its document. A busy machine may
// leave a run open, which contradicts nothing: it is made again, and what the third says counts.
func judged(t *testing.T, args ...string) (status int, doc *results.Document, stderr string) {
	t.Helper()
	for range 3 {
		if status, doc, stderr = judgedOnce(t, args...); status != exitInconclusive {
			break
		}
		t.Logf("inconclusive: %v\n%s", args, stderr)
	}
	return status, doc, stderr
}

func judgedOnce(t *testing.T, args ...string) (int, *results.Document, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(append([]string{"run", "--format", "json"}, args...), strings.NewReader(""), &stdout, &stderr)
	if stdout.Len() == 0 {
		return status, nil, stderr.String()
	}
	doc, err := results.Decode(&stdout)
	require.NoError(t, err, stderr.String())
	return status, doc, stderr.String()
}

// fails collects what a document's failed findings say.
func fails(s results.Server) string {
	var b strings.Builder
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				fmt.Fprintf(&b, "%s %s: want %s; saw %s; %s\n", sc.Scenario, f.Check, f.Want, f.Saw, f.Cause)
			}
		}
	}
	return b.String()
}

func within(t *testing.T, s results.Server, rate, burst float64) {
	t.Helper()
	require.NotNil(t, s.Measured)
	m := s.Measured
	require.LessOrEqual(t, m.Rate.Lo, rate)
	require.GreaterOrEqual(t, m.Rate.Hi, rate)
	require.LessOrEqual(t, m.Burst.Lo, burst)
	require.GreaterOrEqual(t, m.Burst.Hi, burst)
	t.Logf("measured %s", m)
}

// FastMCP with its own limiter, in the versions that matter: judged pass and
// measured at what it was set to, and judged fail where it was set to less.
func TestFastMCP(t *testing.T) {
	for _, version := range []string{"fastmcp2", "fastmcp-newest"} {
		t.Run(version, func(t *testing.T) {
			python := installed(t, version, "bin", "python")
			script := filepath.Join(repo(t), "testdata", "live", "fastmcp_server.py")
			start := func(burst int) string {
				port := freePort(t)
				serve(t, port, nil, python, script, "--rate", "15", "--burst", fmt.Sprint(burst), "--global", "--port",
					fmt.Sprint(port))
				return fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
			}
			status, doc, stderr := judged(t, "--url", start(40), "--rate", "15/s", "--burst", "40", "--tool", "ping")
			require.NotNil(t, doc, stderr)
			require.Equal(t, exitPass, status, "%s%s", fails(doc.Servers[0]), stderr)
			within(t, doc.Servers[0], 15, 40)

			status, doc, stderr = judged(t, "--url", start(39), "--rate", "15/s", "--burst", "40", "--tool", "ping")
			require.NotNil(t, doc, stderr)
			require.Equal(t, exitFail, status, stderr)
			require.Contains(t, fails(doc.Servers[0]), "over-rejection")
			require.Contains(t, fails(doc.Servers[0]), "the burst is too small")
			within(t, doc.Servers[0], 15, 39)
		})
	}
}

// An mcp-go server behind a limiter that isn't ours, and charges tool calls
// only.
func TestMCPGo(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "gomcp")
	build := exec.Command("go", "build", "-o", binary, "./testdata/live/gomcp")
	build.Dir = repo(t)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, c := range []struct {
		burst  int
		status int
	}{{16, exitPass}, {17, exitFail}} {
		port := freePort(t)
		serve(t, port, nil, binary, "-rate", "12", "-burst", fmt.Sprint(c.burst), "-addr", fmt.Sprintf("127.0.0.1:%d",
			port))
		status, doc, stderr := judged(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "--rate", "12/s",
			"--burst", "16", "--tool", "ping")
		require.NotNil(t, doc, stderr)
		require.Equal(t, c.status, status, "%s%s", fails(doc.Servers[0]), stderr)
		within(t, doc.Servers[0], 12, float64(c.burst))
	}
}

// The reference server has no limiter: a fail that says so.
func TestServerEverything(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node is needed")
	script := installed(t, "everything", "node_modules", "@modelcontextprotocol", "server-everything", "dist",
		"index.js")
	check := func(t *testing.T, args ...string) {
		status, doc, stderr := judged(t, append([]string{"--rate", "15/s", "--burst", "40", "--tool", "echo", "--args",
			`{"message":"hello"}`}, args...)...)
		require.NotNil(t, doc, stderr)
		require.Equal(t, exitFail, status, stderr)
		require.Contains(t, fails(doc.Servers[0]), "no limiter is at work")
	}
	t.Run("stdio", func(t *testing.T) { check(t, "--", node, script, "stdio") })
	t.Run("http", func(t *testing.T) {
		port := freePort(t)
		serve(t, port, []string{fmt.Sprintf("PORT=%d", port)}, node, script, "streamableHttp")
		check(t, "--url", fmt.Sprintf("http://127.0.0.1:%d/mcp", port))
	})
}
