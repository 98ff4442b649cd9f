package load

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/printable"
)

// A ToolInfo is one tool as tools/list describes it.
type ToolInfo struct {
	Name        string          `json:"name"`
	InputSchema json.RawMessage `json:"inputSchema"`
	Annotations Annotations     `json:"annotations"`
}

// Annotations are what a tool says of itself; nil: nothing.
type Annotations struct{ ReadOnly, Destructive, OpenWorld *bool }

// UnmarshalJSON takes what is neither true nor false for nothing said: one tool that describes
// itself wrongly keeps nobody from the others.
func (a *Annotations) UnmarshalJSON(text []byte) error {
	var said map[string]json.RawMessage
	if json.Unmarshal(text, &said) != nil {
		return nil
	}
	for name, hint := range map[string]**bool{"readOnlyHint": &a.ReadOnly, "destructiveHint": &a.Destructive,
		"openWorldHint": &a.OpenWorld} {
		if word := string(said[name]); word == "true" || word == "false" {
			yes := word == "true"
			*hint = &yes
		}
	}
	return nil
}

// ReadTools reads the result of tools/list.
func ReadTools(result []byte) (tools []ToolInfo, next string, err error) {
	var page struct {
		Tools []ToolInfo `json:"tools"`
		Next  string     `json:"nextCursor"`
	}
	if err := json.Unmarshal(result, &page); err != nil {
		return nil, "", fmt.Errorf("the answer to tools/list is no list of tools: %w", err)
	}
	return page.Tools, page.Next, nil
}

// Draft writes a plan that calls every tool alike that says that it only reads, with
// arguments made up from its input schema and held against it, for a person to edit.
// Other tools are left out, since the protocol's default is that one may destroy, and
// so are those whose arguments can't be made up; left says which and why. A tool that
// is included by name is taken in whatever it says of itself, unless it creates or
// deletes by its name: that is an error. No credential that redact knows gets into the
// plan: a tool that would bring one is left out.
func Draft(server string, tools []ToolInfo, include []string, redact func(string) string) (plan []byte, left []string,
	err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# A plan for mcpload load --mix, made from the tools of %s.\n", oneLine(redact(server)))
	b.WriteString("# Check the arguments: they were made up from the input schemas.\n")
	b.WriteString("# weight: how often, relative to the others. mcpload load --help lists the placeholders.\nmix:\n")
	n := 0
	for _, t := range tools {
		why := t.unplanned()
		if slices.Contains(include, t.Name) {
			if why != "" && t.soundsLike(lasting) {
				return nil, left, fmt.Errorf("the tool %q creates or deletes, by its name, and doesn't say that it "+
					"only reads: what it does would stay", t.Name)
			}
			why = ""
		}
		if why != "" {
			left = append(left, fmt.Sprintf("%s: %s", t.Name, why))
			continue
		}
		text, err := t.entry()
		if err == nil && redact(text) != text {
			err = errors.New("a credential stands in its name or its arguments, and a plan must hold none")
		}
		if err != nil {
			left = append(left, fmt.Sprintf("%s: %s", t.Name, err))
			continue
		}
		b.WriteString(text)
		n++
	}
	for _, l := range left {
		fmt.Fprintf(&b, "# left out: %s\n", oneLine(redact(l)))
	}
	if n == 0 {
		return nil, left, errors.New("there is no tool that is safe to call many times")
	}
	return []byte(b.String()), left, nil
}

// entry is a tool's part of a plan.
func (t ToolInfo) entry() (string, error) {
	args, doubts, err := t.fitting(false)
	if err != nil {
		return "", err
	}
	entry := []*yaml.Node{textNode("call"), textNode(t.Name), textNode("weight"), {Kind: yaml.ScalarNode,
		Tag: "!!int", Value: "1"}}
	if len(args.Content) > 0 {
		entry = append(entry, textNode("args"), args)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.MappingNode, Content: entry}}}
	text, err := yaml.Dump(list)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, d := range doubts {
		fmt.Fprintf(&b, "  # %s\n", oneLine(d))
	}
	for line := range strings.Lines(string(text)) {
		b.WriteString("  " + line)
	}
	return b.String(), nil
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

// unplanned says why a plan of all tools should not have this one. It is stricter
// than unsafe: nobody has chosen the tool, and a plan calls it by the thousand.
func (t ToolInfo) unplanned() string {
	if why := t.unsafe(); why != "" || t.readOnly() {
		return why
	}
	return "it doesn't say that it only reads (readOnlyHint), and then it may destroy"
}

// lasting are words of tools whose effects stay: what they make or take away is real.
var lasting = []string{"create", "insert", "register", "delete", "remove", "drop", "destroy", "erase", "purge", "wipe",
	"truncate"}

func textNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// anyNode is a value of JSON in YAML.
func anyNode(v any) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		return textNode(fmt.Sprint(v)) // it came out of JSON, so that it has a form
	}
	return &n
}

// oneLine makes a text fit into a comment, which is looked at on a terminal.
func oneLine(s string) string { return cmp.Or(printable.Line(s), "?") }
