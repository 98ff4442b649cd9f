package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Placeholders lists what may stand in {{ }} in arguments, for help texts.
var Placeholders = []struct{ Text, Doc string }{
	{"counter", "the request's number in the run, from 1; counter 1000 begins at 1000"},
	{"int 1 100", "a whole number, both ends included"},
	{"float 0 1", "a number, the upper end not included"},
	{"pick red green", "one of the words"},
	{"string 8", "as many small letters and digits"},
	{"uuid", "a version 4 UUID"},
	{"session", "the name of the session that calls"},
	{"nonce", "a text that no other request has, for --check echo"},
	{"users.name", "a column of a data file; each request takes the next row"},
	{"order", "a value that an earlier step saved"},
}

// known are the words that no data and no value may be named.
var known = map[string]bool{"counter": true, "int": true, "float": true, "pick": true, "string": true,
	"uuid": true, "session": true, "nonce": true, "text": true, "number": true}

var (
	nameForm        = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	placeholderForm = regexp.MustCompile(`\{\{\s*(.*?)\s*\}\}`)
)

// A Template is a JSON object with placeholders. The zero value is no
// arguments at all.
//
// A text that is nothing but one placeholder takes the value's own JSON type,
// so that "{{counter}}" becomes a number; {{text counter}} keeps it a text,
// {{number users.age}} makes a number of a text.
type Template struct {
	fixed json.RawMessage // where there is no placeholder
	parts []part
}

// A part is text of JSON, or a placeholder after it.
type part struct {
	text  []byte
	whole bool // the value stands alone, so that it keeps its type
	value func(v *Values) any
}

// Values are what placeholders are filled from.
type Values struct {
	N      uint64 // the request's number, from 0
	Seed   uint64
	Client string
	Random *rand.Rand
	Saved  map[string]any
}

// names are what placeholders may refer to.
type names struct {
	data  map[string]*Data
	saved []string
}

// ParseTemplate reads a JSON object with placeholders in its texts.
func ParseTemplate(arguments json.RawMessage, known names) (Template, error) {
	if len(arguments) == 0 {
		return Template{}, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &object); err != nil || object == nil {
		return Template{}, fmt.Errorf("load: %q is no JSON object", shortened(string(arguments)))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, arguments); err != nil {
		return Template{}, fmt.Errorf("load: %q is no JSON object", shortened(string(arguments)))
	}
	return compile(compact.String(), known)
}

// compile splits compact JSON at its placeholders. They stand in texts only,
// as {{ is no JSON elsewhere.
func compile(text string, known names) (Template, error) {
	at := placeholderForm.FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 {
		return Template{fixed: json.RawMessage(text)}, nil
	}
	var t Template
	from := 0
	for _, m := range at {
		begin, end := m[0], m[1]
		value, err := placeholder(unescaped(text[m[2]:m[3]]), known)
		if err != nil {
			return Template{}, err
		}
		p := part{value: value}
		if begin > 0 && text[begin-1] == '"' && !escapedAt(text, begin-1) && strings.HasPrefix(text[end:], `"`) &&
			!strings.HasPrefix(text[end:], `":`) { // a member's name stays a text
			p.whole = true
			begin, end = begin-1, end+1
		}
		p.text = []byte(text[from:begin])
		t.parts = append(t.parts, p)
		from = end
	}
	t.parts = append(t.parts, part{text: []byte(text[from:])})
	return t, nil
}

// escapedAt reports if the byte at a place is behind an odd number of
// backslashes.
func escapedAt(text string, at int) bool {
	n := 0
	for at > n && text[at-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// unescaped is what a piece of a JSON text says.
func unescaped(s string) string {
	var out string
	if json.Unmarshal([]byte(`"`+s+`"`), &out) == nil {
		return out
	}
	return s
}

// Render fills the placeholders in.
func (t Template) Render(v Values) json.RawMessage {
	if t.parts == nil {
		return t.fixed
	}
	b := make([]byte, 0, 128)
	for _, p := range t.parts {
		b = append(b, p.text...)
		switch {
		case p.value == nil:
		case p.whole:
			b = appendJSON(b, p.value(&v))
		default:
			quoted := appendJSON(nil, asText(p.value(&v)))
			b = append(b, quoted[1:len(quoted)-1]...)
		}
	}
	return b
}

// Has reports if the template has placeholders.
func (t Template) Has() bool { return t.parts != nil }

func appendJSON(b []byte, value any) []byte {
	switch x := value.(type) {
	case int64:
		return strconv.AppendInt(b, x, 10)
	case json.RawMessage:
		return append(b, x...)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		panic("load: internal error: a placeholder's value has no JSON form: " + err.Error())
	}
	return append(b, raw...)
}

func asText(value any) string {
	switch x := value.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return string(appendJSON(nil, value))
}

// placeholder compiles what stands between {{ and }}.
func placeholder(text string, known names) (func(*Values) any, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("load: {{}} is empty, want such as {{counter}}")
	}
	bad := func(want string) (func(*Values) any, error) {
		return nil, fmt.Errorf("load: {{%s}} is no placeholder, want such as {{%s}}", shortened(text), want)
	}
	args := words[1:]
	switch words[0] {
	case "text", "number":
		if len(args) == 0 {
			return bad(words[0] + " counter")
		}
		inner, err := placeholder(strings.Join(args, " "), known)
		if err != nil {
			return nil, err
		}
		return converted(words[0], inner), nil
	case "counter":
		first, ok := numbersOf(args, 1, 0, 1)
		if !ok {
			return bad("counter 1000")
		}
		return func(v *Values) any { return int64(first[0]) + int64(v.N) }, nil
	case "int":
		return between(args, bad)
	case "float":
		r, ok := numbersOf(args, 2, 2)
		if !ok || r[0] >= r[1] {
			return bad("float 0 1")
		}
		return func(v *Values) any { return r[0] + v.Random.Float64()*(r[1]-r[0]) }, nil
	case "pick":
		if len(args) == 0 {
			return bad("pick red green")
		}
		return func(v *Values) any { return args[v.Random.IntN(len(args))] }, nil
	case "string":
		n, ok := numbersOf(args, 1, 1)
		if !ok || n[0] < 1 || n[0] > 1<<20 || n[0] != math.Trunc(n[0]) {
			return bad("string 8")
		}
		return func(v *Values) any { return letters(v.Random, int(n[0])) }, nil
	}
	if len(args) > 0 {
		return unknown(text, known)
	}
	return named(words[0], text, known)
}

// named compiles a placeholder that is a single word.
func named(word, text string, known names) (func(*Values) any, error) {
	switch word {
	case "uuid":
		return func(v *Values) any { return uuid(v.Random) }, nil
	case "session":
		return func(v *Values) any { return v.Client }, nil
	case "nonce":
		return func(v *Values) any { return Nonce(v.Seed, v.N) }, nil
	}
	if slices.Contains(known.saved, word) {
		return func(v *Values) any { return v.Saved[word] }, nil
	}
	if name, column, ok := strings.Cut(word, "."); ok && known.data[name] != nil {
		return known.data[name].column(name, column)
	}
	return unknown(text, known)
}

// unknown says what there is.
func unknown(text string, known names) (func(*Values) any, error) {
	var list []string
	for _, p := range Placeholders[:8] {
		list = append(list, strings.Fields(p.Text)[0])
	}
	list = append(list, known.saved...)
	for name, d := range known.data {
		for _, c := range d.Columns {
			list = append(list, name+"."+c)
		}
	}
	slices.Sort(list)
	return nil, fmt.Errorf("load: nothing is named {{%s}} here; there are %s", shortened(text), strings.Join(list, ", "))
}

// converted makes a text or a number of a value.
func converted(to string, inner func(*Values) any) func(*Values) any {
	if to == "text" {
		return func(v *Values) any { return asText(inner(v)) }
	}
	return func(v *Values) any {
		text := strings.TrimSpace(asText(inner(v)))
		if json.Valid([]byte(text)) {
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				return json.RawMessage(text)
			}
		}
		return text // it is none: the server may say so
	}
}

// between compiles {{int a b}}.
func between(args []string, bad func(string) (func(*Values) any, error)) (func(*Values) any, error) {
	if len(args) != 2 {
		return bad("int 1 100")
	}
	lo, err := strconv.ParseInt(args[0], 10, 64)
	hi, err2 := strconv.ParseInt(args[1], 10, 64)
	if err != nil || err2 != nil || lo > hi || hi-lo < 0 || hi-lo == math.MaxInt64 {
		return bad("int 1 100")
	}
	return func(v *Values) any { return lo + v.Random.Int64N(hi-lo+1) }, nil
}

// numbersOf reads a number of arguments, with values for those left out.
func numbersOf(args []string, most, least int, left ...float64) ([]float64, bool) {
	if len(args) < least || len(args) > most {
		return nil, false
	}
	list := slices.Clone(left)
	for i, a := range args {
		x, err := strconv.ParseFloat(a, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, false
		}
		if i < len(list) {
			list[i] = x
		} else {
			list = append(list, x)
		}
	}
	return list, true
}

func letters(r *rand.Rand, n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

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
		r.fault(n, "%s", strings.TrimPrefix(err.Error(), "load: "))
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
			r.fault(n, "%s", strings.TrimPrefix(err.Error(), "load: "))
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
