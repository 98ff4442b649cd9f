package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// plainBurstMin and plainBurstMax are the formulas of the mathematics, word by
// word and in quadratic (cubic) time.
func plainBurstMin(rate float64, calls []history.Call) float64 {
	best, any := math.Inf(-1), false
	for _, first := range calls {
		for _, last := range calls {
			if first.Outcome != history.OK || last.Outcome != history.OK || last.Received < first.Sent {
				continue
			}
			count := 0
			for _, c := range calls {
				if c.Outcome == history.OK && c.Sent >= first.Sent && c.Received <= last.Received {
					count++
				}
			}
			if count > 0 {
				best, any = max(best, float64(count)-rate*(last.Received-first.Sent).Seconds()), true
			}
		}
	}
	if !any {
		return 0
	}
	return best
}

func plainBurstMax(rate float64, calls []history.Call) float64 {
	const forever = time.Duration(math.MaxInt64)
	end := func(c history.Call) time.Duration {
		if c.Outcome == history.OK {
			return c.Received
		}
		return forever
	}
	counts := func(c history.Call) bool { return c.Outcome != history.Limited && c.Outcome != history.Unsent }
	bound := math.Inf(1)
	for _, j := range calls {
		if j.Outcome != history.Limited {
			continue
		}
		instants := []time.Duration{j.Sent, j.Received}
		for _, c := range calls {
			if counts(c) && c.Sent > j.Sent && c.Sent <= j.Received {
				instants = append(instants, c.Sent)
			}
		}
		excuse := 0.0
		for _, t := range instants {
			begins := []time.Duration{t}
			for _, c := range calls {
				if counts(c) {
					begins = append(begins, min(end(c), t))
				}
			}
			for _, u := range begins {
				m := 0
				for _, c := range calls {
					if counts(c) && c.Sent <= t && end(c) >= u {
						m++
					}
				}
				excuse = max(excuse, float64(m)-rate*(t-u).Seconds())
			}
		}
		bound = min(bound, 1+excuse)
	}
	return bound
}

func TestSweepsAgreeWithThePlainFormulas(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		rate, burst := 1+r.Float64()*40, 1+r.IntN(12)
		bucket := newLevel(rate, burst)
		calls := decide(randomPlan(r, 5+r.IntN(25), rate), func(at time.Duration) bool {
			return bucket.take(at) != (r.IntN(10) == 0) // now and then a wrong answer
		})
		r.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		c := anyClocks(r)
		ev, wide := Gather(testLimit(rate, burst), calls).Under(c), c.widen(calls)
		for _, asked := range []float64{rate, rate / 3, rate * 2} {
			require.InDelta(t, plainBurstMin(asked*(1+c.Drift), wide), ev.BurstMin(asked), 1e-6, "b_min, seed %d", seed)
			want := plainBurstMax(asked*(1-c.Drift), wide)
			if math.IsInf(want, 1) {
				require.True(t, math.IsInf(ev.BurstMax(asked), 1), "b_max, seed %d", seed)
				continue
			}
			require.InDelta(t, want, ev.BurstMax(asked), 1e-6, "b_max, seed %d", seed)
		}
	}
}

// Soundness: an honest bucket is never flagged, whatever the delays, and the
// certified box always holds the bucket that was there.
func TestHonestHistoriesAreNeverFlagged(t *testing.T) {
	const histories = 12000
	limited, boxes, single := 0, 0, 0
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 2))
		rate, burst := math.Pow(10, r.Float64()*3-1), 1+r.IntN(50)
		calls := decide(randomPlan(r, 20+r.IntN(120), rate), newLevel(rate, burst).take)
		ev := Gather(testLimit(rate, burst), calls)
		require.LessOrEqual(t, ev.BurstMin(rate), float64(burst)+1e-6, "over-admission, seed %d", seed)
		require.Greater(t, ev.BurstMax(rate), float64(burst)-1e-6, "over-rejection, seed %d", seed)
		if ev.Limited() > 0 {
			limited++
		}
		if seed%4 == 0 && ev.granted > 0 {
			boxes++
			m, ok := ev.Measure(0)
			require.True(t, ok, "an honest bucket has a box, seed %d", seed)
			require.True(t, m.holds(rate, float64(burst)) || m.Or != nil && m.Or.holds(rate, float64(burst)),
				"%s lost %g/s, %d, seed %d", m, rate, burst, seed)
			if m.Or == nil {
				single++
			}
		}
	}
	require.Greater(t, limited, histories/3, "too few histories held a refusal for this to mean anything")
	require.Greater(t, boxes, 1000)
	require.Greater(t, single, boxes/2)
}

// holds reports if a bucket lies in a box.
func (m Measured) holds(rate, burst float64) bool {
	return m.Rate.Lo <= rate*(1+1e-6) && rate*(1-1e-6) <= m.Rate.Hi &&
		m.Burst.Lo <= burst+1e-5 && burst-1e-5 <= m.Burst.Hi
}

// Exactness: with no delay and distinct instants, both checks together flag
// exactly the histories that a bucket would not have produced.
func TestExactAtZeroDelay(t *testing.T) {
	flagged := 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		rate, burst := 1+r.Float64()*20, 1+r.IntN(10)
		lie := r.IntN(60)
		var now time.Duration
		bucket := newLevel(rate, burst)
		var calls []history.Call
		honest := true
		for i := range 60 {
			now += time.Duration(1 + r.ExpFloat64()/rate*1e9)
			answer := bucket.take(now)
			tokens := bucket.tokens
			if i == lie && r.IntN(2) == 0 {
				// A wrong answer, unless it is too near the edge for floating point.
				if answer && tokens > 1e-3 || !answer && tokens < 1-1e-3 {
					answer, honest = !answer, false
				}
			}
			c := history.Call{Sent: now, Received: now, Outcome: history.Limited}
			if answer {
				c.Outcome = history.OK
			}
			c.Method = "tools/call"
			calls = append(calls, c)
			if !honest {
				break // what follows a wrong answer depends on what the server did with its tokens
			}
		}
		ev := exactly(testLimit(rate, burst), calls)
		violated := ev.BurstMin(rate) > float64(burst)+1e-6 || ev.BurstMax(rate) <= float64(burst)-1e-6
		require.Equal(t, !honest, violated, "seed %d", seed)
		if violated {
			flagged++
		}
	}
	require.Greater(t, flagged, 500)
}
