package wire

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
)

// A tracer gives each request of a session a trace of its own, by W3C Trace Context
// (https://www.w3.org/TR/trace-context/), so that it is found among the server's. The
// first half of a trace id is drawn by lot for the session, the second half is the
// request's id.
type tracer struct{ base [8]byte }

func newTracer() *tracer {
	t := &tracer{}
	_, _ = rand.Read(t.base[:]) // it never fails
	t.base[0] |= 1              // neither id may be of zeros only
	return t
}

// parent is the traceparent of a request: version 00, the trace id, the id of the span
// that is the request, and the flag that it is recorded.
func (t *tracer) parent(id int64) string {
	var trace [16]byte
	copy(trace[:], t.base[:])
	binary.BigEndian.PutUint64(trace[8:], uint64(id))
	span := t.base
	binary.BigEndian.PutUint64(span[:], binary.BigEndian.Uint64(t.base[:])^uint64(id))
	b := append(make([]byte, 0, 55), "00-"...)
	b = append(hex.AppendEncode(b, trace[:]), '-')
	b = append(hex.AppendEncode(b, span[:]), "-01"...)
	return string(b)
}

// traced adds the trace context to the parameters of a request, where the
// specification has it: a member of _meta.
func (e era) traced(id int64, params []byte) ([]byte, error) {
	if e.trace == nil || id == 0 {
		return params, nil
	}
	return withMeta(params, []byte(`{"traceparent":"`+e.trace.parent(id)+`"}`))
}
