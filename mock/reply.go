package mock

import (
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

const (
	deformedEvery = 10              // one reply in this many is deformed, so that a handshake comes through
	livesFor      = 60              // how many charged requests dies-after-60 answers
	tooLong       = 5 * time.Second // what retry-after-long adds
)

// replyFaults are right limiters whose replies are wrong.
func replyFaults() []Fault {
	some := func(deform func(*Answer)) builder {
		return func(l profiles.Limit, seed uint64) decider {
			return &deforming{inner: newHonest(l, seed), deform: deform, every: deformedEvery}
		}
	}
	refusals := func(deform func(*Answer)) builder {
		return func(l profiles.Limit, seed uint64) decider {
			return &deforming{inner: newHonest(l, seed), deform: func(a *Answer) {
				if a.Limited {
					deform(a)
				}
			}, every: 1}
		}
	}
	return []Fault{
		{Name: "retry-after-short", Doc: "refusals ask to wait a quarter of what is needed", Cause: "retry-after",
			Shape: ratelimit.HTTP429, Detectable: true,
			build: refusals(func(a *Answer) { a.RetryAfter /= 4 })},
		{Name: "retry-after-long", Doc: "refusals ask to wait 5 s longer than needed", Cause: "retry-after",
			Shape: ratelimit.HTTP429, Detectable: true,
			build: refusals(func(a *Answer) { a.RetryAfter += tooLong })},
		{Name: "wrong-id", Doc: "every tenth reply carries an id that nobody sent", Cause: "match|id", Detectable: true,
			build: some(func(a *Answer) { a.WrongID = true })},
		{Name: "duplicate-reply", Doc: "every tenth reply comes twice", Cause: "twice|match", Detectable: true,
			build: some(func(a *Answer) { a.Duplicate = true })},
		{Name: "refusal-as-success", Doc: "refusals are successful results whose text says that the rate limit is " +
			"exceeded", Cause: "no limiter", Detectable: true,
			Note: "a result that speaks of a limit may be a refusal and may be none: the run is inconclusive, " +
				"quotes it and says what to add",
			build: refusals(func(a *Answer) { a.AsSuccess = true })},
		{Name: "silent-refusals", Doc: "refused calls get no answer at all", Cause: "no reply|no answer|never answer",
			Detectable: true,
			Note: "a reply that doesn't come proves nothing, as the network may have lost it: the run is " +
				"inconclusive, never a pass",
			build: refusals(func(a *Answer) { a.Mute = true })},
		{Name: "dies-after-60", Doc: "the server is gone after 60 calls", Cause: "stopped serving", Detectable: true,
			build: func(l profiles.Limit, seed uint64) decider {
				return &mortal{inner: newHonest(l, seed), left: livesFor}
			}},
	}
}

// deforming changes one answer in every so many.
type deforming struct {
	inner  decider
	deform func(*Answer)
	every  int
	n      int
}

func (f *deforming) decide(r Request) Answer {
	a := f.inner.decide(r)
	if f.n++; f.n%f.every == 0 {
		f.deform(&a)
	}
	return a
}

// mortal answers so many calls.
type mortal struct {
	inner decider
	left  int
}

func (f *mortal) decide(r Request) Answer {
	if f.left == 0 {
		return Answer{Dead: true}
	}
	f.left--
	return f.inner.decide(r)
}
