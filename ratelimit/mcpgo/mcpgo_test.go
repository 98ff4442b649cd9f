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
	require.Equal(t, `true [{"type":"text","text":"Rate limit exceeded: limiter not configured"}]`,
		callTool(t, newClient(t, s), "echo"))
	require.Zero(t, *calls)
}

// The handler stands in front of a real mcp-go server, over a real socket.
func TestHandlerBeforeARealServer(t *testing.T) {
	s, _ := newServer(mustNew(t, ratelimit.Config{Rate: 1e9, Burst: 1000}), Config{})
	h, err := ratelimit.NewHandler(server.NewStreamableHTTPServer(s),
		mustNew(t, ratelimit.Config{Rate: 1e-6, Burst: 3}), ratelimit.HandlerConfig{})
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

	r, err := http.Post(web.URL, "application/json",
		strings.NewReader(`{"jsonrpc":"2.0","id":"c-1","method":"tools/call","params":{"name":"echo"}}`))
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
}

// Limits of several kinds hold a server built on mcp-go, and the refusals of each say
// how long to wait, where anybody knows.
func TestStackMiddleware(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l, err := ratelimit.NewStack(ratelimit.StackConfig{Now: func() time.Time { return now }, Limits: []ratelimit.Limit{
		{Kind: ratelimit.Sliding, N: 3, Every: time.Minute, Scope: ratelimit.PerClient},
		{Kind: ratelimit.Fixed, N: 2, Every: 10 * time.Second, Scope: ratelimit.PerTool},
		{Kind: ratelimit.Cap, N: 1},
	}})
	require.NoError(t, err)
	s := server.NewMCPServer("test", "1", server.WithToolHandlerMiddleware(StackMiddleware(l, Config{})))
	started, end := make(chan bool), make(chan bool)
	for _, name := range []string{"echo", "slow"} {
		s.AddTool(mcp.NewTool(name), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if name == "slow" {
				started <- true
				<-end
			}
			return mcp.NewToolResultText("done"), nil
		})
	}
	c := newClient(t, s)
	call := func(tool string) (wait any, text string) {
		r, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool}})
		require.NoError(t, err)
		if !r.IsError {
			return nil, "done"
		}
		if r.Meta != nil {
			wait = r.Meta.AdditionalFields["retry_after_ms"]
		}
		return wait, r.Content[0].(mcp.TextContent).Text
	}
	check := func(tool string, wait any, text string) {
		t.Helper()
		w, got := call(tool)
		require.Equal(t, text, got)
		require.Equal(t, wait, w)
	}
	check("echo", nil, "done")
	check("echo", nil, "done")
	check("echo", 10000.0, "Rate limit exceeded") // two a tool
	slow := make(chan string)
	go func() {
		_, text := call("slow")
		slow <- text
	}()
	<-started
	check("echo", nil, "Rate limit exceeded: too many calls at the same time") // nobody knows when
	end <- true
	require.Equal(t, "done", <-slow)
	check("slow", 60000.0, "Rate limit exceeded") // three a client, and the slow one has ended
}
