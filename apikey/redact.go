package apikey

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// leastRegistered is the shortest value that is looked for, in bytes. Taking
// every "1" or "dev" out of a text would leave nothing to read.
const leastRegistered = 6

// A Redactor takes credentials out of texts: those of every known family, and
// the values that it was made with, whatever they are. A nil Redactor knows the
// families only. It can't be changed, prints none of its values, and any number
// of goroutines may use it.
//
// The values are behind a function: fmt follows pointers in unexported fields
// (with a verb that doesn't fit them, such as %s), and of a function it shows no
// more than an address.
type Redactor struct{ known func() *secrets }

type secrets struct {
	values    []string
	spellings []string // as they may stand in a text, the longest first
	spaced    bool     // one of them has white space in it
	longest   int
}

// NewRedactor returns one that also finds the values. Those shorter than 6 bytes
// are left out, as they may be ordinary words.
func NewRedactor(values ...string) *Redactor {
	s := &secrets{}
	for _, v := range values {
		if len(v) >= leastRegistered && strings.TrimSpace(v) != "" {
			s.values = append(s.values, v)
			s.spellings = append(s.spellings, spell(v)...)
		}
	}
	slices.SortFunc(s.spellings, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	s.spellings = slices.Compact(s.spellings)
	for _, v := range s.spellings {
		s.longest = max(s.longest, len(v))
		s.spaced = s.spaced || strings.ContainsAny(v, " \t\r\n")
	}
	return &Redactor{func() *secrets { return s }}
}

// spell returns how a value may stand in JSON and in a query. Base 64, hex and
// percent-encoding are undone when texts are searched.
func spell(v string) []string {
	list := []string{v, url.QueryEscape(v)}
	for _, escape := range []bool{true, false} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		if e.Encode(v) == nil { // a string always encodes
			list = append(list, strings.Trim(strings.TrimSuffix(b.String(), "\n"), `"`))
		}
	}
	return append(list, strings.Trim(fmt.Sprintf("%q", v), `"`))
}

// With returns a Redactor that finds these values too.
func (r *Redactor) With(values ...string) *Redactor {
	return NewRedactor(slices.Concat(r.secrets().values, values)...)
}

// Redact takes the credentials of known families out of a text.
func Redact(text string) string { return (*Redactor)(nil).Redact(text) }

// Redact returns the text with [redacted] in place of each credential, with the
// family's name where it is known by its shape.
func (r *Redactor) Redact(text string) string {
	found := r.Find(text)
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, m := range found {
		b.WriteString(text[at:m.Start])
		b.WriteString(m.replacement())
		at = m.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// A Match is where a credential stands in a text.
type Match struct {
	Start, End int    // bytes
	Family     string // a provider's name, "jwt", or "registered"
	Encoding   string // "", "base64", "hex" or "percent"
}

const registered = "registered"

func (m Match) replacement() string {
	if m.Family == registered {
		return "[redacted]"
	}
	return "[redacted " + m.Family + "]"
}

// Find returns where credentials stand, in order and apart from each other.
func (r *Redactor) Find(text string) []Match {
	return merge(r.find(text, 0))
}

// merge sorts matches and joins those that touch the same bytes.
func merge(list []Match) []Match {
	slices.SortFunc(list, func(a, b Match) int {
		return cmp.Or(a.Start-b.Start, b.End-a.End, strings.Compare(a.Encoding, b.Encoding), strings.Compare(a.Family, b.Family))
	})
	var out []Match
	for _, m := range list {
		if n := len(out); n > 0 && m.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, m.End)
			continue
		}
		out = append(out, m)
	}
	return out
}

// deepest is how many encodings around each other are undone.
const deepest = 2

// find looks for credentials as they stand, and in what is encoded in the text.
func (r *Redactor) find(text string, depth int) []Match {
	found := families(text)
	for _, s := range r.secrets().spellings {
		for at := 0; ; {
			i := strings.Index(text[at:], s)
			if i < 0 {
				break
			}
			found = append(found, Match{at + i, at + i + len(s), registered, ""})
			at += i + len(s)
		}
	}
	if depth < deepest {
		found = append(found, r.decoded(text, depth)...)
	}
	return found
}

// secrets are what was registered; a Redactor that nobody made knows none.
func (r *Redactor) secrets() *secrets {
	if r == nil || r.known == nil {
		return &secrets{}
	}
	return r.known()
}

// String says how many values the Redactor knows, and none of them.
func (r *Redactor) String() string {
	return fmt.Sprintf("apikey.Redactor(%d values)", len(r.secrets().values))
}

// GoString is String.
func (r *Redactor) GoString() string { return r.String() }

// Format prints String, whatever the verb.
func (r *Redactor) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, r.String()) // a Formatter can't report an error
}

// MarshalText is String.
func (r *Redactor) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
