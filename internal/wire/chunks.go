package wire

import (
	"bytes"
	"strconv"
)

// A bodyCutter takes the body of an HTTP/1.1 reply out of what comes, piece by
// piece, and keeps nothing of it. It reads only what is beyond doubt, as a head
// does; the rest is for net/http.
type bodyCutter struct {
	chunked bool
	at      place
	left    int    // of the chunk, or of the whole body
	line    []byte // what has come of a chunk's size, or of a line end
}

// A place is where a bodyCutter stands.
type place uint8

const (
	atSize place = iota // before, or in, the size of a chunk
	inText
	atTextEnd // before the line end that follows a chunk
	atLastEnd // before the one that follows the last chunk
	atEnd
)

// begin makes the cutter ready for the body that a head announces.
func (k *bodyCutter) begin(h head) {
	*k = bodyCutter{chunked: h.length < 0, left: max(h.length, 0), line: k.line[:0]}
	if !k.chunked {
		k.at = inText
	}
}

// next takes the next piece of the body off what has come. The state is whole at
// the body's end, partial where all that has come was taken, and strange where
// only net/http may go on, from what resume and the rest say.
func (k *bodyCutter) next(b []byte) (text, rest []byte, state framing) {
	for {
		switch k.at {
		case inText:
			if k.left == 0 {
				if k.at = atEnd; k.chunked {
					k.at = atTextEnd
				}
				continue
			}
			n := min(k.left, len(b))
			if n == 0 {
				return nil, nil, partial
			}
			k.left -= n
			return b[:n], b[n:], whole
		case atEnd:
			return nil, b, whole
		case atSize:
			if b, state = k.size(b); state != whole {
				return nil, b, state
			}
		default:
			if b, state = k.lineEnd(b); state != whole {
				return nil, b, state
			}
		}
	}
}

// ended reports if the body has been read to its end.
func (k *bodyCutter) ended() bool { return k.at == atEnd }

// maxSizeLine bounds the line before a chunk.
const maxSizeLine = 32

// size reads the line before a chunk.
func (k *bodyCutter) size(b []byte) (rest []byte, state framing) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		k.line = append(k.line, b...)
		if _, _, state := chunkSize(k.line); state == strange || len(k.line) > maxSizeLine {
			return nil, strange
		}
		return nil, partial
	}
	k.line = append(k.line, b[:end+1]...)
	size, n, state := chunkSize(k.line)
	if state != whole || n != len(k.line) || n > maxSizeLine {
		return b[end+1:], strange
	}
	k.line = k.line[:0]
	if k.at, k.left = inText, size; size == 0 {
		k.at = atLastEnd
	}
	return b[end+1:], whole
}

// lineEnd reads a line end.
func (k *bodyCutter) lineEnd(b []byte) (rest []byte, state framing) {
	for len(b) > 0 {
		k.line = append(k.line, b[0])
		b = b[1:]
		if k.line[len(k.line)-1] != "\r\n"[len(k.line)-1] {
			return b, strange
		}
		if len(k.line) == 2 {
			k.line = k.line[:0]
			if k.at++; k.at == atLastEnd {
				k.at = atSize
			}
			return b, whole
		}
	}
	return nil, partial
}

// resume returns what has to be put before the rest of a chunked body, so that it
// can be read from its beginning, and how many bytes of its text stand for what
// was taken already.
func (k *bodyCutter) resume() (before []byte, skip int) {
	switch k.at {
	case inText:
		return append(strconv.AppendInt(nil, int64(k.left)+1, 16), "\r\nx"...), 1
	case atTextEnd:
		return append([]byte("1\r\nx"), k.line...), 1
	case atLastEnd:
		return append([]byte("0\r\n"), k.line...), 0
	}
	return k.line, 0
}
