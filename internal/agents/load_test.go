package agents

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// judged serves what an agent may judge, and returns its endpoint.
func judged(t *testing.T) string {
	t.Helper()
	m := server.NewMCPServer("s", "1", server.WithToolCapabilities(false))
	m.AddTool(mcp.NewTool("now"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("now"), nil
	})
	s := httptest.NewServer(server.NewStreamableHTTPServer(m))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

func TestAnAgentLoadsConformsAndVerifies(t *testing.T) {
	c := config(t)
	url := judged(t)
	c.Addresses, c.Calls = []string{url}, 100
	call := newAgent(t, c)
	text, failed := call("load", map[string]any{"url": url, "tool": "now", "rate": "20/s", "seconds": 0.5})
	require.False(t, failed, text)
	require.Contains(t, text, "20/s")
	require.Contains(t, text, "kept as ")
	text, failed = call("conform", map[string]any{"url": url, "rows": []string{"L01"}})
	require.False(t, failed, text)
	require.Contains(t, text, "MCP 2025-11-25") // the newest that the row is about

	// The load was let through whole, which a bucket of three can't have done.
	text, failed = call("verify", map[string]any{"run": "last", "promise": []string{"1000/s burst 1000"}})
	require.True(t, failed, "a conform keeps no calls: %s", text)
	line := `{"sent_ns":0,"received_ns":1000,"outcome":"admitted","method":"tools/call","client":"c"}` + "\n"
	text, failed = call("verify", map[string]any{"history": line + line, "promise": []string{"1/s burst 1"}})
	require.False(t, failed, text)
	require.Contains(t, text, "fail")
	text, failed = call("verify", map[string]any{"history": line, "promise": []string{"1/s burst 1"}})
	require.False(t, failed, text)
	require.NotContains(t, text, "fail: ")
}

func TestLoadKeepsWithinItsBounds(t *testing.T) {
	c := config(t)
	c.Addresses, c.Calls = []string{"http://127.0.0.1:1/mcp"}, 100
	call := newAgent(t, c)
	for _, row := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"load", map[string]any{"url": "http://127.0.0.1:1/mcp", "rate": "max"}, "refused: rate max has no bound"},
		{"load", map[string]any{"url": "http://127.0.0.1:1/mcp", "rate": "20/s"}, "refused: 200 requests in 10s are " +
			"more than the 100 that are allowed"},
		{"load", map[string]any{"url": "http://127.0.0.1:1/mcp", "rate": "burst 500 every 1s on 1/s", "seconds": 2},
			"are more than the 100"},
		{"load", map[string]any{"url": "http://127.0.0.1:1/mcp", "rate": "0.1/s", "seconds": 1e6}, "refused: seconds " +
			"must be above 0 and at most 300"},
		{"load", map[string]any{"url": "http://127.0.0.1:1/mcp", "rate": "0.1/s", "seconds": -1}, "refused: seconds"},
		{"load", map[string]any{"url": "http://127.0.0.1:2/mcp"}, "refused: http://127.0.0.1:2/mcp is not among"},
		{"load", nil, "a url or a command is missing"},
		{"conform", nil, "a url or a command is missing"},
		{"conform", map[string]any{"url": "http://127.0.0.1:2/mcp"}, "refused: http://127.0.0.1:2/mcp is not among"},
		{"verify", map[string]any{"history": "{}", "promise": []string{"1/s burst 1"}}, "line 1"},
		{"verify", map[string]any{"history": "{}"}, "promise"},
		{"verify", map[string]any{"run": "../x", "promise": []string{"1/s burst 1"}}, "list_runs names them"},
	} {
		text, failed := call(row.tool, row.args)
		assert.True(t, failed, "%v", row.args)
		assert.Contains(t, text, row.want)
	}
}
