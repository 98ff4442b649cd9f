package wire

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// A collector sorts the messages of one HTTP reply, which should be exactly
// one response to one request, after any number of notifications.
type collector struct {
	want    int64
	spelt   string              // the JSON value that was sent in its place; empty: itself
	issued  func(id int64) bool // has such a request been sent at all?
	strays  *strayLog
	respond func(*message) // is called for each request by the server

	// elsewhere is called for each response on a standalone stream. Nil: nobody is there.
	elsewhere func(m *message, size int, at time.Duration)

	over  bool // the call has ended: what still comes is too much
	reply *message
	again *message
	other *message
	at    time.Duration // when the response had been read
	kept  int           // bytes of texts that these are spans of
	junk  error         // why something in the reply was no message
	words string        // an excerpt of that, where it can be read
	odd   []Stray       // what is a stray only if the response came as well
}

// nobody waits for a response on a standalone stream.
const nobody = -1

// maxOdd bounds what is kept of one reply.
const maxOdd = 8

// text sorts one JSON text, read by the given instant.
func (c *collector) text(text []byte, at time.Duration) {
	err := readMessages(text, func(m *message) { c.add(m, text, at) })
	if err != nil {
		if c.junk == nil {
			c.junk = notMCP(text, err)
			if utf8.Valid(text) && len(text) > 0 {
				c.words = ": " + brief(text)
			}
		}
		c.keep(NotMCP, at, 0, text)
	}
}

// add sorts one message.
func (c *collector) add(m *message, text []byte, at time.Duration) {
	if c.spelt != "" && m.response() && m.id.spells(c.spelt) {
		m.id.n, m.id.number, m.id.text = c.want, true, false
	}
	switch {
	case m.request():
		m.at = at
		c.respond(m)
	case !m.response():
	case m.id.is(c.want) && c.reply == nil:
		if m.id.text {
			c.strays.add(TextID, at, c.want, text)
		}
		c.reply, c.at = m, at
		c.kept += len(text)
	case m.id.is(c.want):
		if c.again == nil && c.over {
			c.strays.add(Duplicate, at, c.want, []byte(m.words()))
		}
		if c.again == nil {
			c.again = m
			c.kept += len(text)
		}
	default:
		if c.other == nil {
			c.other = m
			c.kept += len(text)
		}
		c.misplaced(m, text, at)
	}
}

// misplaced notes a response that answers another request than ours. Where
// that one has been sent, it gets more responses than it should.
func (c *collector) misplaced(m *message, text []byte, at time.Duration) {
	switch {
	case !m.id.present:
		c.keep(NoID, at, 0, text)
	case m.id.number && c.issued(m.id.n) && c.want == nobody:
		c.strays.add(Elsewhere, at, m.id.n, text) // if its call has had one already isn't known
		if c.elsewhere != nil {
			c.elsewhere(m, len(text), at)
		}
	case m.id.number && c.issued(m.id.n):
		c.strays.add(Duplicate, at, m.id.n, text)
	default:
		c.keep(UnknownID, at, m.id.n, text)
	}
}

// keep keeps what may be a stray.
func (c *collector) keep(kind StrayKind, at time.Duration, id int64, text []byte) {
	if len(c.odd) < maxOdd {
		c.odd = append(c.odd, Stray{Kind: kind, At: at, ID: id, Text: excerpt(text)})
	}
}

// close ends the reply. What came beside the response is a stray; what came
// in place of it is what the call itself tells. A stream may go on after its
// response: then it is closed once more at its end.
func (c *collector) close() {
	if c.reply == nil {
		return
	}
	for _, o := range c.odd {
		c.strays.add(o.Kind, o.At, o.ID, []byte(o.Text))
	}
	c.odd, c.over = nil, true
}

// astray notes responses to requests that nobody sent, which came in place of
// ours. One without an id, or with one that is no number, is none of them: a
// server that can't read a request answers so.
func (c *collector) astray() {
	for _, o := range c.odd {
		if o.Kind == UnknownID && o.ID > 0 {
			c.strays.add(o.Kind, o.At, o.ID, []byte(o.Text))
		}
	}
}

// missing says why a reply that was read to its end answers nothing.
func (c *collector) missing() *fault {
	switch {
	case c.reply != nil:
		return nil
	case c.other != nil:
		c.astray()
		return &fault{kind: Garbage,
			detail: fmt.Sprintf("a reply with %s to request %d: %s", c.other.id, c.want, c.other.words())}
	case c.junk != nil:
		return &fault{Garbage, "the reply is no MCP message: " + c.junk.Error() + c.words, c.junk}
	}
	return nil
}
