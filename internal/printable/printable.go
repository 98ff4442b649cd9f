// Package printable makes foreign text fit to be shown: on a terminal, which obeys
// control characters; in a CI log, which obeys lines that begin with ::; and in
// whatever shows text from right to left.
//
// Text is for whatever came from a server, at the place where it comes in. Lines
// is the second guard, for what is about to be printed and may have colours of our
// own. The package knows nothing of secrets; those go out before.
package printable

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// instead stands for a character that isn't shown.
const instead = '?'

// Text returns a text of which a reader sees everything: line feeds and tabs stay,
// other control characters, invisible ones, those that turn the direction and what
// is no UTF-8 become question marks, and no line is an order to a CI system.
func Text(s string) string {
	if clean(s) {
		return s
	}
	return ordered(strings.Map(shown, strings.ReplaceAll(strings.ToValidUTF8(s, string(instead)), "\r\n", "\n")))
}

// Line is Text in one line.
func Line(s string) string {
	return strings.Join(strings.Fields(Text(s)), " ")
}

// Lines is Text for what we compose: it also lets colours pass.
func Lines(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		at := strings.IndexByte(s, 0x1b)
		n := colour(s[max(at, 0):])
		switch {
		case at < 0:
			b.WriteString(Text(s))
			return ordered(b.String())
		case n == 0:
			b.WriteString(Text(s[:at+1]))
			s = s[at+1:]
		default:
			b.WriteString(Text(s[:at]))
			b.WriteString(s[at : at+n])
			s = s[at+n:]
		}
	}
	return ordered(b.String())
}

// colour is how long the colour code is that begins a text: ESC [ 1 ; 31 m.
func colour(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// clean reports if there is nothing to do, as for most texts.
func clean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f || c == ':' || c == '#' {
			return false
		}
	}
	return true
}

func shown(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == utf8.RuneError, !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r),
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r),
		unicode.Is(unicode.Variation_Selector, r):
		return instead
	}
	return r
}

// orders are what CI systems obey anywhere in a line: ##[ of GitHub and Azure, ##vso[ of
// Azure, ##teamcity[ of TeamCity.
var orders = regexp.MustCompile(`##([A-Za-z]*\[)`)

// ordered takes the meaning of orders away. GitHub passes over white space before
// them, and so do we over colours.
func ordered(s string) string {
	s = orders.ReplaceAllString(s, "# #$1")
	if !strings.Contains(s, "::") {
		return s
	}
	lines := strings.Split(s, "\n")
	for k, line := range lines {
		at := 0
		for at < len(line) {
			if n := colour(line[at:]); n > 0 {
				at += n
			} else if r, n := utf8.DecodeRuneInString(line[at:]); unicode.IsSpace(r) {
				at += n
			} else {
				break
			}
		}
		if strings.HasPrefix(line[at:], "::") {
			lines[k] = line[:at] + ": :" + line[at+2:]
		}
	}
	return strings.Join(lines, "\n")
}

// Visible is a character of a name that is shown among our own words, or ? for one
// that a screen would obey: also a line feed.
func Visible(r rune) rune {
	if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
		return instead
	}
	return r
}
