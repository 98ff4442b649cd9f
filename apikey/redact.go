package apikey

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Redactor takes credentials out of texts: those of every known family, and
// the values that it was made with, whatever they are. A nil Redactor knows the
// families only. It can't be changed, prints none of its values, and any number
// of goroutines may use it.
//
// The values are behind a function: fmt follows pointers in unexported fields
// (with a verb that doesn't fit them, such as %s), and of a function it shows no
// more than an address.
type Redactor struct{ known func() *secrets }

// NewRedactor returns one that also finds the values, without the white space
// around them: in any case and disguise, and in parts that chance doesn't write.
// Those shorter than 8 bytes may be ordinary words, and are found only where they
// stand alone, as they are; see Short.
func NewRedactor(values ...string) *Redactor {
	s := newSecrets(values, nil)
	return &Redactor{func() *secrets { return s }}
}

// Short reports if a value is so short that a Redactor finds it only where it
// stands alone as a word. Whoever registers one should be told.
func Short(value string) bool { return len(strings.TrimSpace(value)) < window }

// With returns a Redactor that finds these values too.
func (r *Redactor) With(values ...string) *Redactor {
	return r.with(values, nil)
}

// WithDrawn returns a Redactor that also finds values that were drawn by lot: any
// eight characters of them, as nobody chose a word that stands in them.
func (r *Redactor) WithDrawn(values ...string) *Redactor {
	return r.with(nil, values)
}

// WithProviders returns a Redactor that also finds the credentials of providers of
// one's own. Those whose patterns can't be understood it leaves out; Compile says
// which they are.
func (r *Redactor) WithProviders(own ...Provider) *Redactor {
	if len(own) == 0 {
		return r
	}
	known := r.secrets()
	more := slices.Clone(known.own)
	for _, p := range own {
		if p = p.compiled(); p.p != nil && !slices.Contains(issued, p.p) {
			more = append(more, p.p)
		}
	}
	s := newSecrets(known.chosen(), known.drawn).with(more)
	return &Redactor{func() *secrets { return s }}
}

func (r *Redactor) with(values, drawn []string) *Redactor {
	known := r.secrets()
	s := newSecrets(slices.Concat(known.chosen(), values), slices.Concat(known.drawn, drawn)).with(known.own)
	return &Redactor{func() *secrets { return s }}
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

// Holds reports if a registered value stands in a text that nobody would write by
// chance, in whatever disguise: a long one with letters and digits. It is for a
// last look at what should have none.
func (r *Redactor) Holds(text string) bool {
	sure := r.secrets().sure
	if sure == nil {
		return false
	}
	found := false
	inChunks(text, func(_ int, part string) {
		found = found || slices.ContainsFunc(sure.find(&view{text: []byte(part)}, 0),
			func(m Match) bool { return m.Family == registered })
	})
	return found
}

// A Match is where a credential stands in a text.
type Match struct {
	Start, End int    // bytes
	Family     string // a provider's name, "jwt", or "registered"
	Encoding   string // how it is disguised, such as base64, hex or percent; "" where it isn't
}

const registered = "registered"

// plainMark is what stands in place of a registered value, and redactedMark how others
// begin.
const (
	plainMark    = "[redacted]"
	redactedMark = "[redacted"
)

func (m Match) replacement() string {
	if m.Family == registered {
		return plainMark
	}
	return "[redacted " + m.Family + "]"
}

// Texts are gone through in chunks, so that the memory for it is bounded. They
// overlap by more than a credential is long, however it is spelt; what begins
// just behind the edge of a chunk was seen whole in the one before.
const (
	chunk   = 192 << 10
	overlap = 32 << 10
	edge    = 1 << 10
)

// Find returns where credentials stand, in order and apart from each other.
func (r *Redactor) Find(text string) []Match {
	known := r.secrets()
	var found []Match
	inChunks(text, func(from int, part string) {
		for _, m := range known.find(&view{text: []byte(part)}, 0) {
			if from > 0 && m.Start < edge {
				continue
			}
			m.Start, m.End = from+m.Start, from+m.End
			found = append(found, m)
		}
	})
	found = merge(found)
	for i := range found {
		const padding = 2 // of base64
		for m, end := &found[i], found[i].End+padding; m.End < min(end, len(text)) && text[m.End] == '=' &&
			m.Family == registered; {
			m.End++
		}
		if m := &found[i]; m.Encoding == escaped && strings.Contains(text[m.Start:m.End], "%") {
			m.Encoding = "percent"
		}
	}
	return found
}

// inChunks goes through a text.
func inChunks(text string, do func(from int, part string)) {
	for from := 0; ; from += chunk - overlap {
		to := min(from+chunk, len(text))
		if do(from, text[from:to]); to == len(text) {
			return
		}
	}
}

// merge sorts matches and joins those that touch the same bytes.
func merge(list []Match) []Match {
	slices.SortFunc(list, func(a, b Match) int {
		return cmp.Or(a.Start-b.Start, b.End-a.End, strings.Compare(a.Encoding, b.Encoding),
			strings.Compare(a.Family, b.Family))
	})
	var out []Match
	for _, m := range list {
		if n := len(out); n > 0 && m.Start < out[n-1].End {
			if out[n-1].Family == generic.name && m.Family != generic.name { // whose it is says more
				out[n-1].Family, out[n-1].Encoding = m.Family, m.Encoding
			}
			out[n-1].End = max(out[n-1].End, m.End)
			continue
		}
		out = append(out, m)
	}
	return out
}

// nothingKnown are the secrets of a Redactor that nobody made.
var nothingKnown = newSecrets(nil, nil)

// secrets are what was registered; a Redactor that nobody made knows none.
func (r *Redactor) secrets() *secrets {
	if r == nil || r.known == nil {
		return nothingKnown
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
