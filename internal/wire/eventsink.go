package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// An eventSink takes the events of one reply as they come, each once: answers to
// the server's requests go out at once, and the response is there as soon as its
// event is. Both paths read streams by it.
type eventSink struct {
	c      *collector
	events eventReader
	most   int // bytes of one message, and of all that comes before the response
	total  int
	at     time.Duration // of the piece that is being read
	old    bool

	// How the one response looks that nearly all calls get. Where it is one, no
	// message is made of it until somebody needs one.
	quick bool
	look  look
	good  []byte // that response; empty where there is none
	goodR span   // its result
}

// A look is what plainSuccess needs to know.
type look struct {
	method string
	modern bool
	soft   softness
}

// A span is a part of a text.
type span struct{ from, to int }

// begin makes the sink ready for a reply.
func (s *eventSink) begin(c *collector, most int) {
	s.c, s.most, s.total, s.at, s.old, s.quick = c, most, 0, 0, false, false
	s.good = s.good[:0]
	s.events.begin(most)
}

// replied reports if the response is there.
func (s *eventSink) replied() bool { return s.c.reply != nil || len(s.good) > 0 }

// feed takes the next bytes, which were read by an instant. The fault says why
// nothing more can be read.
func (s *eventSink) feed(piece []byte, at time.Duration, hold *holding) *fault {
	s.total += len(piece)
	s.at = at
	bad := s.events.feed(piece, s.take)
	full := s.events.takeRoom(hold, s.c.kept)
	switch {
	case bad != nil:
		return &fault{Garbage, bad.Error(), bad}
	case s.old && !s.replied():
		return &fault{Garbage, errOldTransport.Error(), errOldTransport}
	case s.total > s.most && !s.replied():
		return tooLong("a reply", s.most)
	}
	return full
}

// tooLong says that what came is longer than we read.
func tooLong(what string, most int) *fault {
	return &fault{kind: Garbage, detail: fmt.Sprintf("%s longer than %d bytes", what, most)}
}

// take takes one event.
func (s *eventSink) take(e event) {
	s.old = s.old || e.kind == "endpoint"
	if !e.message() || plainNotification(e.data) {
		return
	}
	if s.quick && !s.replied() {
		result, _, ok := plainSuccess(jsonBody, e.data, s.c.want, s.look.method, s.look.modern, s.look.soft)
		if ok {
			s.good = append(s.good, e.data...)
			from := cap(e.data) - cap(result)
			s.goodR, s.c.at = span{from, from + len(result)}, s.at
			return
		}
	}
	s.message()
	s.c.text(bytes.Clone(e.data), s.at)
}

// message makes a message of the response that was only recognised.
func (s *eventSink) message() {
	if s.c.reply == nil && len(s.good) > 0 {
		at := s.c.at
		s.c.text(bytes.Clone(s.good), at)
	}
}

// result is the result of a response that was only recognised.
func (s *eventSink) result() []byte { return s.good[s.goodR.from:s.goodR.to] }

// end says why a stream gives no response that has ended with an error.
func (s *eventSink) end(err error) *fault {
	switch {
	case !errors.Is(err, io.EOF):
		return nil
	case s.events.pending():
		return &fault{kind: Lost, detail: "the stream ended inside an event"}
	}
	return nil
}

// close notes what came beside the response, or in place of it.
func (s *eventSink) close() {
	s.message()
	s.c.close()
}

// plainNotification reports if a text is a notification by the server that says
// nothing to us: it is never one that readMessages would take for anything else.
func plainNotification(text []byte) bool {
	c := cursorOver(text)
	if c.Peek() != '{' {
		return false
	}
	c.Depth++ // value counts on from here
	c.Pos++
	seen := 0
	for {
		c.Space()
		name, err := c.Text()
		if err != nil || bytes.IndexByte(name, '\\') >= 0 || c.Peek() != ':' {
			return false
		}
		c.Pos++
		value, err := c.Value()
		if err != nil {
			return false
		}
		switch string(name) {
		case `"jsonrpc"`:
			if seen&sawVersion != 0 || string(value) != `"2.0"` {
				return false
			}
			seen |= sawVersion
		case `"method"`:
			if seen&sawMethod != 0 || !bytes.HasPrefix(value, []byte(`"notifications/`)) {
				return false
			}
			seen |= sawMethod
		case `"id"`, `"result"`, `"error"`:
			return false
		}
		if done, err := c.Next('}'); err != nil {
			return false
		} else if done {
			break
		}
	}
	c.Space()
	return c.Pos == len(text) && seen == sawVersion|sawMethod
}
