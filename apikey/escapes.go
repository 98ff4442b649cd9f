package apikey

import (
	"bytes"
	"unicode/utf8"
)

// unescaped undoes %XX, HTML entities, and what strings of C, JSON, JavaScript,
// Python, PHP, .NET, Rust and CSS have behind a backslash. It is nil where there is none.
func unescaped(v *view) []*view {
	return rewritten(v, `%\&`, func(text []byte, i int) (rune, int) {
		switch text[i] {
		case '%':
			if r, n := number(text[i+1:], 16, 2, 2); n > 0 {
				return r, 1 + n
			} else if i+1 < len(text) && text[i+1]|0x20 == 'u' {
				if r, n := number(text[i+2:], 16, 4, 4); n > 0 {
					return r, 2 + n
				}
			}
		case '\\':
			return backslash(text[i+1:])
		case '&':
			return entity(text[i+1:])
		}
		return 0, 0
	})
}

// quotedPrintable undoes =XX, and = at a line's end. It stands apart from the
// others: the = before the value of a query is none.
func quotedPrintable(v *view) []*view {
	return rewritten(v, "=", func(text []byte, i int) (rune, int) {
		if r, n := number(text[i+1:], 16, 2, 2); n > 0 {
			return r, 1 + n
		}
		if n := lineBreak(text[i+1:]); n > 0 {
			return nothing, 1 + n
		}
		return 0, 0
	})
}

// nothing is what an escape stands for that stands for no character.
const nothing = -1

// rewritten is a view in which escapes are undone that begin with one of the
// marks. undo says what the one at i stands for and how long it is, or 0 where
// there is none.
func rewritten(v *view, marks string, undo func(text []byte, i int) (rune, int)) []*view {
	var out *view
	from := 0 // what is before it was taken in
	for i := 0; ; i++ {
		next := bytes.IndexAny(v.text[i:], marks)
		if next < 0 {
			break
		}
		i += next
		r, n := undo(v.text, i)
		if n == 0 {
			continue
		}
		if out == nil {
			out = pieced(v)
		}
		if from < i {
			out.copied(from, i, none)
		}
		switch {
		case r == nothing:
		case r < 0x100: // a byte, of UTF-8 maybe
			out.put(i, i+n, none, byte(r))
		default:
			out.put(i, i+n, none, utf8.AppendRune(nil, r)...)
		}
		from = i + n
		i = from - 1
	}
	if out == nil {
		return nil
	}
	if from < len(v.text) {
		out.copied(from, len(v.text), none)
	}
	return []*view{out}
}

// number reads at least least and at most most digits.
func number(text []byte, base rune, least, most int) (rune, int) {
	r, n := rune(0), 0
	for n < len(text) && n < most {
		d := fourBits[text[n]]
		if rune(d) >= base {
			break
		}
		r, n = r*base+rune(d), n+1
	}
	if n < least || r > 0x10ffff {
		return 0, 0
	}
	return r, n
}

// braced reads a number in braces.
func braced(text []byte) (rune, int) {
	if len(text) == 0 || text[0] != '{' {
		return 0, 0
	}
	r, n := number(text[1:], 16, 1, 8)
	if n == 0 || 1+n >= len(text) || text[1+n] != '}' {
		return 0, 0
	}
	return r, n + 2
}

// backslash reads what follows one. How long it is counts the backslash.
func backslash(text []byte) (rune, int) {
	if len(text) == 0 {
		return 0, 0
	}
	for _, kind := range [...]struct {
		mark        byte
		least, most int
	}{{'u', 4, 4}, {'x', 1, 2}, {'U', 8, 8}} {
		if text[0] != kind.mark {
			continue
		}
		if r, n := braced(text[1:]); n > 0 {
			return r, 2 + n
		}
		if r, n := number(text[1:], 16, kind.least, kind.most); n > 0 {
			return r, 2 + n
		}
		return 0, 0
	}
	if r, n := number(text, 8, 2, 3); n > 0 { // two digits: \0 alone is NUL, see below
		return r & 0xff, 1 + n
	}
	switch c := text[0]; c {
	case 'n', 'r', 't', 'f', 'v':
		return '\n', 2
	case 'b', 'a', '0':
		return 0, 2
	case 'e':
		return 0x1b, 2
	case '"', '\'', '\\', '/', '`', '$', '-', '_', '.', '=', '+', '&', '%', ' ', ':', '~', '#', '!', '@', '*', '(', ')', '[', ']', '{', '}', '|', '<', '>', '?', ',', ';':
		return rune(c), 2
	}
	if n := lineBreak(text); n > 0 {
		return nothing, 1 + n
	}
	if r, n := number(text, 16, 2, 6); n > 0 { // CSS
		if n < len(text) && text[n] == ' ' {
			n++
		}
		return r, 1 + n
	}
	return 0, 0
}

// entities are HTML's names of ASCII characters. Letters and digits have none.
var entities = map[string]rune{
	"amp": '&', "AMP": '&', "lt": '<', "LT": '<', "gt": '>', "GT": '>', "quot": '"', "QUOT": '"', "apos": '\'', "nbsp": ' ', "Tab": '\t', "NewLine": '\n', "excl": '!', "num": '#',
	"dollar": '$', "percnt": '%', "lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',', "period": '.', "sol": '/', "colon": ':', "semi": ';', "equals": '=',
	"quest": '?', "commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^', "lowbar": '_', "UnderBar": '_', "grave": '`', "lcub": '{', "lbrace": '{',
	"verbar": '|', "vert": '|', "VerticalLine": '|', "rcub": '}', "rbrace": '}', "hyphen": '-', "dash": '-', "shy": 0xad, "ZeroWidthSpace": 0x200b, "zwj": 0x200d, "zwnj": 0x200c,
}

// entity reads what follows an ampersand. How long it is counts the ampersand.
func entity(text []byte) (rune, int) {
	const longest = 16
	if len(text) > 1 && text[0] == '#' {
		var r rune
		n, from := 0, 1
		if text[1]|0x20 == 'x' {
			from = 2
			r, n = number(text[2:], 16, 1, 8)
		} else {
			r, n = number(text[1:], 10, 1, 8)
		}
		if n == 0 {
			return 0, 0
		}
		if n += from; n < len(text) && text[n] == ';' {
			n++
		}
		return r, 1 + n
	}
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return 0, 0
	}
	if r, ok := entities[string(text[:end])]; ok {
		return r, end + 2
	}
	return 0, 0
}

// lineBreak is how long the line break is that begins a text; 0 where there is
// none.
func lineBreak(text []byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t') && n < 4 { // mailers append some
		n++
	}
	switch {
	case n < len(text) && text[n] == '\n':
		return n + 1
	case n+1 < len(text) && text[n] == '\r' && text[n+1] == '\n':
		return n + 2
	case n < len(text) && text[n] == '\r':
		return n + 1
	}
	return 0
}
