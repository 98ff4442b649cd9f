package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
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
	nonce bool // one of the placeholders is a nonce
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
		return Template{}, fmt.Errorf("%q is no JSON object", shortened(string(arguments)))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, arguments); err != nil {
		return Template{}, fmt.Errorf("%q is no JSON object", shortened(string(arguments)))
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
		inside := unescaped(text[m[2]:m[3]])
		t.nonce = t.nonce || inside == "nonce"
		value, err := placeholder(inside, known)
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
	return t.filled(v)
}

// filled is Render apart from the case that needs no memory.
func (t Template) filled(v Values) json.RawMessage {
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

func shortened(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
