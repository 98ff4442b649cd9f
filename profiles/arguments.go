package profiles

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/yamltext"
)

const argumentsWant = "a mapping of the tool's arguments, such as {limit: 1}"

// json returns a YAML mapping as the JSON object that it stands for, with its
// keys in their order, and nil where it stands for none.
func (r *reader) json(n *yaml.Node, path string) json.RawMessage {
	target := r.see(n, path)
	if target == nil {
		return nil
	}
	if target.Kind != yaml.MappingNode {
		r.fault(n, path, "is "+kindOf(target), argumentsWant)
		return nil
	}
	before := len(r.faults) + r.more
	var b bytes.Buffer
	r.jsonValue(&b, n, path, 0)
	if len(r.faults)+r.more > before || r.spent || b.Len() == len("{}") {
		return nil
	}
	return b.Bytes()
}

// jsonValue writes one value. An alias within its own anchor never ends, so
// the depth is bounded here as well as by the parser.
func (r *reader) jsonValue(b *bytes.Buffer, n *yaml.Node, path string, depth int) {
	v := r.see(n, path)
	switch {
	case v == nil:
	case depth > yamltext.MaxDepth:
		r.fault(n, "call.arguments", "are too deep, or stand within themselves", "at most 64 values within values")
		r.spent = true // or every other way round the loop would be told too
	case v.Kind == yaml.MappingNode:
		r.jsonObject(b, v, path, depth)
	case v.Kind == yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range v.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if r.jsonValue(b, c, path, depth+1); r.spent {
				return
			}
		}
		b.WriteByte(']')
	default:
		r.jsonScalar(b, n, v, path)
	}
}

func (r *reader) jsonObject(b *bytes.Buffer, m *yaml.Node, path string, depth int) {
	seen := map[string]bool{}
	b.WriteByte('{')
	for i := 0; i+1 < len(m.Content); i += 2 {
		key := m.Content[i]
		k := r.see(key, path)
		switch {
		case k == nil:
			return
		case k.Kind != yaml.ScalarNode || k.Value == "<<":
			r.fault(key, path, "has a key that JSON has not", "text")
			continue
		case seen[k.Value]:
			r.fault(key, join(path, printable(k.Value)), "is given twice", "it once")
			continue
		}
		seen[k.Value] = true
		if len(seen) > 1 {
			b.WriteByte(',')
		}
		writeJSON(b, k.Value)
		b.WriteByte(':')
		if r.jsonValue(b, m.Content[i+1], join(path, printable(k.Value)), depth+1); r.spent {
			return
		}
	}
	b.WriteByte('}')
}

// jsonScalar writes a value that v says and n places.
func (r *reader) jsonScalar(b *bytes.Buffer, n, v *yaml.Node, path string) {
	switch tag := v.ShortTag(); tag {
	case "!!str", "!!timestamp": // JSON has no dates: they stay as they are written
		writeJSON(b, v.Value)
	case "!!null":
		b.WriteString("null")
	case "!!bool", "!!int", "!!float":
		var value any
		err := v.Decode(&value)
		f, isFloat := value.(float64)
		if err != nil || isFloat && (math.IsInf(f, 0) || math.IsNaN(f)) {
			r.fault(n, path, quote(v.Value)+" is no number that JSON has", "a finite one, or text in quotes")
			return
		}
		writeJSON(b, value)
	default:
		r.fault(n, path, "is "+kindOf(v), "text, a number, true, false, null, a list or a mapping")
	}
}

// writeJSON writes what always has a JSON form: texts, and finite numbers.
func writeJSON(b *bytes.Buffer, value any) {
	var one strings.Builder
	enc := json.NewEncoder(&one)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic("profiles: internal error: " + err.Error())
	}
	b.WriteString(strings.TrimSuffix(one.String(), "\n"))
}
