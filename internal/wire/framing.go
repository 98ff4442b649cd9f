package wire

import "bytes"

// A framing says how much of an HTTP/1.1 reply has been read.
type framing uint8

const (
	partial framing = iota // more must come
	whole                  // all of it is there
	strange                // only net/http may say what it means
)

// A bodyKind is what a reply's body is, as far as its head tells for certain.
type bodyKind uint8

const (
	otherBody bodyKind = iota
	jsonBody
	eventBody
)

// maxHead bounds a head that is read here. net/http allows more.
const maxHead = 32 << 10

// maxBody bounds a body that is read here.
const maxBody = 1 << 20

// A head is what the head of an HTTP/1.1 reply says of its body (RFC 9112
// section 6). It is read only where every byte of it is beyond doubt: one
// spelling of each thing, no interim reply, no body that ends with its
// connection. Whatever else may come is left to net/http, so that there is one
// opinion of it.
type head struct {
	size   int // bytes, with the empty line
	status int
	kind   bodyKind
	length int  // of the body in bytes; -1: chunked
	close  bool // the connection ends with this reply
	sets   bool // it sets cookies
	packed bool // the body says that it is compressed
	claims bool // it speaks of a rate limit
}

// readHead reads the head at the start of a reply.
func readHead(b []byte) (h head, state framing) {
	line, rest, state := cutLine(b)
	if state != whole {
		return h, state
	}
	if h.status = statusOf(line); h.status < 200 || h.status == 204 || h.status == 304 {
		return h, strange
	}
	h.length = -2 // unknown yet
	for {
		line, rest, state = cutLine(rest)
		if state != whole {
			return h, state
		}
		if len(line) == 0 {
			break
		}
		if !h.field(line) || len(b)-len(rest) > maxHead {
			return h, strange
		}
	}
	if h.size = len(b) - len(rest); h.length == -2 || h.length > maxBody {
		return h, strange
	}
	return h, whole
}

// cutLine takes a line that ends in CR LF from a head.
func cutLine(b []byte) (line, rest []byte, state framing) {
	end := bytes.IndexByte(b, '\n')
	switch {
	case end < 0 && len(b) > maxHead:
		return nil, nil, strange
	case end < 0:
		return nil, nil, partial
	case end == 0 || b[end-1] != '\r':
		return nil, nil, strange
	}
	return b[:end-1], b[end+1:], whole
}

// statusOf reads a status line, and returns 0 for one that it doesn't know.
func statusOf(line []byte) int {
	const version = "HTTP/1.1 "
	if len(line) < len(version)+4 || string(line[:len(version)]) != version || line[len(version)+3] != ' ' {
		return 0
	}
	status := 0
	for _, d := range line[len(version) : len(version)+3] {
		if d < '0' || d > '9' {
			return 0
		}
		status = 10*status + int(d-'0')
	}
	if !visible(line) {
		return 0
	}
	return status
}

// field reads a header field, and reports if it is beyond doubt.
func (h *head) field(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !token(line[:colon]) || !visible(line[colon:]) {
		return false
	}
	name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
	switch {
	case equalFold(name, "content-length"):
		n, ok := decimal(value)
		if h.length != -2 || !ok {
			return false
		}
		h.length = n
	case equalFold(name, "transfer-encoding"):
		if h.length != -2 || !equalFold(value, "chunked") {
			return false
		}
		h.length = -1
	case equalFold(name, "content-type"):
		return h.contentType(value)
	case equalFold(name, "connection"):
		h.close = equalFold(value, "close")
		return h.close || equalFold(value, "keep-alive")
	case equalFold(name, "set-cookie"):
		h.sets = true
	case equalFold(name, "content-encoding"):
		h.packed = !equalFold(value, "identity")
	case equalFold(name, "trailer"), equalFold(name, "upgrade"):
		return false
	case !h.claims && len(name) >= len("ratelimit"):
		h.claims = claimName(string(name))
	}
	return true
}

// contentType notes the kind of the body. Spellings of an event stream that it
// doesn't know are doubtful, because such a body is read as it comes.
func (h *head) contentType(value []byte) bool {
	media, params, _ := bytes.Cut(value, []byte(";"))
	known := len(params) == 0 || equalFold(bytes.TrimLeft(params, " "), "charset=utf-8")
	switch {
	case h.kind != otherBody:
		return false // a second one
	case known && equalFold(media, "application/json"):
		h.kind = jsonBody
	case known && equalFold(media, "text/event-stream"):
		h.kind = eventBody
	default:
		return !bytes.Contains(bytes.ToLower(value), []byte("event-stream"))
	}
	return true
}

// A body is the body of a reply, as far as it has been read.
type body struct {
	text []byte // without chunks; points into what was read, or into scratch
	size int    // bytes on the wire, after the head
	last int    // bytes on the wire up to the last one that belongs to the text
}

// readBody reads the body that follows a head. Chunks are put together in
// scratch where there are several.
func (h *head) readBody(b []byte, scratch []byte) (out body, grown []byte, state framing) {
	if h.length >= 0 {
		if len(b) < h.length {
			return body{text: b}, scratch, partial
		}
		return body{b[:h.length], h.length, h.length}, scratch, whole
	}
	scratch = scratch[:0]
	at := 0
	for n := 0; ; n++ {
		size, digits, state := chunkSize(b[at:])
		if state != whole {
			return out, scratch, state
		}
		start := at + digits
		end := start + size
		if len(b) < end+2 {
			return out, scratch, partial
		}
		if b[end] != '\r' || b[end+1] != '\n' {
			return out, scratch, strange
		}
		if at = end + 2; size == 0 {
			out.size = at
			return out, scratch, whole
		}
		switch out.last = end; n {
		case 0:
			out.text = b[start:end]
		case 1:
			scratch = append(scratch, out.text...)
			fallthrough
		default:
			scratch = append(scratch, b[start:end]...)
			out.text = scratch
		}
		if len(out.text) > maxBody {
			return out, scratch, strange
		}
	}
}

// chunkSize reads the line before a chunk: its size, and how long the line is.
func chunkSize(b []byte) (size, length int, state framing) {
	for i, c := range b {
		switch {
		case c == '\r' && i > 0:
			if i+1 == len(b) {
				return 0, 0, partial
			}
			if b[i+1] != '\n' {
				return 0, 0, strange
			}
			return size, i + 2, whole
		case '0' <= c && c <= '9':
			size = size<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			size = size<<4 | int(c|0x20-'a'+10)
		default:
			return 0, 0, strange
		}
		if size > maxBody {
			return 0, 0, strange
		}
	}
	return 0, 0, partial
}

// equalFold compares a text with one in lower case, ignoring the case of ASCII
// letters.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// visible reports if a text is visible ASCII, spaces and tabs.
func visible(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\t' {
			return false
		}
	}
	return true
}

// token reports if a text may be a header's name.
func token(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return true
}

// tokenBytes are the bytes of a token that every reader agrees on.
var tokenBytes = func() (set [256]bool) {
	for _, c := range []byte("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		set[c] = true
	}
	return set
}()

// decimal reads a whole number of at most nine digits.
func decimal(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
