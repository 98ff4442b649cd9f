package load

import (
	"encoding/json"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// schemaWords are what a schema names anywhere: members of objects, and values.
type schemaWords struct {
	names  []string
	values []any
	keys   []schema // what names of members must be
}

func schemaWordsOf(raw json.RawMessage) schemaWords {
	var w schemaWords
	var any any
	if json.Unmarshal(raw, &any) == nil { // what can't be read names nothing
		w.read(any)
	}
	return w
}

func (w *schemaWords) read(part any) {
	switch p := part.(type) {
	case []any:
		for _, one := range p {
			w.read(one)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(p)) {
			members, named := p[key].(map[string]any)
			switch {
			case key == "properties" && named:
				w.names = append(w.names, slices.Sorted(maps.Keys(members))...)
			case key == "const":
				w.values = append(w.values, p[key])
			case key == "enum":
				list, _ := p[key].([]any)
				w.values = append(w.values, list...)
			}
			if key == "propertyNames" {
				var s schema
				if raw, err := json.Marshal(p[key]); err == nil && json.Unmarshal(raw, &s) == nil {
					w.keys = append(w.keys, s)
				}
			}
			w.read(p[key])
		}
	}
}

// rendered is one call of arguments with placeholders; false where they are none.
func rendered(args *yaml.Node, n uint64) (json.RawMessage, bool) {
	r := &planReader{}
	template := r.arguments(args, names{})
	if len(r.faults) > 0 {
		return nil, false
	}
	return template.Render(Values{N: n, Seed: n, Client: "c1", Random: rand.New(rand.NewPCG(n, 1))}), true
}

// nodeAt is what stands at a place of arguments; nil where nothing does.
func nodeAt(n *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		switch n.Kind {
		case yaml.MappingNode:
			if n = member(n, step); n == nil {
				return nil
			}
		case yaml.SequenceNode:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.Content) {
				return nil
			}
			n = n.Content[i]
		default:
			return nil
		}
	}
	return n
}

func member(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// wholeNode is the least whole number that isn't below a bound, or with above the
// first beyond it.
func wholeNode(bound *big.Rat, above int64) *yaml.Node {
	whole := new(big.Int)
	rest := new(big.Int)
	whole.DivMod(bound.Num(), bound.Denom(), rest) // rounds down
	if rest.Sign() > 0 || above > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: whole.String()}
}

// valueNode is a value that came out of the validator, which keeps numbers as written.
func valueNode(v any) *yaml.Node {
	var plain any
	raw, err := json.Marshal(v)
	if err != nil || json.Unmarshal(raw, &plain) != nil {
		return anyNode(nil) // it came out of JSON, so that it has a form
	}
	return anyNode(plain)
}

// negate changes the sign of a whole number.
func negate(n *yaml.Node) {
	if i, ok := new(big.Int).SetString(n.Value, 10); ok {
		n.Value = i.Neg(i).String()
	}
}

// ratNode is a number as short as it may be written.
func ratNode(r *big.Rat) *yaml.Node {
	if r.IsInt() {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: r.Num().String()}
	}
	f, _ := r.Float64()
	return anyNode(f)
}
