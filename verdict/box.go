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

// long is how many calls make a history long: then a step is dear.
const long = 100_000

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
//
// Where every refusal overlapped other calls, a tiny bucket that refills within
// an instant explains them as well. The box is then that of the slower
// explanations, and Or bounds the faster ones.
func (e *Evidence) Measure(tolerance float64) (Measured, bool) { return e.MeasureAround(0, tolerance) }

// MeasureAround is Measure, with a rate (tokens a second) that the box is to
// hold if that rate explains the history: a history may leave several stretches
// of rates, and a promise among them shouldn't be told as one of the others.
func (e *Evidence) MeasureAround(rate, tolerance float64) (Measured, bool) {
	if e.granted == 0 && e.limited == 0 {
		return Measured{}, false
	}
	s := search{e: e, slack: 2 * tolerance}
	lo, ok := s.edge(s.at(slowest), fastest)
	if !ok {
		return Measured{}, false
	}
	from := lo.rate
	if rate > from && s.feasible(s.at(rate)) {
		from = rate
	}
	above, closed := s.above(from)
	hi := above
	if closed {
		hi, _ = s.edge(above, from)
	}
	m := Measured{
		Rate:  Interval{Lo: lo.rate, Hi: hi.rate},
		Burst: Interval{Lo: hi.burstMin - tolerance, Hi: lo.burstMax + tolerance},
	}
	if closed {
		m.Or = s.faster(above, tolerance)
	}
	if hi.low.bucket == nil { // no window speaks for more than the one token that any bucket holds
		m.Burst.Lo = 1
	}
	if lo.rate <= slowest {
		m.Rate.Lo = 0
	}
	if !closed {
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
	low, high          window  // the windows behind them
	beside             float64 // what the refusal behind another cut's burstMax bounds the burst by here
}

func (s *search) at(rate float64) cut { return s.beside(rate, cut{high: window{refusal: -1}}) }

// beside is at, with another cut's refusal watched.
func (s *search) beside(rate float64, other cut) cut {
	c := cut{rate: rate}
	// A bucket that holds less than a token never admits. With the tolerance
	// added, one that holds just a token may not refuse when it is full: or
	// any refusal at all could be laid to a bucket of one token that refills
	// within an instant, and no rate had an upper bound.
	least := 1 + s.slack
	if c.low, c.burstMin = s.e.tightestAbove(rate, least); c.burstMin < least {
		c.burstMin, c.low = least, window{tokens: least, refusal: -1}
	}
	c.high, c.burstMax, c.beside = s.e.loosestBeside(rate, other.high)
	return c
}

func (s *search) feasible(c cut) bool { return c.burstMin-s.slack < c.burstMax }

// above looks upwards from a rate for one that explains nothing, in growing
// steps, and returns false with the fastest rate where there is none.
func (s *search) above(rate float64) (cut, bool) {
	for step := 1e-4; rate*(1+step) < fastest; step *= 3 {
		if c := s.at(rate * (1 + step)); !s.feasible(c) {
			return c, true
		}
	}
	return s.at(fastest), false
}

// hopeless reports if no rate from a cut's upwards can explain the history:
// b_max only falls with the rate, and no bucket is smaller than the least one.
func (c cut) hopeless() bool { return c.burstMax <= 1 }

// faster bounds the explanations above a cut that has none, and returns nil
// where there are none at all. In a long history, where the next edge would take
// too many steps, it climbs as far as it can prove that in a few.
func (s *search) faster(c cut, tolerance float64) *Measured {
	if s.e.calls <= long {
		next, ok := s.edge(c, fastest)
		if !ok {
			return nil
		}
		c = next
	}
	for s.e.calls > long && !c.hopeless() {
		next := s.beside(c.rate*2, c)
		if next.rate > fastest || s.certified(c, next) < next.rate {
			break
		}
		c = next
	}
	if c.hopeless() {
		return nil
	}
	return &Measured{Rate: Interval{Lo: c.rate, Hi: math.Inf(1)}, Burst: Interval{Lo: 1, Hi: c.burstMax + tolerance}}
}

// edge walks from a cut towards a rate and returns the first rate that is not
// proven impossible, and false where all are.
func (s *search) edge(a cut, to float64) (cut, bool) {
	for range boxSteps {
		if s.feasible(a) {
			return a, true
		}
		if to > a.rate && a.hopeless() {
			return a, false
		}
		c := s.beside(s.predict(a, to), a)
		next := s.certified(a, c)
		for !s.moved(a, next) && s.moved(a, c.rate) { // the chord is too coarse: try nearer
			c = s.beside(between(a.rate, c.rate), a)
			next = s.certified(a, c)
		}
		switch {
		case !s.moved(a, next):
			return a, true
		case next != c.rate:
			a = s.at(next)
		case next == to:
			return c, s.feasible(c)
		default:
			a = c
		}
	}
	return a, true
}

// moved reports if a rate lies apart from a cut's by more than the precision
// of the box.
func (s *search) moved(a cut, rate float64) bool { return math.Abs(rate-a.rate) > 1e-6*a.rate }

// between is the middle of two rates, in orders of magnitude where they are
// far apart.
func between(a, b float64) float64 {
	if max(a, b) > 4*min(a, b) {
		return math.Sqrt(a * b)
	}
	return (a + b) / 2
}

// short is how far predict goes of the way. A curve that is nearly straight is
// then proven impossible all the way, where one step further it would not be,
// and the cut there serves as the next beginning.
const short = 1 - 1e-5

// predict follows the two lines at a nearly to where they meet, which is where
// the search would end if the curve were straight. It never goes past to.
func (s *search) predict(a cut, to float64) float64 {
	gap := a.burstMin - s.slack - a.burstMax
	closing := a.low.seconds() - a.high.seconds() // gap lost for each token/s
	if to < a.rate {
		closing = -closing
	}
	if closing <= 0 {
		return to
	}
	step := gap / closing * short
	if to > a.rate {
		return min(to, a.rate+step)
	}
	return max(to, a.rate-step)
}

// certified returns how far from a towards c, a cut beside a, every rate is proven impossible:
// there the line of a's tightest window stays on or over the chord of what a's
// least excusable refusal allows at a and at c.
func (s *search) certified(a, c cut) float64 {
	if a.high.refusal < 0 {
		return a.rate
	}
	gapA := a.low.at(a.rate) - s.slack - a.burstMax
	gapC := a.low.at(c.rate) - s.slack - c.beside
	if gapC >= 0 {
		return c.rate
	}
	return a.rate + (c.rate-a.rate)*gapA/(gapA-gapC)
}
