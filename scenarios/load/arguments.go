package load

import (
	"bytes"
	"encoding/json"

	"go.yaml.in/yaml/v4"
)

// arguments reads a YAML mapping as a JSON template.
func (r *planReader) arguments(n *yaml.Node, known names) Template {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "args are no mapping of a tool's arguments, such as {limit: 1}")
		return Template{}
	}
	var b bytes.Buffer
	before := len(r.faults)
	r.json(&b, n, known, 0)
	if len(r.faults) > before {
		return Template{}
	}
	t, err := compile(b.String(), known)
	if err != nil {
		r.fault(n, "%s", err.Error())
	}
	return t
}

// maxDepth is how deep arguments may nest.
const maxDepth = 64

// json writes a YAML value as compact JSON, with its keys in their order, and
// checks the placeholders of each text where it stands.
func (r *planReader) json(b *bytes.Buffer, n *yaml.Node, known names, depth int) {
	switch {
	case depth > maxDepth:
		r.fault(n, "nests deeper than %d", maxDepth)
	case n.Kind == yaml.MappingNode:
		b.WriteByte('{')
		first := true
		r.pairs(n, "an object", func(key, value *yaml.Node) {
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.Write(appendJSON(nil, key.Value))
			b.WriteByte(':')
			r.json(b, value, known, depth+1)
		})
		b.WriteByte('}')
	case n.Kind == yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if r.plain(c) {
				r.json(b, c, known, depth+1)
			}
		}
		b.WriteByte(']')
	default:
		r.scalar(b, n, known)
	}
}

func (r *planReader) scalar(b *bytes.Buffer, n *yaml.Node, known names) {
	var value any = n.Value
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		if _, err := compile(n.Value, known); err != nil {
			r.fault(n, "%s", err.Error())
		}
	case "!!null":
		value = nil
	default:
		if err := n.Decode(&value); err != nil {
			r.fault(n, "%q has no JSON form", n.Value)
			return
		}
	}
	raw, err := json.Marshal(value)
	if err != nil {
		r.fault(n, "%q has no JSON form", n.Value)
		return
	}
	b.Write(raw)
}
