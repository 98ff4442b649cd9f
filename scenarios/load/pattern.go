package load

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// matching makes up a text that a pattern matches, as short as it may be; false where
// the pattern is of a richer language than Go's. Nothing asks for a certain text, so
// that what stands before and after a part is not looked at: whoever uses the text
// checks it.
func matching(pattern string) (string, bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	spell(&b, tree.Simplify())
	return b.String(), true
}

// spell writes what a part of a pattern matches.
func spell(b *strings.Builder, part *syntax.Regexp) {
	switch part.Op {
	case syntax.OpLiteral:
		b.WriteString(string(part.Rune))
	case syntax.OpCharClass:
		b.WriteRune(readable(part.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture, syntax.OpPlus:
		spell(b, part.Sub[0])
	case syntax.OpRepeat:
		for range part.Min {
			spell(b, part.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range part.Sub {
			spell(b, sub)
		}
	case syntax.OpAlternate:
		spell(b, part.Sub[0])
	}
	// The rest match no text, or may.
}

// readable is a character of a class: a letter or a digit if it has one.
func readable(ranges []rune) rune {
	for _, want := range []func(rune) bool{unicode.IsLower, unicode.IsLetter, unicode.IsDigit, unicode.IsPrint} {
		for i := 0; i+1 < len(ranges); i += 2 {
			for r := ranges[i]; r <= min(ranges[i+1], ranges[i]+128); r++ {
				if r < unicode.MaxASCII && want(r) {
					return r
				}
			}
		}
	}
	if len(ranges) == 0 {
		return 'x'
	}
	return ranges[0]
}
