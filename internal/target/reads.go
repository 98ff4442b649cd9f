package target

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/verdict"
)

// A readable is a request that reads what a list names.
type readable struct {
	method      string
	list, field string
	request     func(item json.RawMessage) any // nil where the item can't be read with what is known of it
}

// readables are the requests that read one prompt, one resource, or what completes an
// argument. They take nothing that isn't in a list.
var readables = []readable{
	{"prompts/get", "prompts/list", "prompts", func(item json.RawMessage) any {
		p := promptOf(item)
		for _, a := range p.Arguments {
			if a.Required {
				return nil
			}
		}
		return named(p.Name, map[string]any{"name": p.Name})
	}},
	{"resources/read", "resources/list", "resources", func(item json.RawMessage) any {
		uri := textOf(item, "uri")
		return named(uri, map[string]any{"uri": uri})
	}},
	{"completion/complete", "prompts/list", "prompts", func(item json.RawMessage) any {
		p := promptOf(item)
		if len(p.Arguments) == 0 {
			return nil
		}
		return completion(map[string]any{"type": "ref/prompt", "name": p.Name}, p.Arguments[0].Name)
	}},
	{"completion/complete", "resources/templates/list", "resourceTemplates", func(item json.RawMessage) any {
		uri := textOf(item, "uriTemplate")
		if m := templated.FindStringSubmatch(uri); m != nil {
			return completion(map[string]any{"type": "ref/resource", "uri": uri}, m[1])
		}
		return nil
	}},
}

// templated finds the first variable of a URI template (RFC 6570).
var templated = regexp.MustCompile(`\{[+#./;?&]?([A-Za-z0-9_]+)`)

// A prompt is what a list says of one.
type prompt struct {
	Name      string `json:"name"`
	Arguments []struct {
		Name     string `json:"name"`
		Required bool   `json:"required"`
	} `json:"arguments"`
}

func promptOf(item json.RawMessage) (p prompt) {
	_ = json.Unmarshal(item, &p) // what can't be read has no name
	return p
}

func textOf(item json.RawMessage, key string) string {
	var object map[string]any
	_ = json.Unmarshal(item, &object) // what is no object has no text
	text, _ := object[key].(string)
	return text
}

// named is a request, and nil where what it asks for has no name.
func named(name string, request any) any {
	if name == "" {
		return nil
	}
	return request
}

func completion(ref map[string]any, argument string) any {
	return named(argument, map[string]any{"ref": ref, "argument": map[string]string{"name": argument, "value": ""}})
}

// Reads finds a request for each method that is wanted of prompts/get, resources/read and
// completion/complete, from what the server lists, and tries it once: those that are answered
// with a result are reads. sent is all that was sent for it.
func (t *Target) Reads(ctx context.Context, s *wire.Session, wanted func(method string) bool) (
	reads []history.Arrival, sent []history.Call) {
	ask := func(method string, arguments json.RawMessage) (history.Call, json.RawMessage) {
		call, result := s.Fetch(ctx, history.Arrival{Due: t.Options.Now(), Client: FirstClient,
			Label: verdict.Handshake, Method: method, Arguments: arguments})
		sent = append(sent, call)
		return call, result
	}
	found, lists := map[string]bool{}, map[string][]json.RawMessage{}
	for _, r := range readables {
		if found[r.method] || !wanted(r.method) {
			continue
		}
		items, known := lists[r.list]
		if !known {
			var page map[string]json.RawMessage
			_, result := ask(r.list, nil)
			_ = json.Unmarshal(result, &page)         // what is no list lists nothing
			_ = json.Unmarshal(page[r.field], &items) // likewise
			lists[r.list] = items
		}
		for _, item := range items {
			request := r.request(item)
			if request == nil {
				continue
			}
			arguments, _ := json.Marshal(request) // texts and maps of them always have a form
			if call, _ := ask(r.method, arguments); call.Outcome == history.OK {
				reads = append(reads, history.Arrival{Method: r.method, Arguments: arguments})
				found[r.method] = true
			}
			break // one that isn't answered is enough to see that it isn't
		}
	}
	return reads, sent
}
