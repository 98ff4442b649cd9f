package conform

import (
	"encoding/json"
	"strings"
)

// A shape is what a value must be, written "name:type name?:type …" for an object's
// members: those with ? may be absent. A type is text, number, integer, flag, object,
// [type] for a list, or the name of another shape. Members that aren't named may be
// anything.
type shape string

// shapes are the values that results are made of, as every revision has them. What a
// later revision added has its type everywhere: where it wasn't defined it may be
// anything, so it is left out unless since says otherwise.
var shapes = map[string]shape{
	"server/discover": "supportedVersions:[text] capabilities:capabilities instructions?:text",
	"initialize":      "protocolVersion:text capabilities:capabilities serverInfo:software instructions?:text",
	"software":        "name:text version:text",
	"capabilities": "experimental?:object logging?:object prompts?:listening resources?:resourceAbility " +
		"tools?:listening",
	"listening":       "listChanged?:flag",
	"resourceAbility": "listChanged?:flag subscribe?:flag",

	"tools/list":               "tools:[tool] nextCursor?:text",
	"tool":                     "name:text description?:text inputSchema:object",
	"prompts/list":             "prompts:[prompt] nextCursor?:text",
	"prompt":                   "name:text description?:text arguments?:[promptArgument]",
	"promptArgument":           "name:text description?:text required?:flag",
	"resources/list":           "resources:[resource] nextCursor?:text",
	"resource":                 "uri:text name:text description?:text mimeType?:text annotations?:object size?:integer",
	"resources/templates/list": "resourceTemplates:[template] nextCursor?:text",
	"template":                 "uriTemplate:text name:text description?:text mimeType?:text annotations?:object",

	"resources/read":      "contents:[contents]",
	"contents":            "uri:text mimeType?:text text?:text blob?:text",
	"prompts/get":         "messages:[message] description?:text",
	"message":             "role:text content:content",
	"content":             "type:text annotations?:object",
	"tools/call":          "content:[content] isError?:flag",
	"completion/complete": "completion:completed",
	"completed":           "values:[text] total?:integer hasMore?:flag",
}

// parts are the members of content that its type asks for. Which types there are is
// another row's matter.
var parts = map[string]shape{
	"text":          "text:text",
	"image":         "data:text mimeType:text",
	"audio":         "data:text mimeType:text",
	"resource":      "resource:contents",
	"resource_link": "uri:text name:text",
}

// wrong says where a value isn't of a type; empty where it is.
func wrong(at, kind string, raw json.RawMessage) string {
	if inner, ok := strings.CutPrefix(kind, "["); ok {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || list == nil {
			return at + " is no list"
		}
		for _, one := range list {
			if why := wrong("an element of "+at, strings.TrimSuffix(inner, "]"), one); why != "" {
				return why
			}
		}
		return ""
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return at + " is no JSON"
	}
	ok, is := true, ""
	switch kind {
	case "text":
		_, ok = v.(string)
		is = "text"
	case "flag":
		_, ok = v.(bool)
		is = "true or false"
	case "integer":
		n, isNumber := v.(float64)
		ok, is = isNumber && n == float64(int64(n)), "whole number"
	default:
		_, ok = v.(map[string]any)
		is = "object"
	}
	if !ok {
		return at + " is no " + is
	}
	why := lacking(at, shapes[kind], raw)
	switch {
	case why != "":
	case kind == "content":
		why = lacking(at, parts[text(member(raw, "type"))], raw)
	case kind == "contents" && member(raw, "text") == nil && member(raw, "blob") == nil:
		why = at + " has neither text nor blob"
	}
	return why
}

// lacking says which member of an object is missing or wrong.
func lacking(at string, s shape, raw json.RawMessage) string {
	has := members(raw)
	for _, field := range strings.Fields(string(s)) {
		name, kind, _ := strings.Cut(field, ":")
		name, optional := strings.CutSuffix(name, "?")
		value, there := has[name]
		switch {
		case !there && optional:
		case !there:
			return at + " has no " + name
		default:
			if why := wrong(name+" of "+at, kind, value); why != "" {
				return why
			}
		}
	}
	return ""
}

func keepsShapes(t *Trial) Answer {
	var n int                  // beside what the trial began with
	right := map[string]bool{} // results that were looked into, which may be long and come often
	_, bad := t.results(func(_ *Exchange, method string, r json.RawMessage) string {
		kind := text(member(r, "resultType"))
		if _, known := shapes[method]; !known || Stateless(t.Revision) && kind != "complete" && kind != "" {
			return "" // it asks for input, or an extension's, and has other members
		}
		if method != "initialize" && method != "server/discover" {
			n++
		}
		key := method + " " + string(r)
		if right[key] {
			return ""
		}
		right[key] = true
		return wrong("the result", method, r)
	})
	return seen(n, bad)
}
