package verdict

import (
	"math"

	"github.com/mcpload/mcpload/promise"
)

// plain reports if a counter is shown to be kept, given that a call which another law
// refused cost nothing here: each refusal that only this law can have made was due, and
// one of them wouldn't have been with a unit more. Whether such calls are charged nobody
// says, so that no number is certified by it; but a law that lets through more is seen.
func (j *lawJudge) plain(x int, c *counter) bool {
	charged := func(s *stake) bool { return !s.refused || c.law.Charge.Refused || s.parts }
	least, limit := math.Inf(1), c.refusingN(j.cfg.Tolerance)
	if j.cfg.Shared || j.refusedAlone(x, c) == 0 {
		return false
	}
	for k, bound := range c.bounds(charged) {
		switch {
		case !j.alone(x, c.stakes[c.refuse[k]].call) || math.IsInf(c.bound[k], 1):
			continue
		case bound <= limit:
			return false
		}
		least = min(least, bound)
	}
	return c.units(least) <= c.pinned()
}

// units is what a bound on refusals leaves of a law's number.
func (c *counter) units(bound float64) float64 {
	if c.law.Kind == promise.Bucket {
		// What may wait is no part of the burst, and a step's tokens may have been late.
		return bound + float64(c.law.Step) - c.law.Rate*c.law.Wait.Seconds()
	}
	return bound - 1 // N < bound, in whole numbers
}
