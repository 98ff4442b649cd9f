package main

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/ratelimit/mcpgo"
)

const pluginTool = "list_templates"

// A plugin adds tools and resources to a host. It has no limiter, no listener
// and no credential of its own.
type plugin struct {
	host      *host
	templates []string
	limited   server.ToolHandlerMiddleware // nil but in the mistaken variant
}

func newPlugin(h *host, ownBucket bool) *plugin {
	p := &plugin{host: h, templates: []string{"base.html", "index.html"}}
	if ownBucket {
		l, err := ratelimit.New(ratelimit.Config{Rate: rate, Burst: burst})
		if err != nil {
			panic("internal error: the host has the same limit: " + err.Error())
		}
		p.limited = mcpgo.Middleware(l, mcpgo.Config{})
	}
	return p
}

// register adds all that the plugin has, by mcp-go's public API. The error is
// for what it can't: a plugin that adds nothing must not look as if it ran.
func (p *plugin) register() error {
	templates, err := json.Marshal(p.templates)
	if err != nil {
		return err
	}
	p.registerTools(p.host.mcp, string(templates))
	p.registerResources(p.host.mcp, string(templates))
	return nil
}

func (p *plugin) registerTools(s *server.MCPServer, templates string) {
	handle := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(templates), nil
	}
	if p.limited != nil {
		handle = p.limited(handle)
	}
	s.AddTool(mcp.NewTool(pluginTool, mcp.WithDescription("Lists the templates.")), handle)
}

func (p *plugin) registerResources(s *server.MCPServer, templates string) {
	s.AddResource(mcp.NewResource("templates://all", "templates", mcp.WithMIMEType("application/json")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: "templates://all", MIMEType: "application/json",
				Text: templates}}, nil
		})
}
