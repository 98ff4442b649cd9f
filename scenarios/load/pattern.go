package load

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"time"
	"unicode"

	"github.com/dlclark/regexp2/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// mostMatch is how long a pattern may take for one text: those that look around or
// back can take for ever.
const mostMatch = 100 * time.Millisecond

// pattern reads one of JSON Schema, which are JavaScript's: they look around and back,
// as Go's don't.
func pattern(text string) (jsonschema.Regexp, error) {
	if p, err := regexp.Compile(text); err == nil {
		return p, nil
	}
	p, err := regexp2.Compile(text, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil { // classes such as \p{Lu} beside what only looks around
		if p, err = regexp2.Compile(text, regexp2.None); err != nil {
			return nil, err
		}
	}
	p.MatchTimeout = mostMatch
	return richPattern{p}, nil
}

type richPattern struct{ *regexp2.Regexp }

// MatchString implements jsonschema.Regexp; what takes too long doesn't match.
func (p richPattern) MatchString(text string) bool {
	ok, err := p.Regexp.MatchString(text)
	return err == nil && ok
}

// matching makes up a text that a pattern matches, as short as it may be; false where
// what is left of it without what looks around is no pattern of Go's. Nothing asks for
// a certain text, so that what stands before and after a part is not looked at: whoever
// uses the text checks it.
func matching(pattern string) (string, bool) { return drawnText(pattern, 0, nil) }

// drawnText is the same for a text of a least length, its characters drawn by lot.
func drawnText(pattern string, least int, random *rand.Rand) (string, bool) {
	pattern = codePoint.ReplaceAllString(pattern, `\x{$1}`)
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		if tree, err = syntax.Parse(withoutLooks(pattern), syntax.Perl); err != nil {
			return "", false
		}
	}
	tree = tree.Simplify()
	for more := 0; ; more++ {
		s := speller{random: random, more: more}
		s.spell(tree)
		if text := s.b.String(); len(text) >= least || more > min(least, 1<<12) {
			return text, true
		}
	}
}

// codePoint is how JavaScript writes one.
var codePoint = regexp.MustCompile(`\\u\{?([0-9a-fA-F]{4,6})\}?`)

// withoutLooks is a pattern without the groups that look around.
func withoutLooks(pattern string) string {
	for _, start := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		for {
			from := strings.Index(pattern, start)
			if from < 0 {
				break
			}
			pattern = pattern[:from] + pattern[groupEnd(pattern, from):]
		}
	}
	return pattern
}

// groupEnd is where the group ends that begins at from.
func groupEnd(pattern string, from int) int {
	depth, class := 0, false
	for i := from; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '(' && !class:
			depth++
		case c == ')' && !class:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(pattern)
}

// A speller writes what a pattern matches.
type speller struct {
	b      strings.Builder
	random *rand.Rand // nil: the first of what is possible
	more   int        // how often what may repeat does so beyond what it must
}

func (s *speller) spell(part *syntax.Regexp) {
	repeat := func(times int) {
		for range times {
			s.spell(part.Sub[0])
		}
	}
	switch part.Op {
	case syntax.OpLiteral:
		s.b.WriteString(string(part.Rune))
	case syntax.OpCharClass:
		s.b.WriteRune(s.readable(part.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		const some = "xyzABC0123-"
		s.b.WriteByte(some[s.draw(len(some))])
	case syntax.OpConcat:
		for _, sub := range part.Sub {
			s.spell(sub)
		}
	case syntax.OpAlternate:
		s.spell(part.Sub[s.draw(len(part.Sub))])
	case syntax.OpStar:
		repeat(s.more)
	case syntax.OpQuest:
		repeat(min(1, s.more))
	case syntax.OpPlus:
		repeat(1 + s.more)
	case syntax.OpCapture:
		repeat(1)
	}
	// The rest match no text; repeats are made simple before.
}

// draw is one of n.
func (s *speller) draw(n int) int {
	if s.random == nil || n < 2 {
		return 0
	}
	return s.random.IntN(n)
}

// readable is a character of a class: a letter or a digit if it has one.
func (s *speller) readable(ranges []rune) rune {
	var found []rune
	for _, want := range []func(rune) bool{unicode.IsLower, unicode.IsLetter, unicode.IsDigit, unicode.IsPrint} {
		for i := 0; i+1 < len(ranges); i += 2 {
			for r := ranges[i]; r <= min(ranges[i+1], ranges[i]+128); r++ {
				if r < unicode.MaxASCII && want(r) {
					if found = append(found, r); s.random == nil {
						return r
					}
				}
			}
		}
	}
	switch {
	case len(found) > 0:
		return found[s.draw(len(found))]
	case len(ranges) == 0:
		return 'x'
	}
	return ranges[0]
}
