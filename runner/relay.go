package runner

import (
	"context"
	"sync"

	"github.com/mcpload/mcpload/history"
)

// A Relay is a Chain for a target that has no goroutine a call: what follows
// from a reply is sent by the same target as what came before, so that whatever
// bounds the target bounds whole chains. While its caller thinks, a chain has a
// goroutine.
//
// The target must show every reply to Read before it ends the call.
type Relay struct {
	Clock  Clock             // that any goroutine may wait on
	Target Target            // sends
	Do     func(func()) bool // has a function called where Send may be; false: it won't be

	// Follows reports if anything may follow from an arrival.
	Follows func(history.Arrival) bool
	// Next, Observe and Drain are as in Chain.
	Next    func(c *history.Call, result []byte) (history.Arrival, bool)
	Observe func(history.Call)
	Drain   <-chan struct{}

	mu      sync.Mutex
	results map[callKey][]byte // of calls that are about to end
}

// A callKey tells the calls apart that are in flight.
type callKey struct {
	client string
	id     int64
}

// Read keeps the result of a reply until its call has ended.
func (r *Relay) Read(c *history.Call, result []byte) {
	if !r.Follows(c.Arrival) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.results == nil {
		r.results = map[callKey][]byte{}
	}
	r.results[callKey{c.Client, c.ID}] = append([]byte(nil), result...)
}

// Send implements Target.
func (r *Relay) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	if r.Follows(a) {
		last := done
		done = func(c history.Call) { r.follow(ctx, c, last) }
	}
	r.Target.Send(ctx, a, done)
}

// follow sends what follows a call that has ended, when that is due; done is
// called where nothing does.
func (r *Relay) follow(ctx context.Context, c history.Call, done func(history.Call)) {
	next, more := r.Next(&c, r.take(c))
	if !more {
		done(c)
		return
	}
	send := func() {
		// Not from here: the target has not finished with the call.
		if !r.Do(func() { r.Observe(c); r.Send(ctx, next, done) }) {
			done(c)
		}
	}
	select {
	case <-r.Drain:
		done(c)
		return
	default:
	}
	if r.Clock.Now() >= next.Due {
		send()
		return
	}
	go func() {
		if waitFor(ctx, r.Clock, next.Due, r.Drain) {
			send()
		} else {
			done(c)
		}
	}()
}

func (r *Relay) take(c history.Call) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := callKey{c.Client, c.ID}
	result := r.results[k]
	delete(r.results, k)
	return result
}
