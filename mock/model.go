package mock

import (
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// A call holds its place for this long under concurrency-cap.
const held = 50 * time.Millisecond

// lockedOut is how long a refusal bars everything under lockout.
const lockedOut = time.Second

// modelFaults are limiters that aren't token buckets.
func modelFaults() []Fault {
	window := func(l profiles.Limit) time.Duration {
		return time.Duration(float64(l.Burst) / l.Rate * 1e9)
	}
	return []Fault{
		{Name: "fixed-window", Doc: "the burst is granted anew in each window of burst/rate seconds",
			Cause: "fixed window", Detectable: true,
			build: scoped(func(l profiles.Limit, _ uint64) decider {
				return &fixedWindow{burst: l.Burst, length: window(l)}
			})},
		{Name: "sliding-log", Doc: "the burst is granted in any burst/rate seconds, and a token comes back only when " +
			"its call leaves the log", Cause: "sliding window", Detectable: true,
			build: scoped(func(l profiles.Limit, _ uint64) decider {
				return &slidingLog{burst: l.Burst, length: window(l)}
			})},
		{Name: "concurrency-cap", Doc: "the burst limits calls at the same time, each of which takes 50 ms, and no " +
			"rate is kept", Cause: "concurrency|stops refusing|rate is too high", Detectable: true,
			build: scoped(func(l profiles.Limit, _ uint64) decider {
				return &slidingLog{burst: l.Burst, length: held}
			})},
		{Name: "burst-once", Doc: "the burst is granted once; afterwards the bucket holds one token",
			Cause: "burst is too small", Detectable: true,
			Note:  "no fault where the promised burst is 1",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &burstOnce{promised(l)} })},
		{Name: "lockout", Doc: "a refusal bars everything for a second", Cause: "bars|refusals cost|no token bucket",
			Detectable: true,
			build:      scoped(func(l profiles.Limit, _ uint64) decider { return &lockout{bucket: promised(l)} })},
	}
}

// fixedWindow counts admissions in windows one after the other.
type fixedWindow struct {
	burst  int
	length time.Duration

	window time.Duration // how many have ended
	used   int
}

func (f *fixedWindow) decide(r Request) Answer {
	if n := r.At / f.length; n != f.window {
		f.window, f.used = n, 0
	}
	if f.used >= f.burst {
		return refused(f.length - r.At%f.length)
	}
	f.used++
	return Answer{Charged: true, Remaining: f.burst - f.used}
}

// slidingLog counts the admissions of the latest while.
type slidingLog struct {
	burst  int
	length time.Duration
	log    []time.Duration // instants of admissions, in order
}

func (f *slidingLog) decide(r Request) Answer {
	for len(f.log) > 0 && f.log[0]+f.length <= r.At {
		f.log = f.log[1:]
	}
	if len(f.log) >= f.burst {
		return refused(f.log[0] + f.length - r.At)
	}
	f.log = append(f.log, r.At)
	return Answer{Charged: true, Remaining: f.burst - len(f.log)}
}

// burstOnce shrinks the bucket to one token once it has been drained.
type burstOnce struct{ bucket *bucket }

func (f *burstOnce) decide(r Request) Answer {
	a := f.bucket.decide(r)
	if a.Limited {
		f.bucket.burst = 1
	}
	return a
}

// lockout refuses everything for a while after each refusal by the bucket.
type lockout struct {
	bucket *bucket
	until  time.Duration
}

func (f *lockout) decide(r Request) Answer {
	if r.At < f.until {
		return refused(f.until - r.At)
	}
	a := f.bucket.decide(r)
	if a.Limited {
		f.until = r.At + lockedOut
		a.RetryAfter = lockedOut
	}
	return a
}
