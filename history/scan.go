package history

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads the JSON (RFC 8259) of one line, which must be valid UTF-8.
// It exists because a verdict on a million calls may take one second of CPU in
// all, and encoding/json alone takes more than two; a fuzz test holds the two
// readers together.
type scanner struct {
	line    []byte
	at      int    // index of the next byte
	scratch []byte // the last string that had escapes, decoded
	open    []byte // brackets open inside a skipped value
}

// maxDepth is how deep objects and arrays may nest, as in encoding/json.
const maxDepth = 10000

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// peek returns the next byte, or 0 at the line's end. A NUL in the line looks
// the same and is as wrong everywhere; unexpected tells them apart.
func (s *scanner) peek() byte {
	if s.at < len(s.line) {
		return s.line[s.at]
	}
	return 0
}

// space skips white space and returns the byte after it, as peek does.
func (s *scanner) space() byte {
	for s.at < len(s.line) {
		c := s.line[s.at]
		if c > ' ' || c != ' ' && c != '\t' && c != '\r' {
			return c
		}
		s.at++
	}
	return 0
}

// unexpected says that the next byte isn't what it should be.
func (s *scanner) unexpected(want string) *LineError {
	if s.at >= len(s.line) {
		return &LineError{
			Byte: s.at + 1, cut: true,
			Problem: "not JSON: the line ends inside the object (one whole object a line: jq needs -c)",
		}
	}
	if s.line[s.at] == 0 {
		return &LineError{Byte: s.at + 1, Problem: fmt.Sprintf("not JSON: a NUL at byte %d", s.at+1)}
	}
	r, _ := utf8.DecodeRune(s.line[s.at:])
	return &LineError{
		Byte:    s.at + 1,
		Problem: fmt.Sprintf("not JSON: %q at byte %d, where %s should be", r, s.at+1, want),
	}
}

// expect skips white space and then one byte.
func (s *scanner) expect(c byte, want string) *LineError {
	if s.peek() != c && s.space() != c {
		return s.unexpected(want)
	}
	s.at++
	return nil
}

// str reads a string after white space. What it returns is good until the next
// call.
func (s *scanner) str(want string) ([]byte, *LineError) {
	if err := s.expect('"', want); err != nil {
		return nil, err
	}
	line, start := s.line, s.at
	end := start // a local, as this loop is where the time goes
	for end < len(line) && plain[line[end]] {
		end++
	}
	if end < len(line) && line[end] == '"' {
		s.at = end + 1
		return line[start:end], nil
	}
	s.at = end
	return s.escaped(start)
}

// escaped reads the rest of a string that has escapes; start is where its text
// begins.
func (s *scanner) escaped(start int) ([]byte, *LineError) {
	text := append(s.scratch[:0], s.line[start:s.at]...)
	for {
		switch c := s.peek(); {
		case c == '"':
			s.at++
			s.scratch = text
			return text, nil
		case c == '\\':
			s.at++
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		case plain[c]:
			text = append(text, c)
			s.at++
		default:
			return nil, s.unexpected("a character or an escape")
		}
	}
}

// escape reads what follows a backslash. Half a surrogate pair is U+FFFD, as
// in encoding/json.
func (s *scanner) escape() (rune, *LineError) {
	const want = `one of "\/bfnrtu`
	c := s.peek()
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		s.at++
		return s.unicode()
	default:
		return 0, s.unexpected(want)
	}
	s.at++
	return rune(c), nil
}

// unicode reads the digits of \u, and the second half of a surrogate pair.
func (s *scanner) unicode() (rune, *LineError) {
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.peek() != '\\' || s.at+1 >= len(s.line) || s.line[s.at+1] != 'u' {
		return utf8.RuneError, nil
	}
	before := s.at
	s.at += 2
	low, err := s.hex4()
	if err != nil {
		return 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		s.at = before // the second escape isn't the first one's half: it stands alone
	}
	return r, nil
}

func (s *scanner) hex4() (rune, *LineError) {
	var r rune
	for range 4 {
		c := s.peek()
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, s.unexpected("a hexadecimal digit")
		}
		r = r<<4 | rune(c)
		s.at++
	}
	return r, nil
}

// number reads a number and returns its text.
func (s *scanner) number() ([]byte, *LineError) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++ // no digit may follow
	} else if err := s.digits(); err != nil {
		return nil, err
	}
	if s.peek() == '.' {
		s.at++
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	return s.line[start:s.at], nil
}

// digits reads one digit or more.
func (s *scanner) digits() *LineError {
	line, start := s.line, s.at
	end := start
	for end < len(line) && '0' <= line[end] && line[end] <= '9' {
		end++
	}
	if s.at = end; end == start {
		return s.unexpected("a digit")
	}
	return nil
}

func (s *scanner) literal(word string) *LineError {
	for i := range len(word) {
		if s.peek() != word[i] {
			return s.unexpected(word)
		}
		s.at++
	}
	return nil
}
