package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A message is one JSON-RPC message from a server, read in one pass. Its
// spans point into the text that it was read from.
type message struct {
	id     replyID
	method string        // of a request or notification
	params []byte        // likewise; nil where there are none
	at     time.Duration // when it had been read
	result []byte        // the result's text; nil where there is none
	failed bool          // there is an error member

	code int    // of the error
	text string // the error's message
	data []byte // the error's data; nil where there is none

	// flaw says what is wrong with the text that the message came in, which every
	// JSON parser would refuse. Empty: nothing.
	flaw string

	resultType string   // the result's resultType; empty where there is none
	isError    bool     // the result says isError
	contents   [][]byte // the quoted texts of the result's content
	embedded   [][]byte // those of resources in it
	structured []byte   // the result's structuredContent; nil where there is none
}

// A replyID is the id that a message carries. JSON-RPC compares ids by type
// and value, so that the string "5" doesn't answer the request 5. Servers send it
// nevertheless, and the official clients take it.
type replyID struct {
	present bool
	number  bool
	text    bool // the number is sent as a text
	n       int64
	raw     string // as sent, for messages to people
}

// is reports if the id is the number n.
func (r replyID) is(n int64) bool { return r.number && r.n == n }

// spells reports if the id is a JSON value that was sent as one: a number may be written in
// another way, and where the value is a text of a number, a server may answer with that.
func (r replyID) spells(value string) bool {
	if r.raw == value || r.raw == strings.Trim(value, `"`) {
		return true
	}
	sent, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return false
	}
	got, err := strconv.ParseFloat(r.raw, 64)
	return err == nil && got == sent
}

// String quotes the id as it was sent.
func (r replyID) String() string {
	if !r.present {
		return "no id"
	}
	return "id " + excerpt([]byte(r.raw))
}

// response reports if the message answers a request.
func (m *message) response() bool { return m.method == "" }

// request reports if the message asks for an answer.
func (m *message) request() bool { return m.method != "" && m.id.present }

var errTwice = errors.New("a member occurs twice")

// readMessages calls each for every message in a JSON text: one, a batch, or
// several after each other, which is no JSON but tells two replies from
// garbage. It stops at the first fault; the message before that is flawed by it. A
// byte order mark before the text is no fault: clients skip it.
func readMessages(text []byte, each func(*message)) (err error) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	c := cursorOver(text)
	var last *message // told once it is known what follows
	flaw, end := encodingFlaw(text), 0
	defer func() {
		if last == nil {
			return
		}
		if last.flaw = flaw; err != nil && flaw == "" {
			last.flaw = trailingFlaw(text[end:])
		}
		each(last)
	}()
	one := func() error {
		m, err := c.message()
		if err != nil {
			return err
		}
		if last != nil {
			last.flaw = flaw
			each(last)
		}
		last, end = m, c.Pos
		return nil
	}
	for c.Peek() != 0 || c.Pos < len(text) {
		var err error
		if c.Peek() == '[' {
			err = c.Array(one)
		} else {
			err = one()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// message walks over one JSON-RPC message.
func (c *cursor) message() (*message, error) {
	var m message
	seen := make(map[string]bool, 4)
	version := ""
	err := c.Object(func(quoted []byte) error {
		name := unquote(quoted)
		if seen[name] {
			return errTwice
		}
		var err error
		switch name {
		case "jsonrpc":
			version, err = c.textValue()
		case "id":
			m.id, err = c.id()
		case "method":
			m.method, err = c.textValue()
			if err == nil && m.method == "" {
				err = errors.New("the method is empty")
			}
		case "result":
			err = c.result(&m)
		case "error":
			m.failed = true
			err = c.failure(&m)
		case "params":
			m.params, err = c.Value()
			return err
		default:
			_, err = c.Value()
			return err
		}
		seen[name] = true
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case version != "2.0":
		return nil, errors.New("no JSON-RPC 2.0 message")
	case m.method != "" && (m.failed || m.result != nil):
		return nil, errors.New("a message that is both request and response")
	case m.method == "" && m.failed == (m.result != nil):
		return nil, errors.New("a response needs either a result or an error")
	}
	return &m, nil
}

// textValue walks over a string and returns it unquoted.
func (c *cursor) textValue() (string, error) {
	c.Space()
	quoted, err := c.Text()
	if err != nil {
		return "", err
	}
	return unquote(quoted), nil
}

// id walks over an id.
func (c *cursor) id() (replyID, error) {
	raw, err := c.Value()
	if err != nil {
		return replyID{}, err
	}
	id := replyID{present: string(raw) != "null", raw: string(raw)}
	if id.n, id.number = wholeNumber(raw); !id.number && raw[0] == '"' {
		n, err := strconv.ParseInt(string(raw[1:len(raw)-1]), 10, 64)
		if id.text = err == nil && strconv.FormatInt(n, 10) == string(raw[1:len(raw)-1]); id.text {
			id.n, id.number = n, true
		}
	}
	return id, nil
}

// wholeNumber reads an integer, also where it is spelled 5.0 or 5e0, as
// servers do that know floating-point numbers only.
func wholeNumber(raw []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	if len(raw) == 0 || raw[0] == '"' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// result walks over a result and notes what tells its outcome.
func (c *cursor) result(m *message) error {
	if c.Peek() != '{' {
		return errors.New("the result is no object")
	}
	start := c.Pos
	err := c.Object(func(quoted []byte) error {
		switch unquote(quoted) {
		case "isError":
			raw, err := c.Value()
			m.isError = string(raw) == "true"
			return err
		case "resultType":
			raw, err := c.Value()
			// Kept quoted where it is no string, so that no known type equals it.
			if m.resultType = string(raw); err == nil && raw[0] == '"' {
				m.resultType = unquote(raw)
			}
			return err
		case "structuredContent":
			raw, err := c.Value()
			if err == nil && string(raw) != "null" {
				m.structured = raw
			}
			return err
		case "content":
			if c.Peek() == '[' {
				return c.Array(func() error { return c.content(m) })
			}
		}
		_, err := c.Value()
		return err
	})
	m.result = c.Data[start:c.Pos]
	return err
}

// content walks over one content item and keeps its text.
func (c *cursor) content(m *message) error {
	if c.Peek() != '{' {
		_, err := c.Value()
		return err
	}
	texts := func(to *[][]byte) func(quoted []byte) error {
		return func(quoted []byte) error {
			raw, err := c.Value()
			if err == nil && raw[0] == '"' && unquote(quoted) == "text" {
				*to = append(*to, raw)
			}
			return err
		}
	}
	text := texts(&m.contents)
	return c.Object(func(quoted []byte) error {
		if unquote(quoted) == "resource" && c.Peek() == '{' {
			return c.Object(texts(&m.embedded))
		}
		return text(quoted)
	})
}

// failure walks over an error object.
func (c *cursor) failure(m *message) error {
	coded := false
	err := c.Object(func(quoted []byte) error {
		raw, err := c.Value()
		if err != nil {
			return err
		}
		switch unquote(quoted) {
		case "code":
			n, ok := wholeNumber(raw)
			if !ok || n != int64(int(n)) {
				return fmt.Errorf("error code %s is no integer", excerpt(raw))
			}
			m.code, coded = int(n), true
		case "message":
			if raw[0] == '"' {
				m.text = unquote(raw)
			}
		case "data":
			m.data = raw
		}
		return nil
	})
	if err == nil && !coded {
		err = errors.New("an error without a code")
	}
	return err
}

// unquote returns what a quoted string says. The cursor has checked it.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	for _, b := range inner {
		if b == '\\' || b >= 0x80 {
			var s string
			if err := json.Unmarshal(quoted, &s); err != nil {
				panic("internal error: wire: a checked string does not unquote: " + err.Error())
			}
			return s
		}
	}
	return string(inner)
}
