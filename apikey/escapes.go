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
					return character(r), 2 + n
				}
			}
		case '\\':
			return backslashes(text[i:])
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

const (
	nothing = -1      // what an escape stands for that stands for no character
	latin   = 1 << 21 // added to 0x80 to 0xff where the character is meant, not the byte
)

// character tells é, as in \u00e9, from the byte e9, as in \xe9 and %e9.
func character(r rune) rune {
	if r >= 0x80 && r < 0x100 {
		return r + latin
	}
	return r
}

// byByte reports if a Latin character is the first of the bytes of another one in
// UTF-8, each written as a character: \u00c3\u00a9.
func byByte(r rune, text []byte, next int, undo func(text []byte, i int) (rune, int)) bool {
	if r < latin+0xc2 || r > latin+0xf4 || next >= len(text) {
		return false
	}
	second, n := undo(text, next)
	return n > 0 && second >= latin+0x80 && second < latin+0xc0
}

// rewritten is a view in which escapes are undone that begin with one of the
// marks. undo says what the one at i stands for and how long it is, or 0 where
// there is none.
func rewritten(v *view, marks string, undo func(text []byte, i int) (rune, int)) []*view {
	var out *view
	from := 0     // what is before it was taken in
	bytewise := 0 // what of a Latin character's kind comes before it is a byte of UTF-8
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
		case byByte(r, v.text, i+n, undo):
			r, bytewise = r-latin, i+n
		case r >= latin+0x80 && r < latin+0xc0 && bytewise == i && i > 0:
			r, bytewise = r-latin, i+n
		}
		switch {
		case r == nothing:
			out.put(i, i+n, none)
		case r >= latin:
			out.put(i, i+n, none, utf8.AppendRune(nil, r-latin)...)
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
	return character(r), n + 2
}

// backslashes reads an escape with a backslash before it, or with more: each quoting of a
// text doubles those in it, and a code point behind them is one however often it was quoted.
func backslashes(text []byte) (rune, int) {
	const most = 64 // of a text that was quoted six times
	n := 1
	for n < min(len(text), most) && text[n] == '\\' {
		n++
	}
	if n > 1 && n < len(text) && (text[n] == 'u' || text[n] == 'x') {
		if r, size := backslash(text[n:]); size > 0 {
			return r, n - 1 + size
		}
	}
	return backslash(text[1:])
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
			if kind.mark != 'x' {
				r = character(r)
			}
			return r, 2 + n
		}
		return 0, 0
	}
	if rest, ok := bytes.CutPrefix(text, []byte("N{U+")); ok { // Perl and Python
		if r, n := number(rest, 16, 1, 8); n > 0 && n < len(rest) && rest[n] == '}' {
			return character(r), len(`\N{U+`) + n + 1
		}
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
	case '"', '\'', '\\', '/', '`', '$', '-', '_', '.', '=', '+', '&', '%', ' ', ':', '~', '#', '!', '@', '*', '(',
		')', '[', ']', '{', '}', '|', '<', '>', '?', ',', ';':
		return rune(c), 2
	}
	if n := lineBreak(text); n > 0 {
		return nothing, 1 + n
	}
	if r, n := number(text, 16, 2, 6); n > 0 { // CSS
		if n < len(text) && text[n] == ' ' {
			n++
		}
		return character(r), 1 + n
	}
	return 0, 0
}

// entities are HTML's names of ASCII characters. Letters and digits have none.
var entities = map[string]rune{
	"amp": '&', "AMP": '&', "lt": '<', "LT": '<', "gt": '>', "GT": '>', "quot": '"', "QUOT": '"', "apos": '\'',
	"nbsp": ' ', "Tab": '\t', "NewLine": '\n', "excl": '!', "num": '#',
	"dollar": '$', "percnt": '%', "lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',',
	"period": '.', "sol": '/', "colon": ':', "semi": ';', "equals": '=',
	"quest": '?', "commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^',
	"lowbar": '_', "UnderBar": '_', "grave": '`', "lcub": '{', "lbrace": '{',
	"verbar": '|', "vert": '|', "VerticalLine": '|', "rcub": '}', "rbrace": '}', "hyphen": '-', "dash": '-',
	"shy": 0xad, "ZeroWidthSpace": 0x200b, "zwj": 0x200d, "zwnj": 0x200c,
}

// entity reads what follows an ampersand. How long it is counts the ampersand.
func entity(text []byte) (rune, int) {
	const longest, zeros = 16, 64
	if len(text) > 1 && text[0] == '#' {
		var r rune
		n, from := 0, 1
		base := rune(10)
		if text[1]|0x20 == 'x' {
			base, from = 16, 2
		}
		for from < len(text) && from < zeros && text[from] == '0' {
			from++
		}
		r, n = number(text[from:], base, 1, 7)
		if n == 0 {
			return 0, 0
		}
		if n += from; n < len(text) && text[n] == ';' {
			n++
		}
		return character(r), 1 + n
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
