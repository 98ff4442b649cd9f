package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/ratelimit/mcpgo"
)

// What the host promises.
const (
	rate  = 15 // calls a second
	burst = 40 // calls at once
)

// A host is a server that plugins are built on. What a plugin needs of it is its
// limiter and what Startup found out about its credentials; it keeps both.
type host struct {
	mcp         *server.MCPServer
	limiter     *ratelimit.Limiter
	credentials apikey.Report
}

// spec is what the host needs to work.
var spec = apikey.Spec{Credentials: []apikey.Credential{{Field: "token", Env: "HOST_TOKEN", Provider: "generic"}}}

// newHost refuses to be without a valid credential. The limiter stands in the
// server's middleware, so whatever is registered later is behind it as well.
func newHost(lookup func(string) (string, bool), exempt bool) (*host, error) {
	credentials, err := apikey.Startup(spec, lookup)
	if err != nil {
		return nil, err
	}
	limiter, err := ratelimit.New(ratelimit.Config{Rate: rate, Burst: burst})
	if err != nil {
		return nil, err
	}
	charges := func(tool string) bool { return !exempt || tool != pluginTool }
	h := &host{limiter: limiter, credentials: credentials}
	h.mcp = server.NewMCPServer("host", "1.0.0",
		server.WithResourceCapabilities(false, true),
		server.WithToolHandlerMiddleware(mcpgo.Middleware(limiter, mcpgo.Config{Charges: charges})),
		server.WithResourceHandlerMiddleware(h.limitResources))
	h.mcp.AddTool(mcp.NewTool("ping", mcp.WithDescription(`Answers "pong".`)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("pong"), nil
		})
	return h, nil
}

// limitResources charges the reading of a resource to the same bucket.
func (h *host) limitResources(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		if d := h.limiter.Allow(); !d.Allowed {
			return nil, fmt.Errorf("rate limit exceeded; retry in %s", d.RetryAfter)
		}
		return next(ctx, request)
	}
}

// handler serves streamable HTTP at /mcp.
func (h *host) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.NewStreamableHTTPServer(h.mcp))
	return mux
}
