package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A sample is what admitted callers waited in one or several scenarios of a side,
// in milliseconds, sorted.
type sample struct {
	all  []float64   // of all runs together
	runs [][]float64 // of each run
	lost int         // admitted calls that weren't stored, so that the sample isn't whole

	stall time.Duration // the longest of a single run
	calm  []float64     // all but what that touched
}

// latencies takes the sample of scenarios, each call from when it was due.
func latencies(parts []part, scenarios ...string) sample {
	var s sample
	for _, p := range parts {
		var run, calm []float64
		stall := longestStall(slices.DeleteFunc(slices.Clone(p.calls),
			func(c history.Call) bool { return !slices.Contains(scenarios, c.Label) }))
		last := history.LastAttempts(p.calls)
		for i := range p.calls {
			c := &p.calls[i]
			if c.Outcome == history.OK && slices.Contains(scenarios, c.Label) && c.Nth() == last[c.Label] {
				run = append(run, float64(c.Response())/1e6)
				if !touched(c, stall) {
					calm = append(calm, float64(c.Response())/1e6)
				}
			}
		}
		counted := 0
		for _, name := range scenarios {
			for _, sc := range scenariosOf([]part{p}, name) {
				counted += sc.Calls.Admitted
			}
		}
		s.lost += max(counted-len(run), 0)
		slices.Sort(run)
		slices.Sort(calm)
		s.stall, s.calm = stall.Length(), calm
		s.runs = append(s.runs, run)
		s.all = append(s.all, run...)
	}
	slices.Sort(s.all)
	return s
}

// rank is the position, from 0, of the q-quantile of n by the nearest-rank
// definition.
func rank(q float64, n int) int {
	return max(int(math.Ceil(q*float64(n)-1e-9)), 1) - 1 // a product just over a whole number is that number
}

func quantile(sorted []float64, q float64) float64 { return sorted[rank(q, len(sorted))] }

// enough is the smallest sample of which a two-sided interval of the q-quantile that
// leaves out alpha exists at all, whatever the distribution: below it, even the
// greatest call of a sample is too often below the quantile (or the least one above
// it). That is the smallest n with qⁿ and (1-q)ⁿ both at most alpha/2: 368 for p99
// at 95 %.
func enough(q, alpha float64) int {
	return int(math.Ceil(math.Log(alpha/2) / math.Log(max(q, 1-q))))
}

// bootstrap draws the q-quantile of n resamples of a sorted sample. The k-th
// smallest of n numbers that are drawn, with replacement, from a sample is the
// sample's quantile at the k-th smallest of n uniform numbers, and that is
// distributed as Beta(k, n-k+1); so no resample need be made (Efron and
// Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; David and
// Nagaraja, Order Statistics, 2003, section 2.3).
func bootstrap(sorted []float64, q float64, draws int, rng *rand.Rand) []float64 {
	n := len(sorted)
	k := float64(rank(q, n) + 1)
	out := make([]float64, draws)
	for i := range out {
		x, y := gamma(k, rng), gamma(float64(n)-k+1, rng)
		out[i] = sorted[min(int(float64(n)*x/(x+y)), n-1)]
	}
	return out
}

// gamma draws from the gamma distribution of a shape of 1 or more, by Marsaglia
// and Tsang, A Simple Method for Generating Gamma Variables (2000).
func gamma(shape float64, rng *rand.Rand) float64 {
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// interval is the percentile interval of draws that leaves out alpha, half of it on
// either side. It sorts the draws.
func interval(draws []float64, alpha float64) (lo, hi float64) {
	slices.Sort(draws)
	n := len(draws)
	tail := min(int(alpha/2*float64(n)), (n-1)/2)
	return draws[tail], draws[n-1-tail]
}

// apart reports if every run of one side lies beyond every run of the other, at a
// quantile, and by more than the runs of a side differ. With one run a side that
// says nothing more than the samples do.
func apart(base, now sample, q float64) bool {
	span := func(runs [][]float64) (lo, hi float64) {
		lo, hi = math.Inf(1), math.Inf(-1)
		for _, r := range runs {
			if len(r) > 0 {
				lo, hi = min(lo, quantile(r, q)), max(hi, quantile(r, q))
			}
		}
		return lo, hi
	}
	bLo, bHi := span(base.runs)
	nLo, nHi := span(now.runs)
	return max(nLo-bHi, bLo-nHi) > max(bHi-bLo, nHi-nLo)
}
