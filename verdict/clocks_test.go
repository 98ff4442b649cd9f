package verdict

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// anyClocks draws clocks that agree, or don't.
func anyClocks(r *rand.Rand) Clocks {
	if r.IntN(3) == 0 {
		return Clocks{}
	}
	c := Clocks{Drift: []float64{0, DefaultDrift, 0.003, 0.05}[r.IntN(4)]}
	c.Tick = []time.Duration{0, time.Millisecond, 20 * time.Millisecond, time.Second}[r.IntN(4)]
	c.Error = []time.Duration{0, 2 * time.Millisecond, 300 * time.Millisecond}[r.IntN(3)]
	return c
}

// widen returns calls as the formulas know them where the clocks disagree: each
// was decided within a wider interval, and a token is missed a tick longer.
func (c Clocks) widen(calls []history.Call) []history.Call {
	wide := make([]history.Call, len(calls))
	for i, call := range calls {
		call.Sent -= c.Error
		call.Received += c.Error
		if call.Outcome != history.Limited {
			call.Received += time.Duration(c.lag())
		}
		wide[i] = call
	}
	return wide
}

// A wanderer is the clock of a limiter: it runs at another pace than ours, which
// varies within a bound, and is read in steps.
type wanderer struct {
	r       *rand.Rand
	drift   float64
	tick    time.Duration
	varies  bool
	from    time.Duration // ours
	reads   float64       // theirs then, in nanoseconds
	pace    float64
	changes time.Duration // ours, when the pace changes next
	segment time.Duration
}

func newWanderer(r *rand.Rand, drift float64, tick, segment time.Duration) *wanderer {
	w := &wanderer{r: r, drift: drift, tick: tick, varies: r.IntN(2) == 0, segment: segment}
	w.reads = r.Float64() * 1e9
	w.turn()
	return w
}

// turn draws a new pace: often one of the extremes, which are the worst.
func (w *wanderer) turn() {
	w.pace = []float64{1 + w.drift, 1 - w.drift, 1 + w.drift*(2*w.r.Float64()-1)}[w.r.IntN(3)]
	w.changes = 1 << 62
	if w.varies {
		w.changes = w.from + 1 + time.Duration(w.r.ExpFloat64()*float64(w.segment))
	}
}

// at returns what the clock shows at an instant of ours; it never goes back.
func (w *wanderer) at(t time.Duration) time.Duration {
	for t > w.changes {
		w.reads += w.pace * float64(w.changes-w.from)
		w.from = w.changes
		w.turn()
	}
	shows := time.Duration(w.reads + w.pace*float64(t-w.from))
	if w.tick > 0 {
		shows -= shows % w.tick
	}
	return shows
}

// wandering is an honest history by a limiter whose clock isn't ours, with
// stamps that are off by as much as is allowed.
func wandering(r *rand.Rand, c Clocks, rate float64, burst, n int) []history.Call {
	ds := randomPlan(r, n, rate)
	bucket := newLevel(rate, burst)
	clock := newWanderer(r, c.Drift, c.Tick, time.Duration(float64(n)/rate/5*1e9))
	bucket.last = clock.at(0)
	calls := decide(ds, func(at time.Duration) bool { return bucket.take(clock.at(at)) })
	if c.Error > 0 { // two recorders, as far apart as they may be
		for i := range calls {
			off := time.Duration(r.Int64N(int64(2*c.Error)+1)) - c.Error
			calls[i].Sent += off + c.Error // no instant may be negative
			calls[i].Received += off + c.Error
		}
	}
	return calls
}

// Soundness under clocks: whatever the drift is, constant or not, and whatever
// the tick and the errors of the stamps are, within what is said of them, no
// honest history is flagged and the box holds the truth. And without that being
// said many of them would be: so the clocks of this test did matter.
func TestHonestHistoriesUnderWanderingClocksAreNeverFlagged(t *testing.T) {
	const histories = 12000
	boxes, wouldFail := 0, map[string]int{}
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 31))
		c := [...]Clocks{
			{Drift: DefaultDrift, Tick: DefaultTick}, {Drift: 0.01}, {Drift: 0.05, Tick: 5 * time.Millisecond},
			{Tick: time.Second}, {Error: 150 * time.Millisecond}, {Drift: 0.002, Tick: time.Millisecond,
				Error: 2 * time.Millisecond},
		}[seed%6]
		rate, burst := []float64{0.5, 3, 12, 40, 200, 1000}[r.IntN(6)]*(0.5+r.Float64()), 1+r.IntN(50)
		calls := wandering(r, c, rate, burst, 20+r.IntN(120))
		ev := Gather(testLimit(rate, burst), calls).Under(c)
		require.LessOrEqual(t, ev.BurstMin(rate), float64(burst)+1e-6, "over-admission under %+v, seed %d", c, seed)
		require.Greater(t, ev.BurstMax(rate), float64(burst)-1e-6, "over-rejection under %+v, seed %d", c, seed)
		if seed%4 < 2 && ev.granted > 0 {
			boxes++
			m, ok := ev.MeasureAround(rate, 0)
			require.True(t, ok, "an honest bucket has a box, seed %d", seed)
			require.True(t, m.holds(rate, float64(burst)), "%s lost %g/s, %d under %+v, seed %d", m, rate, burst, c,
				seed)
		}
		if j := ev.Under(Clocks{}).Check(testLimit(rate, burst), 1e-6); j.Verdict == Fail {
			switch {
			case c.Error > 0:
				wouldFail["error"]++
			case c.Tick > c.lagOfDrift():
				wouldFail["tick"]++
			default:
				wouldFail["drift"]++
			}
		}
	}
	require.Greater(t, boxes, 3000)
	for _, of := range []string{"drift", "tick", "error"} {
		require.Greater(t, wouldFail[of], 100, "%s hardly mattered: %v", of, wouldFail)
	}
}

// lagOfDrift tells the clocks of the test whose tick outweighs their drift.
func (c Clocks) lagOfDrift() time.Duration { return time.Duration(c.Drift * 1e11) }

// The bounds are reached: a clock that runs as fast or as slow as it may uses up
// what the drift allows, so that anything narrower would fail an honest server.
func TestTheDriftIsNoMoreThanAClockCanUse(t *testing.T) {
	const rate, burst, drift = 10.0, 5, 0.01
	history := func(pace float64) []history.Call {
		bucket := newLevel(rate, burst)
		var ds []decision
		for i := range 4000 {
			at := time.Duration(i) * 73 * time.Millisecond
			ds = append(ds, decision{sent: at, decided: at, received: at})
		}
		return decide(ds, func(at time.Duration) bool { return bucket.take(time.Duration(float64(at) * pace)) })
	}
	over := func(pace, said float64) Judgement {
		return Gather(testLimit(rate, burst), history(pace)).Under(Clocks{Drift: said}).Check(testLimit(rate, burst),
			DefaultTolerance)
	}
	require.Equal(t, Pass, over(1+drift, drift).Verdict)
	require.True(t, over(1+drift, drift*0.98).OverAdmission.Violated)
	require.Equal(t, Pass, over(1-drift, drift).Verdict)
	require.True(t, over(1-drift, drift*0.98).OverRejection.Violated)
}

// The tick costs what it must and no more: a bucket that is certainly full may
// not refuse because of it, and one that ticks may admit a tick's tokens more.
func TestTheTickIsNoMoreThanAClockCanUse(t *testing.T) {
	at := func(ms float64, o history.Outcome) history.Call {
		c := history.Call{Sent: time.Duration(ms * 1e6), Received: time.Duration(ms * 1e6), Outcome: o}
		c.Method = "tools/call"
		return c
	}
	tick := Clocks{Tick: 100 * time.Millisecond}
	check := func(calls ...history.Call) Judgement {
		return Gather(testLimit(100, 2), calls).Under(tick).Check(testLimit(100, 2), 0)
	}
	require.True(t, check(at(0, history.Limited)).OverRejection.Violated, "a full bucket refused")
	require.True(t, check(at(0, history.OK), at(111, history.Limited)).OverRejection.Violated,
		"it was full again for a tick")
	require.False(t, check(at(0, history.OK), at(0, history.OK), at(90, history.Limited)).OverRejection.Violated)
	many := make([]history.Call, 12)
	for i := range many {
		many[i] = at(0, history.OK)
	}
	require.False(t, check(many...).OverAdmission.Violated, "2 and a tick's 10")
	require.True(t, check(append(many, at(0, history.OK))...).OverAdmission.Violated)
}

// What the tick alone keeps apart isn't held against a run, or no limit of 1000/s
// could ever be passed; what traffic could have told is.
func TestATickIsNotHeldAgainstARun(t *testing.T) {
	const rate, burst = 1000.0, 20
	judge := func(gap time.Duration, tick time.Duration) Verdict {
		bucket := newLevel(rate, burst)
		var ds []decision
		for i := range 400 {
			at := time.Duration(i) * 700 * time.Microsecond
			ds = append(ds, decision{sent: at, decided: at + gap/2, received: at + gap})
		}
		court := NewCourt(promise.Terms{Limit: testLimit(rate, burst)}, decide(ds, bucket.take),
			Config{Clocks: &Clocks{Tick: tick}})
		return Pressure.Judge(court.Trial("")).Verdict
	}
	require.Equal(t, Pass, judge(0, 0))
	require.Equal(t, Pass, judge(0, DefaultTick))
	require.Equal(t, Inconclusive, judge(20*time.Millisecond, DefaultTick))
}

func TestParseDrift(t *testing.T) {
	for text, want := range map[string]float64{
		"200ppm": 200e-6, "0": 0, "0ppm": 0, "0.02%": 200e-6, "500 PPM": 500e-6, "10%": 0.1, "1e3ppm": 1e-3,
	} {
		got, err := ParseDrift(text)
		require.NoError(t, err, text)
		require.InDelta(t, want, got, 1e-12, text)
	}
	for _, text := range []string{"", "200", "ppm", "-1ppm", "11%", "NaN ppm", "inf%", "fast", "0x1ppmm", "200ppm%"} {
		_, err := ParseDrift(text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "strconv")
	}
}

func TestClocksInWords(t *testing.T) {
	require.Equal(t, "200 ppm", DefaultClocks().String())
	require.Equal(t, "no drift, a limiter's tick of 1s, and each instant within 2ms", Clocks{Tick: time.Second,
		Error: 2 * time.Millisecond}.String())
	require.Empty(t, DefaultClocks().Fault())
	for _, c := range []Clocks{{Drift: -1}, {Drift: 0.2}, {Tick: -1}, {Error: -1}, {Error: 48 * time.Hour}} {
		require.NotEmpty(t, c.Fault())
		require.Panics(t, func() { NewEvidence(testLimit(1, 1)).Under(c) })
	}
}

// What a limiter's tick alone keeps apart isn't asked of a run that is to pin a burst: at
// 200/s a millisecond either way is 0.4 tokens.
func TestATickPinsNoBurst(t *testing.T) {
	bucket := newLevel(200, 50)
	var calls []history.Call
	for i := range 4000 {
		at := time.Duration(max(0, i-60)) * 3850 * time.Microsecond // 60 at once first
		c := history.Call{Arrival: history.Arrival{Due: at, Client: "c1", Method: "ping", Label: "x"}, Sent: at,
			Received: at, Outcome: history.Limited}
		if bucket.take(at) {
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	pinned := func(tick time.Duration, burst float64) bool {
		court := NewCourt(promise.Terms{Limit: testLimit(200, 50)}, calls, Config{Clocks: &Clocks{Tick: tick}})
		return court.Trial("x").Pinned(0.05, burst)
	}
	require.True(t, pinned(0, 0.2))
	require.False(t, pinned(0, 0.1))
	require.True(t, pinned(time.Millisecond, 0.2))
	require.False(t, pinned(time.Millisecond, 0.1))
}
