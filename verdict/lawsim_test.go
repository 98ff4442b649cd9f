package verdict

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Answer is what a server that keeps laws answers to a plan, with random delays: for
// tests of plans, which stand outside.
func Answer(r *rand.Rand, kept promise.Promise, plan []history.Arrival, delay float64) []history.Call {
	s := newSimServer(r, kept)
	type decided struct {
		at time.Duration
		i  int
	}
	calls, order := make([]history.Call, len(plan)), make([]decided, len(plan))
	wait := func() time.Duration { return time.Duration(delay * r.ExpFloat64() * 1e9) }
	for i, a := range plan {
		calls[i] = history.Call{Arrival: a, Sent: a.Due}
		order[i] = decided{a.Due + wait(), i}
		calls[i].Received = order[i].at + wait()
	}
	slices.SortStableFunc(order, func(a, b decided) int { return compare(int64(a.at), int64(b.at)) })
	for _, d := range order {
		calls[d.i].Outcome = history.Limited
		if s.admit(d.at, &calls[d.i]) {
			calls[d.i].Outcome = history.OK
		}
	}
	return calls
}

// These are for tests that stand outside.
var (
	Read      = read
	Freely    = freely
	RandomLaw = randomLaw
)

// RandomBucket is what a bucket answers to a random plan.
func RandomBucket(r *rand.Rand, n int, rate float64, burst int) []history.Call {
	return decide(randomPlan(r, n, rate), newLevel(rate, burst).take)
}

// RandomTraffic is what a server that keeps laws answers to random traffic, with an unsteady
// clock and lost replies.
func RandomTraffic(r *rand.Rand, kept promise.Promise) []history.Call {
	s := newSimServer(r, kept)
	s.loses, s.pace = r.IntN(2) == 0, 1+0.019*(2*r.Float64()-1)
	return s.traffic(20+r.IntN(150), []float64{0, 0.0005, 0.005, 0.05, 1}[r.IntN(5)], []string{"a", "b"})
}
