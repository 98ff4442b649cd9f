package apikey

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrPattern is what a Provider of one's own gives that can't be understood.
var ErrPattern = errors.New("bad provider")

var ownName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Compile checks a provider of one's own and makes it ready, so that checking a
// value against it takes no memory. One of the table's is ready.
//
// A pattern is fixed text with <a length and an alphabet> in it, as Format.Shape
// has it:
//
//	acme_<32 letters or digits>
//	ac-<8 hex>-<20 or more urlsafe>
//	<20-40 letters or digits>
//
// The alphabets are hex, digits, letters, lower, upper, "letters or digits",
// "small letters or digits", "capitals or digits", word (with _), urlsafe (with _
// and -), base64 and signs (all that tokens have). A length that varies must be
// the last, or the text behind it begin with what its alphabet hasn't.
func (p Provider) Compile() (Provider, error) {
	if p.p != nil {
		return p, nil
	}
	fail := func(format string, args ...any) (Provider, error) {
		return Provider{}, fmt.Errorf("apikey: %w %q: %s", ErrPattern, p.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case !ownName.MatchString(p.ID):
		return fail("its ID must be small letters, digits, '.', '_' and '-'")
	case slices.ContainsFunc(catalogue, func(known *provider) bool { return known.name == p.ID }):
		return fail("the table has one of that name: give yours another, such as my-%s", p.ID)
	case len(p.Patterns) == 0:
		return fail("it has no pattern")
	}
	made := &provider{name: p.ID, title: cmp.Or(p.Title, p.ID), doc: p.About, get: p.URL, secret: true}
	for i, pattern := range p.Patterns {
		parts, err := parsePattern(pattern)
		if err != nil {
			return fail("pattern %d, %q: %v", i+1, pattern, err)
		}
		made.formats = append(made.formats, &format{name: "key", parts: parts, source: "your own", read: "-"})
	}
	made.doc = cmp.Or(made.doc, "credentials of "+made.title)
	made.expect = made.inWords()
	p.p = made
	return p, nil
}

// compiled is a provider that is ready: itself, or one of one's own, or one that
// calls every value malformed, where its patterns can't be understood.
func (p Provider) compiled() Provider {
	if p.p == nil && len(p.Patterns) > 0 {
		if made, err := p.Compile(); err == nil {
			return made
		}
	}
	return p
}

// LookupIn is Lookup in some providers of one's own, and in the table.
func LookupIn(own []Provider, name string) (Provider, error) {
	for _, p := range own {
		if p.Name() == name && name != "" {
			return p.Compile()
		}
	}
	p, err := Lookup(name)
	if err != nil && len(own) > 0 {
		var list []string
		for _, p := range own {
			list = append(list, p.Name())
		}
		err = fmt.Errorf("%w, or your own %s", err, strings.Join(list, ", "))
	}
	return p, err
}

// alphabetNames are how patterns name alphabets; those of the table are, too.
var alphabetNames = map[string]*class{
	"hex": anyHexes, "digit": numbers10, "digits": numbers10, "letters": letters,
	"lower": newClass("small letters", lowers), "upper": newClass("capitals", uppers),
	"alnum": alnums, "letters or digits": alnums, "small letters or digits": base36s, "capitals or digits": capitals,
	"word": words, "urlsafe": urlSafes, "base64": padded, "signs": base64ish,
	hexes.words: hexes, words.words: words, hyphened.words: hyphened, urlSafes.words: urlSafes,
	stdBase64.words: stdBase64, dotted.words: dotted, padded.words: padded,
}

const mostOfPart = 4096

// parsePattern reads fixed text and <parts>.
func parsePattern(pattern string) ([]part, error) {
	var parts []part
	for rest := pattern; rest != ""; {
		fixed, tail, open := strings.Cut(rest, "<")
		if i := stranger(fixed, base64ish); i >= 0 {
			return nil, fmt.Errorf("%q is in no credential", fixed[i:i+1])
		}
		if fixed != "" || len(parts) == 0 {
			parts = append(parts, text(fixed))
		}
		if !open {
			break
		}
		inner, after, closed := strings.Cut(tail, ">")
		if !closed {
			return nil, errors.New("a < without its >")
		}
		p, err := parsePart(strings.TrimSpace(inner))
		if err != nil {
			return nil, err
		}
		parts, rest = append(parts, p), after
	}
	return parts, checkParts(parts)
}

// parsePart reads "32 hex", "20-40 hex", "20 or more hex" and "about 20 hex".
func parsePart(s string) (part, error) {
	var p part
	loose := strings.HasPrefix(s, "about ")
	s = strings.TrimPrefix(s, "about ")
	length, name, _ := strings.Cut(s, " ")
	name, more := strings.CutPrefix(name, "or more ")
	low, high, ranged := strings.Cut(length, "-")
	var err error
	if p.min, err = strconv.Atoi(low); err != nil || p.min < 1 || p.min > mostOfPart {
		return p, fmt.Errorf("%q doesn't begin with a length from 1 to %d", s, mostOfPart)
	}
	p.max = p.min
	switch {
	case ranged:
		if p.max, err = strconv.Atoi(high); err != nil || p.max < p.min || p.max > mostOfPart {
			return p, fmt.Errorf("%q is no range of lengths", length)
		}
	case more:
		p.max = mostOfPart
	case loose:
		p.min, p.max, p.usual = max(1, p.min/2), mostOfPart, p.min
	}
	if p.class = alphabetNames[strings.TrimSpace(name)]; p.class == nil {
		return p, fmt.Errorf("%q is no alphabet: want hex, digits, letters, lower, upper, letters or digits, word, "+
			"urlsafe, base64 or signs", name)
	}
	return p, nil
}

// checkParts refuses what could be read in two ways, and what anything is.
func checkParts(parts []part) error {
	n := 0
	for i, p := range parts {
		n += len(p.text) + p.min
		if p.class == nil || p.min == p.max || i == len(parts)-1 {
			continue
		}
		if next := parts[i+1]; next.class != nil || next.text == "" || p.class.has[next.text[0]] {
			return errors.New("a length varies, and what comes behind it can't be told from it")
		}
	}
	if n < leastOwn {
		return fmt.Errorf("is shorter than %d characters, which everybody could guess", leastOwn)
	}
	return nil
}

// leastOwn is the shortest value that a pattern may describe.
const leastOwn = 8
