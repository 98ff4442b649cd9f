package results

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/verdict"
)

func TestPositions(t *testing.T) {
	for want, list := range map[string][]int{
		"call 7":                               {7},
		"calls 1 and 2":                        {2, 1},
		"calls 1–3":                            {3, 1, 2, 2},
		"calls 1–3, 5 and 8–10":                {1, 2, 3, 5, 8, 9, 10},
		"9 calls: 1, 3, 5, 7, 9, 11, 13, … 17": {1, 3, 5, 7, 9, 11, 13, 15, 17},
	} {
		assert.Equal(t, want, positions(list))
	}
}

func TestRangeRoundsOutwards(t *testing.T) {
	for want, r := range map[string]Range{
		"14.96–15.04":     {Lo: 14.9699, Hi: 15.0301},
		"15":              {Lo: 15, Hi: 15},
		"≥ 900":           unbounded(900),
		"14.90–15.00":     {Lo: 14.9, Hi: 15},
		"14–15":           {Lo: 14, Hi: 15},
		"≥ 14.90":         unbounded(14.9),
		"0.01666–0.01670": {Lo: 0.0166666, Hi: 0.0166999},
		"0–0.3000":        {Lo: 0, Hi: 0.1 + 0.2},
	} {
		assert.Equal(t, want, r.String())
	}
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0, 1e5).Draw(t, "lo")
		r := Range{Lo: lo, Hi: lo + rapid.Float64Range(0.1, 10).Draw(t, "more")}
		a, b, ok := strings.Cut(r.String(), "–")
		require.True(t, ok, r.String())
		shownLo, err := strconv.ParseFloat(a, 64)
		require.NoError(t, err)
		shownHi, err := strconv.ParseFloat(b, 64)
		require.NoError(t, err)
		const noise = 1e-9
		assert.LessOrEqual(t, shownLo, r.Lo*(1+noise))
		assert.GreaterOrEqual(t, shownHi, r.Hi*(1-noise))
		assert.InDelta(t, r.Lo, shownLo, 0.0101)
		assert.InDelta(t, r.Hi, shownHi, 0.0101)
	})
}

func TestRoundBucket(t *testing.T) {
	box := func(rateLo, rateHi, burstLo, burstHi float64) *Measured {
		return &Measured{Rate: Range{Lo: rateLo, Hi: rateHi}, Burst: Range{Lo: burstLo, Hi: burstHi}}
	}
	for _, c := range []struct {
		m           *Measured
		rate, burst float64
		ok          bool
	}{
		{box(9.97, 10.03, 29.8, 30.2), 10, 30, true},
		{box(13.46, 13.55, 16.97, 17.2), 13.5, 17, true},
		{box(0.496, 0.504, 0.97, 1.2), 0.5, 1, true},
		{box(0.0165, 0.0168, 9.9, 10.1), 0.0165, 10, true},
		{box(119, 121, 9.9, 10.1), 120, 10, true},
		{box(3, 40, 9.9, 10.1), 0, 0, false},
		{box(10, 10, 9.2, 11.8), 0, 0, false},
		{box(10, 10, 10.2, 10.8), 0, 0, false},
		{box(0, 0, 10, 10), 0, 0, false},
		{box(10, math.Inf(1), 10, 10), 0, 0, false},
		{&Measured{Rate: Range{Lo: 10, Hi: 10}, Burst: Range{Lo: 10, Hi: 10}, Or: box(99, 99, 1, 1)}, 0, 0, false},
		{nil, 0, 0, false},
	} {
		rate, burst, ok := c.m.round()
		assert.Equal(t, c.ok, ok, "%v", c.m)
		assert.InDelta(t, c.rate, rate, 1e-9)
		assert.Equal(t, c.burst, burst)
	}
}

// Every check that scenarios make has something to say about what to do, and
// no two say the same.
func TestHintsForEveryCheck(t *testing.T) {
	for _, check := range []string{
		"generator", "over-admission", "over-rejection", "scope", "measured", "pressure", "alive", "complete",
		"served", "fast-refusals", "refusal-shape", "retry-after", "latency p99<500ms",
	} {
		h, ok := about(check)
		require.True(t, ok, check)
		assert.NotEmpty(t, h.failed, check)
		assert.NotEmpty(t, h.open, check)
	}
	_, ok := about("latency")
	assert.True(t, ok)
	_, ok = about("latencies")
	assert.False(t, ok)
}

func TestHintsNameTheOtherBucket(t *testing.T) {
	s, _ := stingy()
	assert.NotContains(t, strings.Join(s.failHints(), " "), "own code", "a mock doesn't run it")
	s.Target.Kind = "url"
	assert.Contains(t, s.failHints()[0], "(acb/mcp/server.py:39), and that is what was measured")
	s.Observed.Rate = 5
	assert.NotContains(t, s.failHints()[0], "measured")
	assert.Contains(t, s.failHints()[1], "--rate 15/s --burst 37")
	s.Observed = &Observed{}
	assert.Contains(t, s.failHints()[0], "no limiter was found")
	s.Limit.Burst = 37
	s.Observed = nil
	assert.NotContains(t, strings.Join(s.failHints(), " "), "--burst", "the promise itself is no news")
	s.Observed = &Observed{Rate: 15, Burst: 37}
	assert.NotContains(t, strings.Join(s.failHints(), " "), "own code", "nor is code that keeps it")
	s.Observed, s.Measured = &Observed{Rate: 9, Burst: 9}, &Measured{Rate: unbounded(0), Burst: unbounded(1)}
	assert.NotContains(t, s.failHints()[0], "measured", "a box that holds anything confirms nothing")
	s.Observed, s.Measured = nil, &Measured{Rate: Range{Hi: 0.06}, Burst: Range{Lo: 40, Hi: 41}}
	require.Len(t, s.failHints(), 1)
	assert.Contains(t, s.failHints()[0], "what refills the bucket")
}

// A server without a limiter isn't told to look for a second one.
func TestHintsWhereNothingWasRefused(t *testing.T) {
	s := Server{Scenarios: []Scenario{{Calls: Counts{Planned: 45, Sent: 45, Admitted: 45},
		Findings: []Finding{{Check: "over-admission", Verdict: verdict.Fail}}}}}
	require.Len(t, s.failHints(), 1)
	assert.Contains(t, s.failHints()[0], "nothing was refused at all")
}

// What hides the limiter in several scenarios is said once.
func TestHintsAreSaidOnce(t *testing.T) {
	scenario := func(saw string) Scenario {
		return Scenario{Calls: Counts{Planned: 22, Sent: 22, Admitted: 16, Limited: 6},
			Findings: []Finding{{Check: "pressure", Verdict: verdict.Inconclusive, Saw: saw}}}
	}
	s := Server{Scenarios: []Scenario{scenario("6 refusals"), scenario("11 refusals")}}
	require.Equal(t, []string{hidden}, s.openHints())
}

func TestBox(t *testing.T) {
	m := verdict.Measured{
		Rate: verdict.Interval{Lo: 9.97, Hi: 10.03}, Burst: verdict.Interval{Lo: 29.9, Hi: 30.1},
		Or: &verdict.Measured{Rate: verdict.Interval{Lo: 900, Hi: math.Inf(1)}, Burst: verdict.Interval{Lo: 1,
			Hi: 1.4}},
	}
	assert.Equal(t, "9.97–10.03/s, 29.90–30.10 (or ≥ 900/s)", Box(m).String())
	unseen := Server{Measured: &Measured{Rate: unbounded(0), Burst: unbounded(1)}}
	assert.Equal(t, "-", unseen.box(), "nothing was sent, such as where a run was interrupted")
	unseen.Scenarios = []Scenario{{Calls: Counts{Sent: 1}}}
	assert.Equal(t, "no limit seen", unseen.box())
	m.Or = nil
	assert.Equal(t, "9.97–10.03/s, 29.90–30.10", Box(m).String())
}

func TestWrap(t *testing.T) {
	p := newPage(80, false, false)
	assert.Equal(t, []string{"a bc", "def", "ghij", "kl"}, p.wrap("a bc def ghijkl", 4, 4))
	assert.Equal(t, []string{"ab", "cdef"}, p.wrap("abcdef", 2, 4))
	assert.Empty(t, p.wrap("  ", 4, 4))
	assert.Equal(t, []string{"日", "本"}, p.wrap("日本", 3, 3))
}

// A label that is wider than the page leaves the words beside it whole.
func TestALongLabelHasItsTextBelow(t *testing.T) {
	p := newPage(40, false, false)
	p.item(2, 6, "", strings.TrimSuffix(strings.Repeat("A01, ", 12), ", ")+":", "the server asks for a token")
	require.Equal(t, "  A01, A01, A01, A01, A01, A01, A01,\n  A01, A01, A01, A01, A01:\n      the server asks for a "+
		"token\n", p.b.String())
}
