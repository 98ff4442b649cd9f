// Package mcpgo limits the tool calls of a server built on mcp-go
// (github.com/mark3labs/mcp-go) with a ratelimit.Limiter. Most users want Middleware.
//
// It stands apart from ratelimit so that a limiter costs nobody a dependency.
package mcpgo

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/ratelimit"
)

// Config says what Middleware charges, whom, and what it answers. The
// zero Config charges every tool call to one bucket for all.
type Config struct {
	// PerClient gives each client its own bucket. Otherwise all share one.
	PerClient bool
	// Identity tells clients apart, for PerClient; nil means Session. Its
	// pitfalls are those of ratelimit.SessionOrAddress.
	Identity func(context.Context, mcp.CallToolRequest) string
	// Charges reports if a call of this tool costs a token; nil means that every
	// call does.
	Charges func(tool string) bool
	// Message is the text of a refusal; "" means ratelimit.DefaultMessage, with the reason
	// where it isn't the rate.
	Message string
}

// Middleware returns a middleware for server.WithToolHandlerMiddleware that
// charges tools/call to l. A refused call gets a tool result with isError and a
// text, and its handler isn't called.
//
// It sees calls of registered tools only: initialize, tools/list, ping and
// calls of unknown tools are free. Use ratelimit.NewHandler to charge those.
//
// It has no error to return for a limiter that ratelimit.New didn't make: such a one
// refuses every charged call and says so in the text. Limiter.Err tells before.
func Middleware(l *ratelimit.Limiter, c Config) server.ToolHandlerMiddleware {
	if c.Identity == nil {
		c.Identity = Session
	}
	return func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if c.Charges != nil && !c.Charges(request.Params.Name) {
				return next(ctx, request)
			}
			var d ratelimit.Decision
			if c.PerClient {
				d = l.AllowKey(c.Identity(ctx, request))
			} else {
				d = l.Allow()
			}
			if !d.Allowed {
				return mcp.NewToolResultError(ratelimit.Refusal{Message: c.Message}.Text(d)), nil
			}
			return next(ctx, request)
		}
	}
}

// Session names the client by its MCP session, which on stdio is the
// process's only one. Clients without a session share the name "".
func Session(ctx context.Context, _ mcp.CallToolRequest) string {
	if session := server.ClientSessionFromContext(ctx); session != nil {
		return ratelimit.Key(session.SessionID())
	}
	return ""
}
