package mock

import (
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// unseen is how long a charge takes to be visible to other requests under
// racy.
const unseen = 5 * time.Millisecond

// chargeFaults are right buckets from which the wrong requests take tokens.
func chargeFaults() []Fault {
	made := func(f func(l profiles.Limit) decider) builder {
		return scoped(func(l profiles.Limit, _ uint64) decider { return f(l) })
	}
	return []Fault{
		{Name: "refusals-cost", Doc: "a refused call takes a token too, so that the bucket goes into debt",
			Cause: "refused calls cost|refusals cost", Detectable: true,
			build: made(func(l profiles.Limit) decider { return &costly{promised(l)} })},
		{Name: "double-charge", Doc: "an admitted call takes two tokens, as of two middlewares", Cause: "rate is too " +
			"low|burst is too small", Detectable: true,
			build: made(func(l profiles.Limit) decider { return full(l.Rate/2, float64(l.Burst)/2) })},
		{Name: "racy", Doc: "check, then act: a token that is taken is missed by calls within the next 5 ms",
			Cause: "race|at the same time|no token bucket", Detectable: true,
			build: made(func(l profiles.Limit) decider { return &racy{bucket: promised(l)} })},
		{Name: "never-for-tools", Doc: "tools/call is never refused nor charged", Cause: "no limiter", Detectable: true,
			build: made(func(l profiles.Limit) decider {
				return &selective{promised(l), func(r Request) bool { return r.Method != methodCall }}
			})},
		{Name: "only-success-counted", Doc: "only tool calls that succeed are charged; anything else is never refused",
			Cause: "failed calls are free",
			Note:  "the plan's calls succeed, so nothing that it loads with is free",
			build: made(func(l profiles.Limit) decider {
				return &selective{promised(l), func(r Request) bool { return r.Method == methodCall && !r.Fails }}
			})},
	}
}

// costly takes a token for a refusal as well, and owes a whole bucket at most.
type costly struct{ bucket *bucket }

func (f *costly) decide(r Request) Answer {
	a := f.bucket.decide(r)
	if a.Limited {
		f.bucket.level = max(f.bucket.level-1, -f.bucket.burst)
		a.RetryAfter = f.bucket.wait()
	}
	return a
}

// racy reads the level, and writes it a moment later. As with a real race the
// outcome depends on the calls' timing, but here on nothing else.
type racy struct {
	bucket *bucket
	due    []time.Duration // when charges become visible, in order
}

func (f *racy) decide(r Request) Answer {
	b := f.bucket
	for len(f.due) > 0 && f.due[0] <= r.At {
		b.flow(f.due[0])
		b.level = max(0, b.level-1)
		f.due = f.due[1:]
	}
	b.flow(r.At)
	if b.level < 1-slack {
		return refused(b.wait())
	}
	f.due = append(f.due, r.At+unseen)
	return Answer{Charged: true, Remaining: int(b.level + slack)}
}

// selective limits some requests and lets all others through.
type selective struct {
	bucket  *bucket
	limited func(Request) bool
}

func (f *selective) decide(r Request) Answer {
	if !f.limited(r) {
		return Answer{}
	}
	return f.bucket.decide(r)
}
