package wire

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A link carries requests to one server over one transport. Its methods may
// be called from several goroutines, but for close, which comes last.
type link interface {
	// exchange sends a request and waits for its response until ctx ends.
	exchange(ctx context.Context, q request) answer
	// notify sends a message that gets no response.
	notify(ctx context.Context, q request) answer
	// close ends the connection, and what was started for it.
	close(ctx context.Context) error
}

// A request is one message to a server.
type request struct {
	id     int64         // 0 for a notification
	spelt  string        // the JSON value that is sent as the id; empty: the id
	method string        // of a response: what it answers
	asked  time.Duration // of a response: when it was asked for
	body   []byte        // without line ends
	header http.Header
	tool   string // of a call
	again  bool   // it may be sent once more where nothing is known of it
	// over HTTP: changes the request just before it is sent; nil: nothing does
	dress func(*http.Request)
}

// An answer is what a link got back, before anybody judged it.
type answer struct {
	sent     time.Duration // just before the first byte was written; if none was, when it was tried
	wrote    bool          // at least one byte may have been written
	received time.Duration // just after the last byte of the response was read, or when we gave up

	status int         // HTTP status; 0 on transports without one
	header http.Header // of the HTTP reply
	body   []byte      // of an HTTP reply that held no usable message
	// the result of a response that says that all went well, where nothing else is worth to be known of it
	good   []byte
	reply  *message // else the response with the request's id
	again  *message // a second one
	other  *message // the first response with another id or none
	fault  *fault   // why there is no whole answer; nil where there is one
	tool   string   // of a call that goes into the history by itself
	denied error    // a token was refused, and why there is no other one
}

// A fault says why a request got no whole answer.
type fault struct {
	kind   DialKind
	detail string
	err    error
}

// errTimeout is the cause of a context that ended because a request took too
// long, as opposed to one that the caller ended.
var errTimeout = errors.New("request timed out")

// gaveUp is the fault of a request whose context ended.
func gaveUp(ctx context.Context) *fault {
	cause := context.Cause(ctx)
	if errors.Is(cause, errTimeout) {
		return &fault{TimedOut, "no reply in time", cause}
	}
	return &fault{Cancelled, "cancelled", cause}
}

// A stamp is an instant that is set once.
type stamp struct {
	at           atomic.Pointer[time.Duration]
	call         bool         // of a call, for whose reply somebody waits
	kind         history.Kind // of what is sent
	method, tool string
	dress        func(*http.Request) // of a call of another form: see request
	denied       error               // why there is no other token than one that was refused
	early        bool                // of a handshake, of which nothing is judged
	idled        atomic.Bool         // of a request: its connection had been idle, and nothing has come on it since
	began        atomic.Bool         // a reply
	on           witness             // that connection; nil: it knows nothing
}

// set notes the instant unless one was noted before.
func (s *stamp) set(at time.Duration) { s.at.CompareAndSwap(nil, &at) }

// replied notes that a reply has begun.
func (s *stamp) replied() {
	s.idled.Store(false)
	s.began.Store(true)
}

// unseen reports if the server can't have seen the request, or may not, as it ended the
// connection in place of a reply.
func (s *stamp) unseen() bool {
	return s.idled.Load() || s.on != nil && !s.began.Load() && s.on.unseen()
}

// get returns the instant, and if there is one.
func (s *stamp) get() (time.Duration, bool) {
	if p := s.at.Load(); p != nil {
		return *p, true
	}
	return 0, false
}

// or returns the instant, or the other one where there is none, and if there
// was one.
func (s *stamp) or(other time.Duration) (time.Duration, bool) {
	if at, ok := s.get(); ok {
		return at, true
	}
	return other, false
}
