package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A schema is what is understood of a JSON Schema: enough to make up values.
type schema struct {
	Type          any               `json:"type"`
	Properties    map[string]schema `json:"properties"`
	Ref           string            `json:"$ref"`
	Prefix        []schema          `json:"prefixItems"`
	Patterns      map[string]schema `json:"patternProperties"`
	More          *schema           `json:"additionalProperties"`
	MinProperties float64           `json:"minProperties"`
	Unique        bool              `json:"uniqueItems"`
	Required      required          `json:"required"`
	Items         *schema           `json:"items"`
	Enum          []any             `json:"enum"`
	Const         any               `json:"const"`
	Default       any               `json:"default"`
	Examples      any               `json:"examples"`
	Minimum       *float64          `json:"minimum"`
	Maximum       *float64          `json:"maximum"`
	Above         any               `json:"exclusiveMinimum"` // a number, or true where minimum is it
	Below         any               `json:"exclusiveMaximum"`
	Multiple      float64           `json:"multipleOf"`
	MinLength     float64           `json:"minLength"`
	MaxLength     *float64          `json:"maxLength"`
	MinItems      float64           `json:"minItems"`
	Pattern       string            `json:"pattern"`
	Format        string            `json:"format"`
	AnyOf         []schema          `json:"anyOf"`
	OneOf         []schema          `json:"oneOf"`
	AllOf         []schema          `json:"allOf"`
}

// UnmarshalJSON takes what is no object, such as true, for a schema that says
// nothing: one odd property should not make the others unreadable.
func (s *schema) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return nil
	}
	type plain schema
	return json.Unmarshal(data, (*plain)(s))
}

// required are the names of required properties. Old schemas have a truth value
// there, which says nothing of the object that it stands in.
type required []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *required) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return nil
	}
	return json.Unmarshal(data, (*[]string)(n))
}

// A maker makes up values that a schema allows: for a plan with placeholders,
// so that calls differ, else literally.
type maker struct {
	literal bool
	plain   bool            // defaults and examples are left out
	turn    int             // which of several alternatives is taken
	nth     int             // of several items that must differ
	root    json.RawMessage // that references point into
	doubts  []string        // what it can't tell
}

func (m *maker) doubt(format string, args ...any) {
	m.doubts = append(m.doubts, fmt.Sprintf(format, args...))
}

// made makes up values for the required properties, or says what it can't tell.
func (t ToolInfo) made(m *maker) (*yaml.Node, []string) {
	object := &yaml.Node{Kind: yaml.MappingNode}
	var s schema
	if len(t.InputSchema) == 0 {
		return object, nil
	}
	odd := !bytes.HasPrefix(bytes.TrimSpace(t.InputSchema), []byte("{"))
	if err := json.Unmarshal(t.InputSchema, &s); err != nil || odd {
		return object, []string{"its input schema can't be read, so that there are no arguments"}
	}
	return m.object(m.flat(s, 0), t.Name, 0), m.doubts
}

// Example is arguments that the tool's schema allows, as a JSON object, as far
// as they can be made up. The doubts say where that is no more than a guess.
func (t ToolInfo) Example() (args json.RawMessage, doubts []string) {
	n, doubts, err := t.fitting(true)
	if err != nil {
		n, doubts = t.made(&maker{literal: true, root: t.InputSchema})
		if !errors.Is(err, errUnreadable) { // old dialects are read as far as they can be
			doubts = append(doubts, err.Error())
		}
	}
	var v map[string]any
	if err := n.Decode(&v); err != nil {
		return json.RawMessage("{}"), append(doubts, "its arguments can't be made up")
	}
	if v == nil {
		v = map[string]any{}
	}
	args, err = json.Marshal(v)
	if err != nil {
		return json.RawMessage("{}"), append(doubts, "its arguments can't be made up")
	}
	return args, doubts
}

// maxSchema is how deep a schema is followed.
const maxSchema = 8

func (m *maker) object(s schema, path string, depth int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	all := maps.Clone(s.Properties)
	if all == nil {
		all = map[string]schema{}
	}
	for _, name := range s.Required {
		if _, ok := all[name]; !ok {
			all[name] = schema{}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(s.Required, name) {
			n.Content = append(n.Content, textNode(name), m.value(all[name], path+"."+name, depth+1))
		}
	}
	return m.filled(n, s, path, depth)
}

// value makes up a value: one that the schema names, else one that its type
// allows.
func (m *maker) value(s schema, path string, depth int) *yaml.Node {
	s = m.flat(s, depth)
	if v := m.named(s); v != nil {
		return anyNode(v)
	}
	if depth > maxSchema {
		m.doubt("%s is nested too deep to make up", path)
		return anyNode(nil)
	}
	switch s.kind() {
	case "string":
		if s.Pattern != "" {
			m.doubt("%s has a pattern to match", path)
			if text, ok := matching(s.Pattern); ok {
				return textNode(text)
			}
		}
		return textNode(m.text(s))
	case "integer", "number":
		return m.number(s)
	case "boolean":
		return anyNode(false)
	case "array":
		return m.list(s, path, depth)
	case "object":
		return m.object(s, path, depth)
	}
	m.doubt("%s has no type that is known: put a value in", path)
	return textNode(m.text(schema{}))
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

// word is what a text is made of where it is to be read by a person.
const word = "example"

// text makes up a text of a format.
func (m *maker) text(s schema) string {
	random := func(n int) string {
		if !m.literal {
			return fmt.Sprintf("{{string %d}}", n)
		}
		return strings.Repeat(word, n/len(word)+1)[:n]
	}
	switch s.Format {
	case "uuid":
		if m.literal {
			return "123e4567-e89b-42d3-a456-426614174000"
		}
		return "{{uuid}}"
	case "email", "idn-email":
		return random(8) + "@example.com"
	case "uri", "url", "iri":
		return "https://example.com/" + random(8)
	case "date":
		return "2025-01-31"
	case "time":
		return "12:00:00Z"
	case "date-time":
		return "2025-01-31T12:00:00Z"
	case "ipv4":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "hostname", "idn-hostname":
		return "example.com"
	case "duration":
		return "PT1S"
	case "json-pointer":
		return "/a"
	case "relative-json-pointer":
		return "0"
	case "byte", "base64", "base64url":
		return "ZXhhbXBsZXM="
	case "ipvanyaddress", "ipv4interface", "ipvanyinterface":
		return "192.0.2.1"
	case "ipv4network", "ipvanynetwork":
		return "192.0.2.0/24"
	case "ipv6interface", "ipv6network":
		return "2001:db8::/32"
	case "json-string":
		return "{}"
	}
	n := 8
	if m.literal {
		n = len(word)
	}
	length := max(float64(n), s.MinLength)
	if s.MaxLength != nil {
		length = max(s.MinLength, min(length, *s.MaxLength))
	}
	if length < 1 {
		return ""
	}
	return random(int(min(length, 1<<16)))
}

// number makes up a number: a whole one, where one lies between the bounds.
func (m *maker) number(s schema) *yaml.Node {
	lo, hi := s.bounds()
	first := math.Ceil(lo)
	if step := math.Abs(s.Multiple); step > 0 {
		return anyNode(math.Ceil(lo/step) * step)
	}
	switch {
	case first > hi && s.kind() == "number":
		middle := (lo + hi) / 2
		if short := math.Round(middle*100) / 100; lo <= short && short <= hi {
			middle = short
		}
		return anyNode(middle)
	case m.literal:
		return anyNode(first + float64(m.nth))
	}
	return textNode(fmt.Sprintf("{{int %.0f %.0f}}", first, max(first, math.Floor(hi))))
}

// bounds are the least and the greatest number that the schema allows. Of open
// bounds, the nearest whole number within is taken.
func (s schema) bounds() (lo, hi float64) {
	least, most := s.Minimum, s.Maximum
	whole := s.kind() == "integer"
	if above, ok := exclusive(s.Above, least); ok {
		inside := math.Nextafter(above, math.Inf(1))
		if whole || s.reaches(above+1) {
			inside = math.Floor(above) + 1
		}
		if least == nil || *least < inside {
			least = &inside
		}
	}
	if below, ok := exclusive(s.Below, most); ok {
		inside := math.Nextafter(below, math.Inf(-1))
		if whole || least == nil || *least <= below-1 {
			inside = math.Ceil(below) - 1
		}
		if most == nil || *most > inside {
			most = &inside
		}
	}
	lo = 1
	if least != nil {
		lo = *least
	}
	hi = lo + 99
	if most != nil {
		hi = *most
		if least == nil {
			lo = min(lo, hi)
		}
	}
	const limit = 1e15 // whole numbers beyond are none any more
	return max(-limit, lo), min(limit, max(lo, hi))
}

// reaches reports if a number isn't above what the schema allows.
func (s schema) reaches(n float64) bool {
	if below, ok := exclusive(s.Below, s.Maximum); ok && n >= below {
		return false
	}
	return s.Maximum == nil || n <= *s.Maximum
}

// exclusive is an open bound: a number, or in old schemas a truth value that
// makes the closed one open.
func exclusive(v any, closed *float64) (float64, bool) {
	switch b := v.(type) {
	case float64:
		return b, true
	case bool:
		if b && closed != nil {
			return *closed, true
		}
	}
	return 0, false
}
