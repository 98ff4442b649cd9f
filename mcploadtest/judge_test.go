package mcploadtest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/examples/gotest"
	"github.com/mcpload/mcpload/mcploadtest"
)

// A witness is a test that writes down how it ended.
type witness struct {
	testing.TB
	said string
}

func (w *witness) Helper() {}

func (w *witness) Fatal(args ...any) { w.Fatalf("%s", fmt.Sprint(args...)) }

func (w *witness) Fatalf(format string, args ...any) {
	w.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// judged is how a test ends; empty: it passes.
func judged(t *testing.T, judge func(testing.TB)) string {
	t.Helper()
	w := &witness{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		judge(w)
	}()
	<-done
	return w.said
}

// A server that lets one more through than it promises fails its test, with the
// calls that prove it.
func TestABrokenPromiseFailsTheTest(t *testing.T) {
	t.Parallel()
	handler, err := gotest.NewHandler(50, 22)
	require.NoError(t, err)
	said := judged(t, func(w testing.TB) { mcploadtest.Judge(w, handler, "50/s burst 20") })
	require.Contains(t, said, "the server breaks its promise")
	require.Contains(t, said, "over-admission: fail")
	require.Contains(t, said, "witness: calls [")
}

func TestAServerThatRunsIsJudged(t *testing.T) {
	t.Parallel()
	handler, err := gotest.NewHandler(50, 20)
	require.NoError(t, err)
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	require.Empty(t, judged(t, func(w testing.TB) { mcploadtest.JudgeURL(w, s.URL+"/mcp", "50/s burst 20") }))
}

// Where no tool says that it may be called, nothing shows a limit of tool calls.
func TestWhatProvesNothingIsNoPass(t *testing.T) {
	t.Parallel()
	s := server.NewMCPServer("silent", "1")
	s.AddTool(mcp.NewTool("act"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	said := judged(t, func(w testing.TB) { mcploadtest.Judge(w, server.NewStreamableHTTPServer(s), "50/s burst 20") })
	require.Contains(t, said, "inconclusive: neither proven kept nor broken")
}

func TestWhatCannotRunIsNoPass(t *testing.T) {
	t.Parallel()
	handler, err := gotest.NewHandler(50, 20)
	require.NoError(t, err)
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	p, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	said := judged(t, func(w testing.TB) {
		mcploadtest.JudgeServer(w, mcpload.Server{URL: s.URL + "/mcp", Promise: p, Clients: 1, Tool: "nope"})
	})
	require.Contains(t, said, `no tool "nope"`)
	require.Contains(t, judged(t, func(w testing.TB) { mcploadtest.JudgeURL(w, s.URL+"/mcp") }), "promises nothing")
	require.Contains(t, judged(t, func(w testing.TB) { mcploadtest.JudgeURL(w, s.URL+"/mcp", "often") }),
		"doesn't begin with a number")
	require.Contains(t, judged(t, func(w testing.TB) {
		mcploadtest.JudgeCommand(w, []string{"/nowhere/server"},
			"50/s burst 20")
	}), "/nowhere/server")
}
