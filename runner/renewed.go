package runner

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/mcpload/mcpload/history"
)

// A Session is what a Renewed opens anew.
type Session interface {
	Fetcher
	Exchanger
	Close(ctx context.Context) error
}

// Renewed is one client whose sessions end after a number of calls: the next
// one is opened before it is needed, and the last one closed when its calls
// have ended. It implements Fetcher and Exchanger.
type Renewed struct {
	Open  func(ctx context.Context) (Session, error)
	Calls int // of a session; above 0

	// Spent reports if a call says that its session is at its end already, so
	// that the next call takes another one. Nil: none does.
	Spent func(*history.Call) bool

	mu   sync.Mutex
	now  *lease
	next chan *lease // gets the session that is being opened; nil while none is
	wg   sync.WaitGroup
	ends context.Context // of sessions that are being closed; nil: none was
	cut  func()          // ends it
}

// A lease is a session and how it is used.
type lease struct {
	session Session
	err     error // why there is none
	used    int
	active  sync.WaitGroup
}

// Fetch sends one arrival on the current session.
func (r *Renewed) Fetch(ctx context.Context, a history.Arrival) (history.Call, json.RawMessage) {
	l := r.lease(ctx)
	if l.err != nil {
		return history.Call{Arrival: a, Sent: a.Due, Received: a.Due, Outcome: history.Broken,
			Detail: "no new session: " + l.err.Error()}, nil
	}
	defer l.active.Done()
	c, result := l.session.Fetch(ctx, a)
	if r.Spent != nil && r.Spent(&c) {
		r.mu.Lock()
		l.used = r.Calls
		r.mu.Unlock()
	}
	return c, result
}

// Exchange implements Exchanger.
func (r *Renewed) Exchange(ctx context.Context, a history.Arrival) history.Call {
	c, _ := r.Fetch(ctx, a)
	return c
}

// lease returns a session for one more call, which is counted as active.
func (r *Renewed) lease(ctx context.Context) *lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || r.now.err != nil || r.now.used >= r.Calls {
		r.renew(ctx)
		if r.now.err != nil {
			return r.now
		}
	}
	r.now.used++
	r.now.active.Add(1)
	// Half-way is early enough for a set-up that takes as long as some calls,
	// and doesn't leave sessions idle for long.
	if r.now.used == (r.Calls+1)/2 {
		r.prepare(ctx)
	}
	return r.now
}

// renew takes the next session in place of the current one. It needs mu.
func (r *Renewed) renew(ctx context.Context) {
	r.prepare(ctx)
	old := r.now
	r.now = <-r.next
	r.next = nil
	if old != nil && old.err == nil {
		if r.ends == nil {
			r.ends, r.cut = context.WithCancel(ctx)
		}
		r.wg.Go(func() { end(r.ends, old) })
	}
}

// end closes a session once its calls are over. That it can't be closed tells
// nothing of its calls.
func end(ctx context.Context, l *lease) {
	l.active.Wait()
	_ = l.session.Close(ctx) // its calls are over, and how it ends changes none of them
}

// prepare begins to open a session, unless that has begun. It needs mu.
func (r *Renewed) prepare(ctx context.Context) {
	if r.next != nil {
		return
	}
	next := make(chan *lease, 1)
	r.next = next
	r.wg.Go(func() {
		s, err := r.Open(ctx)
		next <- &lease{session: s, err: err}
	})
}

// Close ends every session. The calls must have ended. The context bounds also how long
// the end of those is waited for that are being closed already.
func (r *Renewed) Close(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut != nil {
		defer r.cut()
		defer context.AfterFunc(ctx, r.cut)()
	}
	if r.next != nil {
		if l := <-r.next; l.err == nil {
			end(ctx, l)
		}
		r.next = nil
	}
	if r.now != nil && r.now.err == nil {
		end(ctx, r.now)
	}
	r.now = nil
	r.wg.Wait()
	return nil
}
