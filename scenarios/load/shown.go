package load

import (
	"encoding/json"
	"slices"
	"strings"
)

// Parameters are the tool's arguments with their types, by name, those required
// first and marked: "q* string, limit integer". It is "none" where it takes none.
func (t ToolInfo) Parameters() string {
	var schema struct {
		Properties map[string]struct {
			Type any   `json:"type"`
			Enum []any `json:"enum"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	if err := json.Unmarshal(t.InputSchema, &schema); err != nil {
		return "?"
	}
	var required, optional []string
	for name, p := range schema.Properties {
		kind := ""
		switch x := p.Type.(type) {
		case string:
			kind = " " + x
		case []any:
			for _, one := range x {
				if s, ok := one.(string); ok && s != "null" {
					kind = " " + s
				}
			}
		}
		if len(p.Enum) > 0 {
			kind = " one of " + quoted(p.Enum)
		}
		if slices.Contains(schema.Required, name) {
			required = append(required, name+"*"+kind)
		} else {
			optional = append(optional, name+kind)
		}
	}
	slices.Sort(required)
	slices.Sort(optional)
	if all := append(required, optional...); len(all) > 0 {
		return strings.Join(all, ", ")
	}
	return "none"
}

// quoted are the first of some values, as JSON.
func quoted(values []any) string {
	text, err := json.Marshal(values[:min(5, len(values))])
	if err != nil {
		return "?"
	}
	out := strings.Trim(string(text), "[]")
	if len(values) > 5 {
		out += ", …"
	}
	return out
}

// Hints are what the tool's annotations claim, in words; "-" where they claim nothing.
func (t ToolInfo) Hints() string {
	a := t.Annotations
	var out []string
	for _, h := range []struct {
		set     *bool
		yes, no string
	}{
		{a.ReadOnly, "only reads", "writes"}, {a.Destructive, "destroys", "doesn't destroy"},
		{a.OpenWorld, "reaches out", "stays inside"},
	} {
		if h.set == nil || h.set == a.Destructive && a.ReadOnly != nil && *a.ReadOnly { // that one means nothing then
			continue
		}
		if *h.set {
			out = append(out, h.yes)
		} else {
			out = append(out, h.no)
		}
	}
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, ", ")
}
