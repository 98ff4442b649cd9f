package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// An event is one server-sent event.
type event struct {
	kind string // the event field; empty means "message"
	data []byte // good until the reader is given more
	id   string
}

// message reports if the event carries a JSON-RPC message. An event without
// data primes a client to resume, and carries none.
func (e event) message() bool {
	return (e.kind == "" || e.kind == kindMessage) && len(e.data) > 0
}

// kindMessage is what most events are called.
const kindMessage = "message"

// An eventReader cuts a byte stream into server-sent events (WHATWG HTML,
// section "Interpreting an event stream"). Bytes may arrive in any pieces, and
// each is looked at once. An event counts once its blank line is read; a stream
// that ends before that has lost it.
type eventReader struct {
	line    []byte // of an unfinished line
	data    []byte
	hasData bool
	kind    string
	id      string // of the latest event that was whole
	nextID  string
	retry   time.Duration // how long to wait before the stream is resumed; 0: the server doesn't say
	afterCR bool          // a line feed now belongs to the line end before
	begun   bool          // the byte order mark can only come before the first byte
	most    int           // bytes of an event; 0: MaxMessage
}

// begin makes the reader ready for another stream.
func (r *eventReader) begin(most int) {
	*r = eventReader{line: r.line[:0], data: r.data[:0], most: most}
}

// feed reads the next piece and calls emit for every event that it completes.
// It refuses an event that is longer than a message may be.
func (r *eventReader) feed(piece []byte, emit func(event)) error {
	feed := -1 // the next line feed in piece, if it is not before what is left
	for at := 0; at < len(piece); {
		if r.afterCR {
			r.afterCR = false
			if piece[at] == '\n' {
				at++
				continue
			}
		}
		if feed < at {
			if feed = bytes.IndexByte(piece[at:], '\n'); feed < 0 {
				feed = len(piece)
			} else {
				feed += at
			}
		}
		end := feed
		if cr := bytes.IndexByte(piece[at:feed], '\r'); cr >= 0 {
			end = at + cr
		}
		if end == len(piece) {
			r.line = append(r.line, piece[at:]...)
			return r.bounded(0)
		}
		r.afterCR = piece[end] == '\r'
		line := piece[at:end]
		at = end + 1
		if len(r.line) > 0 {
			r.line = append(r.line, line...)
			line = r.line
		}
		if err := r.bounded(len(line) - len(r.line)); err != nil {
			return err
		}
		r.endLine(line, emit)
		if r.line = r.line[:0]; cap(r.line) > readBuffers {
			r.line = nil
		}
	}
	return nil
}

// bounded refuses to hold more than one message may have.
func (r *eventReader) bounded(more int) error {
	most := r.most
	if most == 0 {
		most = MaxMessage
	}
	if len(r.line)+len(r.data)+more > most {
		return fmt.Errorf("an event longer than %d bytes", most)
	}
	return nil
}

// takeRoom takes room for what is held, and for what else the caller holds.
func (r *eventReader) takeRoom(h *holding, kept int) *fault {
	size := cap(r.line) + cap(r.data) + kept
	if int64(size) < h.taken/2 {
		h.free() // an event was given away
	}
	return h.take(size)
}

// pending reports if the stream stands inside an event that carries data.
func (r *eventReader) pending() bool { return r.hasData || len(r.line) > 0 }

// endLine interprets a line.
func (r *eventReader) endLine(line []byte, emit func(event)) {
	if !r.begun {
		r.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if len(line) == 0 {
		r.id = r.nextID
		if r.hasData {
			emit(event{kind: r.kind, data: bytes.TrimSuffix(r.data, []byte("\n")), id: r.id})
		}
		if r.data = r.data[:0]; cap(r.data) > readBuffers {
			r.data = nil
		}
		r.hasData, r.kind = false, ""
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":")) // a comment has an empty name
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		r.data = append(append(r.data, value...), '\n')
		r.hasData = true
	case "event":
		if r.kind = kindMessage; string(value) != kindMessage {
			r.kind = string(value)
		}
	case "id":
		if bytes.IndexByte(value, 0) < 0 && string(value) != r.nextID {
			r.nextID = string(value)
		}
	case "retry":
		r.wait(value)
	}
}

// wait notes how long the server wants a client to wait before it resumes.
func (r *eventReader) wait(value []byte) {
	for _, c := range value {
		if c < '0' || c > '9' {
			return
		}
	}
	// One that is out of range says nothing that could be heeded.
	if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
		r.retry = max(time.Duration(ms)*time.Millisecond, 1) // at once, where it says 0
	}
}
