package mock

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/promise"
)

// The tools of every mock, beside the one that its profile loads with.
const (
	ToolEcho = "echo" // answers with its arguments
	toolSlow = "slow" // takes as many milliseconds as its argument ms says
	toolFail = "fail" // answers with isError
)

// The time that slow takes.
const (
	slowDefault = 100 * time.Millisecond
	slowMax     = 10 * time.Second
)

// anything is the input schema of tools that take what they are given.
var anything = json.RawMessage(`{"type":"object"}`)

// newMCP returns the MCP server behind the gate. Its tools end with life.
func newMCP(life context.Context, c Config) (m *server.MCPServer, tools map[string]bool) {
	options := []server.ServerOption{server.WithToolCapabilities(false), server.WithPromptCapabilities(false),
		server.WithResourceCapabilities(false, false)}
	p := c.Profile
	if c.Fixture {
		options = append(options, fixtureOptions(c.Suite)...)
	}
	m = server.NewMCPServer("mcpload-mock-"+p.Name, "1.0.0", options...)
	if c.Fixture {
		addFixture(m)
	}
	if c.Fixture && c.Suite {
		m.EnableSampling()
		addSuite(m)
	}
	tools = map[string]bool{}
	add := func(name, doc string, handler server.ToolHandlerFunc) {
		tools[name] = true
		tool := mcp.NewToolWithRawSchema(name, doc, anything)
		tool.Annotations.ReadOnlyHint, tool.Annotations.OpenWorldHint = mcp.ToBoolPtr(true), mcp.ToBoolPtr(false)
		m.AddTool(tool, handler)
	}
	add(ToolEcho, "Returns its arguments.", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult,
		error) {
		text, err := json.Marshal(r.GetArguments())
		if err != nil {
			return nil, err
		}
		return mcp.NewToolResultText(string(text)), nil
	})
	add(toolSlow, "Takes a while: ms milliseconds, 100 by default.", func(ctx context.Context,
		r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		d := slowDefault
		if ms := r.GetFloat("ms", -1); ms >= 0 {
			d = time.Duration(min(ms*float64(time.Millisecond), float64(slowMax)))
		}
		if !pause(ctx, life, d) {
			return nil, context.Canceled
		}
		return mcp.NewToolResultText("done"), nil
	})
	add(toolFail, "Always fails.", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("this tool always fails"), nil
	})
	fine := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ok"), nil
	}
	if name := p.Call.Tool; name != "" && !tools[name] {
		add(name, "The call that "+p.Name+" is loaded with.", fine)
	}
	for _, name := range LawTools(p.Promise) {
		if !tools[name] {
			add(name, "A tool that a law of "+p.Name+" is about.", fine)
		}
	}
	return m, tools
}

// alike is how many tools a mock has more where a law keeps a counter for each.
const alike = 7

// LawTools are the tools that a mock has because its laws name them: of a pattern, one
// that it fits; and some more where a law tells tools apart without naming any.
func LawTools(p promise.Promise) (names []string) {
	for _, l := range p {
		for n := 1; n <= alike && l.Key.Has(promise.Tool) && l.Charge.Tools == nil; n++ {
			if name := fmt.Sprintf("tool-%d", n); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		for _, pattern := range slices.Concat(l.Charge.Tools, slices.Sorted(maps.Keys(l.Charge.Units))) {
			name := strings.NewReplacer("*", "x", "?", "x").Replace(pattern)
			if !strings.ContainsAny(name, `[]\\`) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// pause waits, and reports if it came to its end before either context did.
func pause(ctx, life context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil && life.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-life.Done():
	}
	return false
}
