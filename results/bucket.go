package results

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// ideal is a token bucket as the witness's window sees it: where too many
// calls were admitted, the most tokens that it can hold at an instant; where a
// call was refused, the least that it must.
type ideal struct {
	from  time.Duration
	rate  float64 // tokens a second
	burst float64
	draws []time.Duration // when a token is taken, in order
	full  bool            // what flows into a full bucket is lost
}

// idealOf returns the bucket of a scene, or false where it isn't known or
// doesn't come out at what the witness says: with methods that cost other than
// one token, calls and tokens aren't the same.
func idealOf(s *scene) (*ideal, bool) {
	w := s.witness
	if s.limit.Rate <= 0 || s.limit.Burst < 1 || s.stretched() {
		return nil, false
	}
	b := &ideal{from: w.From, rate: s.limit.Rate, burst: float64(s.limit.Burst), full: s.accused != nil}
	for _, d := range s.proof {
		at := d.received // by then it was certainly admitted
		if s.accused != nil {
			at = max(d.sent, w.From) // from then on it may have been
		}
		b.draws = append(b.draws, at)
	}
	slices.SortFunc(b.draws, func(x, y time.Duration) int { return cmp.Compare(x, y) })
	says := w.Allowed - float64(w.Admitted)
	// The witness grants what the clocks may explain too, and the drawing doesn't.
	clocks := b.rate * (verdict.DefaultClocks().Most(w.To-w.From) - (w.To - w.From)).Seconds()
	return b, math.Abs(b.levels([]time.Duration{w.To})[0]-says) < 0.01+clocks+1e-6*math.Abs(says)
}

// levels returns the level at each of a growing list of instants.
func (b *ideal) levels(at []time.Duration) []float64 {
	level, now, next := b.burst, b.from, 0
	flow := func(to time.Duration) {
		level += b.rate * (to - now).Seconds()
		if b.full {
			level = min(level, b.burst)
		}
		now = to
	}
	out := make([]float64, len(at))
	for i, t := range at {
		for ; next < len(b.draws) && b.draws[next] <= t; next++ {
			flow(max(now, b.draws[next]))
			level--
		}
		flow(t)
		out[i] = level
	}
	return out
}
