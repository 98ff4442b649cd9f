package load

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A ToolInfo is one tool as tools/list describes it.
type ToolInfo struct {
	Name        string          `json:"name"`
	InputSchema json.RawMessage `json:"inputSchema"`
	Annotations struct {
		ReadOnly    *bool `json:"readOnlyHint"`
		Destructive *bool `json:"destructiveHint"`
	} `json:"annotations"`
}

// ReadTools reads the result of tools/list.
func ReadTools(result []byte) (tools []ToolInfo, next string, err error) {
	var page struct {
		Tools []ToolInfo `json:"tools"`
		Next  string     `json:"nextCursor"`
	}
	if err := json.Unmarshal(result, &page); err != nil {
		return nil, "", fmt.Errorf("load: the answer to tools/list is no list of tools: %w", err)
	}
	return page.Tools, page.Next, nil
}

// Draft writes a plan that calls every tool alike, with arguments made up from
// its input schema, for a person to edit. What is annotated as destructive is
// left out, and so is what writes and doesn't say that it is harmless; left
// says which and why. What is included by name is taken in nevertheless.
func Draft(server string, tools []ToolInfo, include []string) (plan []byte, left []string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# A plan for mcpload load --mix, made from the tools of %s.\n", oneLine(server))
	b.WriteString("# Check the arguments: they were made up from the input schemas.\n")
	b.WriteString("# weight: how often, relative to the others. mcpload load --help lists the placeholders.\nmix:\n")
	n := 0
	for _, t := range tools {
		if why := t.unsafe(); why != "" && !slices.Contains(include, t.Name) {
			left = append(left, fmt.Sprintf("%s: %s", t.Name, why))
			continue
		}
		args, doubts := t.arguments()
		entry := []*yaml.Node{textNode("call"), textNode(t.Name), textNode("weight"), {Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"}}
		if len(args.Content) > 0 {
			entry = append(entry, textNode("args"), args)
		}
		list := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.MappingNode, Content: entry}}}
		text, err := yaml.Dump(list)
		if err != nil {
			return nil, nil, fmt.Errorf("load: tool %q: %w", t.Name, err)
		}
		for _, d := range doubts {
			fmt.Fprintf(&b, "  # %s\n", oneLine(d))
		}
		for line := range strings.Lines(string(text)) {
			b.WriteString("  " + line)
		}
		n++
	}
	for _, l := range left {
		fmt.Fprintf(&b, "# left out: %s\n", oneLine(l))
	}
	if n == 0 {
		return nil, left, errors.New("load: there is no tool that is safe to call many times")
	}
	return []byte(b.String()), left, nil
}

// unsafe says why a tool should not be called by the thousand. The protocol's
// defaults are the careful ones: a tool that isn't read-only may be
// destructive unless it says that it isn't. But most servers annotate nothing,
// and a plan of nothing helps nobody: silence counts as leave.
func (t ToolInfo) unsafe() string {
	a := t.Annotations
	readOnly := a.ReadOnly != nil && *a.ReadOnly
	switch {
	case readOnly:
		return ""
	case a.Destructive != nil && *a.Destructive:
		return "annotated as destructive"
	case a.ReadOnly != nil && a.Destructive == nil:
		return "annotated as writing, and not as harmless"
	}
	return ""
}

// A schema is what is understood of a JSON Schema: enough to make up values.
type schema struct {
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	Enum       []any             `json:"enum"`
	Const      any               `json:"const"`
	Default    any               `json:"default"`
	Examples   []any             `json:"examples"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
	MinLength  int               `json:"minLength"`
	MinItems   int               `json:"minItems"`
	Format     string            `json:"format"`
	AnyOf      []schema          `json:"anyOf"`
	OneOf      []schema          `json:"oneOf"`
}

// arguments makes up values for the required properties, or says what it can't
// tell.
func (t ToolInfo) arguments() (*yaml.Node, []string) {
	object := &yaml.Node{Kind: yaml.MappingNode}
	var s schema
	if len(t.InputSchema) == 0 {
		return object, nil
	}
	if err := json.Unmarshal(t.InputSchema, &s); err != nil {
		return object, []string{"its input schema can't be read, so that there are no arguments"}
	}
	var doubts []string
	object = s.object(&doubts, t.Name, 0)
	return object, doubts
}

// maxSchema is how deep a schema is followed.
const maxSchema = 8

func (s schema) object(doubts *[]string, path string, depth int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) {
			n.Content = append(n.Content, textNode(name), s.Properties[name].value(doubts, path+"."+name, depth+1))
		}
	}
	return n
}

// value makes up a value: one that the schema names, else one that its type
// allows.
func (s schema) value(doubts *[]string, path string, depth int) *yaml.Node {
	for _, v := range append([]any{s.Const, s.Default}, append(s.Examples, s.Enum...)...) {
		if v != nil {
			return anyNode(v)
		}
	}
	if depth > maxSchema {
		*doubts = append(*doubts, path+" is nested too deep to make up")
		return anyNode(nil)
	}
	for _, one := range append(s.AnyOf, s.OneOf...) {
		if one.kind() != "null" {
			return one.value(doubts, path, depth+1)
		}
	}
	switch s.kind() {
	case "string":
		return textNode(s.text())
	case "integer", "number":
		lo, hi := s.bounds()
		return textNode(fmt.Sprintf("{{int %.0f %.0f}}", lo, hi))
	case "boolean":
		return anyNode(false)
	case "array":
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for range min(s.MinItems, 10) {
			if s.Items != nil {
				n.Content = append(n.Content, s.Items.value(doubts, path+"[]", depth+1))
			}
		}
		return n
	case "object":
		return s.object(doubts, path, depth)
	}
	*doubts = append(*doubts, path+" has no type that is known: put a value in")
	return textNode("{{string 8}}")
}

// kind is the schema's type, the first that isn't null where there are several.
func (s schema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if name, ok := one.(string); ok && name != "null" {
				return name
			}
		}
	}
	if len(s.Properties) > 0 {
		return "object"
	}
	return ""
}

// text makes up a text of a format.
func (s schema) text() string {
	switch s.Format {
	case "uuid":
		return "{{uuid}}"
	case "email":
		return "{{string 8}}@example.com"
	case "uri", "url":
		return "https://example.com/{{string 8}}"
	case "date":
		return "2025-01-31"
	case "date-time":
		return "2025-01-31T12:00:00Z"
	}
	return fmt.Sprintf("{{string %d}}", min(max(8, s.MinLength), 1<<16))
}

func (s schema) bounds() (lo, hi float64) {
	lo = 1
	if s.Minimum != nil {
		lo = *s.Minimum
	}
	hi = lo + 99
	if s.Maximum != nil {
		hi = *s.Maximum
		if s.Minimum == nil {
			lo = min(lo, hi)
		}
	}
	const most = 1e15 // whole numbers beyond are none any more
	return max(-most, lo), min(most, max(lo, hi))
}

func textNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// anyNode is a value of JSON in YAML.
func anyNode(v any) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		return textNode(fmt.Sprint(v)) // it came out of JSON, so that it has a form
	}
	return &n
}

// oneLine makes a text fit into a comment.
func oneLine(s string) string {
	return cmp.Or(strings.Join(strings.Fields(s), " "), "?")
}
