package conform

import (
	"encoding/json"
	"slices"
	"strings"
)

// mostCalls bounds how many tools are called.
const mostCalls = 6

// A call is one of a tool that may be called, with arguments that suit its schema as
// far as that could be seen.
type call struct {
	tool      map[string]json.RawMessage
	arguments map[string]any
	*Exchange
}

// name is the tool's.
func (c *call) name() string { return text(c.tool["name"]) }

// callable are the first of the tools that may be called, those first that show most.
func (t *Trial) callable() ([]map[string]json.RawMessage, *Answer) {
	out, none := t.allowed()
	slices.SortStableFunc(out, func(a, b map[string]json.RawMessage) int { return worth(b) - worth(a) })
	return out[:min(len(out), mostCalls)], none
}

// allowed are the tools that may be called: the one that the user names, or those
// that say that they only read.
func (t *Trial) allowed() ([]map[string]json.RawMessage, *Answer) {
	pages, _ := t.whole(listers[0])
	var out []map[string]json.RawMessage
	for _, page := range pages {
		var list []map[string]json.RawMessage
		if json.Unmarshal(member(page.result(), "tools"), &list) != nil {
			continue
		}
		for _, tool := range list {
			if t.Tool != "" && text(tool["name"]) == t.Tool || t.Tool == "" &&
				string(member(tool["annotations"], "readOnlyHint")) == "true" {
				out = append(out, tool)
			}
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case t.Tool != "":
		return nil, new(needs("another --tool", "the server lists no tool %q", t.Tool))
	}
	return nil, new(needs("--tool NAME", "no tool says that it only reads"))
}

// worth is how much a call of a tool can show.
func worth(tool map[string]json.RawMessage) int {
	n := 0
	if tool["outputSchema"] != nil {
		n += 2
	}
	if len(members(member(tool["inputSchema"], "properties"))) > 0 {
		n++
	}
	return n
}

// calls calls every tool that may be called once, and once for all rows.
func (t *Trial) calls() ([]call, *Answer) {
	if t.calling {
		if len(t.called) == 0 {
			return nil, new(needs("--tool NAME", "no tool that may be called could be called"))
		}
		return t.called, nil
	}
	tools, none := t.callable()
	if none != nil {
		return nil, none
	}
	t.calling = true
	for _, tool := range tools {
		args := t.invented(tool)
		t.called = append(t.called, call{tool: tool, arguments: args, Exchange: t.Send(t.callOf(tool, args, nil))})
	}
	return t.called, nil
}

// callOf is a call of a tool. meta is added to its metadata.
func (t *Trial) callOf(tool map[string]json.RawMessage, args, meta map[string]any) Request {
	r := t.Right("tools/call", map[string]any{"name": text(tool["name"]), "arguments": args})
	if len(meta) > 0 {
		m := members(r.Body)
		params := members(m["params"])
		all := map[string]json.RawMessage{}
		if old := members(params["_meta"]); old != nil {
			all = old
		}
		for name, value := range meta {
			all[name] = encode(value)
		}
		params["_meta"] = encode(all)
		m["params"] = encode(params)
		r.Body = encode(m)
	}
	if t.Transport == HTTP && Stateless(t.Revision) {
		for _, p := range byHeaders(tool["inputSchema"], args) {
			r = r.With(p.header, p.value)
		}
	}
	return r
}

// invented are arguments that suit a tool's schema: the user's for the tool that the
// user names.
func (t *Trial) invented(tool map[string]json.RawMessage) map[string]any {
	out := map[string]any{}
	if len(t.Arguments) > 0 && t.Tool != "" {
		if json.Unmarshal(t.Arguments, &out) == nil && out != nil {
			return out
		}
		out = map[string]any{}
	}
	var required []string
	if json.Unmarshal(member(tool["inputSchema"], "required"), &required) != nil {
		return out // it needs none
	}
	for _, name := range required {
		out[name] = suiting(member(member(tool["inputSchema"], "properties"), name))
	}
	return out
}

// suiting is a value of a schema, as far as its first words tell.
func suiting(schema json.RawMessage) any {
	for _, name := range []string{"const", "default"} {
		var v any
		if raw := member(schema, name); raw != nil && json.Unmarshal(raw, &v) == nil {
			return v
		}
	}
	var some []any
	for _, name := range []string{"enum", "examples"} {
		if json.Unmarshal(member(schema, name), &some) == nil && len(some) > 0 {
			return some[0]
		}
	}
	switch text(member(schema, "type")) {
	case "integer", "number":
		var n float64
		if json.Unmarshal(member(schema, "minimum"), &n) == nil && n > 1 {
			return n
		}
		return 1
	case "boolean":
		return true
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	return "1"
}

// unsuiting is a value that no schema of a type takes; ok is false where the type
// isn't plain.
func unsuiting(schema json.RawMessage) (v any, ok bool) {
	switch text(member(schema, "type")) {
	case "integer", "number", "boolean", "array":
		return map[string]any{"mcpload": "not of this type"}, true
	case "object":
		return []any{"mcpload"}, true
	case "string":
		return map[string]any{"mcpload": "not of this type"}, true
	}
	return nil, false
}

// toolFailed reports if a result says that the tool failed.
func (e *Exchange) toolFailed() bool { return string(member(e.result(), "isError")) == "true" }

// contents are the parts of a tool's result.
func (e *Exchange) contents() (list []json.RawMessage, ok bool) {
	err := json.Unmarshal(member(e.result(), "content"), &list)
	return list, err == nil && list != nil
}

// texts are the parts that are text, together.
func (e *Exchange) texts() string {
	var b strings.Builder
	list, _ := e.contents()
	for _, part := range list {
		b.WriteString(text(member(part, "text")))
		b.WriteString("\n")
	}
	return b.String()
}

// asksInput reports if a result asks for more input, and so is no tool's.
func (e *Exchange) asksInput() bool {
	kind := text(member(e.result(), "resultType"))
	return kind != "" && kind != "complete"
}
