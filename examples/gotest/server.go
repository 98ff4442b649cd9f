// Package gotest is an MCP server of one tool behind a rate limit, and a test that
// judges it in under ten lines. Copy the test.
package gotest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/ratelimit/mcpgo"
)

// NewHandler serves a tool that may be called rate times a second, burst at once.
func NewHandler(rate float64, burst int) (http.Handler, error) {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: rate, Burst: burst})
	if err != nil {
		return nil, fmt.Errorf("gotest: %w", err)
	}
	s := server.NewMCPServer("gotest", "1.0.0", server.WithToolHandlerMiddleware(mcpgo.Middleware(limiter,
		mcpgo.Config{})))
	// The annotations let mcpload choose the tool by itself.
	hello := mcp.NewTool("hello", mcp.WithReadOnlyHintAnnotation(true), mcp.WithOpenWorldHintAnnotation(false))
	s.AddTool(hello, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("hello"), nil
	})
	return server.NewStreamableHTTPServer(s), nil
}
