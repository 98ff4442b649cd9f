package wire

import (
	"context"
	"reflect"
	"sync"
	"time"
)

// How many calls share a context, and for how long it takes new ones.
const (
	deadlineCalls = 64
	deadlineTime  = 10 * time.Millisecond
)

// Shared deadlines give the calls of a session contexts that end with the caller's, and
// when a call takes too long. Calls that begin at about the same time share
// one, because a context and its timer cost as much as some handlers do, and
// those that handlers derive from it cost more where it is new.
//
// So a call has up to deadlineTime more than its time-out, and its context ends
// once the calls that share it have ended and another one is current.
//
// The zero value is usable.
type sharedDeadlines struct {
	mu      sync.Mutex
	current *sharedDeadline
}

// A sharedDeadline is a context that calls share.
type sharedDeadline struct {
	context.Context
	end     context.CancelFunc
	caller  context.Context
	timeout time.Duration
	begin   time.Duration
	calls   int // that took part
	open    int // that haven't ended
}

// join returns the context of a call that begins now.
func (s *sharedDeadlines) join(ctx context.Context, timeout, now time.Duration) *sharedDeadline {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.current
	if p == nil || p.calls == deadlineCalls || now-p.begin > deadlineTime || p.timeout != timeout ||
		!same(p.caller, ctx) {
		s.retire()
		p = &sharedDeadline{caller: ctx, timeout: timeout, begin: now}
		p.Context, p.end = context.WithTimeoutCause(ctx, timeout+deadlineTime, errTimeout)
		s.current = p
	}
	p.calls++
	p.open++
	return p
}

// leave takes a call out that has ended.
func (s *sharedDeadlines) leave(p *sharedDeadline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.open--; p.open == 0 && p != s.current {
		p.end()
	}
}

// retire lets no more calls join. It needs mu.
func (s *sharedDeadlines) retire() {
	if p := s.current; p != nil && p.open == 0 {
		p.end()
	}
	s.current = nil
}

// close ends what nobody uses any more.
func (s *sharedDeadlines) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retire()
}

// same reports if two contexts are known to be one. Only pointers can be
// compared without a doubt, and nearly all contexts are some.
func same(a, b context.Context) bool {
	t := reflect.TypeOf(a)
	return t == reflect.TypeOf(b) && t.Kind() == reflect.Pointer && a == b
}
