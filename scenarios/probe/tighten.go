package probe

import (
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// finest is how far apart, as a part of the rate, two rates are tried.
const finest = 5e-4

// tighten closes a box that leaves faster buckets open, or that hardly has a
// burst: a scan of the rates proves stretches of them impossible. Both the burst
// that admissions need and the burst that refusals allow fall with the rate, so
// that no rate between two explains anything if the lower one allows less than
// the upper one needs. The box may hold rates in its middle that explain
// nothing; what is outside of it never does.
func tighten(e *verdict.Evidence, m verdict.Measured, tolerance float64) verdict.Measured {
	bounds := func(rate float64) (needs, allows float64) {
		j := e.Check(profiles.Limit{Rate: rate, Burst: 1}, tolerance)
		// A bucket holds a token at least, and refuses no call when it is full.
		return max(1, j.OverAdmission.Burst-2*tolerance), j.OverRejection.Burst
	}
	top := m.Rate.Hi
	if m.Or != nil {
		top = m.Or.Rate.Lo
	}
	for {
		if top > 1e6 || top <= 0 {
			return m
		}
		if _, allows := bounds(top); allows <= 1 {
			break // and so for every faster one
		}
		top *= 1.5
	}
	excluded := func(slow, fast float64) bool {
		needs, _ := bounds(fast)
		_, allows := bounds(slow)
		return needs >= allows
	}
	m.Or = nil
	m.Rate.Hi = walk(top, m.Rate.Lo, func(from, to float64) bool { return excluded(to, from) })
	if m.Rate.Lo > 0 {
		m.Rate.Lo = walk(m.Rate.Lo, m.Rate.Hi, excluded)
	}
	needs, _ := bounds(m.Rate.Hi)
	_, allows := bounds(m.Rate.Lo)
	m.Burst = verdict.Interval{Lo: 1, Hi: allows + tolerance}
	if needs > 1 {
		m.Burst.Lo = needs + tolerance
	}
	return m
}

// walk goes from one rate towards another as far as every step is excluded.
func walk(from, to float64, excluded func(from, to float64) bool) float64 {
	up := to > from
	for step := 0.1; step >= finest && from != to; {
		next := from * (1 + step)
		if up {
			next = min(next, to)
		} else {
			next = max(from/(1+step), to)
		}
		if excluded(from, next) {
			from, step = next, min(0.5, 2*step)
		} else {
			step /= 2
		}
	}
	return from
}
