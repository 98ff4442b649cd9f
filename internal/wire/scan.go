package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// maxDepth bounds how deeply JSON may nest, so that hostile input can't
// exhaust the stack.
const maxDepth = 512

// A cursor walks over JSON text (RFC 8259) once, from left to right. Unlike
// encoding/json it tells exact member names apart from ones in another case,
// and hands out spans of the text in place of copies.
type cursor struct {
	data  []byte
	pos   int
	depth int
}

var errCut = errors.New("the text ends too early")

// bad says what was expected at the cursor.
func (c *cursor) bad(want string) error {
	if c.pos >= len(c.data) {
		return errCut
	}
	if rest := c.data[c.pos:]; bytes.HasPrefix(rest, []byte("null")) {
		return fmt.Errorf("null at byte %d, where %s should be", c.pos, want)
	}
	return fmt.Errorf("%q at byte %d, where %s should be", c.data[c.pos], c.pos, want)
}

// space skips white space.
func (c *cursor) space() {
	for c.pos < len(c.data) {
		switch c.data[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is no white space, 0 at the end.
func (c *cursor) peek() byte {
	c.space()
	if c.pos < len(c.data) {
		return c.data[c.pos]
	}
	return 0
}

// value walks over one value and returns its text.
func (c *cursor) value() ([]byte, error) {
	first := c.peek()
	start := c.pos
	var err error
	switch {
	case first == '{':
		err = c.object(nil)
	case first == '[':
		err = c.array(nil)
	case first == '"':
		_, err = c.text()
	case first == '-' || '0' <= first && first <= '9':
		err = c.number()
	case first == 't':
		err = c.word("true")
	case first == 'f':
		err = c.word("false")
	case first == 'n':
		err = c.word("null")
	default:
		err = c.bad("a value")
	}
	return c.data[start:c.pos], err
}

// object walks over an object. For each member it calls field with the
// quoted name; field must walk over exactly one value. A nil field skips.
func (c *cursor) object(field func(name []byte) error) error {
	if c.peek() != '{' {
		return c.bad("an object")
	}
	if c.depth++; c.depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { c.depth-- }()
	c.pos++
	if c.peek() == '}' {
		c.pos++
		return nil
	}
	for {
		c.space()
		name, err := c.text()
		if err != nil {
			return err
		}
		if c.peek() != ':' {
			return c.bad("a colon")
		}
		c.pos++
		if field == nil {
			_, err = c.value()
		} else {
			err = field(name)
		}
		if err != nil {
			return err
		}
		if done, err := c.next('}'); done || err != nil {
			return err
		}
	}
}

// array walks over an array. For each item it calls item, which must walk
// over exactly one value. A nil item skips.
func (c *cursor) array(item func() error) error {
	if c.peek() != '[' {
		return c.bad("an array")
	}
	if c.depth++; c.depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { c.depth-- }()
	c.pos++
	if c.peek() == ']' {
		c.pos++
		return nil
	}
	for {
		var err error
		if item == nil {
			_, err = c.value()
		} else {
			err = item()
		}
		if err != nil {
			return err
		}
		if done, err := c.next(']'); done || err != nil {
			return err
		}
	}
}

// next walks over a comma, or over the closing byte and says so.
func (c *cursor) next(closing byte) (done bool, err error) {
	switch c.peek() {
	case ',':
		c.pos++
		return false, nil
	case closing:
		c.pos++
		return true, nil
	}
	return false, c.bad("a comma or an end")
}

// text walks over a string and returns it with its quotes.
func (c *cursor) text() ([]byte, error) {
	if c.pos >= len(c.data) || c.data[c.pos] != '"' {
		return nil, c.bad("a string")
	}
	data, start := c.data, c.pos // in registers: most bytes of a message are texts'
	for i := start + 1; i < len(data); i++ {
		switch b := data[i]; {
		case b == '"':
			c.pos = i + 1
			return data[start:c.pos], nil
		case b == '\\':
			c.pos = i
			if err := c.escape(); err != nil {
				return nil, err
			}
			i = c.pos
		case b < ' ':
			c.pos = i
			return nil, c.bad("a string without control characters")
		}
	}
	c.pos = len(data)
	return nil, errCut
}

// escape walks from a backslash to the last byte of its escape sequence.
func (c *cursor) escape() error {
	c.pos++
	if c.pos >= len(c.data) {
		return errCut
	}
	switch c.data[c.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			c.pos++
			if c.pos >= len(c.data) {
				return errCut
			}
			b := c.data[c.pos] | 0x20
			if (b < '0' || b > '9') && (b < 'a' || b > 'f') || c.data[c.pos] < '0' {
				return c.bad("a hexadecimal digit")
			}
		}
		return nil
	}
	return c.bad("an escape sequence")
}

// number walks over a number.
func (c *cursor) number() error {
	if c.data[c.pos] == '-' {
		c.pos++
	}
	if c.pos < len(c.data) && c.data[c.pos] == '0' {
		c.pos++
	} else if !c.digits() {
		return c.bad("a digit")
	}
	if c.pos < len(c.data) && c.data[c.pos] == '.' {
		c.pos++
		if !c.digits() {
			return c.bad("a digit")
		}
	}
	if c.pos < len(c.data) && c.data[c.pos]|0x20 == 'e' {
		c.pos++
		if c.pos < len(c.data) && (c.data[c.pos] == '+' || c.data[c.pos] == '-') {
			c.pos++
		}
		if !c.digits() {
			return c.bad("a digit")
		}
	}
	return nil
}

// digits walks over digits and reports if there were any.
func (c *cursor) digits() bool {
	start := c.pos
	for c.pos < len(c.data) && '0' <= c.data[c.pos] && c.data[c.pos] <= '9' {
		c.pos++
	}
	return c.pos > start
}

// word walks over true, false or null.
func (c *cursor) word(w string) error {
	for i := range len(w) {
		if c.pos >= len(c.data) || c.data[c.pos] != w[i] {
			return c.bad(w)
		}
		c.pos++
	}
	return nil
}
