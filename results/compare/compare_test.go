package compare

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aclements/go-moremath/mathx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A plan is how a run of the tests comes out.
type plan struct {
	n        int     // calls a scenario
	mean     float64 // of an exponential latency, ms
	seed     uint64
	verdict  verdict.Verdict
	rate     float64 // around which the box lies; 0 is none
	burst    float64
	failed   int
	lonely   bool // without calls
	server   string
	scenario []string
}

func run(p plan) Run {
	rng := rand.New(rand.NewPCG(p.seed, 99))
	if p.server == "" {
		p.server = "acb"
	}
	if p.scenario == nil {
		p.scenario = []string{"burst"}
	}
	s := results.Server{Server: p.server, Target: results.Target{Kind: "mock", Transport: "http"},
		Limit: results.Limit{Rate: 15, Burst: 40}}
	if p.rate > 0 {
		s.Measured = &results.Measured{Rate: results.Range{Lo: p.rate - 0.05, Hi: p.rate + 0.05},
			Burst: results.Range{Lo: p.burst - 0.2, Hi: p.burst + 0.2}}
	}
	var all []history.Call
	for _, name := range p.scenario {
		var calls []history.Call
		for i := range p.n {
			c := history.Call{Outcome: history.OK, Received: time.Duration(rng.ExpFloat64() * p.mean * 1e6)}
			if i < p.failed {
				c.Outcome = history.Broken
			}
			c.Label = name
			calls = append(calls, c)
		}
		s.Scenarios = append(s.Scenarios, results.NewScenario(name, calls,
			[]verdict.Finding{{Check: "served", Verdict: p.verdict}}))
		all = append(all, calls...)
	}
	d := &results.Document{Version: "v1", Started: "2026-11-24T02:00:00Z", Seed: p.seed, Servers: []results.Server{s}}
	d.Finish()
	r := Run{Name: fmt.Sprintf("run-%d", p.seed), Document: d, Histories: map[string][]history.Call{p.server: all}}
	if p.lonely {
		r.Histories = nil
	}
	return r
}

func same(seed uint64) plan {
	return plan{n: 800, mean: 10, seed: seed, verdict: verdict.Pass, rate: 15, burst: 40}
}

func with(p plan, change func(*plan)) plan { change(&p); return p }

func demands(t testing.TB, texts ...string) []Demand {
	t.Helper()
	var list []Demand
	for _, text := range texts {
		d, err := ParseDemand(text)
		require.NoError(t, err)
		list = append(list, d)
	}
	return list
}

func TestOutcomes(t *testing.T) {
	base := same(1)
	for _, c := range []struct {
		name   string
		now    plan
		max    []string
		noise  time.Duration
		want   Outcome
		reason string
	}{
		{name: "the same", now: same(2), want: Fine},
		{name: "fails", now: with(same(2), func(p *plan) { p.verdict = verdict.Fail }), want: Regression,
			reason: "acb fails in burst, which was pass"},
		{name: "not told any more", now: with(same(2), func(p *plan) { p.verdict = verdict.Inconclusive }),
			want: Undecided, reason: "inconclusive in burst"},
		{name: "slower", now: with(same(2), func(p *plan) { p.mean = 20 }), want: Regression,
			reason: "p50 of burst went from"},
		{name: "slower, within the noise", now: with(same(2), func(p *plan) { p.mean = 20 }), noise: time.Second,
			want: Fine},
		{name: "faster", now: with(same(2), func(p *plan) { p.mean = 5 }), want: Fine},
		{name: "slower than allowed", now: with(same(2), func(p *plan) { p.mean = 20 }), noise: time.Millisecond,
			max: []string{"p50=+20%"}, want: Regression, reason: "acb: p50=+20% is not kept: changed by +"},
		{name: "as slow as allowed", now: with(same(2), func(p *plan) { p.mean = 20 }), noise: time.Second,
			max: []string{"p50=+300%", "p50=+60ms"}, want: Fine},
		{name: "faster than allowed", now: with(same(2), func(p *plan) { p.mean = 5 }), max: []string{"p50=-10%"},
			want: Regression, reason: "not kept"},
		{name: "neither", now: same(2), max: []string{"p50=+0.1%"}, want: Undecided, reason: "can't be decided"},
		{name: "too few", now: with(same(2), func(p *plan) { p.n = 300 }), max: []string{"p99=+20%"}, want: Undecided,
			reason: "p99 needs 368 admitted calls a side, and there are 800 and 300"},
		{name: "no calls", now: with(same(2), func(p *plan) { p.lonely = true }), max: []string{"p50=+20%"},
			want: Undecided, reason: "not all calls were stored"},
		{name: "a smaller rate", now: with(same(2), func(p *plan) { p.rate = 14 }), max: []string{"rate=-5%"},
			want: Regression, reason: "rate=-5% is not kept"},
		{name: "a smaller rate, allowed", now: with(same(2), func(p *plan) { p.rate = 14.7 }),
			max: []string{"rate=-5%"}, want: Fine},
		{name: "a rate on the edge", now: with(same(2), func(p *plan) { p.rate = 14.25 }), max: []string{"rate=-5%"},
			want: Undecided, reason: "rate=-5% can't be decided"},
		{name: "a greater burst", now: with(same(2), func(p *plan) { p.burst = 42 }), max: []string{"burst=+1"},
			want: Regression, reason: "burst=+1 is not kept: changed by +1.6 to +2.4"},
		{name: "failures", now: with(same(2), func(p *plan) { p.failed = 40 }), max: []string{"failed=+0.5pp"},
			want: Regression, reason: "failed=+0.5pp is not kept"},
		{name: "failures, allowed", now: with(same(2), func(p *plan) { p.failed = 4 }), max: []string{"failed=+5pp"},
			want: Fine},
		{name: "a share of none", now: same(2), max: []string{"failed=+5%"}, want: Undecided, reason: "use pp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Compare([]Run{run(base)}, []Run{run(c.now)},
				Options{Demands: demands(t, c.max...), Noise: c.noise, Seed: 1})
			require.NoError(t, err)
			assert.Equal(t, c.want, r.Outcome, "%v", r.Reasons)
			if c.reason != "" {
				assert.Contains(t, strings.Join(r.Reasons, "\n"), c.reason)
			} else {
				assert.Empty(t, r.Reasons)
			}
		})
	}
}

// What a demand names and nobody measured is an error: it must not pass for kept.
func TestDemandOnNothingIsAnError(t *testing.T) {
	base, bare := run(same(1)), run(with(same(2), func(p *plan) { p.rate, p.failed = 0, 800 }))
	for demand, want := range map[string]string{
		"rate=-5%": "no rate was measured on both sides", "burst=-1": "no burst was measured",
		"p50=+20%":        "no call was admitted",
		"nobody:p50=+20%": `no scenario "nobody" is on both sides`, "nobody:failed=+1pp": `no scenario "nobody"`,
	} {
		_, err := Compare([]Run{base}, []Run{bare}, Options{Demands: demands(t, demand)})
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "--max "+demand+": acb")
	}
}

func TestMissing(t *testing.T) {
	two := with(same(1), func(p *plan) { p.scenario = []string{"burst", "idle"} })
	r, err := Compare([]Run{run(two)}, []Run{run(same(2))}, Options{})
	require.NoError(t, err)
	assert.Equal(t, Undecided, r.Outcome)
	assert.Equal(t, []string{"acb: scenario idle is not in NEW"}, r.Reasons)
	r, err = Compare([]Run{run(two)}, []Run{run(same(2))}, Options{Scenarios: []string{"burst"}, Noise: time.Second})
	require.NoError(t, err)
	assert.Equal(t, Fine, r.Outcome)
	r, err = Compare([]Run{run(same(2))}, []Run{run(two)}, Options{Noise: time.Second})
	require.NoError(t, err)
	assert.Equal(t, Fine, r.Outcome, "what is new is no regression")
	other := with(same(3), func(p *plan) { p.server = "unifi-mcp" })
	_, err = Compare([]Run{run(same(1))}, []Run{run(other)}, Options{})
	assert.ErrorIs(t, err, ErrNothing)
	both := []Run{run(same(1)), run(other)}
	r, err = Compare(both, []Run{run(same(2))}, Options{Noise: time.Second})
	require.NoError(t, err)
	assert.Equal(t, []string{"unifi-mcp is not in NEW"}, r.Reasons)
	r, err = Compare([]Run{run(same(1))}, both, Options{Noise: time.Second})
	require.NoError(t, err)
	assert.Equal(t, []string{"unifi-mcp is new: BASE doesn't have it"}, r.Notes)
	_, err = Compare(both, []Run{run(same(2))}, Options{Servers: []string{"acb", "unifi-mcp"}})
	assert.ErrorContains(t, err, `"unifi-mcp" on both sides`)
}

// Several runs a side: a change that the runs of a side show among themselves is
// none; boxes of a side hold together.
func TestSeveralRuns(t *testing.T) {
	slow := func(seed uint64) Run { return run(with(same(seed), func(p *plan) { p.mean = 20 })) }
	fast := func(seed uint64) Run { return run(same(seed)) }
	r, err := Compare([]Run{fast(1), fast(2)}, []Run{slow(3), slow(4)}, Options{Seed: 1})
	require.NoError(t, err)
	assert.Equal(t, Regression, r.Outcome)
	r, err = Compare([]Run{fast(1), slow(2)}, []Run{slow(3), slow(4)},
		Options{Seed: 1, Demands: demands(t, "p50=+10%")})
	require.NoError(t, err)
	assert.Equal(t, Undecided, r.Outcome, "%v", r.Reasons)
	assert.Contains(t, r.Reasons[0], noisy)

	at := func(seed uint64, rate float64) Run { return run(with(same(seed), func(p *plan) { p.rate = rate })) }
	move := func(base, now []Run) Move {
		r, err := Compare(base, now, Options{Noise: time.Second})
		require.NoError(t, err)
		return r.Servers[0].Measured
	}
	assert.False(t, move([]Run{at(1, 15)}, []Run{at(2, 15.08)}).Proven,
		"14.95–15.05 and 15.03–15.13 have a rate in common")
	assert.True(t, move([]Run{at(1, 15)}, []Run{at(2, 15.12)}).Proven)
	assert.True(t, move([]Run{at(1, 15), at(2, 14.96)}, []Run{at(3, 15.08)}).Proven,
		"together they leave 14.95–15.01 only")
	assert.Equal(t, "the runs of BASE fit no one bucket together",
		move([]Run{at(1, 15), at(2, 14)}, []Run{at(3, 15)}).Why)
	assert.Equal(t, "not measured on both sides", move([]Run{at(1, 15)}, []Run{at(3, 0)}).Why)
}

// Faster buckets that can't be excluded count as much.
func TestBoxesWithAlternatives(t *testing.T) {
	a, b := run(same(1)), run(with(same(2), func(p *plan) { p.rate = 100 }))
	r, err := Compare([]Run{a}, []Run{b}, Options{Noise: time.Second})
	require.NoError(t, err)
	assert.True(t, r.Servers[0].Measured.Proven)
	a.Document.Servers[0].Measured.Or = &results.Measured{Rate: results.Range{Lo: 90, Hi: math.Inf(1)},
		Burst: results.Range{Lo: 1, Hi: 50}}
	r, err = Compare([]Run{a}, []Run{b}, Options{Noise: time.Second, Demands: demands(t, "rate=+5%")})
	require.NoError(t, err)
	assert.False(t, r.Servers[0].Measured.Proven)
	assert.Equal(t, Undecided, r.Outcome)
}

// Of samples of one distribution hardly ever one is said to have changed, and of
// different ones it is.
func TestClaimsAreSeldomFalse(t *testing.T) {
	false_, true_ := 0, 0
	const rounds = 150
	for i := range uint64(rounds) {
		r, err := Compare([]Run{run(same(2*i + 1000))}, []Run{run(same(2*i + 1001))}, Options{Seed: i})
		require.NoError(t, err)
		if changes(r) {
			false_++
		}
		r, err = Compare([]Run{run(same(2*i + 1000))}, []Run{run(with(same(2*i+1001), func(p *plan) { p.mean = 13 }))},
			Options{Seed: i})
		require.NoError(t, err)
		if changes(r) {
			true_++
		}
	}
	t.Logf("of %d pairs, %d false claims, %d true ones", rounds, false_, true_)
	assert.LessOrEqual(t, false_, rounds*8/100)
	assert.GreaterOrEqual(t, true_, rounds*8/10)
}

func changes(r *Report) bool {
	return slices.ContainsFunc(r.Servers[0].Rows, func(row Row) bool {
		return slices.ContainsFunc(row.Quantiles, func(d Delta) bool { return d.Changed })
	})
}

func TestParseDemand(t *testing.T) {
	for text, want := range map[string]Demand{
		"p99=+20%":         {Metric: "p99", Limit: 20, Unit: "%"},
		"overload:p50=-5%": {Scenario: "overload", Metric: "p50", Limit: -5, Unit: "%"},
		"p999=+0.025s":     {Metric: "p999", Limit: 25, Unit: "ms"},
		"rate=-0.5":        {Metric: "rate", Limit: -0.5},
		"burst=+1":         {Metric: "burst", Limit: 1},
		"refused=-2pp":     {Metric: "refused", Limit: -2, Unit: "pp"},
	} {
		d, err := ParseDemand(text)
		require.NoError(t, err, text)
		want.text = text
		assert.Equal(t, want, d)
	}
	for text, want := range map[string]string{
		"": "is no demand", "p99": "is no demand", "p99=20%": "is no demand", "p99=+20": "p99 takes % or ms",
		"p99=+1pp": "p99 takes % or ms",
		"p98=+1%":  `no metric is named "p98"`, "rate=+5ms": "rate takes % or a plain number",
		"burst:rate=+5%": "has no scenario", "failed=+1ms": "takes % or pp",
		"max=+1%": "no metric", "p99=+%": "is no demand", "p99=+1e9%": "is no demand",
	} {
		_, err := ParseDemand(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzParseDemand(f *testing.F) {
	for _, s := range []string{"p99=+20%", "overload:p50=-5ms", "rate=-5%", "burst=+1", "failed=+0.5pp",
		"p99=+99999999999999999999s", ":p99=+1%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDemand(s)
		if err == nil && (kindOf(d.Metric) == "" || math.IsNaN(d.Limit) || d.String() != s) {
			t.Fatalf("%q is %+v", s, d)
		}
	})
}

// The k-th of n uniform numbers is at most x as often as Iₓ(k, n-k+1) says.
func TestGammaDrawsOrderStatistics(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ k, n float64 }{{1, 1}, {1, 6}, {3, 6}, {6, 6}, {99, 100}, {500, 1000}} {
		const draws = 20_000
		below := map[float64]int{}
		points := []float64{0.05, 0.3, 0.5, 0.7, 0.97}
		for range draws {
			x, y := gamma(c.k, rng), gamma(c.n-c.k+1, rng)
			for _, p := range points {
				if x/(x+y) <= p {
					below[p]++
				}
			}
		}
		for _, p := range points {
			assert.InDelta(t, mathx.BetaInc(p, c.k, c.n-c.k+1), float64(below[p])/draws, 0.015, "%v at %g", c, p)
		}
	}
}

// The short cut draws as resampling does.
func TestBootstrapIsResampling(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	sorted := make([]float64, 50)
	for i := range sorted {
		sorted[i] = rng.ExpFloat64()
	}
	slices.Sort(sorted)
	plain := make([]float64, 20_000)
	for i := range plain {
		again := make([]float64, len(sorted))
		for j := range again {
			again[j] = sorted[rng.IntN(len(sorted))]
		}
		slices.Sort(again)
		plain[i] = quantile(again, 0.9)
	}
	short := bootstrap(sorted, 0.9, len(plain), rng)
	for _, alpha := range []float64{0.5, 0.1} {
		lo, hi := interval(plain, alpha)
		sLo, sHi := interval(short, alpha)
		assert.InDelta(t, lo, sLo, 0.12)
		assert.InDelta(t, hi, sHi, 0.12)
	}
}

func TestRankIsTheNearest(t *testing.T) {
	for _, c := range []struct {
		q    float64
		n, k int
	}{{0.95, 20, 18}, {0.99, 100, 98}, {0.5, 1, 0}, {0.5, 2, 0}, {0.5, 3, 1}, {0.999, 10, 9}} {
		assert.Equal(t, c.k, rank(c.q, c.n), "%v", c)
	}
	assert.Equal(t, []int{6, 36, 72, 368}, []int{enough(0.5, 0.05), enough(0.9, 0.05), enough(0.95, 0.05),
		enough(0.99, 0.05)})
}

// Newcombe's own examples, method 10 (Statistics in Medicine 17, 1998, table II).
func TestNewcombe(t *testing.T) {
	for _, c := range []struct {
		new, newN, base, baseN, lo, hi float64
	}{{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}, {0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 10, 0.6075, 1}} {
		lo, hi := newcombe([2]float64{c.base, c.new}, [2]float64{c.baseN, c.newN}, normalQuantile(0.975))
		assert.InDelta(t, c.lo, lo, 0.0001)
		assert.InDelta(t, c.hi, hi, 0.0001)
	}
}

// The same runs and seed give the same report; a side compared with itself shows
// nothing.
func TestReportsRepeat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan{n: rapid.IntRange(0, 60).Draw(t, "n"), mean: 5, seed: rapid.Uint64().Draw(t, "seed"),
			verdict: verdict.Pass, rate: 10, burst: 5, scenario: []string{"burst", "idle"}}
		var a, b bytes.Buffer
		for _, w := range []*bytes.Buffer{&a, &b} {
			r, err := Compare([]Run{run(p)}, []Run{run(p)}, Options{Seed: 7})
			require.NoError(t, err)
			require.Equal(t, Fine, r.Outcome)
			require.False(t, r.Servers[0].Measured.Proven)
			require.NoError(t, r.Table(w))
		}
		assert.Equal(t, a.String(), b.String())
	})
}

// paced is a run of calls that are due every millisecond and take another, but for
// those that are held up by stalls of the server's, which is back after each.
func paced(n int, took time.Duration, stalls ...[2]time.Duration) Run {
	calls := make([]history.Call, n)
	for i := range calls {
		due := time.Duration(i) * time.Millisecond
		answered := due + took + time.Duration(i%7)*50*time.Microsecond
		for _, s := range stalls {
			if s[0] <= answered && answered < s[1] {
				answered = s[1] + time.Duration(i%7)*50*time.Microsecond
			}
		}
		calls[i] = history.Call{Arrival: history.Arrival{Due: due, Label: "burst"}, Sent: due, Received: answered,
			Outcome: history.OK}
	}
	s := results.Server{Server: "acb", Target: results.Target{Kind: "mock", Transport: "http"},
		Limit: results.Limit{Rate: 15, Burst: 40}}
	s.Scenarios = []results.Scenario{results.NewScenario("burst", calls,
		[]verdict.Finding{{Check: "served", Verdict: verdict.Pass}})}
	s.Verdict = verdict.Pass
	return Run{Name: "run", Document: &results.Document{Servers: []results.Server{s}},
		Histories: map[string][]history.Call{"acb": calls}}
}

// TestOneStallIsNoRegression: with one run a side nobody can tell if a stall will
// come again. Two of them, or calls that are all slower, are a regression still.
func TestOneStallIsNoRegression(t *testing.T) {
	const ms = time.Millisecond
	calm := paced(3000, ms)
	stall := func(at time.Duration) [2]time.Duration { return [2]time.Duration{at, at + 200*ms} }
	for _, row := range []struct {
		name       string
		base, now  Run
		free, held Outcome // without a demand, and held to p99=+50%
	}{
		{"nothing", calm, calm, Fine, Fine},
		{"one stall", calm, paced(3000, ms, stall(1000*ms)), Fine, Undecided},
		{"one stall before", paced(3000, ms, stall(1000*ms)), calm, Fine, Fine},
		{"two stalls", calm, paced(3000, ms, stall(500*ms), stall(2000*ms)), Regression, Regression},
		{"all slower", calm, paced(3000, 3*ms), Regression, Regression},
		{"all slower, and a stall", calm, paced(3000, 3*ms, stall(1000*ms)), Regression, Regression},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := Compare([]Run{row.base}, []Run{row.now}, Options{Seed: 1})
			require.NoError(t, err)
			assert.Equal(t, row.free, r.Outcome, "%v", r.Reasons)
			r, err = Compare([]Run{row.base}, []Run{row.now}, Options{Seed: 1, Demands: demands(t, "p99=+50%")})
			require.NoError(t, err)
			assert.Equal(t, row.held, r.Outcome, "%v", r.Reasons)
			if row.held == Undecided {
				assert.Contains(t, r.Reasons[0], "one stall of 20")
			}
		})
	}
}

// What looks like a change and isn't called one is explained beside the table and on the
// page, once.
func TestWhyNothingIsSaid(t *testing.T) {
	lo := 162.0
	s := &Server{Rows: []Row{{Scenario: "load", Quantiles: []Delta{
		{Quantile: "p50", Why: "p50 needs 7 admitted calls a side, and there are 3 and 3"},
		{Quantile: "p90", Lo: &lo, Hi: &lo, Why: noisy},
		{Quantile: "p99", Lo: &lo, Hi: &lo, Why: "one stall of 293ms may be all there is to it"},
		{Quantile: "p99", Lo: &lo, Hi: &lo}, {Why: noisy}}}}}
	require.Equal(t, []string{"p99 of load: one stall of 293ms may be all there is to it", noisy}, s.whys())
	var b strings.Builder
	s.table(&b, 0)
	require.Contains(t, b.String(), "  ~ p99 of load: one stall of 293ms")
	require.NotContains(t, b.String(), "measured", "a load promises nothing")
	html, err := (&Report{Servers: []Server{*s}}).Body()
	require.NoError(t, err)
	require.Contains(t, string(html), "~ p99 of load: one stall of 293ms")
	require.NotContains(t, string(html), "measured, base")
	s.Rows[0].Scenario, b = "burst", strings.Builder{}
	s.table(&b, 0)
	require.Contains(t, b.String(), "measured", "a promise was to be measured, and wasn't")
}
