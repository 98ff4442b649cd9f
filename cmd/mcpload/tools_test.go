//go:build performance

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests hand reports to the programs that they are made for. Both are tools
// of this module: the go command builds them from its cache, at their pinned version.

// tool runs a tool of the module and returns what it prints.
func tool(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"tool"}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go tool %v: %s", args, stderr.String())
	return string(out)
}

// printedBy runs mcpload in this process.
func printedBy(t *testing.T, want int, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Equal(t, want, run(args, strings.NewReader(""), &stdout, &stderr), stderr.String())
	return stdout.Bytes()
}

func TestVegetaReadsTheStream(t *testing.T) {
	kept := t.TempDir()
	printedBy(t, exitPass, "run", "--server", "acb", "--server", "unifi-mcp", "--virtual", "--results", kept)
	stream := printedBy(t, exitPass, "report", "last", "--format", "vegeta", "--results", kept)
	report := tool(t, stream, "vegeta", "report")
	require.Regexp(t, `Requests +\[total, rate, throughput\] +379,`, report)
	require.Regexp(t, `Status Codes +\[code:count\] +200:\d+ +429:\d+`, report)
	require.Contains(t, tool(t, stream, "vegeta", "plot"), "<html>")
	lines := tool(t, stream, "vegeta", "encode", "-to", "csv")
	require.Equal(t, 379, strings.Count(lines, "\n"))
	require.Contains(t, tool(t, stream, "vegeta", "report", "-type", "hist[0,1ms,5ms]"), "Bucket")
}

func TestBenchstatCompares(t *testing.T) {
	dir := t.TempDir()
	old, slow := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	for name, delay := range map[string]string{old: "exp(1ms)", slow: "exp(3ms)"} {
		text := printedBy(t, exitPass, "run", "--server", "acb", "--virtual", "--delay", delay, "--scenario",
			"burst,overload", "--format", "benchfmt")
		require.NoError(t, os.WriteFile(name, text, 0o600))
	}
	same := tool(t, nil, "benchstat", old, old)
	require.Regexp(t, `Call/server=acb/scenario=overload .* ~ \(p=1\.000 n=\d+\)`, same)
	changed := tool(t, nil, "benchstat", old, slow)
	require.Regexp(t,
		`Call/server=acb/scenario=overload .* \+\d+\.\d+% \(p=0\.000 n=\d+\+\d+\)|Call/server=acb/scenario=overload .* \+\d+\.\d+% \(p=0\.000 n=\d+\)`, changed)
	require.Regexp(t, `p99-sec`, changed)
}
