package probe

import "github.com/mcpload/mcpload/verdict"

// faster tells whether a much faster bucket may explain the history after all,
// where the measurement left that open. It climbs from a rate that explains
// nothing, in steps of which each is proven: both the burst that admissions
// need and the burst that refusals allow fall with the rate, so that no rate
// between two explains anything if what refusals allow at the lower one is less
// than what admissions need at the upper one.
func faster(e *verdict.Evidence, rate, tolerance float64) bool {
	const (
		finest = 1e-4 // of the rate
		most   = 4000 // steps
	)
	needs := func(rate float64) float64 {
		// A bucket holds a token at least; see Evidence.Measure for the rest.
		return max(1+2*tolerance, e.Check(rate, 1, tolerance).OverAdmission.Burst)
	}
	allows := func(rate float64) float64 { return e.Check(rate, 1, tolerance).OverRejection.Burst }
	step := 0.1
	for range most {
		allowed := allows(rate)
		if allowed <= 1 {
			return false // and so for every faster one
		}
		for needs(rate*(1+step))-2*tolerance < allowed {
			if step /= 2; step < finest {
				return true
			}
		}
		rate *= 1 + step
		step = min(1, step*4)
	}
	return true
}
