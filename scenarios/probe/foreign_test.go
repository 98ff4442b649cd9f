package probe_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// takenBy probes what lets calls through.
func takenBy(t *testing.T, take func(at time.Duration) bool, seed uint64, b probe.Budget,
	mean time.Duration) probe.Report {
	t.Helper()
	s := newServer(t, limit(12, 16), "", "")
	delay := virtual.Exp(mean)
	s.take, s.target.There, s.target.Back, s.target.Rand = take, delay, delay, rand.New(rand.NewPCG(seed, 7))
	r, err := probe.Probe(t.Context(), s, probe.Config{Load: load, Client: "c1", Seed: seed, Budget: b})
	require.NoError(t, err)
	return r
}

// counted is a window that opens with a key's first call: Redis' INCR and EXPIRE,
// express-rate-limit, limits.
func counted(n int, length time.Duration) func(at time.Duration) bool {
	until, used := time.Duration(-1), 0
	return func(at time.Duration) bool {
		if at >= until {
			until, used = at+length, 0
		}
		used++
		return used <= n
	}
}

// all asks limits one after the other, until one refuses.
func all(limits ...func(at time.Duration) bool) func(at time.Duration) bool {
	return func(at time.Duration) bool {
		for _, l := range limits {
			if !l(at) {
				return false
			}
		}
		return true
	}
}

// What delays calls and refuses none isn't called no limit without a word of that.
func TestALimitThatDelaysIsNoted(t *testing.T) {
	for name, gap := range map[string]time.Duration{"20/s": 50 * time.Millisecond, "5/s": 200 * time.Millisecond,
		"none": 0} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, limit(12, 16), "", "")
			var now, free time.Duration
			s.take = func(at time.Duration) bool { now, free = at, max(free+gap, at); return true }
			s.target.Back = func(*rand.Rand) time.Duration { return free - now + time.Millisecond }
			r, err := probe.Probe(t.Context(), s, probe.Config{Load: load, Client: "c1"})
			require.NoError(t, err)
			show(t, r)
			notes := fmt.Sprint(r.Notes)
			if gap == 0 {
				require.NotContains(t, notes, "one after the other")
				return
			}
			require.Contains(t, notes, "answered one after the other over")
			require.Contains(t, notes, "about "+name)
		})
	}
}

// prolonged is a window that every call begins anew, the refused ones too.
func prolonged(n int, length time.Duration) func(at time.Duration) bool {
	until, used := time.Duration(-1), 0
	return func(at time.Duration) bool {
		if at >= until {
			used = 0
		}
		until = at + length
		used++
		return used <= n
	}
}

// Where refusals prolong a window, nobody says that they cost nothing, nor that it is of
// another length: so many looks at it make it look longer.
func TestAWindowThatRefusalsProlongIsNoOther(t *testing.T) {
	for seed := uint64(1); seed <= 4; seed++ {
		for _, b := range []probe.Budget{{}, {Calls: 1200, Time: 20 * time.Minute}} {
			t.Run(fmt.Sprint(seed, b.Calls), func(t *testing.T) {
				r := takenBy(t, prolonged(20, 5*time.Second), seed, b, time.Millisecond)
				show(t, r)
				require.NotContains(t, []probe.Result{probe.Measured, probe.OtherModel}, r.Result)
				require.Empty(t, r.Laws)
				cost := r.Costs[slices.IndexFunc(r.Costs, func(c probe.Cost) bool { return c.Kind == "a refused call" })]
				require.Empty(t, cost.Tokens, cost.Evidence)
			})
		}
	}
}

// logged lets through so many calls in any stretch of a length.
func logged(n int, length time.Duration) func(at time.Duration) bool {
	var log []time.Duration
	return func(at time.Duration) bool {
		for len(log) > 0 && at-log[0] >= length {
			log = log[1:]
		}
		if len(log) >= n {
			return false
		}
		log = append(log, at)
		return true
	}
}

// A window that opens with its first call is never called a sliding one, nor the
// other way round: neither is named alone unless it is what is at work.
func TestAWindowThatOpensWithItsFirstCallIsNoSlidingOne(t *testing.T) {
	named := 0
	for _, w := range []struct {
		n      int
		length time.Duration
	}{{30, 10 * time.Second}, {20, 2 * time.Second}, {10, 5 * time.Second}, {5, time.Second}} {
		for name, made := range map[string]func(int,
			time.Duration) func(time.Duration) bool{verdict.OpenedWindow: counted, verdict.SlidingWindow: logged} {
			for seed := uint64(1); seed <= 3; seed++ {
				t.Run(fmt.Sprint(name, w.n, w.length, seed), func(t *testing.T) {
					r := takenBy(t, made(w.n, w.length), seed, probe.Budget{}, time.Millisecond)
					show(t, r)
					require.NotEqual(t, probe.Measured, r.Result)
					if len(r.Models) > 0 {
						require.Contains(t, names(r), name)
					}
					if r.Result == probe.OtherModel {
						named++
						require.Equal(t, []string{name}, names(r))
						require.LessOrEqual(t, r.Models[0].Number.Lo, float64(w.n))
						require.GreaterOrEqual(t, r.Models[0].Number.Hi, float64(w.n))
						require.Equal(t, w.length, r.Models[0].Window)
					}
				})
			}
		}
	}
	t.Logf("%d of 24 were named", named)
	require.GreaterOrEqual(t, named, 18)
}

// A pause that grows with the calls is no bucket, however well one fits it for a
// while.
func TestABackOffIsNoBucket(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		count, last := 3, -time.Hour
		r := takenBy(t, func(at time.Duration) bool {
			gap := time.Duration(0)
			switch {
			case at-last > time.Minute:
				count = 0
			case count >= 20:
				gap = 6 * time.Second
			case count >= 12:
				gap = 3 * time.Second
			}
			if at-last < gap {
				return false
			}
			count, last = count+1, at
			return true
		}, seed, probe.Budget{}, time.Millisecond)
		show(t, r)
		require.NotEqual(t, probe.Measured, r.Result)
		require.False(t, slices.ContainsFunc(r.Models, func(m verdict.Model) bool { return m.Box != nil }) &&
			len(r.Models) == 1, "a bucket is named")
	}
}

// ticking is a bucket whose clock counts whole milliseconds.
func ticking(rate float64, burst int) func(at time.Duration) bool {
	level, last := float64(burst), time.Duration(0)
	return func(at time.Duration) bool {
		at = at.Truncate(time.Millisecond)
		level = min(float64(burst), level+rate*(at-last).Seconds())
		if last = at; level < 1 {
			return false
		}
		level--
		return true
	}
}

// A bucket that counts milliseconds is a bucket at any rate: it is given its tick
// before it is called anything else, and the box holds the truth.
func TestABucketThatTicksIsABucket(t *testing.T) {
	for seed := range uint64(4) {
		for _, rate := range []float64{20, 120, 400} {
			r := takenBy(t, ticking(rate, 30), seed, probe.Budget{Calls: 3000}, 100*time.Microsecond)
			require.NotNil(t, r.Box, "seed %d: %g/s: %v", seed, rate, r.Notes)
			assert.LessOrEqual(t, r.Box.Rate.Lo, rate)
			assert.GreaterOrEqual(t, r.Box.Rate.Hi, rate)
			assert.LessOrEqual(t, r.Box.Burst.Lo, 30.0)
			assert.GreaterOrEqual(t, r.Box.Burst.Hi, 30.0)
			assert.Contains(t, names(r), verdict.TokenBucket, "seed %d: %g/s", seed, rate)
		}
	}
}
