package runner

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Fetcher is an Exchanger that also returns the result of the reply.
type Fetcher interface {
	Fetch(ctx context.Context, a history.Arrival) (history.Call, json.RawMessage)
}

// A Chain is a Target whose calls may lead to others: what comes next may
// depend on what was replied. To whom it hands an arrival the whole chain is
// one: done is called with its last call.
type Chain struct {
	Clock   Clock
	Clients map[string]Fetcher // by Arrival.Client
	Plain   Target             // takes what Reads leaves out; nil if that is nothing

	// Reads reports if the reply of an arrival is of interest. Nil: always.
	Reads func(history.Arrival) bool
	// Next looks at a call that has ended and the result of its reply, may
	// correct what came of it, and returns what is to be sent next, if
	// anything. It is called from several goroutines.
	Next func(c *history.Call, result json.RawMessage) (history.Arrival, bool)
	// Observe is told of every call but a chain's last, from several goroutines.
	Observe func(history.Call)
	// Drain, once it is closed, ends every chain with the call under way.
	Drain <-chan struct{}
}

// Send implements Target. A chain has a goroutine of its own while it lasts.
func (ch *Chain) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	if ch.Plain != nil && ch.Reads != nil && !ch.Reads(a) {
		ch.Plain.Send(ctx, a, done)
		return
	}
	go func() { done(ch.follow(ctx, a)) }()
}

// follow sends an arrival and what follows from it, and returns the last call.
func (ch *Chain) follow(ctx context.Context, a history.Arrival) history.Call {
	for {
		c, result := ch.Clients[a.Client].Fetch(ctx, a)
		c.Arrival = a
		next, more := ch.Next(&c, result)
		if !more || !waitFor(ctx, ch.Clock, next.Due, ch.Drain) {
			return c
		}
		ch.Observe(c)
		a = next
	}
}

// waitFor waits until an instant, and reports if anything is to be sent then at
// all: neither drain is closed nor the context has ended.
func waitFor(ctx context.Context, clock Clock, due time.Duration, drain <-chan struct{}) bool {
	for {
		if Closed(drain) {
			return false
		}
		if clock.Now() >= due {
			return ctx.Err() == nil
		}
		if clock.Wait(ctx, due, drain) != nil {
			return false
		}
	}
}

// Closed reports if a channel that is only ever closed has been, such as one that says
// that a run is to send no more. A nil one never is.
func Closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
