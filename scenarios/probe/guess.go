package probe

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// guesses are promises that the answers so far speak for, the simplest first.
func (p *probe) guesses() (list []guess) {
	singles := p.windowsOf(p.history())
	for _, l := range singles {
		list = append(list, guess{l})
	}
	for _, first := range p.firsts() {
		for _, second := range p.secondLimits(first) {
			if first.Kind == promise.Bucket || second.N > first.N && second.Every > first.Every {
				list = append(list, guess{first, second})
			}
		}
	}
	return list
}

// shortestLaw is how long a window must be for a run's test: delays hide the ends of
// shorter ones.
const shortestLaw = 250 * time.Millisecond

// windowsOf are windows that explain calls, as laws.
func (p *probe) windowsOf(calls []history.Call) (list []promise.Law) {
	for _, m := range p.evidence(calls).Models(p.cfg.Tolerance) {
		if !isWindow(m) || m.Number.Hi > m.Number.Lo+3 || m.Window < shortestLaw {
			continue
		}
		for n := math.Ceil(m.Number.Lo); n <= m.Number.Hi; n++ {
			for _, every := range []time.Duration{people(m.Length), m.Window.Round(100 * time.Microsecond),
				part(m.Length, 0.5), part(m.Length, 0.25), part(m.Length, 0.75)} {
				l := promise.Law{Kind: promise.Window, N: int(n), Every: every, Charge: p.charge()}
				if every > 0 && !holdsLaw(list, l) {
					list = append(list, l)
				}
			}
		}
	}
	return list
}

// rounder are laws that were found with the lengths of windows that people would set, as
// far as those explain all answers as well: of lengths that nothing tells apart it is them
// that a server has, and a run that holds it to another fails it.
func (p *probe) rounder(found []Law, holding []promise.Promise, calls []history.Call) []Law {
	found = slices.Clone(found)
	for x := range found {
		l := &found[x]
		every := people(l.Every)
		if l.Law.Kind != promise.Window || isRound(l.Law.Every) || !isRound(every) {
			continue
		}
		others := make([]promise.Promise, len(holding))
		for i := range holding {
			others[i] = slices.Clone(holding[i])
			others[i][x].Every = every
		}
		if !slices.ContainsFunc(others, func(o promise.Promise) bool {
			return o.Validate() != nil || p.judged(o, calls).Verdict == verdict.Fail
		}) {
			holding, l.Law.Every = others, every
		}
	}
	return found
}

// part is how long lies so far between a range's ends.
func part(i verdict.Interval, share float64) time.Duration {
	return seconds(i.Lo + share*(i.Hi-i.Lo)).Round(100 * time.Microsecond)
}

// vague is a window that may be at work, and whose length isn't known well enough to
// guess at.
func (p *probe) vague() (m verdict.Model, ok bool) {
	for _, m := range p.evidence(p.history()).Models(p.cfg.Tolerance) {
		wide := m.Length.Hi-m.Length.Lo > 0.01*m.Length.Hi && !slices.Contains(spans, people(m.Length))
		if isWindow(m) && wide && m.Window >= shortestLaw && m.Number.Hi <= m.Number.Lo+3 {
			return m, true
		}
	}
	return m, false
}

// sharpen looks closely when a window ends whose length is vague: it fills one and asks
// once in a while around its end.
func (p *probe) sharpen(ctx context.Context) error {
	for range 2 {
		m, ok := p.vague()
		if !ok {
			return nil
		}
		const looks = 10
		plan := p.volley(p.client, int(m.Number.Hi)+2, time.Millisecond)
		from, to := seconds(m.Length.Lo*0.998), seconds(m.Length.Hi*1.002)
		for i, a := range p.volley(p.client, looks, 0) {
			a.Due = from + (to-from)*time.Duration(i)/(looks-1)
			plan = append(plan, a)
		}
		p.rest(to + to/10)
		if _, err := p.send(ctx, byDue(plan)); err != nil {
			return err
		}
	}
	return nil
}

func holdsLaw(list []promise.Law, l promise.Law) bool {
	for _, one := range list {
		if one.N == l.N && one.Every == l.Every {
			return true
		}
	}
	return false
}

// spans are lengths of windows that people set.
var spans = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
	20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour}

// people is the length in a range of seconds that people would set, or else its middle.
func people(i verdict.Interval) time.Duration {
	for _, s := range spans {
		if i.Lo <= s.Seconds() && s.Seconds() <= i.Hi {
			return s
		}
	}
	middle := (i.Lo + i.Hi) / 2
	for _, unit := range []float64{1, 0.5, 0.25, 0.1, 0.01} {
		if x := math.Round(middle/unit) * unit; x >= i.Lo && x <= i.Hi && x > 0 {
			return seconds(x).Round(time.Millisecond)
		}
	}
	return seconds(middle).Round(time.Millisecond)
}

// withStyle gives a window of unsaid kind one that is judged sharply.
func withStyle(l promise.Law) promise.Law {
	if l.Kind == promise.Window && l.Style == promise.Unsaid {
		l.Style = promise.Sliding
	}
	return l
}

// RoundRate is the roundest rate in a range: people configure 15, not 14.98.
// A limit in whole calls a minute is round too.
func RoundRate(i verdict.Interval) float64 {
	for _, step := range []float64{10, 5, 1, 0.5, 1.0 / 6, 0.1, 1.0 / 60} {
		if x := math.Round((i.Lo+i.Hi)/2/step) * step; x >= i.Lo && x <= i.Hi && x > 0 {
			return x
		}
	}
	middle := (i.Lo + i.Hi) / 2
	for digits := range 9 {
		scale := math.Pow(10, float64(digits))
		if x := math.Round(middle*scale) / scale; x >= i.Lo && x <= i.Hi && x > 0 {
			return x
		}
	}
	return middle
}

// OneRate is the rate in a range that people would set, where there is one that is
// rounder than all others: of 7.25 to 7.36 both 7.3 and 440 a minute are as round, and a
// run that holds a server to the wrong one of them may tell.
func OneRate(i verdict.Interval) (rate float64, ok bool) {
	for _, steps := range [][]float64{{1000}, {500}, {100}, {50}, {10}, {5}, {1}, {0.5}, {0.25, 0.2, 1.0 / 6, 0.1},
		{1.0 / 60}} {
		for _, step := range steps {
			for k := math.Ceil(i.Lo / step); k*step <= i.Hi; k++ {
				x := k * step
				switch {
				case x <= 0:
				case !ok:
					rate, ok = x, true
				case math.Abs(x-rate) > 1e-9*rate:
					return 0, false
				}
			}
		}
		if ok {
			return rate, true
		}
	}
	return 0, false
}

// OneBurst is the whole number in a range, where there is one.
func OneBurst(i verdict.Interval) (n int, ok bool) {
	lo, hi := math.Ceil(i.Lo), math.Floor(i.Hi)
	return int(lo), lo == hi && lo >= 1
}

// RoundBurst is the whole number of tokens nearest to the middle of a range.
func RoundBurst(i verdict.Interval) int { return max(1, int(math.Round((i.Lo+i.Hi)/2))) }

// noOther reports if no guess but those that were tried explains all answers.
func (p *probe) noOther(tried map[string]bool) bool {
	_, another := p.likeliest(tried)
	return !another
}
