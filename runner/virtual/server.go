package virtual

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Reply is what a simulated server answers, as a client classifies it. The
// zero value is an Unknown outcome: a server must say what it does.
type Reply struct {
	Outcome    history.Outcome
	Code       int
	Status     int
	RetryAfter time.Duration
	Detail     string
	Takes      time.Duration // from the decision to the reply's leaving
	Lost       bool          // no reply comes: the caller times out
	Kind       history.Kind  // what was sent; the zero value is a request
}

// A Server is a target on a virtual clock. A request takes a delay to reach
// it, is decided at that instant, and its reply takes a delay back.
type Server struct {
	Clock  *Clock
	Decide func(at time.Duration, a history.Arrival) Reply // called in the order of at
	There  Delay                                           // from the client to the decision; nil: none
	Back   Delay                                           // from the decision to the client; nil: none
	// what delays are drawn from; needed where they aren't constant
	Rand    *rand.Rand
	Timeout time.Duration // of a request without a reply; default 30 s
}

// Send implements runner.Target.
func (s *Server) Send(_ context.Context, a history.Arrival, done func(history.Call)) {
	c := history.Call{Arrival: a, Sent: s.Clock.Now()}
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	s.Clock.At(c.Sent+s.There.draw(s.Rand), func() {
		r := s.Decide(s.Clock.Now(), a)
		back := s.Clock.Now() + r.Takes + s.Back.draw(s.Rand)
		if r.Lost || back > c.Sent+timeout {
			back = c.Sent + timeout
			r = Reply{Kind: r.Kind, Outcome: history.TimedOut, Detail: "no reply within " + timeout.String()}
		}
		s.Clock.At(back, func() {
			c.Received = s.Clock.Now()
			c.Outcome, c.Code, c.Status = r.Outcome, r.Code, r.Status
			c.RetryAfter, c.Detail, c.Kind = r.RetryAfter, r.Detail, r.Kind
			done(c)
		})
	})
}
