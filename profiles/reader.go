package profiles

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/yamltext"
)

// What one file may hold. Aliases are followed, so that a small file can
// stand for a huge one; these bound what it stands for.
const (
	maxFile   = 1 << 20 // bytes
	maxValues = 10_000  // values, with an alias counted wherever it is used
	maxFaults = 100     // faults that are worth printing
)

// A reader reads one document and notes what is wrong with it, all of it.
type reader struct {
	file   string
	faults Errors
	more   int                   // faults beyond maxFaults
	at     map[string]*yaml.Node // the fields that the document gives, by path
	values int                   // seen so far
	bytes  int                   // of text in them
	spent  bool                  // the bound was passed, and said so
	stated Limit                 // the limit, before a promise beside it took its place
}

// A field is one that a mapping may have, and how its value is read.
type field struct {
	name string
	read func(n *yaml.Node, path string)
}

func (r *reader) fault(n *yaml.Node, path, problem, want string) {
	if len(r.faults) == maxFaults {
		r.more++
		return
	}
	f := Fault{File: r.file, Field: path, Problem: problem, Want: want}
	if n != nil {
		f.Line, f.Column = n.Line, n.Column
	}
	r.faults = append(r.faults, f)
}

func (r *reader) warn(n *yaml.Node, path, problem, want string) {
	before := len(r.faults)
	r.fault(n, path, problem, want)
	if len(r.faults) > before {
		r.faults[before].Warning = true
	}
}

// report returns the document's faults, in its own order.
func (r *reader) report() Errors {
	r.faults.Sort()
	if r.more > 0 {
		return append(r.faults, Fault{File: r.file, Problem: fmt.Sprintf("%d more faults", r.more)})
	}
	return r.faults
}

// given reports if the document itself gives a field.
func (r *reader) given(path string) bool { return r.at[path] != nil }

// place returns where the first of these fields stands that the document
// gives, else where it begins.
func (r *reader) place(paths ...string) *yaml.Node {
	for _, path := range append(paths, "") {
		if n := r.at[path]; n != nil {
			return n
		}
	}
	return nil
}

// see follows aliases and counts what it sees. It returns nil once the file
// stands for too much, or where an alias leads nowhere.
func (r *reader) see(n *yaml.Node, path string) *yaml.Node {
	target := n
	for hops := 0; target != nil && target.Kind == yaml.AliasNode && hops < yamltext.MaxDepth; hops++ {
		target = target.Alias
	}
	if target == nil || target.Kind == yaml.AliasNode {
		r.fault(n, path, "is an alias that leads nowhere", "")
		return nil
	}
	r.values++
	r.bytes += len(target.Value)
	if r.values <= maxValues && r.bytes <= maxFile {
		return target
	}
	if !r.spent {
		r.spent = true
		r.fault(n, path, "stands for too much, aliases included",
			fmt.Sprintf("at most %d values and %d bytes of text in a file", maxValues, maxFile))
	}
	return nil
}

// mapping reads a mapping's fields, in the order of the table. It notes
// unknown fields and those given twice. Where secret is set, an unknown
// field's name is not repeated, because it may be a credential in the wrong
// place.
func (r *reader) mapping(n *yaml.Node, path string, secret bool, fields []field) {
	m := r.see(n, path)
	if m == nil {
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	want := "one of " + strings.Join(names, ", ")
	if m.Kind != yaml.MappingNode {
		r.fault(n, path, "is "+kindOf(m), "a mapping with some of "+strings.Join(names, ", "))
		return
	}
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		k := r.see(key, path)
		switch {
		case k == nil:
			return
		case k.Kind != yaml.ScalarNode:
			r.fault(key, path, "a field's name is "+kindOf(k), want)
		case k.Value == "<<":
			r.fault(key, path, "a merge key is not supported", "inherits: NAME, or the fields themselves")
		case !slices.Contains(names, k.Value):
			r.unknown(key, path, k.Value, secret, names)
		case values[k.Value] != nil:
			r.fault(key, join(path, k.Value), "is given twice", "it once")
		default:
			values[k.Value] = located(key, value)
			r.at[join(path, k.Value)] = values[k.Value]
		}
	}
	for _, f := range fields {
		if v := values[f.name]; v != nil {
			f.read(v, join(path, f.name))
		}
	}
}

// unknown notes a field that nobody knows, with the one that was meant.
func (r *reader) unknown(key *yaml.Node, path, name string, secret bool, names []string) {
	want := "one of " + strings.Join(names, ", ")
	if secret {
		r.fault(key, path, "has an unknown field", want)
		return
	}
	r.fault(key, join(path, printable(name)), "is an unknown field"+DidYouMean(name, names), want)
}

// located gives a value that is left empty the place of its key: its own is
// where the next line begins.
func located(key, value *yaml.Node) *yaml.Node {
	if value.Kind == yaml.ScalarNode && value.Value == "" && value.Style == 0 {
		moved := *value
		moved.Line, moved.Column = key.Line, key.Column
		return &moved
	}
	return value
}

// list reads a list's items one by one. It reports if there was a list.
func (r *reader) list(n *yaml.Node, path, want string, item func(n *yaml.Node, path string)) bool {
	l := r.see(n, path)
	if l == nil {
		return false
	}
	if l.Kind != yaml.SequenceNode {
		r.fault(n, path, "is "+kindOf(l), want)
		return false
	}
	for i, c := range l.Content {
		item(c, fmt.Sprintf("%s[%d]", path, i))
	}
	return true
}

// scalar returns a value that is neither a list nor a mapping, nor empty, and
// has one of the tags. Its place is the value's or its alias's.
func (r *reader) scalar(n *yaml.Node, path, want string, tags ...string) (text string, ok bool) {
	s := r.see(n, path)
	if s == nil {
		return "", false
	}
	if s.Kind != yaml.ScalarNode || !slices.Contains(tags, s.ShortTag()) {
		r.fault(n, path, "is "+kindOf(s), want)
		return "", false
	}
	return s.Value, true
}

// text returns a string that isn't blank.
func (r *reader) text(n *yaml.Node, path, want string) (string, bool) {
	s, ok := r.scalar(n, path, want, "!!str")
	if ok && strings.TrimSpace(s) == "" {
		r.fault(n, path, "is blank", want)
		return "", false
	}
	return s, ok
}

// oneOf returns a string that is one of those known.
func (r *reader) oneOf(n *yaml.Node, path string, known ...string) (string, bool) {
	want := "one of " + strings.Join(known, ", ")
	s, ok := r.text(n, path, want)
	if ok && !slices.Contains(known, s) {
		r.fault(n, path, quote(s)+" is unknown"+DidYouMean(s, known), want)
		return "", false
	}
	return s, ok
}

// kindOf says what a value is, for whom wanted something else.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "a truth value"
	case "!!int", "!!float":
		return "a number"
	case "!!str":
		return "text"
	case "!!timestamp":
		return "a date"
	default:
		return "a value with the tag " + printable(tag)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// printable returns a name as it is where it is a short and plain word, else
// quoted and cut, so that a fault stays on its line.
func printable(name string) string {
	if len(name) > 40 {
		return quote(name)
	}
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}
