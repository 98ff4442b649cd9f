package wire

import (
	"bytes"
	"fmt"
)

// An event is one server-sent event.
type event struct {
	kind string // the event field; empty means "message"
	data []byte // given away: the reader keeps none of it
	id   string
}

// message reports if the event carries a JSON-RPC message. An event without
// data primes a client to resume, and carries none.
func (e event) message() bool {
	return (e.kind == "" || e.kind == "message") && len(e.data) > 0
}

// An eventReader cuts a byte stream into server-sent events (WHATWG HTML,
// section "Interpreting an event stream"). Bytes may arrive in any pieces. An
// event counts once its blank line is read; a stream that ends before that
// has lost it.
type eventReader struct {
	line    []byte // of an unfinished line
	data    []byte
	hasData bool
	kind    string
	id      string
	afterCR bool // a line feed now belongs to the line end before
	begun   bool // the byte order mark can only come before the first byte
}

// feed reads the next piece and calls emit for every event that it completes.
// It refuses an event that is longer than MaxMessage.
func (r *eventReader) feed(piece []byte, emit func(event)) error {
	for len(piece) > 0 {
		if r.afterCR {
			r.afterCR = false
			if piece[0] == '\n' {
				piece = piece[1:]
				continue
			}
		}
		end := bytes.IndexAny(piece, "\r\n")
		if end < 0 {
			r.line = append(r.line, piece...)
			return r.bounded()
		}
		r.afterCR = piece[end] == '\r'
		r.line = append(r.line, piece[:end]...)
		piece = piece[end+1:]
		if err := r.bounded(); err != nil {
			return err
		}
		r.endLine(emit)
	}
	return nil
}

// bounded refuses to hold more than one message may have.
func (r *eventReader) bounded() error {
	if len(r.line)+len(r.data) > MaxMessage {
		return fmt.Errorf("an event longer than %d bytes", MaxMessage)
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

// endLine interprets the line that was read and empties it.
func (r *eventReader) endLine(emit func(event)) {
	line := r.line
	r.line = r.line[:0]
	if !r.begun {
		r.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if len(line) == 0 {
		if r.hasData {
			emit(event{kind: r.kind, data: bytes.TrimSuffix(r.data, []byte("\n")), id: r.id})
		}
		r.data, r.hasData, r.kind = nil, false, ""
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":")) // a comment has an empty name
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		r.data = append(append(r.data, value...), '\n')
		r.hasData = true
	case "event":
		r.kind = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = string(value)
		}
	}
}
