package verdict

import (
	"math"
)

// The box is searched between these rates, in tokens a second. A rate above
// fastest is told as "no upper bound".
const (
	slowest = 1e-9
	fastest = 1e9
)

// boxSteps bounds the search for one edge. A handful is usual; running out
// leaves the edge where it is certified so far, which is wider, never wrong.
const boxSteps = 200

// Measure returns the bounding box of every token bucket (rate, burst) that
// explains the history within a tolerance in tokens: b_min - tolerance <= burst
// < b_max + tolerance. It is certified: whatever the delays were, no bucket
// outside the box can have produced the history. It returns false where no
// bucket at all explains it, so that the server is not a token bucket.
//
// Both edges of the rate are found by cutting planes. At a rate that explains
// nothing, the tightest window is a line under b_min for all rates, and the
// least excusable refusal is a convex curve over b_max; so a chord of the
// curve and the line prove a whole stretch of rates impossible, and the search
// goes on behind it. Nothing is assumed of the stretch between the edges, so
// it doesn't matter if some rates inside the box explain nothing either.
func (e *Evidence) Measure(tolerance float64) (Measured, bool) {
	if e.granted == 0 && e.limited == 0 {
		return Measured{}, false
	}
	s := search{e: e, slack: 2 * tolerance}
	lo, ok := s.edge(slowest, fastest)
	if !ok {
		return Measured{}, false
	}
	hi, _ := s.edge(fastest, lo.rate)
	m := Measured{
		Rate:  Interval{Lo: lo.rate, Hi: hi.rate},
		Burst: Interval{Lo: max(1, hi.burstMin-tolerance), Hi: lo.burstMax + tolerance},
	}
	if lo.rate <= slowest {
		m.Rate.Lo = 0
	}
	if hi.rate >= fastest {
		m.Rate.Hi = math.Inf(1)
	}
	return m, true
}

// A search walks from a rate that explains nothing towards rates that may.
type search struct {
	e     *Evidence
	slack float64 // tokens by which b_min may exceed b_max
}

// A cut is what the history says at one rate.
type cut struct {
	rate               float64
	burstMin, burstMax float64
	low, high          window // the windows behind them
}

func (s *search) at(rate float64) cut {
	c := cut{rate: rate}
	c.low, c.burstMin = s.e.tightest(rate)
	if c.burstMin < 1 { // a bucket that holds less than a token never admits
		c.burstMin, c.low = 1, window{tokens: 1, refusal: -1}
	}
	c.high, c.burstMax = s.e.loosest(rate)
	return c
}

func (s *search) feasible(c cut) bool { return c.burstMin-s.slack < c.burstMax }

// edge walks from one rate towards another and returns the first rate that is
// not proven impossible, and false where all are.
func (s *search) edge(from, to float64) (cut, bool) {
	a := s.at(from)
	for range boxSteps {
		if s.feasible(a) {
			return a, true
		}
		next := s.predict(a, to)
		if next == to {
			c := s.at(to)
			if s.certified(a, c) == to {
				return c, s.feasible(c)
			}
			next = s.certified(a, c)
		} else {
			c := s.at(next)
			if s.certified(a, c) == next {
				a = c
				continue
			}
			next = s.certified(a, c)
		}
		if math.Abs(next-a.rate) <= 1e-7*max(next, a.rate) {
			return s.at(next), true
		}
		a = s.at(next)
	}
	return a, true
}

// predict follows the two lines at a to where they meet, which is where the
// search would end if the curve were straight. It never goes past to.
func (s *search) predict(a cut, to float64) float64 {
	gap := a.burstMin - s.slack - a.burstMax
	closing := a.low.seconds() - a.high.seconds() // gap lost for each token/s
	if to < a.rate {
		closing = -closing
	}
	if closing <= 0 {
		return to
	}
	step := gap/closing + 1e-9*a.rate
	if to > a.rate {
		return min(to, a.rate+step)
	}
	return max(to, a.rate-step)
}

// certified returns how far from a towards c every rate is proven impossible:
// there the line of a's tightest window stays on or over the chord of what a's
// least excusable refusal allows at a and at c.
func (s *search) certified(a, c cut) float64 {
	if a.high.refusal < 0 {
		return a.rate
	}
	atC := a.high.bucket.excuse(a.high.refusal, c.rate)
	if a.high.bucket == c.high.bucket && a.high.refusal == c.high.refusal {
		atC = c.burstMax
	}
	gapA := a.low.at(a.rate) - s.slack - a.burstMax
	gapC := a.low.at(c.rate) - s.slack - atC
	if gapC >= 0 {
		return c.rate
	}
	return a.rate + (c.rate-a.rate)*gapA/(gapA-gapC)
}
