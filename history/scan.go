package history

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mcpload/mcpload/internal/jsonscan"
)

// A scanner reads the JSON of one line, which must be valid UTF-8. It exists because a
// verdict on a million calls may take one second of CPU in all, and encoding/json alone takes
// more than two; a fuzz test holds the two readers together.
type scanner struct {
	jsonscan.Cursor
	scratch []byte // the last string that had escapes, decoded
}

// maxDepth is how deep objects and arrays may nest, as in encoding/json; the line's own
// object is one of them.
const maxDepth = 10000

// on begins with a line.
func (s *scanner) on(line []byte) { s.Cursor = jsonscan.Cursor{Data: line, Depth: 1, Most: maxDepth} }

// flawed says what is wrong with the line, where the scan says it.
func (s *scanner) flawed(err error) *LineError {
	if deep, ok := errors.AsType[*jsonscan.DepthError](err); ok {
		return &LineError{Byte: deep.At + 1,
			Problem: fmt.Sprintf("objects and arrays nest deeper than %d at byte %d", deep.Most, deep.At+1)}
	}
	fault, ok := errors.AsType[*jsonscan.Fault](err)
	if !ok {
		return &LineError{Byte: len(s.Data) + 1, cut: true,
			Problem: "not JSON: the line ends inside the object (one whole object a line: jq needs -c)"}
	}
	at := fault.At + 1
	if s.Data[fault.At] == 0 {
		return &LineError{Byte: at, Problem: fmt.Sprintf("not JSON: a NUL at byte %d", at)}
	}
	r, _ := utf8.DecodeRune(s.Data[fault.At:])
	return &LineError{Byte: at,
		Problem: fmt.Sprintf("not JSON: %q at byte %d, where %s should be", r, at, fault.Want)}
}

// unexpected says that the next byte isn't what it should be.
func (s *scanner) unexpected(want string) *LineError { return s.flawed(s.Bad(want)) }

// expect skips white space and then one byte.
func (s *scanner) expect(c byte, want string) *LineError {
	if s.Peek() != c {
		return s.unexpected(want)
	}
	s.Pos++
	return nil
}

// skip reads a value of any kind, after white space, and forgets it.
func (s *scanner) skip() *LineError {
	if _, err := s.Value(); err != nil {
		return s.flawed(err)
	}
	return nil
}

// str reads a string after white space. What it returns is good until the next call.
func (s *scanner) str(want string) ([]byte, *LineError) {
	if s.Peek() != '"' {
		return nil, s.unexpected(want)
	}
	if text, ok := s.Plain(); ok {
		return text, nil
	}
	quoted, err := s.Text()
	if err != nil {
		return nil, s.flawed(err)
	}
	s.scratch = unescaped(s.scratch[:0], quoted[1:len(quoted)-1])
	return s.scratch, nil
}

// unescaped appends what a string says, whose escapes are known to be right. Half a surrogate
// pair is U+FFFD, as in encoding/json.
func unescaped(to, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			to = append(to, text[i])
			continue
		}
		switch i++; text[i] {
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case 'n':
			to = append(to, '\n')
		case 'r':
			to = append(to, '\r')
		case 't':
			to = append(to, '\t')
		case 'u':
			r := hex4(text[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := utf8.RuneError
				if bytes.HasPrefix(text[i+1:], []byte(`\u`)) {
					low = hex4(text[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			to = utf8.AppendRune(to, r)
		default:
			to = append(to, text[i])
		}
	}
	return to
}

// hex4 is the number of four hexadecimal digits.
func hex4(digits []byte) (r rune) {
	for _, c := range digits[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
