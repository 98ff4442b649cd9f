package verdict

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// testLimit is a limit that charges every request.
func testLimit(rate float64, burst int) promise.Limit {
	return promise.Limit{Rate: rate, Burst: burst, Scope: promise.Global, Charges: []string{"*"}}
}

// exactly is the evidence where the clocks agree: what a formula is held to.
func exactly(limit promise.Limit, calls []history.Call) *Evidence {
	return Gather(limit, calls).Under(Clocks{})
}

// A level is the simulated bucket of the tests. It shares no code with the
// limiter that the project ships: plain floating point, refilled at each look.
type level struct {
	rate, burst, tokens float64
	last                time.Duration
}

func newLevel(rate float64, burst int) *level {
	return &level{rate: rate, burst: float64(burst), tokens: float64(burst)}
}

func (l *level) take(at time.Duration) bool {
	l.tokens = min(l.burst, l.tokens+l.rate*(at-l.last).Seconds())
	l.last = at
	if l.tokens < 1-1e-9 {
		return false
	}
	l.tokens--
	return true
}

// A decision is one simulated call before the server has decided it.
type decision struct {
	sent, decided, received time.Duration
	lost                    bool // no reply came
}

// decide runs decisions through a bucket in the order of their hidden
// instants, and returns what a client would have written down.
func decide(ds []decision, take func(at time.Duration) bool) []history.Call {
	sort.SliceStable(ds, func(i, j int) bool { return ds[i].decided < ds[j].decided })
	calls := make([]history.Call, len(ds))
	for i, d := range ds {
		c := history.Call{Sent: d.sent, Received: d.received, Outcome: history.Limited}
		c.Method, c.Due = "tools/call", d.sent
		if take(d.decided) {
			c.Outcome = history.OK
		}
		if d.lost {
			c.Outcome, c.Received = history.TimedOut, d.sent+time.Second
		}
		calls[i] = c
	}
	return calls
}

// randomPlan draws a schedule with bursts, idle gaps, steady stretches and
// delays that range from nothing to seconds.
func randomPlan(r *rand.Rand, n int, rate float64) []decision {
	scale := math.Pow(10, r.Float64()*5-4.5) // typical delay, 30 us to 3 s
	if r.IntN(5) == 0 {
		scale = 0
	}
	delay := func() time.Duration {
		d := r.ExpFloat64() * scale
		if r.IntN(20) == 0 {
			d *= 20
		}
		return time.Duration(d * 1e9)
	}
	lossy := r.IntN(3) == 0
	var now time.Duration
	ds := make([]decision, 0, n)
	for len(ds) < n {
		gap, size := 0.0, 1
		switch r.IntN(6) {
		case 0:
			gap = r.Float64() * 30 / rate
		case 1:
			size = 1 + r.IntN(12)
		default:
			gap = r.ExpFloat64() / rate / 1.3
		}
		now += time.Duration(gap * 1e9)
		for range size {
			decided := now + delay()
			ds = append(ds, decision{sent: now, decided: decided, received: decided + delay(), lost: lossy &&
				r.IntN(25) == 0})
		}
	}
	return ds
}
