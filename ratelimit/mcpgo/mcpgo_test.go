package mcpgo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/ratelimit"
)

// newServer returns an mcp-go server with the tools echo and free, whose calls
// are counted.
func newServer(l *ratelimit.Limiter, c Config) (s *server.MCPServer, calls *int) {
	calls = new(int)
	s = server.NewMCPServer("test", "1", server.WithToolHandlerMiddleware(Middleware(l, c)))
	for _, name := range []string{"echo", "free"} {
		s.AddTool(mcp.NewTool(name), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			*calls++
			return mcp.NewToolResultText("done"), nil
		})
	}
	return s, calls
}

func mustNew(t *testing.T, c ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(c)
	require.NoError(t, err)
	return l
}

func callTool(t *testing.T, c *client.Client, tool string) string {
	t.Helper()
	r, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool}})
	require.NoError(t, err)
	text, err := json.Marshal(r.Content)
	require.NoError(t, err)
	return fmt.Sprintf("%v %s", r.IsError, text)
}

func newClient(t *testing.T, s *server.MCPServer) *client.Client {
	t.Helper()
	c, err := client.NewInProcessClient(s)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	_, err = c.Initialize(t.Context(), mcp.InitializeRequest{})
	require.NoError(t, err)
	return c
}

const (
	done    = `false [{"type":"text","text":"done"}]`
	limited = `true [{"type":"text","text":"Rate limit exceeded"}]`
)

func TestMiddleware(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := mustNew(t, ratelimit.Config{Rate: 10, Burst: 2, Now: func() time.Time { return now }})
	s, calls := newServer(l, Config{Charges: func(tool string) bool { return tool != "free" }})
	c := newClient(t, s)
	for range 5 { // free
		_, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
		require.NoError(t, err)
		require.Equal(t, done, callTool(t, c, "free"))
	}
	for _, want := range []string{done, done, limited, limited} {
		require.Equal(t, want, callTool(t, c, "echo"))
	}
	require.Equal(t, 7, *calls, "the handler of a refused call isn't called")
	now = now.Add(100 * time.Millisecond) // one token
	require.Equal(t, done, callTool(t, c, "echo"))
	require.Equal(t, limited, callTool(t, newClient(t, s), "echo"), "one bucket for all")
}

func TestMiddlewarePerClient(t *testing.T) {
	s, _ := newServer(mustNew(t, ratelimit.Config{Rate: 1e-6, Burst: 1}), Config{PerClient: true, Message: "slow down"})
	first := newClient(t, s)
	time.Sleep(time.Millisecond) // in-process session ids are the time
	second := newClient(t, s)
	for _, c := range []*client.Client{first, second} {
		require.Equal(t, done, callTool(t, c, "echo"))
		require.Equal(t, `true [{"type":"text","text":"slow down"}]`, callTool(t, c, "echo"))
	}
	require.Equal(t, "", Session(t.Context(), mcp.CallToolRequest{}), "no session")

	byTool, _ := newServer(mustNew(t, ratelimit.Config{Rate: 1e-6, Burst: 1}), Config{
		PerClient: true,
		Identity:  func(_ context.Context, r mcp.CallToolRequest) string { return r.Params.Name },
	})
	c := newClient(t, byTool)
	require.Equal(t, done, callTool(t, c, "echo"))
	require.Equal(t, done, callTool(t, c, "free"))
	require.Equal(t, limited, callTool(t, c, "free"))
}

func TestMiddlewareOfAZeroLimiterRefuses(t *testing.T) {
	s, calls := newServer(&ratelimit.Limiter{}, Config{})
	require.Equal(t, `true [{"type":"text","text":"Rate limit exceeded: limiter not configured"}]`, callTool(t, newClient(t, s), "echo"))
	require.Zero(t, *calls)
}

// The handler stands in front of a real mcp-go server, over a real socket.
func TestHandlerBeforeARealServer(t *testing.T) {
	s, _ := newServer(mustNew(t, ratelimit.Config{Rate: 1e9, Burst: 1000}), Config{})
	h, err := ratelimit.NewHandler(server.NewStreamableHTTPServer(s), mustNew(t, ratelimit.Config{Rate: 1e-6, Burst: 3}), ratelimit.HandlerConfig{})
	require.NoError(t, err)
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	c, err := client.NewStreamableHttpClient(web.URL)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	_, err = c.Initialize(t.Context(), mcp.InitializeRequest{}) // one token; the notification after it is free
	require.NoError(t, err)
	require.Equal(t, done, callTool(t, c, "echo"))
	require.Equal(t, done, callTool(t, c, "echo"))
	_, err = c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "echo"}})
	require.Error(t, err)

	r, err := http.Post(web.URL, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":"c-1","method":"tools/call","params":{"name":"echo"}}`))
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
}
