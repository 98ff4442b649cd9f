package load

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// A Shape says how fast requests are due over time. Its zero value sends
// nothing.
type Shape struct {
	Text   string // as it was given
	Max    bool   // closed loop: the next request is due when an earlier one has ended
	Curve  Curve  // requests a second over time; nil with Max
	Burst  Burst  // on top of the curve
	Length time.Duration
	// Length is the shape's own; 0 where it has none, so that the run's
	// duration decides.
}

// A Burst is a number of requests due at one instant, over and over. The first
// comes after one interval, so that there is something to compare it with.
type Burst struct {
	Size  int // requests; 0 is no burst
	Every time.Duration
}

// A Curve is a rate over time that can be integrated.
type Curve interface {
	// Rate is the requests a second at an instant.
	Rate(t float64) float64
	// Hits is the integral of Rate from 0 to t, in requests. It never falls.
	Hits(t float64) float64
}

// Arrivals yields the due instants of a shape up to, not including, an end, in
// order. Request k of the curve is due when the integral of the rate reaches k,
// so that a fractional rate loses nothing and no error adds up: 0.5/s is one
// at 0 s, one at 2 s, one at 4 s. It is pure: the same every time.
//
// It panics for a closed loop, which has no due instants.
func (s Shape) Arrivals(end time.Duration) iter.Seq[time.Duration] {
	if s.Max {
		panic("load: internal error: a closed loop has no arrivals")
	}
	return s.merged(paced(s.Curve, end), end)
}

// Poisson yields due instants of a Poisson process whose mean follows the
// shape's curve: gaps between neighbours are exponential in units of expected
// requests (Lewis and Shedler 1979, by inversion). Bursts stay where they are.
// It is pure: the same for the same seed.
func (s Shape) Poisson(end time.Duration, seed uint64) iter.Seq[time.Duration] {
	if s.Max {
		panic("load: internal error: a closed loop has no arrivals")
	}
	return s.merged(poisson(s.Curve, end, seed), end)
}

// paced yields the instants at which the curve's integral reaches 0, 1, 2 …
func paced(c Curve, end time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if c == nil {
			return
		}
		t := 0.0
		for k := 0.0; ; k++ {
			var ok bool
			if t, ok = reach(c, k, t, end.Seconds()); !ok || !yield(instant(t)) {
				return
			}
		}
	}
}

func poisson(c Curve, end time.Duration, seed uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if c == nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
		t, hits := 0.0, 0.0
		for {
			hits += r.ExpFloat64()
			var ok bool
			if t, ok = reach(c, hits, t, end.Seconds()); !ok || !yield(instant(t)) {
				return
			}
		}
	}
}

// instant turns seconds into whole nanoseconds.
func instant(seconds float64) time.Duration { return time.Duration(math.Round(seconds * 1e9)) }

// An inverse is a Curve that knows in closed form when its integral reaches a
// number of requests.
type inverse interface {
	// When is the earliest instant at which Hits is k; +Inf if it never is.
	When(k float64) float64
}

// reach returns the earliest instant at or after from, and before end, at
// which the curve's integral is k. Where there is no closed form it bisects to
// under a nanosecond.
func reach(c Curve, k, from, end float64) (float64, bool) {
	if in, ok := c.(inverse); ok {
		t := in.When(k)
		return max(t, from), t < end
	}
	if c.Hits(end) <= k {
		return 0, false
	}
	lo, hi := from, end
	if c.Hits(lo) >= k {
		return lo, lo < end
	}
	for hi-lo > 2e-10 && lo < (lo+hi)/2 && (lo+hi)/2 < hi {
		if mid := (lo + hi) / 2; c.Hits(mid) >= k {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi, hi < end
}

// merged adds the bursts to a sequence of instants.
func (s Shape) merged(base iter.Seq[time.Duration], end time.Duration) iter.Seq[time.Duration] {
	if s.Burst.Size == 0 {
		return base
	}
	return func(yield func(time.Duration) bool) {
		at := s.Burst.Every
		burst := func() bool {
			for range s.Burst.Size {
				if !yield(at) {
					return false
				}
			}
			at += s.Burst.Every
			return true
		}
		for t := range base {
			for at < end && at <= t {
				if !burst() {
					return
				}
			}
			if !yield(t) {
				return
			}
		}
		for at < end {
			if !burst() {
				return
			}
		}
	}
}

// Bursts yields the instants of the shape's bursts before an end.
func (s Shape) Bursts(end time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if s.Burst.Size == 0 {
			return
		}
		for at := s.Burst.Every; at < end; at += s.Burst.Every {
			if !yield(at) {
				return
			}
		}
	}
}

// Expected is about how many requests are due before an end: the integral of
// the rate, and the bursts.
func (s Shape) Expected(end time.Duration) float64 {
	n := 0.0
	if s.Curve != nil {
		n = s.Curve.Hits(end.Seconds())
	}
	for range s.Bursts(end) {
		n += float64(s.Burst.Size)
	}
	return n
}

// Peak is the highest rate of the shape before an end, in requests a second,
// without its bursts, as seen at a thousand points.
func (s Shape) Peak(end time.Duration) float64 {
	peak := 0.0
	for i := range 1000 {
		if s.Curve != nil {
			peak = max(peak, s.Curve.Rate(end.Seconds()*float64(i)/999))
		}
	}
	return peak
}

// A ramp goes from one rate to another in a straight line.
type ramp struct {
	from, to float64 // requests a second
	last     float64 // seconds, above 0; +Inf where from is to and it has no end
}

func (r ramp) rate(t float64) float64 {
	if r.from == r.to {
		return r.from
	}
	return r.from + (r.to-r.from)*t/r.last
}

// hits is the integral of the rate to t, which must not be beyond the end.
func (r ramp) hits(t float64) float64 { return (r.from + r.rate(t)) / 2 * t }

// when solves from·t + slope·t²/2 = k in the form that loses no digits where
// the slope is small.
func (r ramp) when(k float64) float64 {
	switch {
	case k == 0:
		return 0
	case r.from == r.to:
		return k / r.from
	}
	slope := (r.to - r.from) / r.last
	root := math.Sqrt(max(0, r.from*r.from+2*slope*k))
	return min(2*k/(r.from+root), r.last)
}

// line is one ramp after another. It stays at 0 behind the last.
type line []ramp

func (l line) Rate(t float64) float64 {
	for _, r := range l {
		if t < r.last {
			return r.rate(t)
		}
		t -= r.last
	}
	return 0
}

func (l line) Hits(t float64) float64 {
	n := 0.0
	for _, r := range l {
		if t < r.last {
			return n + r.hits(max(0, t))
		}
		n += r.hits(r.last)
		t -= r.last
	}
	return n
}

func (l line) When(k float64) float64 {
	begin := 0.0
	for _, r := range l {
		if math.IsInf(r.last, 1) {
			return begin + r.when(k)
		}
		if n := r.hits(r.last); k < n {
			return begin + r.when(k)
		} else {
			k -= n
		}
		begin += r.last
	}
	return math.Inf(1)
}

// sine swings around a mean. It begins at the mean, rising.
type sine struct {
	mean, swing float64 // requests a second; swing at most mean
	period      float64 // seconds
}

func (s sine) Rate(t float64) float64 {
	return s.mean + s.swing*math.Sin(2*math.Pi*t/s.period)
}

func (s sine) Hits(t float64) float64 {
	t = max(0, t)
	w := 2 * math.Pi / s.period
	return s.mean*t + s.swing/w*(1-math.Cos(w*t))
}
