package runner

import (
	"context"
	"fmt"

	"github.com/mcpload/mcpload/history"
)

// An Exchanger carries one request and returns when its reply is whole, or
// given up. A failed call is data, not an error.
type Exchanger interface {
	Exchange(ctx context.Context, a history.Arrival) history.Call
}

// Sessions is a Target of one exchanger a client. Each call has a goroutine of
// its own while it is in flight.
type Sessions map[string]Exchanger

// Send implements Target. It panics for a client that has no session: the
// plan and the sessions are made from one list of clients.
func (s Sessions) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	x, ok := s[a.Client]
	if !ok {
		panic(fmt.Sprintf("runner: internal error: no session for client %q", a.Client))
	}
	go func() { done(x.Exchange(ctx, a)) }()
}
