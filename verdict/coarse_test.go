package verdict

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

// A limiter's clock may move in steps that nobody told us of: a timer of Windows, a coarse clock
// of Linux. Whoever keeps its limit by such a one isn't failed, by a bucket or by laws, in a run
// or in a log; by the clock that is taken for granted many would be.
func TestNobodyIsFailedForACoarseClock(t *testing.T) {
	wouldFail, explained := 0, 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 77))
		c := Clocks{Drift: DefaultDrift, Tick: []time.Duration{4, 10, 15, 16}[r.IntN(4)] * time.Millisecond}
		rate, burst := []float64{5, 12, 40, 200, 1000}[r.IntN(5)]*(0.5+r.Float64()), 1+r.IntN(50)
		calls := wandering(r, c, rate, burst, 20+r.IntN(120))
		limit := testLimit(rate, burst)
		question := Question{Checks: []Check{overAdmission, overRejection, Measure}}
		fails := func(cfg Config) bool {
			found := NewCourt(promise.Terms{Limit: limit}, calls, cfg).Judge(question)
			return slices.ContainsFunc(found, func(f Finding) bool { return f.Verdict == Fail })
		}
		require.False(t, fails(Config{}), "seed %d: %+v", seed, c)
		require.False(t, fails(Config{Clocks: &Clocks{Drift: DefaultDrift, Tick: CoarseTick}}), "seed %d", seed)
		tick, ok := Gather(limit, calls).Coarse(limit, DefaultTolerance)
		require.Equal(t, Gather(limit, calls).Check(limit, DefaultTolerance).Verdict == Fail, ok, "seed %d", seed)
		if ok {
			explained++
			require.Equal(t, CoarseTick, tick)
		}
		if fails(Config{Steady: true}) {
			wouldFail++
		}
	}
	require.Greater(t, wouldFail, 80)
	require.Greater(t, explained, 80)
}

func TestNoLawIsFailedForACoarseClock(t *testing.T) {
	wouldFail := 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 78))
		window := []time.Duration{100, 500, 2000}[r.IntN(3)] * time.Millisecond
		law := promise.Law{Kind: promise.Window, N: 1 + r.IntN(10), Every: window, Style: promise.Sliding}
		clock := newWanderer(r, DefaultDrift, []time.Duration{4, 10, 15, 16}[r.IntN(4)]*time.Millisecond, time.Second)
		var taken []time.Duration
		calls := decide(randomPlan(r, 100, float64(law.N)/window.Seconds()), func(at time.Duration) bool {
			now := clock.at(at)
			taken = slices.DeleteFunc(taken, func(t time.Duration) bool { return t <= now-window })
			if len(taken) == law.N {
				return false
			}
			taken = append(taken, now)
			return true
		})
		laws := &Laws{Said: promise.Promise{law}, Held: promise.Promise{law}}
		fails := func(cfg Config) bool {
			cfg.Laws = laws
			found := NewCourt(promise.Terms{}, calls, cfg).Judge(Question{Checks: laws.Checks()})
			return slices.ContainsFunc(found, func(f Finding) bool { return f.Verdict == Fail })
		}
		require.False(t, fails(Config{}), "seed %d: %s", seed, law)
		if fails(Config{Steady: true}) {
			wouldFail++
		}
	}
	require.Greater(t, wouldFail, 50)
}

// What no usual clock explains is failed as before, whether or not a finer proof of it would be
// excused; and where it is said how the clock moves, that counts.
func TestACoarseClockExcusesNoMore(t *testing.T) {
	limit := testLimit(12, 16)
	judged := func(burst int, cfg Config) []Finding {
		r := rand.New(rand.NewPCG(5, 79))
		calls := pressed(r, 12, 16, newLevel(12, burst).take)
		return NewCourt(promise.Terms{Limit: limit}, calls, cfg).Judge(Question{Checks: []Check{overAdmission,
			overRejection}})
	}
	for burst, check := range map[int]int{15: 1, 17: 0} {
		require.Equal(t, Fail, judged(burst, Config{})[check].Verdict, "a burst of %d", burst)
	}
	tight := Config{Clocks: &Clocks{Drift: DefaultDrift, Tick: 90 * time.Millisecond}}
	require.NotEqual(t, Fail, judged(17, tight)[0].Verdict, "90 ms are a token")

	// At 10/s burst 1, 90 ms after another: a coarse clock's step early.
	early := decide([]decision{{}, {sent: 90e6, decided: 90e6, received: 90e6}}, func(time.Duration) bool { return true })
	half := func(cfg Config) Finding {
		return NewCourt(promise.Terms{Limit: testLimit(10, 1)}, early, cfg).Judge(Question{
			Checks: []Check{overAdmission}})[0]
	}
	f := half(Config{})
	require.Equal(t, Inconclusive, f.Verdict)
	require.Contains(t, f.Saw, "a limiter's clock that moves in steps of 16ms would explain it")
	require.Contains(t, f.Next, "--clock-tick 16ms")
	require.Nil(t, f.Witness)
	for _, cfg := range []Config{{Steady: true}, {Clocks: &Clocks{}}} {
		require.Equal(t, Fail, half(cfg).Verdict, "%+v", cfg)
	}
	calls := pressed(rand.New(rand.NewPCG(5, 79)), 12, 16, newLevel(12, 17).take)
	require.False(t, NewCourt(promise.Terms{Limit: limit}, calls, Config{}).ByCoarseClock())
	require.True(t, NewCourt(promise.Terms{Limit: testLimit(10, 1)}, early, Config{}).ByCoarseClock())
	require.Equal(t, Pass, half(Config{Clocks: &Clocks{Tick: CoarseTick}}).Verdict)
}
