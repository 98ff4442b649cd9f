package startup

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/mcpload/mcpload/apikey"
)

// How many formats are tried of those that a provider used to issue, and of
// those that it also issues or may issue. Each is a start.
const (
	oldFormats   = 2
	otherCurrent = 1
	newer        = 1
)

// NewCredential returns a credential whose values are made up as its provider
// issues them: one of the table's, or of the caller's own. The error wraps apikey.ErrUnknownProvider.
func NewCredential(env, provider string, required bool, own ...apikey.Provider) (Credential, error) {
	p, err := apikey.LookupIn(own, provider)
	if err != nil {
		return Credential{}, fmt.Errorf("credential %s: %w", env, err)
	}
	k := kit{p: p}
	return Credential{Env: env, Provider: provider, Required: required, Secret: p.Secret(), Telling: k.telling(),
		Variants: k.variants, Make: k.value}, nil
}

// LooksReal reports if a value has something in it that some provider may have
// issued.
func LooksReal(value string) bool {
	var families *apikey.Redactor // which knows those, and no value
	return len(families.Find(value)) > 0
}

// A kit makes values of one provider up.
type kit struct{ p apikey.Provider }

// telling is what messages about the formats hold: what they begin with.
func (k kit) telling() []string {
	var list []string
	for _, f := range k.p.Formats() {
		if begin := strings.TrimSuffix(f.Example, "***"); len(begin) > 1 {
			list = append(list, begin)
		}
	}
	return list
}

// variants names the formats of a case that has several.
func (k kit) variants(name string) []string {
	var list []string
	for _, i := range k.formats(name) {
		list = append(list, k.p.Formats()[i].Name)
	}
	return list
}

// formats are the places of a case's formats in the provider's table, one of
// each name.
func (k kit) formats(name string) []int {
	var list []int
	seen, left := map[string]bool{}, map[string]int{}
	switch {
	case len(k.telling()) == 0: // whoever issues anything has no newer formats
	case name == OldFormat:
		left["old"] = oldFormats
	case name == NewFormat:
		left["current"], left["plausible"] = otherCurrent, newer
	}
	for i, f := range k.p.Formats() {
		if i == 0 {
			seen[f.Name] = true // what the good start has
		}
		if seen[f.Name] || left[f.Status] == 0 {
			continue
		}
		seen[f.Name] = true
		left[f.Status]--
		list = append(list, i)
	}
	return list
}

// value makes one up for a case. A bad value that the provider's pattern takes
// for a good one, such as a short host name, is no case.
func (k kit) value(name string, variant int, r *rand.Rand) (string, bool) {
	good := k.p.Sample(r)
	switch name {
	case Good:
		return good, true
	case Absent, Empty:
		return "", true
	case Blank:
		return "   ", true
	case Newline:
		return good + "\n", true
	case OldFormat, NewFormat:
		if places := k.formats(name); variant < len(places) {
			return k.p.SampleOf(places[variant], r), true
		}
		return "", false
	case Placeholder:
		return k.bad(k.template())
	case TooShort:
		return k.bad(k.short(good))
	case Malformed:
		return k.bad(good[:len(good)/2] + "!" + good[len(good)/2+1:])
	case WrongFamily:
		return k.stranger(r)
	}
	return "", false
}

func (k kit) bad(value string) (string, bool) { return value, !k.p.Check(value).OK(false) }

// template is what a template says: the prefix, as far as it is one word, and
// what to put behind it.
func (k kit) template() string {
	for _, begin := range k.telling() {
		if head, _, ok := strings.Cut(begin, "-"); ok {
			return head + "-your-api-key-here"
		}
	}
	return "your-api-key-here"
}

// short is the first part of a value: its prefix and a few characters, but
// enough of them that they can be looked for.
func (k kit) short(good string) string {
	prefix := 0
	for _, begin := range k.telling() {
		if strings.HasPrefix(good, begin) {
			prefix = max(prefix, len(begin))
		}
	}
	if len(k.telling()) == 0 && k.p.Formats()[0].Found == "anywhere" { // its beginning is everybody's
		return good[:len(good)*2/3]
	}
	return good[:min(prefix+leakLength+3, len(good)/2+1)]
}

// stranger is another provider's value, where this one's pattern tells it apart.
func (k kit) stranger(r *rand.Rand) (string, bool) {
	for _, other := range []string{"anthropic", "openai"} {
		p, err := apikey.Lookup(other)
		if err != nil || other == k.p.Name() {
			continue
		}
		if value := p.Sample(r); k.p.Check(value).Verdict == apikey.WrongFamily {
			return value, true
		}
	}
	return "", false
}
