package wire

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
)

// What leaves a session beside its calls is a call too, since a server may charge
// it: answers to the server's requests, cancellations, and the end of the session.
// Options.Aside is told of each; without it the session keeps them for Asides.

// maxAsides bounds how many a session keeps. What would make more isn't sent.
const maxAsides = 100_000

// An asideLog is what left a session beside its calls. Its methods may be called
// from several goroutines.
type asideLog struct {
	mu    sync.Mutex
	begun int // answers that were let go, or may be yet
	calls []history.Call
}

// room reports if there is room for one more answer to the server, and takes it.
func (l *asideLog) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	return l.begun <= maxAsides
}

// add keeps a call.
func (l *asideLog) add(c history.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// aside notes a message that is no call of the run, if it left us.
func (s *Session) aside(kind history.Kind, method string, a answer) {
	s.asideOf(kind, method, a.sent, a)
}

// asideOf is aside for what was due at an instant.
func (s *Session) asideOf(kind history.Kind, method string, due time.Duration, a answer) {
	if !a.wrote {
		return
	}
	call := history.Call{Arrival: history.Arrival{Due: min(due, a.sent), Client: s.o.Client, Method: method,
		Tool: a.tool, Label: history.Aside}, Kind: kind}
	s.judge(&call, a)
	if s.o.Aside != nil {
		s.o.Aside(call)
		return
	}
	s.asides.add(call)
}

// answered notes an answer to a request by the server. It was due when that had
// been read.
func (s *Session) answered(q request, a answer) {
	s.asideOf(history.Answer, s.clean.finish(excerpt([]byte(q.method))), q.asked, a)
}

// cancelled notes that a call was cancelled.
func (s *Session) cancelled(a answer) { s.aside(history.Notification, methodCancelled, a) }

// Settle waits until no answer to the server is under way, or ctx ends.
func (s *Session) Settle(ctx context.Context) {
	for s.answers != nil && !s.answers.idle() && ctx.Err() == nil {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// Asides returns what left the session beside its calls and its handshake, with
// the label "aside", unless Options.Aside was told of it. It is all there once
// the session is closed.
func (s *Session) Asides() []history.Call {
	s.asides.mu.Lock()
	defer s.asides.mu.Unlock()
	return slices.Clone(s.asides.calls)
}
