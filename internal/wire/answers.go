package wire

import (
	"encoding/json"
	"net/url"
	"path/filepath"
)

// Answers says which requests of a server are answered with a result, and with
// which. What is declared here is declared in the handshake; whatever else a
// server asks but ping is no method of ours. The zero value declares nothing.
// Servers of the session era ask by requests, later ones by results (see inputResult).
type Answers struct {
	Sampling    json.RawMessage // the result of sampling/createMessage; nil: not declared
	Elicitation string          // what a user does: accept or decline; empty: not declared
	Roots       []string        // folders for roots/list; nil: not declared
}

// some reports if anything is declared.
func (a Answers) some() bool { return a.Sampling != nil || a.Elicitation != "" || a.Roots != nil }

// capabilities is what a client declares that gives these answers.
func (a Answers) capabilities() map[string]any {
	c := map[string]any{}
	if a.Sampling != nil {
		c["sampling"] = struct{}{}
	}
	if a.Elicitation != "" {
		c["elicitation"] = struct{}{}
	}
	if a.Roots != nil {
		c["roots"] = struct{}{}
	}
	return c
}

// result is the result of a request by the server; nil where it gets none.
func (a Answers) result(m *message) json.RawMessage {
	switch {
	case m.method == "ping":
		return json.RawMessage("{}")
	case m.method == "sampling/createMessage":
		return a.Sampling
	case m.method == "elicitation/create" && a.Elicitation != "":
		return mustMarshal(a.elicited(m.params))
	case m.method == "roots/list" && a.Roots != nil:
		roots := []map[string]string{}
		for _, dir := range a.Roots {
			u := url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}
			roots = append(roots, map[string]string{"uri": u.String(), "name": filepath.Base(dir)})
		}
		return mustMarshal(map[string]any{"roots": roots})
	}
	return nil
}

// mustMarshal writes JSON of what always can be written.
func mustMarshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("internal error: wire: an answer does not marshal: " + err.Error())
	}
	return b
}

// A wanted is what a server asks its user for: an object of plain values
// (revision 2025-11-25, Elicitation, Requested Schema).
type wanted struct {
	Mode   string `json:"mode"`
	Schema struct {
		Properties map[string]property `json:"properties"`
		Required   []string            `json:"required"`
	} `json:"requestedSchema"`
}

// A property is one of those values.
type property struct {
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
	Enum    []any           `json:"enum"`
	OneOf   []struct {
		Const any `json:"const"`
	} `json:"oneOf"`
	Format    string    `json:"format"`
	MinLength int       `json:"minLength"`
	Minimum   float64   `json:"minimum"`
	MinItems  int       `json:"minItems"`
	Items     *property `json:"items"`
	AnyOf     []struct {
		Const any `json:"const"`
	} `json:"anyOf"`
}

// elicited is what a user does who accepts everything, with the first value that
// will do for each, or who declines.
func (a Answers) elicited(params []byte) map[string]any {
	if a.Elicitation != "accept" {
		return map[string]any{"action": a.Elicitation}
	}
	var w wanted
	// Where it isn't what it should be, there is nothing to fill in.
	if json.Unmarshal(params, &w) != nil || w.Mode == "url" {
		return map[string]any{"action": "accept"}
	}
	content := map[string]any{}
	for name, p := range w.Schema.Properties {
		content[name] = p.value()
	}
	return map[string]any{"action": "accept", "content": content}
}

// value is a value that a property may have.
func (p property) value() any {
	switch {
	case len(p.Default) > 0:
		return p.Default
	case len(p.Enum) > 0:
		return p.Enum[0]
	case len(p.OneOf) > 0:
		return p.OneOf[0].Const
	case len(p.AnyOf) > 0:
		return p.AnyOf[0].Const
	}
	switch p.Type {
	case "boolean":
		return true
	case "integer", "number":
		return p.Minimum
	case "array":
		list := []any{}
		for range min(p.MinItems, maxItems) {
			if p.Items != nil {
				list = append(list, p.Items.value())
			}
		}
		return list
	}
	switch p.Format {
	case "email":
		return "someone@example.com"
	case "uri":
		return "https://example.com/"
	case "date":
		return "2026-01-31"
	case "date-time":
		return "2026-01-31T12:00:00Z"
	}
	text := "yes"
	for len(text) < min(p.MinLength, maxText) {
		text += "s"
	}
	return text
}

// Bounds of what a server can make us write.
const (
	maxItems = 100
	maxText  = 4096
)
