package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/yamltext"
)

// maxFaults bounds how many faults are worth printing.
const maxFaults = 20

// A nodes reader reads one YAML document and notes all that is wrong with it.
type nodes struct {
	file   string
	faults yamltext.Faults
}

// document returns the document's root; nil where there is none or it is no YAML, which is
// noted.
func (r *nodes) document(data []byte) *yaml.Node {
	root, faults := yamltext.Document(r.file, "plan", data, maxPlan)
	if root == nil && len(faults) == 0 {
		faults = yamltext.Faults{{File: r.file, Problem: "holds no plan"}}
	}
	r.faults = append(r.faults, faults...)
	return root
}

func (r *nodes) fault(n *yaml.Node, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, yamltext.Fault{File: r.file, Line: n.Line, Column: n.Column,
			Problem: fmt.Sprintf(format, args...)})
	}
}

// plain reports if a node is none that only YAML has: an alias may stand for
// more than anybody wants to read, so that plans have none.
func (r *nodes) plain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		r.fault(n, "is an alias, which plans have not: write it out")
		return false
	}
	return true
}

// A field is one that a mapping may have.
type field struct {
	name string
	read func(key, value *yaml.Node)
}

// mapping reads a mapping and says which fields it gives.
func (r *nodes) mapping(n *yaml.Node, what string, fields []field) map[string]*yaml.Node {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	given := map[string]*yaml.Node{}
	r.pairs(n, what, func(key, value *yaml.Node) {
		i := slices.Index(names, key.Value)
		switch {
		case i < 0:
			r.fault(key, "%q is no field of %s, which has %s", key.Value, what, strings.Join(names, ", "))
		default:
			given[key.Value] = value
			fields[i].read(key, value)
		}
	})
	return given
}

// pairs calls fn with each key and value of a mapping, once a key.
func (r *nodes) pairs(n *yaml.Node, what string, fn func(key, value *yaml.Node)) {
	if !r.plain(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fault(n, "%s is no mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			r.fault(key, "a key of %s is no text", what)
		case seen[key.Value]:
			r.fault(key, "%q is given twice", key.Value)
		case r.plain(value):
			seen[key.Value] = true
			fn(key, value)
		}
	}
}

// list calls fn with each item of a list, which mustn't be empty.
func (r *nodes) list(n *yaml.Node, what string, fn func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(n, "%s is no list of at least one", what)
		return
	}
	for _, item := range n.Content {
		if r.plain(item) {
			fn(item)
		}
	}
}

// text reads a text that isn't blank.
func (r *nodes) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" || n.ShortTag() == "!!null" {
		r.fault(n, "%s is no text", what)
		return ""
	}
	return n.Value
}

// number reads a number of a range.
func (r *nodes) number(n *yaml.Node, what string, least, most float64) float64 {
	var x float64
	if n.Kind != yaml.ScalarNode || n.Decode(&x) != nil || !(least <= x && x <= most) {
		r.fault(n, "%s %q is no number from %g to %g", what, n.Value, least, most)
		return least
	}
	return x
}

// whole reads a whole number of a range.
func (r *nodes) whole(n *yaml.Node, what string, least, most int) int {
	var x int
	if n.Kind != yaml.ScalarNode || n.Decode(&x) != nil || x < least || x > most {
		r.fault(n, "%s %q is no whole number from %d to %d", what, n.Value, least, most)
		return least
	}
	return x
}

// pause reads a think time: 200ms, or 100ms..300ms for anything between.
func (r *nodes) pause(n *yaml.Node) Think {
	from, to, ranged := strings.Cut(n.Value, "..")
	if !ranged {
		to = from
	}
	lo, err := time.ParseDuration(from)
	hi, err2 := time.ParseDuration(to)
	if n.Kind != yaml.ScalarNode || err != nil || err2 != nil || lo < 0 || hi < lo {
		r.fault(n, "think %q is no time such as 200ms or 100ms..300ms", n.Value)
		return Think{}
	}
	return Think{lo, hi}
}
