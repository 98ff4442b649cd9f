package apikey

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// ErrUnknownProvider is what a provider that isn't in the table gives: there is
// no silent fallback to a looser one.
var ErrUnknownProvider = errors.New("unknown provider")

// A Provider knows what the credentials of one issuer look like: one of the
// table's, by Lookup, or one of your own. The zero Provider calls every value
// malformed.
//
// One of your own has an ID and Patterns; everything else is optional. It is
// compiled each time that it is used, unless Compile did so once for all.
type Provider struct {
	ID       string   // what a Credential's Provider says
	Title    string   // as people write it; empty: the ID
	About    string   // what its credentials are, in a few words
	URL      string   // where to get one
	Patterns []string // its formats, today's first: fixed text and <32 letters or digits>; see Compile

	p *provider
}

type provider struct {
	name, title, doc string
	get              string // where people get one
	formats          []*format
	family           string // what all its keys begin with, whatever their kind
	open             bool   // no provider's own: other families' values may be meant
	secret           bool   // a value is a secret
	opaque           bool   // not even its end may be shown
	check            func(string) Result
	make             func(*rand.Rand) string // makes a value up, where no format does
	expect           string                  // a good value in words, for messages
}

// A Format is one shape of a provider's credentials, for people and tables.
type Format struct {
	Name    string `json:"name"`
	Shape   string `json:"shape"`   // fixed text, and <what stands behind it>
	Example string `json:"example"` // masked: no secret scanner takes it for a key
	Status  string `json:"status"`  // current, old, plausible or wrong kind
	Source  string `json:"source"`  // where it was read
	Read    string `json:"read"`    // when, as 2006-01-02
	// if it is looked for in texts: anywhere, by name (of its provider, before it) or no
	Found string `json:"found"`
}

// Providers returns every provider, in the table's order.
func Providers() []Provider {
	list := make([]Provider, len(catalogue))
	for i, p := range catalogue {
		list[i] = Provider{p: p}
	}
	return list
}

// Lookup returns the provider of a name. The error wraps ErrUnknownProvider and
// names the first of those that there are (Providers has all); it doesn't repeat the
// name, which may be a key in the wrong place.
func Lookup(name string) (Provider, error) {
	for _, p := range catalogue {
		if p.name == name {
			return Provider{p: p}, nil
		}
	}
	const first = 3
	var list []string
	for _, p := range catalogue[:first] {
		list = append(list, p.name)
	}
	return Provider{}, fmt.Errorf("apikey: %w: want one of %s and %d others", ErrUnknownProvider,
		strings.Join(list, ", "), len(catalogue)-first)
}

// Name is what Lookup takes.
func (p Provider) Name() string {
	if p.p == nil {
		return p.ID
	}
	return p.p.name
}

// String is Name.
func (p Provider) String() string { return p.Name() }

// Doc says in a few words what the provider's credentials are.
func (p Provider) Doc() string {
	if p.p == nil {
		return p.About
	}
	return p.p.doc
}

// Where is where people get a credential: an address, or words. It is empty where
// that isn't known.
func (p Provider) Where() string {
	if p.p == nil {
		return p.URL
	}
	return p.p.get
}

// Secret reports if values are secrets: a user name, a host or a port isn't.
func (p Provider) Secret() bool { return p.p == nil || p.p.secret }

// Formats returns the known formats, those that are wrong in place of the
// provider's secret among them.
func (p Provider) Formats() []Format {
	if p = p.compiled(); p.p == nil {
		return nil
	}
	if p.p.check != nil {
		found := "no"
		if p.p.make != nil {
			found = "anywhere"
		}
		return []Format{{p.p.title, p.p.expect, "***", "current", ours, readFirst, found}}
	}
	status := [...]string{"current", "old", "plausible", "wrong kind"}
	var list []Format
	for _, f := range p.p.formats {
		list = append(list, Format{f.name, f.describe(), f.masked(), status[f.role], f.source, f.read, f.found()})
	}
	return list
}

// Expected says in one line what a good value looks like: the formats that the
// provider issues today.
func (p Provider) Expected() string {
	if p = p.compiled(); p.p == nil {
		return ""
	}
	return p.p.expect
}

// Sample makes up a value of the provider's first format, which nobody issued.
// It returns "" for the zero Provider.
func (p Provider) Sample(r *rand.Rand) string {
	p = p.compiled()
	switch {
	case p.p == nil:
		return ""
	case p.p.make != nil:
		return p.p.make(r)
	case p.p.name == "host":
		return fmt.Sprintf("host-%d.example", r.IntN(1000))
	case p.p.name == "port":
		return itoa(1024 + r.IntN(60000))
	case p.p.name == "username":
		return fmt.Sprintf("user-%04d", r.IntN(10000))
	case p.p.check != nil:
		return (&format{parts: []part{exactly(40, urlSafes)}}).sample(r)
	}
	return p.p.formats[0].sample(r)
}

// SampleOf makes up a value of one of Formats, by its place there; it returns ""
// where there is none.
func (p Provider) SampleOf(i int, r *rand.Rand) string {
	if p = p.compiled(); p.p == nil || i < 0 || i >= max(len(p.p.formats), 1) {
		return ""
	}
	if p.p.check != nil {
		return p.Sample(r)
	}
	return p.p.formats[i].sample(r)
}

// Mask is the package's Mask, but for secrets that people make up (passwords and
// the like), of which it shows nothing. What isn't a secret stays as it is.
func (p Provider) Mask(value string) string {
	switch {
	case !p.Secret():
		return value
	case p.p == nil || p.p.opaque:
		return hidden
	}
	return Mask(value)
}

// foreign finds the provider, other than p, to which a value's beginning
// belongs, and which of its formats it has; exact: it has one.
func foreign(v string, p *provider) (title, format string, exact bool) {
	if v == "" {
		return "", "", false
	}
	for _, e := range byFirst[v[0]] {
		if e.p != p && e.f.match(v) {
			return e.p.title, e.f.name, true
		}
	}
	// A longer family first: sk-ant- is Anthropic's although sk- is OpenAI's.
	best := ""
	for _, other := range issued {
		if other.family != "" && len(other.family) > len(best) && strings.HasPrefix(v, other.family) &&
			(p == nil || !p.begins(v, other.family)) {
			best, title = other.family, other.title
		}
	}
	if best != "" && (p == nil || title != p.title) {
		return title, "key", false
	}
	for _, s := range strangers {
		if strings.HasPrefix(v, s.prefix) {
			return s.title, s.format, false
		}
	}
	return "", "", false
}

// begins reports if a value begins as one of the provider's own formats does, and
// with more than a family's letters: Langfuse's sk-lf- isn't OpenAI's.
func (p *provider) begins(v, family string) bool {
	for _, f := range p.formats {
		if prefix := f.prefix(); len(prefix) >= len(family) && prefix != "" && strings.HasPrefix(v, prefix) {
			return true
		}
	}
	return false
}

// strangers are credentials of others, by what they begin with.
var strangers = []struct{ prefix, title, format string }{
	{"-----BEGIN ", "PEM", "block"},
	{"ey" + "J", "JSON web", "token"},
	{"https://", "web", "address"},
	{"http://", "web", "address"},
}

// nearest is the format whose beginning a value shares, the longest first.
func (p *provider) nearest(v string) *format {
	var found []*format
	for _, f := range p.formats {
		if f.prefix() != "" && f.role != plausible && strings.HasPrefix(v, f.prefix()) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return slices.MaxFunc(found, func(a, b *format) int { return cmp.Compare(len(a.prefix()), len(b.prefix())) })
}
