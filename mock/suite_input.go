package mock

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// The questions of the suite's tools. Clients of older revisions are asked by requests,
// which mcp-go sends in place of results.
func form(message, properties string, required ...string) mcp.ElicitationParams {
	schema := map[string]any{"type": "object", "properties": json.RawMessage(properties)}
	if len(required) > 0 {
		schema["required"] = required
	}
	return mcp.ElicitationParams{Message: message, RequestedSchema: schema}
}

func question(text string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{MaxTokens: tokens,
		Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(text)}}}
}

const (
	nameOnly = `{"name":{"type":"string"}}`
	okOnly   = `{"ok":{"type":"boolean"}}`
	defaults = `{"name":{"type":"string","default":"John Doe"},"age":{"type":"integer","default":30},"score":{"type":"number","default":95.5},
"status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},"verified":{"type":"boolean","default":true}}`
	enums = `{"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
"titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
"legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],"enumNames":["Option One","Option Two","Option Three"]},
"untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
"titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}`
)

// A seal keeps clients from changing a state that they carry.
type seal [32]byte

func (s seal) put(state string) string {
	h := hmac.New(sha256.New, s[:])
	_, _ = h.Write([]byte(state)) // a hash takes everything
	return state + "." + hex.EncodeToString(h.Sum(nil))
}

func (s seal) open(sealed string) (state string, ok bool) {
	state, _, _ = strings.Cut(sealed, ".")
	return state, hmac.Equal([]byte(s.put(state)), []byte(sealed))
}

var errChanged = errors.New("the request state was changed")

// An asker is a tool that asks before it answers. ask is given what was answered, and
// returns nil once it has all that it needs.
type asker struct {
	name   string
	sealed bool // its state comes back as it went
	ask    asking
}

type asking func(r mcp.CallToolRequest, b *server.InputRequestBuilder, state string) *server.InputRequestBuilder

// answered reports if a question of these ids has an answer of its kind.
func answered(r mcp.CallToolRequest, ids ...string) bool {
	for _, id := range ids {
		in := r.Params.InputResponses
		if server.ElicitationResponse(in, id) == nil && server.SamplingResponse(in, id) == nil &&
			server.RootsResponse(in, id) == nil {
			return false
		}
	}
	return true
}

// addAskers adds the tools and the prompt that ask their clients.
func addAskers(m *server.MCPServer) {
	var s seal
	_, _ = rand.Read(s[:]) // it never fails
	for _, a := range askers(s) {
		addTool(m, a.name, func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			state := ""
			if sealed := r.Params.RequestState; a.sealed && sealed != "" {
				var ok bool
				if state, ok = s.open(sealed); !ok {
					return nil, errChanged
				}
			}
			if b := a.ask(r, server.NewInputRequestBuilder(""), state); b != nil {
				return b.ToolResult(), nil
			}
			return mcp.NewToolResultText(told(r) + state), nil
		})
	}
	m.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("For the official "+
		"conformance suite.")),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			can := r.Params.Meta.ClientCapabilities() // nothing is asked for that a client doesn't declare
			if can != nil && can.Elicitation != nil &&
				server.ElicitationResponse(r.Params.InputResponses, "user_context") == nil {
				return server.NewInputRequestBuilder("").Elicit("user_context",
					form("What context should the prompt use?", `{"context":{"type":"string"}}`,
						"context")).PromptResult(), nil
			}
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser,
				mcp.NewTextContent("Use the context."))}), nil
		})
	addTool(m, suiteDemanding, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
}

// suiteDemanding is the suite's tool that is for clients that sample. Others are refused
// before mcp-go, whose tools have no such error.
const suiteDemanding = "test_missing_capability"

// told is what the answers say, in a text.
func told(r mcp.CallToolRequest) string {
	var b strings.Builder
	for id := range r.Params.InputResponses {
		in := r.Params.InputResponses
		switch {
		case server.ElicitationResponse(in, id) != nil && server.ElicitationResponse(in, id).Action != "":
			a := server.ElicitationResponse(in, id)
			text, _ := json.Marshal(a.Content) // it came as JSON
			fmt.Fprintf(&b, "Elicitation completed: action=%s, content=%s ", a.Action, text)
		case server.RootsResponse(in, id) != nil && len(server.RootsResponse(in, id).Roots) > 0:
			fmt.Fprintf(&b, "roots: %v ", server.RootsResponse(in, id).Roots)
		case server.SamplingResponse(in, id) != nil:
			text, _ := json.Marshal(server.SamplingResponse(in, id).Content) // as above
			fmt.Fprintf(&b, "LLM response: %s ", text)
		}
	}
	return b.String()
}

// elicits asks one question, once.
func elicits(id string, p mcp.ElicitationParams) asking {
	return func(r mcp.CallToolRequest, b *server.InputRequestBuilder, _ string) *server.InputRequestBuilder {
		if answered(r, id) {
			return nil
		}
		return b.Elicit(id, p)
	}
}

func askers(s seal) []asker {
	sealing := func(r mcp.CallToolRequest, b *server.InputRequestBuilder, _ string) *server.InputRequestBuilder {
		if answered(r, "confirm") && r.Params.RequestState != "" {
			return nil
		}
		return b.Elicit("confirm", form("Please confirm", okOnly, "ok")).RequestState(s.put("state-ok"))
	}
	return []asker{
		{name: "test_input_required_result_elicitation", ask: elicits("user_name", form("What is your name?", nameOnly,
			"name"))},
		{name: "test_streaming_elicitation", ask: elicits("user_name", form("What is your name?", nameOnly, "name"))},
		{name: "test_elicitation_sep1034_defaults", ask: elicits("defaults", form("Please review the defaults",
			defaults))},
		{name: "test_elicitation_sep1330_enums", ask: elicits("enums", form("Please choose", enums))},
		{name: "test_elicitation", ask: func(r mcp.CallToolRequest, b *server.InputRequestBuilder,
			_ string) *server.InputRequestBuilder {
			return elicits("user", form(r.GetString("message", "?"),
				`{"username":{"type":"string"},"email":{"type":"string"}}`, "username", "email"))(r, b, "")
		}},
		{name: "test_sampling", ask: sampling(func(r mcp.CallToolRequest) mcp.CreateMessageParams {
			return question(r.GetString("prompt", "?"), 100)
		})},
		{name: "test_input_required_result_sampling", ask: sampling(func(mcp.CallToolRequest) mcp.CreateMessageParams {
			return question("What is the capital of France?", 100)
		})},
		{name: "test_input_required_result_list_roots", ask: func(r mcp.CallToolRequest, b *server.InputRequestBuilder,
			_ string) *server.InputRequestBuilder {
			if answered(r, "client_roots") {
				return nil
			}
			return b.Roots("client_roots")
		}},
		{name: "test_input_required_result_request_state", sealed: true, ask: sealing},
		{name: "test_input_required_result_tampered_state", sealed: true, ask: sealing},
		{name: "test_input_required_result_multiple_inputs", sealed: true, ask: func(r mcp.CallToolRequest,
			b *server.InputRequestBuilder, _ string) *server.InputRequestBuilder {
			if answered(r, "user_name", "greeting", "client_roots") {
				return nil
			}
			return b.Elicit("user_name", form("What is your name?", nameOnly, "name")).Sample("greeting",
				question("Generate a greeting", 50)).
				Roots("client_roots").RequestState(s.put("many"))
		}},
		{name: "test_input_required_result_multi_round", sealed: true, ask: func(r mcp.CallToolRequest,
			b *server.InputRequestBuilder, state string) *server.InputRequestBuilder {
			switch {
			case state == "round-2" && answered(r, "step2"):
				return nil
			case state == "round-1" && answered(r, "step1"):
				return b.Elicit("step2", form("Step 2: What is your favorite color?", `{"color":{"type":"string"}}`,
					"color")).RequestState(s.put("round-2"))
			}
			return b.Elicit("step1", form("Step 1: What is your name?", nameOnly, "name")).RequestState(
				s.put("round-1"))
		}},
		{name: "test_input_required_result_capabilities", ask: asksWhatIsDeclared},
	}
}

// asksWhatIsDeclared asks for nothing that the client doesn't say it can do.
func asksWhatIsDeclared(r mcp.CallToolRequest, b *server.InputRequestBuilder, _ string) *server.InputRequestBuilder {
	c := r.Params.Meta.ClientCapabilities()
	switch {
	case len(r.Params.InputResponses) > 0 || c == nil || c.Sampling == nil && c.Elicitation == nil:
		return nil
	case c.Sampling != nil:
		return b.Sample("capital_question", question("What is the capital of France?", 100))
	}
	return b.Elicit("user_name", form("What is your name?", nameOnly, "name"))
}

// sampling asks for what a model says.
func sampling(of func(mcp.CallToolRequest) mcp.CreateMessageParams) asking {
	return func(r mcp.CallToolRequest, b *server.InputRequestBuilder, _ string) *server.InputRequestBuilder {
		if answered(r, "capital_question") {
			return nil
		}
		return b.Sample("capital_question", of(r))
	}
}
