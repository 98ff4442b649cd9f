package load

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// flat is a schema with what it refers to, what all of it must be, and one of its
// alternatives taken into it.
func (m *maker) flat(s schema, depth int) schema {
	if depth > 2*maxSchema {
		return s
	}
	if s.Ref != "" {
		to, ok := m.resolve(s.Ref)
		if s.Ref = ""; !ok {
			m.doubt("a reference leads nowhere")
			return s
		}
		s = both(s, m.flat(to, depth+1))
	}
	parts := s.AllOf
	s.AllOf = nil
	for _, part := range parts {
		s = both(s, m.flat(part, depth+1))
	}
	for _, list := range [][]schema{s.AnyOf, s.OneOf} {
		if one, ok := m.alternative(list); ok {
			s = both(s, m.flat(one, depth+1))
		}
	}
	s.AnyOf, s.OneOf = nil, nil
	return s
}

// alternative is one of several schemas, by turns; null only where there is nothing else.
func (m *maker) alternative(list []schema) (schema, bool) {
	var some []schema
	for _, one := range list {
		if one.kind() != "null" {
			some = append(some, one)
		}
	}
	if len(some) == 0 {
		some = list
	}
	if len(some) == 0 {
		return schema{}, false
	}
	return some[m.turn%len(some)], true
}

// resolve finds what a reference within the schema means: a JSON pointer (RFC 6901).
func (m *maker) resolve(ref string) (schema, bool) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return schema{}, false
	}
	at := m.root
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		var object map[string]json.RawMessage
		var list []json.RawMessage
		if n, err := strconv.Atoi(name); err == nil && json.Unmarshal(at, &list) == nil && n >= 0 && n < len(list) {
			at = list[n]
			continue
		}
		if json.Unmarshal(at, &object) != nil || object[name] == nil {
			return schema{}, false
		}
		at = object[name]
	}
	var s schema
	return s, json.Unmarshal(at, &s) == nil
}

// both is what two schemas demand together, as far as values are made up by it.
func both(a, b schema) schema {
	if a.kind() == "" || a.kind() == "number" && b.kind() == "integer" {
		a.Type = b.Type
	}
	if len(b.Properties) > 0 {
		properties := map[string]schema{}
		for name, p := range b.Properties {
			properties[name] = p
		}
		for name, p := range a.Properties {
			if q, ok := properties[name]; ok {
				p = both(p, q)
			}
			properties[name] = p
		}
		a.Properties = properties
	}
	a.Required = append(append(required{}, a.Required...), b.Required...)
	for _, pair := range [][2]*any{{&a.Const, &b.Const}, {&a.Default, &b.Default}, {&a.Examples, &b.Examples},
		{&a.Above, &b.Above}, {&a.Below, &b.Below}} {
		if *pair[0] == nil {
			*pair[0] = *pair[1]
		}
	}
	if a.Enum == nil {
		a.Enum = b.Enum
	}
	if a.Items == nil {
		a.Items = b.Items
	}
	if a.More == nil {
		a.More = b.More
	}
	if a.Patterns == nil {
		a.Patterns = b.Patterns
	}
	if a.Prefix == nil {
		a.Prefix = b.Prefix
	}
	if b.Minimum != nil && (a.Minimum == nil || *b.Minimum > *a.Minimum) {
		a.Minimum = b.Minimum
	}
	a.Maximum, a.MaxLength = lesser(a.Maximum, b.Maximum), lesser(a.MaxLength, b.MaxLength)
	a.MinLength, a.MinItems, a.MinProperties = max(a.MinLength, b.MinLength), max(a.MinItems, b.MinItems),
		max(a.MinProperties, b.MinProperties)
	a.Multiple = max(a.Multiple, b.Multiple)
	a.Unique = a.Unique || b.Unique
	if a.Pattern == "" {
		a.Pattern = b.Pattern
	}
	if a.Format == "" {
		a.Format = b.Format
	}
	a.Ref, a.AllOf, a.AnyOf, a.OneOf = b.Ref, append(a.AllOf, b.AllOf...), append(a.AnyOf, b.AnyOf...),
		append(a.OneOf, b.OneOf...)
	return a
}

func lesser(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

// named is a value that the schema names itself; nil where it names none.
func (m *maker) named(s schema) any {
	if s.Const != nil {
		return s.Const
	}
	if !m.plain {
		examples, _ := s.Examples.([]any) // anything else gives none
		for _, v := range append([]any{s.Default}, examples...) {
			if v != nil && m.nth == 0 {
				return v
			}
		}
	}
	for i := range s.Enum {
		if v := s.Enum[(i+m.nth)%len(s.Enum)]; v != nil {
			return v
		}
	}
	return nil
}

// mostItems bounds how many items a list is given, and members an object.
const mostItems = 10

// list makes up as many items as there must be.
func (m *maker) list(s schema, path string, depth int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	before, literal := m.nth, m.literal
	defer func() { m.nth, m.literal = before, literal }()
	m.literal = literal || s.Unique // what is drawn by lot may be drawn twice
	for i := range int(min(s.MinItems, mostItems)) {
		var item schema
		switch {
		case i < len(s.Prefix):
			item = s.Prefix[i]
		case s.Items != nil:
			item = *s.Items
		}
		if s.Unique {
			m.nth = i
		}
		n.Content = append(n.Content, m.value(item, path+"[]", depth+1))
	}
	return n
}

// filled adds members to an object until there are as many as there must be: of those
// that it may have, else such as it allows.
func (m *maker) filled(n *yaml.Node, s schema, path string, depth int) *yaml.Node {
	least := int(min(s.MinProperties, mostItems))
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if len(n.Content)/2 < least && !slices.Contains(s.Required, name) {
			n.Content = append(n.Content, textNode(name), m.value(s.Properties[name], path+"."+name, depth+1))
		}
	}
	for i := 1; len(n.Content)/2 < least; i++ {
		var more schema
		if s.More != nil {
			more = *s.More
		}
		name := fmt.Sprint("key", i)
		for _, pattern := range slices.Sorted(maps.Keys(s.Patterns)) {
			if text, ok := matching(pattern); ok { // at the end or at the beginning a number may stand
				more, name = s.Patterns[pattern], text+fmt.Sprint(i)
				if strings.HasSuffix(pattern, "$") {
					name = fmt.Sprint(i) + text
				}
				break
			}
		}
		n.Content = append(n.Content, textNode(name), m.value(more, path+"."+name, depth+1))
	}
	return n
}
