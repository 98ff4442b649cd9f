package wire

import (
	"context"
	"time"
)

// An inProcessLink calls a function.
type inProcessLink struct {
	handler func(ctx context.Context, client string, message []byte) []byte
	client  string
	now     func() time.Duration
	timeout time.Duration
	issued  func(id int64) bool
	strays  *strayLog
	respond func(*message) (request, bool)
	aside   func(request, answer) // is told of what was answered
	modern  func() bool           // is the stateless era spoken?
	soft    softness

	deadlines sharedDeadlines
}

// exchange calls the handler on the caller's goroutine. A reply that comes
// later than the time-out allows, on the run's clock, doesn't count.
func (l *inProcessLink) exchange(ctx context.Context, q request) answer {
	a := answer{sent: l.now(), wrote: true}
	text := l.handler(ctx, l.client, q.body)
	a.received = l.now()
	if ctx.Err() != nil {
		a.fault = gaveUp(ctx)
		return a
	}
	if a.received-a.sent > l.timeout {
		a.fault = &fault{TimedOut, "no reply in time", errTimeout}
		return a
	}
	if result, _, ok := plainSuccess(jsonBody, text, q.id, q.method, l.modern(), l.soft); ok && q.method == methodCall {
		a.good = result
		return a
	}
	c := &collector{want: q.id, issued: l.issued, strays: l.strays, respond: func(m *message) {
		if q, ok := l.respond(m); ok {
			out := answer{sent: l.now(), wrote: true}
			l.handler(ctx, l.client, q.body) // a response is not answered
			out.received = l.now()
			l.aside(q, out)
		}
	}}
	c.text(text, a.received)
	c.close()
	a.reply, a.again, a.other = c.reply, c.again, c.other
	if a.fault = c.missing(); a.fault == nil && a.reply == nil {
		a.fault = &fault{kind: Garbage, detail: "no response"}
	}
	return a
}

// notify calls the handler. What it returns for a notification is no answer.
func (l *inProcessLink) notify(ctx context.Context, q request) answer {
	a := answer{sent: l.now(), wrote: true}
	if text := l.handler(ctx, l.client, q.body); len(text) > 0 {
		c := &collector{issued: l.issued, strays: l.strays, respond: func(*message) {}}
		c.text(text, l.now())
	}
	a.received = l.now()
	return a
}

// close implements link: there is no connection.
func (l *inProcessLink) close(context.Context) error {
	l.deadlines.close()
	return nil
}
