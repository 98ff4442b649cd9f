package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/agents"
	"github.com/mcpload/mcpload/profiles"
)

// The door that agents use keeps the protocol over HTTP too.
func TestTheDoorForAgentsConforms(t *testing.T) {
	catalog, err := profiles.Load()
	require.NoError(t, err)
	m, err := agents.New(agents.Config{Version: "test", Catalog: catalog})
	require.NoError(t, err)
	s := httptest.NewServer(agents.Handler(m))
	defer s.Close()
	var stdout, stderr bytes.Buffer
	status := run([]string{"conform", "--no-store", "--url", s.URL + "/mcp"}, strings.NewReader(""), &stdout, &stderr)
	require.NotEqual(t, exitFail, status, stdout.String())
	require.NotEqual(t, exitUsage, status, stderr.String())
	require.Contains(t, stdout.String(), "MCP 2026-07-28: 0 MUST and 0 other demands not kept")
}

// A run of an agent's is kept as any other, and stdout is the agent's alone.
func TestAnAgentsRunIsKept(t *testing.T) {
	dir := t.TempDir()
	in, asks := io.Pipe()
	out, says := io.Pipe()
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() { status <- run([]string{"serve", "--mcp", "--results", dir}, in, says, &stderr) }()
	answers := bufio.NewScanner(out)
	answers.Buffer(nil, 1<<22)
	ask := func(line string) string {
		_, err := fmt.Fprintln(asks, line)
		require.NoError(t, err)
		require.True(t, answers.Scan())
		return answers.Text()
	}
	ask(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}`)
	answer := ask(
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run","arguments":{"server":"acb","virtual":true}}}`)
	require.Contains(t, answer, "pass: the mock of acb keeps its limit")
	require.NoError(t, asks.Close())
	require.Equal(t, exitPass, <-status)
	require.Equal(t, "mcpload: speaking MCP on stdin and stdout\n", stderr.String())

	var stdout bytes.Buffer
	require.Equal(t, exitPass, run([]string{"results", "list", "--results", dir}, strings.NewReader(""), &stdout,
		&stderr))
	require.Contains(t, stdout.String(), "acb")
}
