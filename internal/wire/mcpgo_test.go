package wire

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// newMCPGo returns a real server that nobody here wrote. Its tool mirrors an
// argument into a header.
func newMCPGo() *server.MCPServer {
	s := server.NewMCPServer("mcp-go", "1", server.WithToolCapabilities(false))
	echo := mcp.NewTool("echo", mcp.WithString("text"))
	echo.InputSchema.Properties["text"] = map[string]any{"type": "string", "x-mcp-header": "Text"}
	s.AddTool(echo, func(_ context.Context, q mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if text := q.GetString("text", ""); text != "hi" {
			return mcp.NewToolResultError("Global rate limit exceeded"), nil
		}
		return mcp.NewToolResultText("hi"), nil
	})
	return s
}

// TestMCPGo has a real server answer in every pair of a transport and an era.
func TestMCPGo(t *testing.T) {
	streamable := httptest.NewServer(server.NewStreamableHTTPServer(newMCPGo()))
	t.Cleanup(streamable.Close)
	old := server.NewSSEServer(newMCPGo())
	sse := httptest.NewServer(old)
	t.Cleanup(sse.Close)
	direct := newMCPGo()
	handler := func(ctx context.Context, _ string, text []byte) []byte {
		answer := direct.HandleMessage(ctx, text)
		if answer == nil {
			return nil
		}
		out, err := json.Marshal(answer)
		require.NoError(t, err)
		return out
	}
	stdio := childOptions("mcp-go")
	rows := []struct {
		name string
		o    Options
		want Transport
		as   string
	}{
		{"http auto", Options{URL: streamable.URL + "/mcp"}, HTTP, "2026-07-28"},
		{"http stateless", Options{URL: streamable.URL + "/mcp", Transport: HTTP, Protocol: "2026-07-28"}, HTTP,
			"2026-07-28"},
		{"http 2025-11-25", Options{URL: streamable.URL + "/mcp", Protocol: "2025-11-25"}, HTTP, "2025-11-25"},
		{"http 2024-11-05", Options{URL: streamable.URL + "/mcp", Protocol: "2024-11-05"}, HTTP, "2024-11-05"},
		{"sse", Options{URL: sse.URL + "/sse", Transport: SSE}, SSE, "2025-11-25"},
		{"sse auto", Options{URL: sse.URL + "/sse"}, SSE, "2025-11-25"},
		{"sse 2024-11-05", Options{URL: sse.URL + "/sse", Transport: SSE, Protocol: "2024-11-05"}, SSE, "2024-11-05"},
		{"stdio auto", stdio, Stdio, "2026-07-28"},
		{"stdio 2025-06-18", Options{Command: stdio.Command, Env: stdio.Env, Protocol: "2025-06-18"}, Stdio,
			"2025-06-18"},
		{"in process", Options{Handler: handler}, InProcess, "2026-07-28"},
		{"in process 2025-11-25", Options{Handler: handler, Protocol: "2025-11-25"}, InProcess, "2025-11-25"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.o.ListTools, row.o.Refusal, row.o.Client = true, rateLimit, "c1"
			s := dial(t, row.o)
			require.Equal(t, row.want, s.Transport())
			require.Equal(t, row.as, s.Protocol())
			require.Equal(t, "mcp-go", s.ServerName())
			require.Equal(t, []string{"echo"}, s.Tools())
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if c := s.Exchange(t.Context(), echo); c.Outcome != history.OK {
						t.Errorf("%v: %s", c.Outcome, c.Detail)
					}
				})
			}
			wg.Wait()
			other := echo
			other.Arguments = json.RawMessage(`{"text":" 世界 "}`)
			require.Equal(t, history.Limited, s.Exchange(t.Context(), other).Outcome)
			unknown := echo
			unknown.Tool = "no-such-tool"
			c := s.Exchange(t.Context(), unknown)
			require.Equal(t, history.Rejected, c.Outcome)
			require.Equal(t, -32602, c.Code)
			require.Empty(t, s.Strays())
		})
	}
}
