package mock

import (
	"math"
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// The instants of faults that time brings about.
const (
	idleAfter   = time.Second     // idle-reset: a rest that fills the bucket
	resetEvery  = 2 * time.Second // periodic-reset
	offAfter    = 4 * time.Second // off-after-first-window
	overflowing = 2               // over-capacity: how many bursts the bucket holds at most
)

// refillFaults are buckets of the right size that fill in a wrong way.
func refillFaults() []Fault {
	made := func(f func(b *bucket) decider) builder {
		return scoped(func(l profiles.Limit, _ uint64) decider { return f(promised(l)) })
	}
	steps := func(every time.Duration) builder {
		return made(func(b *bucket) decider { return &stepwise{bucket: b, every: every} })
	}
	return []Fault{
		{Name: "start-empty", Doc: "the bucket starts empty", Cause: "starts empty", Detectable: true,
			build: made(func(b *bucket) decider { b.level = 0; return b })},
		{Name: "idle-reset", Doc: "the bucket is full again after a second without a call", Cause: "idle|rest",
			Detectable: true,
			Note:       "no fault where the bucket is full by itself after a second",
			build:      made(func(b *bucket) decider { return &idleReset{bucket: b} })},
		{Name: "periodic-reset", Doc: "the bucket is full again every two seconds", Cause: "full again",
			Detectable: true,
			build:      made(func(b *bucket) decider { return &periodicReset{bucket: b, every: resetEvery} })},
		{Name: "stepwise-1s", Doc: "tokens flow in all at once, every second", Cause: "steps", Detectable: true,
			build: steps(time.Second)},
		{Name: "stepwise-250ms", Doc: "tokens flow in all at once, every 250 ms", Cause: "steps", Detectable: true,
			build: steps(250 * time.Millisecond)},
		{Name: "stepwise-100ms", Doc: "tokens flow in all at once, every 100 ms", Cause: "steps", Detectable: true,
			build: steps(100 * time.Millisecond)},
		{Name: "truncating-refill", Doc: "only whole tokens flow in, and each call throws the fraction away",
			Cause: "rate is too low", Detectable: true,
			build: made(func(b *bucket) decider { return &truncating{bucket: b} })},
		{Name: "over-capacity", Doc: "a full bucket goes on filling, up to twice the burst", Cause: "burst is too big",
			Detectable: true,
			build:      made(func(b *bucket) decider { b.burst *= overflowing; return b })},
		{Name: "off-after-first-window", Doc: "nothing is refused after the first four seconds",
			Cause: "no limiter|stops refusing|rate is too high", Detectable: true,
			build: made(func(b *bucket) decider { return &expiring{bucket: b} })},
	}
}

// idleReset fills the bucket when it has rested.
type idleReset struct {
	bucket *bucket
	last   time.Duration
}

func (f *idleReset) decide(r Request) Answer {
	f.bucket.flow(r.At)
	if r.At-f.last >= idleAfter {
		f.bucket.level = f.bucket.burst
	}
	f.last = r.At
	return f.bucket.take()
}

// periodicReset fills the bucket at fixed instants.
type periodicReset struct {
	bucket *bucket
	every  time.Duration
	period time.Duration // how many have ended
}

func (f *periodicReset) decide(r Request) Answer {
	if n := r.At / f.every; n != f.period {
		f.period = n
		f.bucket.flow(n * f.every)
		f.bucket.level = f.bucket.burst
	}
	return f.bucket.decide(r)
}

// stepwise lets tokens flow in only at the ends of steps.
type stepwise struct {
	bucket *bucket
	every  time.Duration
}

func (f *stepwise) decide(r Request) Answer {
	f.bucket.flow(r.At / f.every * f.every)
	a := f.bucket.take()
	if a.Limited {
		// The first step by whose end there is a token.
		steps := math.Ceil(f.bucket.wait().Seconds() / f.every.Seconds())
		a.RetryAfter = time.Duration(steps)*f.every - r.At%f.every
	}
	return a
}

// truncating counts whole tokens since the last call, as integer arithmetic
// does that forgets the remainder.
type truncating struct{ bucket *bucket }

func (f *truncating) decide(r Request) Answer {
	b := f.bucket
	whole := math.Floor(b.rate*(r.At-b.at).Seconds() + slack)
	b.level = min(b.burst, b.level+whole)
	b.at = r.At
	return b.take()
}

// expiring forgets the limit after a while, as one whose entry expires.
type expiring struct{ bucket *bucket }

func (f *expiring) decide(r Request) Answer {
	if r.At >= offAfter {
		return Answer{}
	}
	return f.bucket.decide(r)
}
