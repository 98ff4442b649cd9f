// Package jsonscan walks over JSON text (RFC 8259) once, from left to right, and hands out
// spans of it in place of copies: what a load and a judgement of millions of messages can
// afford. Unlike encoding/json it tells exact member names apart from ones in another case.
package jsonscan

import (
	"bytes"
	"errors"
	"fmt"
)

// MostDepth is how deeply JSON may nest where a Cursor doesn't say, so that hostile input
// can't exhaust the stack.
const MostDepth = 512

// A Cursor is a place in a text. Its methods walk on from there; after an error Pos is where
// the fault is.
type Cursor struct {
	Data  []byte
	Pos   int // index of the next byte
	Depth int // how many objects and arrays are open
	Most  int // how deeply they may nest; 0: MostDepth
}

// ErrCut is of a text that ends within a value.
var ErrCut = errors.New("the text ends too early")

// A Fault is a byte that isn't what it should be.
type Fault struct {
	At   int    // its index
	Want string // what should be there
	rest []byte // of the text
}

// Error says what was expected, and what is there.
func (f *Fault) Error() string {
	if bytes.HasPrefix(f.rest, []byte("null")) {
		return fmt.Sprintf("null at byte %d, where %s should be", f.At, f.Want)
	}
	return fmt.Sprintf("%q at byte %d, where %s should be", f.rest[0], f.At, f.Want)
}

// A DepthError is of a text that nests deeper than it may.
type DepthError struct {
	At   int // index of the bracket
	Most int
}

// Error says how deep it may.
func (e *DepthError) Error() string { return fmt.Sprintf("nested deeper than %d", e.Most) }

// Bad says what was expected at the cursor.
func (c *Cursor) Bad(want string) error {
	if c.Pos >= len(c.Data) {
		return ErrCut
	}
	return &Fault{At: c.Pos, Want: want, rest: c.Data[c.Pos:]}
}

// Space skips white space.
func (c *Cursor) Space() {
	for c.Pos < len(c.Data) {
		switch c.Data[c.Pos] {
		case ' ', '\t', '\n', '\r':
			c.Pos++
		default:
			return
		}
	}
}

// Peek returns the next byte that is no white space, 0 at the end.
func (c *Cursor) Peek() byte {
	if c.Pos < len(c.Data) && c.Data[c.Pos] > ' ' {
		return c.Data[c.Pos]
	}
	return c.sought()
}

// sought is Peek where there is white space, or nothing.
func (c *Cursor) sought() byte {
	c.Space()
	if c.Pos < len(c.Data) {
		return c.Data[c.Pos]
	}
	return 0
}

// Value walks over one value and returns its text.
func (c *Cursor) Value() ([]byte, error) {
	first := c.Peek()
	start := c.Pos
	var err error
	switch {
	case first == '{':
		err = c.Object(nil)
	case first == '[':
		err = c.Array(nil)
	case first == '"':
		_, err = c.Text()
	case first == '-' || '0' <= first && first <= '9':
		err = c.Number()
	case first == 't':
		err = c.word("true")
	case first == 'f':
		err = c.word("false")
	case first == 'n':
		err = c.word("null")
	default:
		err = c.Bad("a value")
	}
	return c.Data[start:c.Pos], err
}

// Object walks over an object. For each member it calls field with the quoted name; field
// must walk over exactly one value. A nil field skips.
func (c *Cursor) Object(field func(name []byte) error) error {
	if c.Peek() != '{' {
		return c.Bad("an object")
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer func() { c.Depth-- }()
	if c.Peek() == '}' {
		c.Pos++
		return nil
	}
	for {
		if c.Peek() != '"' {
			return c.Bad("a key")
		}
		name, err := c.Text()
		if err != nil {
			return err
		}
		if c.Peek() != ':' {
			return c.Bad("':'")
		}
		c.Pos++
		if field == nil {
			_, err = c.Value()
		} else {
			err = field(name)
		}
		if err != nil {
			return err
		}
		if done, err := c.Next('}'); done || err != nil {
			return err
		}
	}
}

// Array walks over an array. For each item it calls item, which must walk over exactly one
// value. A nil item skips.
func (c *Cursor) Array(item func() error) error {
	if c.Peek() != '[' {
		return c.Bad("an array")
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer func() { c.Depth-- }()
	if c.Peek() == ']' {
		c.Pos++
		return nil
	}
	for {
		var err error
		if item == nil {
			_, err = c.Value()
		} else {
			err = item()
		}
		if err != nil {
			return err
		}
		if done, err := c.Next(']'); done || err != nil {
			return err
		}
	}
}

// enter walks over a bracket that opens.
func (c *Cursor) enter() error {
	most := c.Most
	if most == 0 {
		most = MostDepth
	}
	if c.Depth >= most {
		return &DepthError{At: c.Pos, Most: most}
	}
	c.Depth++
	c.Pos++
	return nil
}

// Next walks over a comma, or over the closing byte and says so.
func (c *Cursor) Next(closing byte) (done bool, err error) {
	switch c.Peek() {
	case ',':
		c.Pos++
		return false, nil
	case closing:
		c.Pos++
		return true, nil
	}
	return false, c.Bad("',' or '" + string(rune(closing)) + "'")
}

// Plain walks over a string that has no escapes, and returns it without its quotes. Where there
// is none it stays, and reports false.
func (c *Cursor) Plain() ([]byte, bool) {
	data, start := c.Data, c.Pos+1 // in registers: most bytes of a message are texts'
	if start > len(data) || data[start-1] != '"' {
		return nil, false
	}
	end := start
	for end < len(data) && plain[data[end]] {
		end++
	}
	if end == len(data) || data[end] != '"' {
		return nil, false
	}
	c.Pos = end + 1
	return data[start:end], true
}

// Text walks over a string and returns it with its quotes.
func (c *Cursor) Text() ([]byte, error) {
	start := c.Pos
	if _, ok := c.Plain(); ok {
		return c.Data[start:c.Pos], nil
	}
	if start >= len(c.Data) || c.Data[start] != '"' {
		return nil, c.Bad("a string")
	}
	for c.Pos++; c.Pos < len(c.Data); c.Pos++ {
		switch b := c.Data[c.Pos]; {
		case b == '"':
			c.Pos++
			return c.Data[start:c.Pos], nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return nil, err
			}
		case b < ' ':
			return nil, c.Bad("a character or an escape")
		}
	}
	return nil, ErrCut
}

// plain says which bytes stand for themselves in a string.
var plain = func() (t [256]bool) {
	for b := range t {
		t[b] = b >= ' ' && b != '"' && b != '\\'
	}
	return t
}()

// escape walks from a backslash to the last byte of its escape sequence.
func (c *Cursor) escape() error {
	c.Pos++
	if c.Pos >= len(c.Data) {
		return ErrCut
	}
	switch c.Data[c.Pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			c.Pos++
			if c.Pos >= len(c.Data) {
				return ErrCut
			}
			b := c.Data[c.Pos] | 0x20
			if (b < '0' || b > '9') && (b < 'a' || b > 'f') || c.Data[c.Pos] < '0' {
				return c.Bad("a hexadecimal digit")
			}
		}
		return nil
	}
	return c.Bad(`one of "\/bfnrtu`)
}

// Number walks over a number.
func (c *Cursor) Number() error {
	if c.Data[c.Pos] == '-' {
		c.Pos++
	}
	if c.Pos < len(c.Data) && c.Data[c.Pos] == '0' {
		c.Pos++ // no digit may follow
	} else if !c.digits() {
		return c.Bad("a digit")
	}
	if c.Pos < len(c.Data) && c.Data[c.Pos] == '.' {
		c.Pos++
		if !c.digits() {
			return c.Bad("a digit")
		}
	}
	if c.Pos < len(c.Data) && c.Data[c.Pos]|0x20 == 'e' {
		c.Pos++
		if c.Pos < len(c.Data) && (c.Data[c.Pos] == '+' || c.Data[c.Pos] == '-') {
			c.Pos++
		}
		if !c.digits() {
			return c.Bad("a digit")
		}
	}
	return nil
}

// digits walks over digits and reports if there were any.
func (c *Cursor) digits() bool {
	start := c.Pos
	for c.Pos < len(c.Data) && '0' <= c.Data[c.Pos] && c.Data[c.Pos] <= '9' {
		c.Pos++
	}
	return c.Pos > start
}

// word walks over true, false or null.
func (c *Cursor) word(w string) error {
	for i := range len(w) {
		if c.Pos >= len(c.Data) || c.Data[c.Pos] != w[i] {
			return c.Bad(w)
		}
		c.Pos++
	}
	return nil
}
