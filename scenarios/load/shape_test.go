package load

import (
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"pgregory.net/rapid"
)

func parsed(t require.TestingT, text string) Shape {
	s, err := ParseShape(text)
	require.NoError(t, err)
	return s
}

func TestArrivalsOfShapes(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		shape string
		end   time.Duration
		want  []time.Duration
	}{
		{"2/s", 2 * s, []time.Duration{0, s / 2, s, 3 * s / 2}},
		{"0.5/s", 5 * s, []time.Duration{0, 2 * s, 4 * s}},
		{"60/1m", 3 * s, []time.Duration{0, s, 2 * s}},
		{"1/s@2s,0/s@2s,2/s@1s", 5 * s, []time.Duration{0, s, 4 * s, 9 * s / 2}},
		{"1/s@2s,2/s", 4 * s, []time.Duration{0, s, 2 * s, 5 * s / 2, 3 * s, 7 * s / 2}},
		{"0/s..2/s@2s", 3 * s, []time.Duration{0, 1414213562}},
		{"ramp 2/s to 0/s over 2s", 3 * s, []time.Duration{0, 585786438}},
		{"burst 2 every 1s on 1/s", 2500 * time.Millisecond, []time.Duration{0, s, s, s, 2 * s, 2 * s, 2 * s}},
		{"burst 1 every 1s on 0.25/s", 4 * s, []time.Duration{0, s, 2 * s, 3 * s}},
	} {
		got := slices.Collect(parsed(t, row.shape).Arrivals(row.end))
		assert.Equal(t, row.want, got, row.shape)
	}
}

func TestAShapeIsPure(t *testing.T) {
	for _, text := range []string{"100/s", "1/s..90/s@10s", "sine 20/s +- 20/s every 3s", "burst 16 every 2s on 12/s"} {
		s := parsed(t, text)
		assert.Equal(t, slices.Collect(s.Arrivals(9*time.Second)), slices.Collect(s.Arrivals(9*time.Second)), text)
		assert.Equal(t, slices.Collect(s.Poisson(9*time.Second, 3)), slices.Collect(s.Poisson(9*time.Second, 3)), text)
		assert.NotEqual(t, slices.Collect(s.Poisson(9*time.Second, 3)), slices.Collect(s.Poisson(9*time.Second, 4)),
			text)
	}
}

func TestGarbageIsNoShape(t *testing.T) {
	for text, why := range map[string]string{
		"":                         "empty",
		"fast":                     "is no rate: want such as",
		"-5/s":                     "not above 0",
		"0/s":                      "sends nothing",
		"5/s@0s":                   "not a time above 0",
		"5/s@soon":                 "not a time above 0",
		"5/s..9/s":                 "has no length",
		"5/s,9/s@1s":               "has no length",
		"5/s@1s,":                  "is not a rate",
		"sine 5/s +- 9/s every 1s": "below 0",
		"sine 5/s":                 "want such as",
		"burst 16":                 "want such as",
		"burst 0 every 1s on 5/s":  "whole number",
		"burst 4 every 1s on max":  "stands on a rate",
		"burst 4 every 0s on 1/s":  "not a time above 0",
		"burst 2 every 1s on burst 3 every 1s on 1/s": "stands on a rate",
		"ramp 1/s": "want such as",
	} {
		_, err := ParseShape(text)
		assert.ErrorContains(t, err, why, text)
	}
}

func TestEveryNotationInTheHelpIsRead(t *testing.T) {
	require.NotEmpty(t, Notations)
	for _, n := range Notations {
		_, err := ParseShape(n.Text)
		assert.NoError(t, err, n.Text)
	}
}

// curves draws shapes of every kind.
func curves() *rapid.Generator[Curve] {
	rates := rapid.Float64Range(0.1, 500)
	return rapid.Custom(func(t *rapid.T) Curve {
		if rapid.Bool().Draw(t, "sine") {
			mean := rates.Draw(t, "mean")
			return sine{mean: mean, swing: mean * rapid.Float64Range(0, 1).Draw(t, "swing"),
				period: rapid.Float64Range(0.5, 30).Draw(t, "period")}
		}
		var l line
		for range rapid.IntRange(1, 5).Draw(t, "ramps") {
			l = append(l, ramp{from: rates.Draw(t, "from"), to: rates.Draw(t, "to"), last: rapid.Float64Range(0.1,
				5).Draw(t, "last")})
		}
		return l
	})
}

// TestArrivalsFollowTheIntegral: before every instant as many requests are due
// as the integral of the rate says, to one request, and the integral is that
// of the rate.
func TestArrivalsFollowTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := curves().Draw(t, "curve")
		end := time.Duration(rapid.Float64Range(0.1, 12).Draw(t, "end") * 1e9)
		dues := slices.Collect(Shape{Curve: c}.Arrivals(end))
		require.True(t, slices.IsSorted(dues))
		require.InDelta(t, c.Hits(end.Seconds()), float64(len(dues)), 1.001)
		for i, due := range dues {
			require.Less(t, due, end+1)
			require.InDelta(t, float64(i), c.Hits(due.Seconds()), 1e-5)
		}
		sum, n := 0.0, 20000
		dt := end.Seconds() / float64(n)
		for i := range n {
			sum += c.Rate((float64(i)+0.5)*dt) * dt
		}
		require.InEpsilon(t, c.Hits(end.Seconds()), sum, 0.01)
	})
}

// TestPoissonHasItsMeanAndSpread: counts of a Poisson process have a variance
// equal to their mean, and follow the curve.
func TestPoissonHasItsMeanAndSpread(t *testing.T) {
	s := parsed(t, "0/s..100/s@10s") // 500 expected, 125 of them in the first half
	const runs = 400
	var sum, squares, early float64
	for seed := range uint64(runs) {
		dues := slices.Collect(s.Poisson(10*time.Second, seed))
		require.True(t, slices.IsSorted(dues))
		n := float64(len(dues))
		sum, squares = sum+n, squares+n*n
		at, _ := slices.BinarySearch(dues, 5*time.Second)
		early += float64(at)
	}
	mean := sum / runs
	variance := squares/runs - mean*mean
	assert.InDelta(t, 500, mean, 5*math.Sqrt(500.0/runs))
	assert.InDelta(t, 500, variance, 200)
	assert.InDelta(t, 0.25, early/sum, 0.02)
}

// TestVegetasPacersAgree: vegeta's pacers say the same rate at every instant,
// and send as many requests in the same time, to two.
func TestVegetasPacersAgree(t *testing.T) {
	const end = 20 * time.Second
	for text, p := range map[string]vegeta.Pacer{
		"40/s":           vegeta.ConstantPacer{Freq: 40, Per: time.Second},
		"30/1m":          vegeta.ConstantPacer{Freq: 30, Per: time.Minute},
		"10/s..50/s@20s": vegeta.LinearPacer{StartAt: vegeta.Rate{Freq: 10, Per: time.Second}, Slope: 2},
		"sine 50/s +- 30/s every 10s": vegeta.SinePacer{Period: 10 * time.Second, Mean: vegeta.Rate{Freq: 50,
			Per: time.Second}, Amp: vegeta.Rate{Freq: 30, Per: time.Second}},
	} {
		s := parsed(t, text)
		for at := time.Duration(0); at < end; at += 777 * time.Millisecond {
			assert.InDelta(t, p.Rate(at), s.Curve.Rate(at.Seconds()), 1e-6, "%s at %s", text, at)
		}
		assert.InDelta(t, hits(p, end), count(s.Arrivals(end)), 2, text)
	}
}

// hits counts what vegeta sends in a time if it is never late.
func hits(p vegeta.Pacer, end time.Duration) int {
	n := 0
	for at := time.Duration(0); ; n++ {
		wait, stop := p.Pace(at, uint64(n))
		if at += max(wait, 0); stop || at >= end {
			return n
		}
	}
}

func count(dues iter.Seq[time.Duration]) int {
	n := 0
	for range dues {
		n++
	}
	return n
}

func TestBurstsAndExpected(t *testing.T) {
	s := parsed(t, "burst 16 every 10s on 12/s")
	assert.Equal(t, []time.Duration{10 * time.Second, 20 * time.Second}, slices.Collect(s.Bursts(30*time.Second)))
	assert.InDelta(t, 12*30+2*16, s.Expected(30*time.Second), 1e-9)
	assert.Equal(t, 12*30+2*16, count(s.Arrivals(30*time.Second)))
	assert.InDelta(t, 200, parsed(t, "10/s..200/s@1m").Peak(time.Minute), 1)
	assert.Equal(t, 90*time.Second, parsed(t, "50/s@30s,200/s@1m").Length)
	assert.Zero(t, parsed(t, "50/s@30s,200/s").Length)
}

// A bare number is told with its unit.
func TestABareRateIsTold(t *testing.T) {
	for text, want := range map[string]string{"5": "5/s", " 2.5 ": "2.5/s", "600/min": "600/min", "max": "max"} {
		s, err := ParseShape(text)
		require.NoError(t, err)
		require.Equal(t, want, s.Text)
	}
}
