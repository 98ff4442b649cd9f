package compare

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// pasts are runs, one an hour, each changed by a function of its number.
func pasts(n int, change func(i int, s *results.Server)) []Past {
	var list []Past
	for i := range n {
		s := run(with(same(uint64(i+1)), func(p *plan) { p.n = 200 })).Document.Servers[0]
		l := results.Latencies{Admitted: results.Quantiles{N: 200, P99: 40 + float64(i%3)}}
		s.Latency = &l
		change(i, &s)
		list = append(list, Past{Run: fmt.Sprintf("run-%d", i), Started: time.Date(2026, 11, 24, i, 0, 0, 0, time.UTC),
			Server: &s})
	}
	return list
}

func changed(t *Trend) []int {
	var at []int
	for i, p := range t.Points {
		if p.Change != "" {
			at = append(at, i)
		}
	}
	return at
}

func TestTrendOfALatency(t *testing.T) {
	trend, err := Trends(pasts(24, func(i int, s *results.Server) {
		switch {
		case i == 5:
			s.Latency = &results.Latencies{}
		case i >= 12:
			s.Latency.Admitted.P99 += 30
		}
	}), "p99", 1)
	require.NoError(t, err)
	assert.Equal(t, []int{12}, changed(trend))
	assert.Equal(t, "median 41ms before, 71ms since (p=0.005)", trend.Points[12].Change)
	assert.Equal(t, 1, trend.Empty)
	var b bytes.Buffer
	require.NoError(t, trend.Sparkline(&b, false))
	assert.Equal(t, `acb p99 in ms: 24 runs, 2026-11-24 00:00 to 2026-11-24 23:00 (UTC), mock http
  ▁▁▁▁▁ ▁▁▁▁▁▁████████████   40 to 72
              ^
^ 2026-11-24 12:00 in run run-12: median 41ms before, 71ms since (p=0.005)
1 run without a figure, left blank
`, b.String())
	b.Reset()
	require.NoError(t, trend.Sparkline(&b, true))
	for _, r := range b.String() {
		assert.Less(t, r, rune(128))
	}
}

// A limit changed where no bucket fits all runs since the last change: boxes that
// overlap prove nothing, however they wander.
func TestTrendOfALimit(t *testing.T) {
	trend, err := Trends(pasts(9, func(i int, s *results.Server) {
		rate := 15 + 0.01*float64(i%2)
		if i >= 6 {
			rate = 14
		}
		s.Measured = &results.Measured{Rate: results.Range{Lo: rate - 0.05, Hi: rate + 0.05},
			Burst: results.Range{Lo: 39, Hi: 41}}
		switch i {
		case 2:
			s.Measured.Rate.Hi = math.Inf(1)
		case 3:
			s.Measured = nil
		}
	}), "rate", 1)
	require.NoError(t, err)
	assert.Equal(t, []int{6}, changed(trend))
	assert.Contains(t, trend.Points[6].Change, "proven: 14.96–15.05/s, 39–41 before, 13.95–14.05/s, 39–41 now")
	assert.Nil(t, trend.Points[2].Value)
	assert.NotNil(t, trend.Points[2].Lo)
	assert.Equal(t, 1, trend.Empty)
}

func TestTrendOfAVerdict(t *testing.T) {
	list := pasts(5, func(i int, s *results.Server) {
		if i == 2 {
			s.Verdict = verdict.Fail
		}
	})
	list[0].Server.Target.Kind = "url"
	trend, err := Trends(list, "verdict", 1)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, trend.Sparkline(&b, false))
	assert.Contains(t, b.String(), "  ✓✗✓✓   ✓ pass, ✗ fail, ? inconclusive\n   ^^\n")
	assert.Contains(t, b.String(), "in run run-2: pass → fail")
	assert.Contains(t, b.String(), "1 run left out")
	b.Reset()
	require.NoError(t, trend.Rows(false).Sheets[0].CSV(&b))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	assert.Equal(t, []string{"run-2", "2026-11-24T02:00:00Z", "acb", "mock http", "fail", "verdict", "", "", "", "0",
		"pass → fail", ""}, rows[2])
}

func TestATrendOfALawsNumber(t *testing.T) {
	units := []results.Range{{Lo: 30, Hi: 30}, {Lo: 29, Hi: 31}, {Lo: 31, Hi: 31}, {Lo: 31, Hi: math.Inf(1)},
		{Lo: 8, Hi: 9}}
	list := pasts(5, func(i int, s *results.Server) {
		s.Laws = []results.Law{{Law: "30 per 10s fixed"}, {Law: "9 per 1s sliding", Units: units[i]}}
		if i == 4 {
			s.Laws[1].Law = "9 per 2s sliding"
		}
	})
	trend, err := Trends(list, "law2", 1)
	require.NoError(t, err)
	assert.Equal(t, "proven: 30 before, 31 now: no number fits both", trend.Points[2].Change)
	assert.Equal(t, "another law is promised: 9 per 2s sliding", trend.Points[4].Change)
	assert.Len(t, changed(trend), 2)
	assert.Equal(t, "units", trend.Unit)
	assert.Nil(t, trend.Points[3].Value)
	assert.False(t, IsMetric("law0") || IsMetric("law17") || IsMetric("law") || IsMetric("lawful"))
}

func TestTrendRefuses(t *testing.T) {
	_, err := Trends(nil, "p99", 1)
	assert.ErrorContains(t, err, "no run")
	_, err = Trends(pasts(1, func(int, *results.Server) {}), "p98", 1)
	assert.ErrorContains(t, err, `"p98"`)
	for _, metric := range Metrics() {
		trend, err := Trends(pasts(1, func(_ int, s *results.Server) { s.Latency, s.Measured = nil, nil }), metric, 1)
		require.NoError(t, err)
		assert.Empty(t, changed(trend))
		require.NoError(t, trend.Sparkline(&bytes.Buffer{}, false))
	}
}

// Noise alone has a change point about as seldom as the test's level says, and
// both steps of a staircase are found where they are.
func TestChangePoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	series := func(levels ...float64) []float64 {
		var x []float64
		for _, level := range levels {
			for range 15 {
				x = append(x, level+rng.NormFloat64())
			}
		}
		return x
	}
	const rounds = 100
	noise, exact := 0, 0
	for i := range uint64(rounds) {
		if len(changePoints(series(0, 0), i)) > 0 {
			noise++
		}
		found := changePoints(series(0, 6, 12), i)
		if len(found) >= 2 && within(found, 15) && within(found, 30) {
			exact++
		}
	}
	t.Logf("of %d series: %d of noise have a change, %d staircases are found", rounds, noise, exact)
	assert.LessOrEqual(t, noise, 12)
	assert.GreaterOrEqual(t, exact, 95)
	for _, x := range [][]float64{nil, {1}, {1, 2}, {1, 2, 3, 4, 5}, make([]float64, 50)} {
		assert.Empty(t, changePoints(x, 1), "%v", x)
	}
}

func within(found []changePoint, at int) bool {
	for _, c := range found {
		if max(c.at-at, at-c.at) <= 1 {
			return true
		}
	}
	return false
}

// The running sums are those of the definition.
func TestDivisionIsTheEnergyDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	x := make([]float64, 20)
	for i := range x {
		x[i] = rng.NormFloat64() + float64(i/9)
	}
	mean := func(a, b []float64, pairs float64) (sum float64) {
		for _, p := range a {
			for _, q := range b {
				sum += math.Abs(p - q)
			}
		}
		return sum / pairs
	}
	best, most := 0, 0.0
	for k := leastSegment; k <= len(x)-leastSegment; k++ {
		a, b := x[:k], x[k:]
		n, m := float64(k), float64(len(b))
		d := n * m / (n + m) * (2*mean(a, b, n*m) - mean(a, a, n*(n-1)) - mean(b, b, m*(m-1)))
		if d > most {
			best, most = k, d
		}
	}
	at, distance := division(x)
	assert.Equal(t, best, at)
	assert.InDelta(t, most, distance, 1e-9)
}
