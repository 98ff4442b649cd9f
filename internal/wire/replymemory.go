package wire

import (
	"fmt"
	"io"
	"sync/atomic"
)

// DefaultReplyMemory is how much replies may take in memory together, while they
// are being read, where nobody says otherwise.
const DefaultReplyMemory = 256 << 20

// maxReplyHead bounds the head of an HTTP reply, in bytes.
const maxReplyHead = 256 << 10

// A ReplyMemory bounds what the replies of all sessions that share it take while
// they are being read. One that would need more isn't read to its end, and its
// call ends as Unknown with the detail OurLimit: that is our limit, and says
// nothing of the server. The methods may be called from several goroutines.
type ReplyMemory struct {
	limit  int64
	held   atomic.Int64
	unread atomic.Int64
}

// NewReplyMemory returns a bound in bytes; 0 is DefaultReplyMemory.
func NewReplyMemory(limit int64) *ReplyMemory {
	if limit <= 0 {
		limit = DefaultReplyMemory
	}
	return &ReplyMemory{limit: limit}
}

// Limit is the bound in bytes.
func (m *ReplyMemory) Limit() int64 { return m.limit }

// Unread is how many replies were not read to their end for it.
func (m *ReplyMemory) Unread() int64 { return m.unread.Load() }

// OurLimit begins the detail of a call whose reply was not read to its end, since
// there was no memory left for replies.
const OurLimit = "our own limit: "

// A holding is what one reply takes of the memory. What fits into a buffer that
// is there anyway is free. The zero value takes without a bound.
type holding struct {
	of    *ReplyMemory
	taken int64
}

// take makes the holding as big as a number of bytes, and says if there is no
// room for that.
func (h *holding) take(size int) *fault {
	more := int64(size) - h.taken
	if h.of == nil || more <= 0 || size <= readBuffers {
		return nil
	}
	if h.of.held.Add(more) > h.of.limit {
		h.of.held.Add(-more)
		h.of.unread.Add(1)
		return &fault{kind: Overfull, detail: OurLimit + fmt.Sprintf("replies in flight held %d MiB, and this one "+
			"was not read to its end", h.of.limit>>20)}
	}
	h.taken += more
	return nil
}

// free gives all of it back.
func (h *holding) free() {
	if h.taken > 0 {
		h.of.held.Add(-h.taken)
		h.taken = 0
	}
}

// readBuffers is up to which size a reply is free.
const readBuffers = 64 << 10

// readBounded reads to the end, but not more than a limit and one byte, and takes
// room for its buffers: while one grows there are two.
func readBounded(in io.Reader, limit int, h *holding) ([]byte, *fault, error) {
	buf := make([]byte, 0, 512)
	for {
		n, err := in.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		if err != nil || len(buf) > limit {
			if err == io.EOF {
				err = nil
			}
			return buf, nil, err
		}
		if len(buf) == cap(buf) {
			size := min(2*cap(buf), limit+1)
			if f := h.take(cap(buf) + size); f != nil {
				return nil, f, nil
			}
			buf = append(make([]byte, 0, size), buf...)
		}
	}
}
