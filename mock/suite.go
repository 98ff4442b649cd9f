package mock

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// What the official conformance suite of MCP asks a server to have, by the names that
// it gives them, so that each of its scenarios has something to look at.

// pixel is a red picture of one pixel, in PNG; silence is a sound of no length, in WAV.
const (
	pixel   = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
)

// suitePause is how long the suite's tools wait between two notifications.
const suitePause = 50 * time.Millisecond

// suiteSchema has what is new in the dialect of 2020-12.
const suiteSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
"$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},"contactMethod":{"type":"string","enum":["phone","email"]},
"phone":{"type":"string"},"email":{"type":"string"}},"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
"if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},"then":{"required":["phone"]},
"else":{"required":["email"]},"additionalProperties":false}`

// addSuite adds all of it.
func addSuite(m *server.MCPServer) {
	for name, content := range map[string][]mcp.Content{
		"test_simple_text":   {mcp.NewTextContent("This is a simple text response for testing.")},
		"test_image_content": {mcp.NewImageContent(pixel, "image/png")},
		"test_audio_content": {mcp.NewAudioContent(silence, "audio/wav")},
		"test_embedded_resource": {embedded("test://embedded-resource", "text/plain", "This is an embedded resource "+
			"content.")},
		"test_multiple_content_types": {mcp.NewTextContent("Multiple content types test:"), mcp.NewImageContent(pixel,
			"image/png"),
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)},
	} {
		addTool(m, name, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: slices.Clone(content)}, nil
		})
	}
	addTool(m, "test_error_handling", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
	m.AddTool(mcp.NewToolWithRawSchema("json_schema_2020_12_tool", "Has a schema of JSON Schema 2020-12.",
		json.RawMessage(suiteSchema)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("done"), nil
		})
	addTalkers(m)
	addAskers(m)
	addSuiteResources(m)
	addSuitePrompts(m)
}

func embedded(uri, media, text string) mcp.Content {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: media, Text: text})
}

func addTool(m *server.MCPServer, name string, handler server.ToolHandlerFunc) {
	m.AddTool(mcp.NewToolWithRawSchema(name, "For the official conformance suite.", anything), handler)
}

// addTalkers adds the tools that send notifications while they run.
func addTalkers(m *server.MCPServer) {
	addTool(m, "test_tool_with_progress", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult,
		error) {
		for n := range 3 {
			if r.Params.Meta != nil && r.Params.Meta.ProgressToken != nil {
				_ = m.SendNotificationToClient(ctx, "notifications/progress", // a client that takes none goes without
					map[string]any{"progressToken": r.Params.Meta.ProgressToken, "progress": 50 * n, "total": 100})
			}
			if !pause(ctx, ctx, suitePause) {
				return nil, context.Canceled
			}
		}
		return mcp.NewToolResultText("done"), nil
	})
	says := func(list ...string) server.ToolHandlerFunc {
		return func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for _, text := range list {
				// as above
				_ = m.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "suite",
					text))
				if !pause(ctx, ctx, suitePause) {
					return nil, context.Canceled
				}
			}
			return mcp.NewToolResultText("done"), nil
		}
	}
	addTool(m, "test_tool_with_logging", says("Tool execution started", "Tool processing data",
		"Tool execution completed"))
	addTool(m, "test_logging_tool", says("Tool execution started"))
	addTool(m, "test_trigger_tool_change", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		addTool(m, "test_tool_of_a_change", says())
		m.DeleteTools("test_tool_of_a_change")
		return mcp.NewToolResultText("the tools have changed, and are what they were"), nil
	})
}

func addSuiteResources(m *server.MCPServer) {
	for uri, contents := range map[string]mcp.ResourceContents{
		"test://static-text": mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain",
			Text: "This is the content of the static text resource."},
		"test://static-binary": mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png",
			Blob: pixel},
		"test://watched-resource": mcp.TextResourceContents{URI: "test://watched-resource", MIMEType: "text/plain",
			Text: "Nothing has happened."},
	} {
		m.AddResource(mcp.NewResource(uri, uri, mcp.WithResourceDescription("For the official conformance suite.")),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{contents}, nil
			})
	}
	m.AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template"),
		func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := ""
			if _, err := fmt.Sscanf(r.Params.URI, "test://template/%s", &id); err == nil && len(id) > len("/data") {
				id = id[:len(id)-len("/data")]
			}
			text, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})
			if err != nil {
				return nil, err
			}
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "application/json",
				Text: string(text)}}, nil
		})
}

func addSuitePrompts(m *server.MCPServer) {
	doc := mcp.WithPromptDescription("For the official conformance suite.")
	said := func(parts ...mcp.Content) *mcp.GetPromptResult {
		var list []mcp.PromptMessage
		for _, part := range parts {
			list = append(list, mcp.NewPromptMessage(mcp.RoleUser, part))
		}
		return mcp.NewGetPromptResult("", list)
	}
	m.AddPrompt(mcp.NewPrompt("test_simple_prompt", doc),
		func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return said(mcp.NewTextContent("This is a simple prompt for testing.")), nil
		})
	m.AddPrompt(mcp.NewPrompt(suitePrompt, doc, mcp.WithArgument("arg1", mcp.RequiredArgument()),
		mcp.WithArgument("arg2", mcp.RequiredArgument())),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return said(mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'",
				r.Params.Arguments["arg1"], r.Params.Arguments["arg2"]))), nil
		})
	m.AddPrompt(mcp.NewPrompt("test_prompt_with_embedded_resource", doc, mcp.WithArgument("resourceUri",
		mcp.RequiredArgument())),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return said(embedded(r.Params.Arguments["resourceUri"], "text/plain", "Embedded resource content for "+
				"testing."),
				mcp.NewTextContent("Please process the embedded resource above.")), nil
		})
	m.AddPrompt(mcp.NewPrompt("test_prompt_with_image", doc),
		func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return said(mcp.NewImageContent(pixel, "image/png"), mcp.NewTextContent("Please analyze the image above.")),
				nil
		})
}

// suitePrompt is the suite's prompt whose arguments are completed.
const suitePrompt = "test_prompt_with_arguments"
