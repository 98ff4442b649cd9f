package mock

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// What the fixture has.
const (
	fixtureText     = "mock://text"
	fixtureBlob     = "mock://blob"
	fixtureTemplate = "mock://greeting/{name}"
	fixturePrompt   = "greet"
	fixtureTool     = "sum"   // has an output schema
	fixtureCount    = "count" // tells how far it is, and logs
)

// fixtureOptions are what a server with one of everything declares.
func fixtureOptions(suite bool) []server.ServerOption {
	page := 3
	if suite {
		page = 100 // it reads the first one only
	}
	return []server.ServerOption{
		server.WithResourceCapabilities(true, false), server.WithLogging(), server.WithCompletions(),
		server.WithPaginationLimit(page),
		server.WithPromptCompletionProvider(names{}), server.WithResourceCompletionProvider(names{}),
		server.WithInputSchemaValidation(), server.WithTaskCapabilities(true, true, false),
		server.WithToolCapabilities(true),
	}
}

// names completes any argument.
type names struct{}

// CompletePromptArgument implements server.PromptCompletionProvider.
func (names) CompletePromptArgument(_ context.Context, prompt string, _ mcp.CompleteArgument,
	_ mcp.CompleteContext) (*mcp.Completion, error) {
	if prompt != fixturePrompt && prompt != suitePrompt {
		return nil, fmt.Errorf("no prompt %q", prompt)
	}
	return &mcp.Completion{Values: []string{"ada", "grace"}, Total: 2}, nil
}

// CompleteResourceArgument implements server.ResourceCompletionProvider.
func (names) CompleteResourceArgument(_ context.Context, uri string, _ mcp.CompleteArgument,
	_ mcp.CompleteContext) (*mcp.Completion, error) {
	if uri != fixtureTemplate {
		return nil, fmt.Errorf("no template %q", uri)
	}
	return &mcp.Completion{Values: []string{"ada", "grace"}, Total: 2}, nil
}

// addFixture adds one of everything.
func addFixture(m *server.MCPServer) {
	text := func(uri, media, text string) []mcp.ResourceContents {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: media, Text: text}}
	}
	m.AddResource(mcp.NewResource(fixtureText, "text", mcp.WithMIMEType("text/plain")), func(_ context.Context,
		r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return text(r.Params.URI, "text/plain", "hello"), nil
	})
	m.AddResource(mcp.NewResource(fixtureBlob, "blob", mcp.WithMIMEType("application/octet-stream")),
		func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.BlobResourceContents{URI: r.Params.URI,
				MIMEType: "application/octet-stream",
				Blob:     base64.StdEncoding.EncodeToString([]byte{0, 1, 2})}}, nil
		})
	m.AddResourceTemplate(mcp.NewResourceTemplate(fixtureTemplate, "greeting"), func(_ context.Context,
		r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return text(r.Params.URI, "text/plain", "hello"), nil
	})
	m.AddPrompt(mcp.NewPrompt(fixturePrompt, mcp.WithPromptDescription("Greets somebody."), mcp.WithArgument("name",
		mcp.RequiredArgument())), func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		if r.Params.Arguments["name"] == "" {
			return nil, errors.New("the argument name is missing")
		}
		return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser,
			mcp.NewTextContent("Hello, "+r.Params.Arguments["name"]))}), nil
	})
	sum := mcp.NewToolWithRawSchema(fixtureTool, "Adds two numbers.",
		json.RawMessage(
			`{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"number"}},"required":["a","b"]}`))
	sum.RawOutputSchema = json.RawMessage(`{"type":"object","properties":{"sum":{"type":"number"}},"required":["sum"]}`)
	sum.Annotations.ReadOnlyHint, sum.Annotations.OpenWorldHint = mcp.ToBoolPtr(true), mcp.ToBoolPtr(false)
	m.AddTool(sum, func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultStructuredOnly(map[string]any{"sum": r.GetFloat("a", 0) + r.GetFloat("b", 0)}), nil
	})
	count := mcp.NewToolWithRawSchema(fixtureCount, "Counts to three, and says so.",
		json.RawMessage(`{"type":"object",`+
			`"properties":{"region":{"type":"string","x-mcp-header":"Region"}},"required":["region"]}`))
	count.Annotations.ReadOnlyHint, count.Annotations.OpenWorldHint = mcp.ToBoolPtr(true), mcp.ToBoolPtr(false)
	m.AddTool(count, func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for n := 1; n <= 3; n++ {
			if r.Params.Meta != nil && r.Params.Meta.ProgressToken != nil {
				// a client that takes none counts all the same
				_ = m.SendNotificationToClient(ctx, "notifications/progress",
					map[string]any{"progressToken": r.Params.Meta.ProgressToken, "progress": n, "total": 3})
			}
			// as above
			_ = m.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "count", n))
		}
		return mcp.NewToolResultText("three in " + r.GetString("region", "")), nil
	})
}
