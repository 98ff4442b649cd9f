// Package mcpgo limits the tool calls of a server built on mcp-go
// (github.com/mark3labs/mcp-go) with a ratelimit.Limiter. Most users want Middleware.
//
// It stands apart from ratelimit so that a limiter costs nobody a dependency.
package mcpgo

import (
	"context"
	"time"

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
// charges tools/call to l. A refused call gets a tool result with isError, a text, and
// retry_after_ms in its _meta; its handler isn't called.
//
// It sees calls of registered tools only: initialize, tools/list, ping and
// calls of unknown tools are free. Use ratelimit.NewHandler to charge those.
//
// It has no error to return for a limiter that ratelimit.New didn't make: such a one
// refuses every charged call and says so in the text. Limiter.Err tells before.
func Middleware(l *ratelimit.Limiter, c Config) server.ToolHandlerMiddleware {
	return middleware(c, func(ctx context.Context, request mcp.CallToolRequest) (ratelimit.Decision, func()) {
		if c.PerClient {
			return l.AllowKey(c.identity(ctx, request)), func() {}
		}
		return l.Allow(), func() {}
	})
}

// StackMiddleware is Middleware for limits of any kind, and several at once. Their
// scopes say whom a counter is shared by, so Config.PerClient has no meaning. A call
// counts for a cap until its handler has returned.
func StackMiddleware(s *ratelimit.Stack, c Config) server.ToolHandlerMiddleware {
	return middleware(c, func(ctx context.Context, request mcp.CallToolRequest) (ratelimit.Decision, func()) {
		tool := request.Params.Name // of a registered tool: nobody can make names up
		return s.Acquire(ratelimit.Event{Client: c.identity(ctx, request), Method: string(mcp.MethodToolsCall),
			Tool: tool})
	})
}

// middleware refuses the calls that judge doesn't admit. The function that judge
// returns ends what it admitted.
func middleware(c Config, judge func(context.Context, mcp.CallToolRequest) (ratelimit.Decision,
	func())) server.ToolHandlerMiddleware {
	return func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if c.Charges != nil && !c.Charges(request.Params.Name) {
				return next(ctx, request)
			}
			d, done := judge(ctx, request)
			defer done()
			if !d.Allowed {
				return refused(c, d), nil
			}
			return next(ctx, request)
		}
	}
}

// retryMember says in a refused result's _meta how long to wait, in milliseconds.
const retryMember = "retry_after_ms"

// refused is a tool result with isError, which all revisions of the protocol have for
// what stops a tool from running, so that the model sees it. How long to wait stands in
// _meta and not in structuredContent, because clients hold that against the schema of
// the tool's output, errors included.
func refused(c Config, d ratelimit.Decision) *mcp.CallToolResult {
	r := mcp.NewToolResultError(ratelimit.Refusal{Message: c.Message}.Text(d))
	if d.RetryAfter >= 0 && d.RetryAfter != ratelimit.Never {
		ms := (d.RetryAfter + time.Millisecond - 1) / time.Millisecond // a part of one as a whole
		r.Meta = mcp.NewMetaFromMap(map[string]any{retryMember: int64(ms)})
	}
	return r
}

// identity names the client.
func (c Config) identity(ctx context.Context, request mcp.CallToolRequest) string {
	if c.Identity != nil {
		return c.Identity(ctx, request)
	}
	return Session(ctx, request)
}

// Session names the client by its MCP session, which on stdio is the
// process's only one. Clients without a session share the name "".
func Session(ctx context.Context, _ mcp.CallToolRequest) string {
	if session := server.ClientSessionFromContext(ctx); session != nil {
		return ratelimit.Key(session.SessionID())
	}
	return ""
}
