package load

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"
)

// mostMends bounds how often one value is mended.
const mostMends = 60

// A mender changes arguments where they break their schema until they don't: one
// breach at a time, as the validator names it. So whatever a schema says by its
// conditions, dependencies, references or contents is met without being read here.
// Which of several ways is taken is drawn by lot, the same for the same seed.
type mender struct {
	maker  *maker
	random *rand.Rand
	known  schemaWords
	least  map[string]int // how long the text at a place must be
}

// mended mends arguments; false where it doesn't come to an end.
func (t ToolInfo) mended(s *jsonschema.Schema, m *maker, args *yaml.Node, seed uint64) bool {
	d := &mender{maker: m, random: rand.New(rand.NewPCG(seed, 2)), known: schemaWordsOf(t.InputSchema),
		least: map[string]int{}}
	for range mostMends {
		raw, ok := rendered(args, seed)
		if !ok {
			return false
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return false
		}
		var invalid *jsonschema.ValidationError
		if !errors.As(s.Validate(value), &invalid) {
			return true
		}
		d.mend(args, invalid)
	}
	return false
}

// mend mends one of the breaches that an error names.
func (d *mender) mend(root *yaml.Node, e *jsonschema.ValidationError) {
	for len(e.Causes) > 0 {
		n := nodeAt(root, e.InstanceLocation)
		switch k := e.ErrorKind.(type) {
		case *kind.PropertyNames:
			d.rename(root, k.Property)
			return
		case *kind.Contains, *kind.MinContains:
			if n != nil && (len(n.Content) == 0 || d.random.IntN(3) == 0 && len(n.Content) < 2*mostItems) {
				n.Content = append(n.Content, d.text(""))
				return
			}
		}
		e = e.Causes[d.random.IntN(len(e.Causes))]
	}
	if n := nodeAt(root, e.InstanceLocation); n != nil {
		d.node(n, strings.Join(e.InstanceLocation, "/"), e.ErrorKind)
	}
}

// rename gives members of a name one as some schema of names has it: the validator says
// neither where it stands nor what is wrong with it.
func (d *mender) rename(object *yaml.Node, name string) {
	for _, n := range object.Content {
		d.rename(n, name)
	}
	for i := 0; object.Kind == yaml.MappingNode && i+1 < len(object.Content) && len(d.known.keys) > 0; i += 2 {
		if object.Content[i].Value != name {
			continue
		}
		literal := *d.maker
		literal.literal, literal.nth = true, d.random.IntN(mostItems)
		s := literal.flat(d.known.keys[d.random.IntN(len(d.known.keys))], 0)
		s.Type = "string" // as names are
		to := literal.value(s, name, 0).Value
		if text, ok := drawnText(s.Pattern, int(s.MinLength), d.random); ok && s.Pattern != "" {
			to = text
		}
		if member(object, to) == nil {
			object.Content[i].Value = to
		}
	}
}

// node mends what is at one place.
func (d *mender) node(n *yaml.Node, path string, breach jsonschema.ErrorKind) {
	switch k := breach.(type) {
	case *kind.Contains, *kind.MinContains:
		n.Content = append(n.Content, d.text(""))
	case *kind.Type:
		*n = *d.typed(k.Want[d.random.IntN(len(k.Want))])
	case *kind.Const:
		*n = *valueNode(k.Want)
	case *kind.Enum:
		*n = *valueNode(k.Want[d.random.IntN(len(k.Want))])
	case *kind.Required:
		d.add(n, k.Missing...)
	case *kind.Dependency:
		d.add(n, k.Missing...)
	case *kind.DependentRequired:
		d.add(n, k.Missing...)
	case *kind.AdditionalProperties:
		remove(n, k.Properties...)
	case *kind.MinProperties:
		d.add(n, d.name(n))
	case *kind.PropertyNames:
		d.rename(n, k.Property)
	case *kind.MaxProperties:
		d.drop(n, 2)
	case *kind.MinItems:
		for range min(k.Want, mostItems) - len(n.Content) {
			n.Content = append(n.Content, d.text(""))
		}
	case *kind.MaxItems, *kind.AdditionalItems, *kind.MaxContains:
		d.drop(n, 1)
	case *kind.UniqueItems:
		if k.Duplicates[1] < len(n.Content) {
			d.differ(n.Content[k.Duplicates[1]])
		}
	default:
		d.scalar(n, path, breach)
	}
}

// scalar mends a text or a number; of what is only forbidden, anything else is tried.
func (d *mender) scalar(n *yaml.Node, path string, breach jsonschema.ErrorKind) {
	switch k := breach.(type) {
	case *kind.Format:
		*n = *d.text(k.Want)
		if got, ok := k.Got.(string); ok && d.random.IntN(3) == 0 {
			*n = *textNode(word + got) // such as a pattern's "@example.com"
		}
	case *kind.Pattern:
		if text, ok := drawnText(k.Want, d.least[path], d.random); ok {
			ways := []string{text, text + k.Got, k.Got + text}
			*n = *textNode(ways[max(0, d.random.IntN(5)-2)])
		}
	case *kind.MinLength:
		d.least[path] = max(d.least[path], k.Want)
		rest := strings.Repeat("a", max(0, min(k.Want, 1<<16)-k.Got))
		*n = *textNode(rest + n.Value)
		if strings.Contains(n.Value, "{{") {
			*n = *textNode(strings.Repeat("a", min(k.Want, 1<<16)))
		}
	case *kind.MaxLength:
		text := []rune(n.Value)
		*n = *textNode(string(text[:min(len(text), k.Want)]))
	case *kind.Minimum:
		*n = *wholeNode(k.Want, 0)
	case *kind.Maximum:
		*n = *wholeNode(new(big.Rat).Neg(k.Want), 0)
		negate(n)
	case *kind.ExclusiveMinimum:
		*n = *wholeNode(k.Want, 1)
	case *kind.ExclusiveMaximum:
		*n = *wholeNode(new(big.Rat).Neg(k.Want), 1)
		negate(n)
	case *kind.MultipleOf:
		steps, _ := new(big.Rat).Quo(k.Got, k.Want).Float64()
		whole := new(big.Rat).SetInt64(int64(math.Ceil(max(-1e15, min(1e15, steps)))) - int64(d.random.IntN(2)))
		*n = *ratNode(whole.Mul(whole, k.Want))
	default: // not, oneOf, false: the validator names nothing that would do
		d.other(n)
	}
}

// other puts something else there: for an object a member less, else any value.
func (d *mender) other(n *yaml.Node) {
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 && d.random.IntN(4) > 0 {
		if d.random.IntN(3) == 0 {
			d.add(n, d.name(n))
			return
		}
		d.drop(n, 2)
		return
	}
	values := append([]any{false, true, 0, 1, 2, 3, 5, d.random.IntN(1000), 0.5, word, "b", nil, []any{},
		map[string]any{}}, d.known.values...)
	*n = *anyNode(values[d.random.IntN(len(values))])
}

// differ changes an item that is there twice, without changing what it is.
func (d *mender) differ(n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		d.differ(n.Content[1+2*d.random.IntN(len(n.Content)/2)])
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		d.differ(n.Content[d.random.IntN(len(n.Content))])
	case n.ShortTag() == "!!int":
		*n = *anyNode(d.random.IntN(1000))
	case n.ShortTag() == "!!bool":
		*n = *anyNode(n.Value != "true")
	case n.ShortTag() == "!!str":
		*n = *textNode(strings.Repeat("b", d.random.IntN(3)) + word + strconv.Itoa(d.random.IntN(100)))
	default:
		d.other(n)
	}
}

// typed is some value of a type.
func (d *mender) typed(name string) *yaml.Node {
	switch name {
	case "null":
		return anyNode(nil)
	case "boolean":
		return anyNode(d.random.IntN(2) == 0)
	case "array":
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	case "object":
		return &yaml.Node{Kind: yaml.MappingNode}
	case "integer", "number":
		return d.maker.number(schema{Type: "integer"})
	}
	return d.text("")
}

func (d *mender) text(format string) *yaml.Node {
	return textNode(d.maker.text(schema{Format: format}))
}

// add gives an object members that it lacks.
func (d *mender) add(n *yaml.Node, names ...string) {
	for _, name := range names {
		n.Content = append(n.Content, textNode(name), d.text(""))
	}
}

// name is one that an object may have and hasn't.
func (d *mender) name(n *yaml.Node) string {
	for range 4 {
		if len(d.known.names) > 0 {
			name := d.known.names[d.random.IntN(len(d.known.names))]
			if member(n, name) == nil {
				return name
			}
		}
	}
	return fmt.Sprint("key", len(n.Content)/2+1, d.random.IntN(100))
}

// drop takes an item of a list away, or with a width of 2 a member of an object.
func (d *mender) drop(n *yaml.Node, width int) {
	if len(n.Content) >= width {
		i := width * d.random.IntN(len(n.Content)/width)
		n.Content = slices.Delete(n.Content, i, i+width)
	}
}

func remove(n *yaml.Node, names ...string) {
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if slices.Contains(names, n.Content[i].Value) {
			n.Content = slices.Delete(n.Content, i, i+2)
		}
	}
}
