package verdict

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A LawCause is another promise that explains a history which breaks the one that was
// given: one law changed in one way.
type LawCause struct {
	Law  int         // its place in the promise, from 0
	Kept promise.Law // what seems to be kept in its place; the zero law where nothing is
	Says string      // what is different, in words
}

// mostCauses is how many are worth reading.
const mostCauses = 4

// LawCauses tries promises that differ from the one given in one law and one way, and
// returns the first of those that explain the history, the likeliest first. It proves
// nothing: several may, and what isn't tried may as well. It takes a judgement for each.
func LawCauses(p promise.Promise, calls []history.Call, cfg LawConfig) []LawCause {
	j := newLawJudge(p, calls, cfg)
	j.settle()
	var out []LawCause
	for _, alt := range j.alternatives() {
		if len(out) < mostCauses && explains(alt.whole, calls, cfg) {
			out = append(out, alt.cause)
		}
	}
	return out
}

// explains reports if a promise may have been kept. One without any law refuses nothing.
func explains(p promise.Promise, calls []history.Call, cfg LawConfig) bool {
	if len(p) == 0 {
		return !slices.ContainsFunc(calls, func(c history.Call) bool { return c.Outcome == history.Limited })
	}
	return p.Validate() == nil && judgeLaws(p, calls, cfg).Verdict != Fail
}

// tickedBySeconds reports if a promise may have been kept by a clock that shows whole seconds.
func tickedBySeconds(p promise.Promise, calls []history.Call, cfg LawConfig) bool {
	if cfg.Clocks.Tick >= time.Second {
		return false
	}
	cfg.Clocks.Tick = time.Second
	return explains(p, calls, cfg)
}

type alternative struct {
	cause LawCause
	whole promise.Promise
}

// alternatives are promises that are worth a try.
func (j *lawJudge) alternatives() []alternative {
	var out []alternative
	for x := range j.promise {
		l := j.promise[x]
		with := func(says string, change func(l *promise.Law)) {
			p, changed := slices.Clone(j.promise), l.Clone()
			change(&changed)
			if changed.String() == l.String() {
				return
			}
			p[x] = changed
			out = append(out, alternative{LawCause{Law: x, Kept: changed, Says: says}, p})
		}
		without := slices.Delete(slices.Clone(j.promise), x, x+1)
		out = append(out, alternative{LawCause{Law: x, Says: "it isn't kept at all"}, without})
		for _, n := range j.numbers(x) {
			with(fmt.Sprintf("its number is %d, not %d", n, l.N), func(l *promise.Law) { l.N = n })
		}
		otherCosts(l, with)
		otherKeys(l, with)
		otherTimes(l, with, 1.05, 1/1.05, 1.02, 1/1.02, 1.1, 1/1.1)
		otherKinds(l, with)
		otherTimes(l, with, 0.5, 2)
		hardly(l, with)
		for y := range j.promise {
			other := j.promise[y]
			if y <= x || other.Kind != l.Kind {
				continue
			}
			p, swapped := slices.Clone(j.promise), l
			swapped.N, swapped.Rate = other.N, other.Rate
			p[x] = swapped
			p[y].N, p[y].Rate = l.N, l.Rate
			out = append(out, alternative{LawCause{Law: x, Kept: swapped, Says: fmt.Sprintf("its numbers are mixed "+
				"up with those of law %d", y+1)}, p})
		}
	}
	return out
}

// numbers are what a law's N may be: as much as was let through, or as little as
// refusals leave.
func (j *lawJudge) numbers(x int) []int {
	l := j.promise[x]
	most, least := 0.0, math.Inf(1)
	for _, c := range j.counters[x] {
		need, e, broken := c.excessOf(j.cfg.Tolerance)
		if broken && e.windows > 0 {
			need = math.Ceil(float64(e.units) / float64(e.windows))
		}
		most = max(most, need)
		for k, i := range c.refuse {
			if j.by[c.stakes[i].call] == 0 {
				least = min(least, c.bound[k])
			}
		}
	}
	list := []int{}
	if up := int(math.Ceil(most - j.cfg.Tolerance)); up > l.N {
		list = append(list, up)
	}
	if !math.IsInf(least, 1) {
		list = append(list, int(math.Ceil(least))-1, int(math.Floor(least)))
	}
	list = append(list, l.N+1, l.N-1, 2*l.N, l.N/2)
	var out []int
	for _, n := range list {
		if n >= 1 && n != l.N && n >= l.Step && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// A try is one change of a law, in words.
type try func(says string, change func(l *promise.Law))

func otherCosts(l promise.Law, with try) {
	if !l.Charge.Refused {
		with("refused calls are charged", func(l *promise.Law) { l.Charge.Refused = true })
	}
	if l.Charge.Outcomes != promise.All {
		with("whatever comes of a call, it is charged", func(l *promise.Law) { l.Charge.Outcomes = promise.All })
	}
	if l.Charge.Units != nil {
		with("every call costs one unit", func(l *promise.Law) { l.Charge.Units = nil })
	}
	if l.Wait > 0 {
		with("it refuses at once, and nobody waits", func(l *promise.Law) { l.Wait = 0 })
	}
}

func otherKeys(l promise.Law, with try) {
	if len(l.Key) > 0 {
		with("everybody shares one counter", func(l *promise.Law) { l.Key = nil })
	}
	for _, d := range []struct {
		by   promise.Dimension
		says string
	}{{promise.Session, "each session has a counter of its own"}, {promise.Tool, "each tool has a counter of its own"},
		{promise.Method, "each method has a counter of its own"}} {
		if !l.Key.Has(d.by) {
			with(d.says, func(l *promise.Law) { l.Key = append(l.Key, d.by) })
		}
	}
}

func otherKinds(l promise.Law, with try) {
	switch l.Kind {
	case promise.Window:
		for _, style := range []promise.Style{promise.Fixed, promise.Sliding, promise.Aligned, promise.Counter} {
			if l.Style != promise.Unsaid && !(l.Elastic && style == promise.Sliding) {
				with(fmt.Sprintf("its windows are %s, not %s", style, l.Style),
					func(l *promise.Law) { l.Style = style })
			}
		}
		with("it is a bucket, and no window", func(l *promise.Law) {
			l.Kind, l.Rate = promise.Bucket, float64(l.N)/l.Every.Seconds()
			l.Every, l.Style, l.Elastic = 0, promise.Unsaid, false
		})
	case promise.Bucket:
		if l.Step == 0 {
			for _, every := range []time.Duration{100 * time.Millisecond, 250 * time.Millisecond, time.Second,
				time.Duration(float64(l.N) / 2 / l.Rate * 1e9)} {
				step := int(math.Round(l.Rate * every.Seconds()))
				if step >= 2 && step <= l.N {
					with(fmt.Sprintf("tokens come in steps, %d at a time", step), func(l *promise.Law) {
						l.Step, l.Every = step, time.Duration(math.Round(float64(step)/l.Rate*1e9))
						l.Rate = float64(l.Step) / l.Every.Seconds()
					})
				}
			}
		} else {
			with("tokens flow, and don't come in steps", func(l *promise.Law) { l.Step, l.Every = 0, 0 })
		}
		with("it is a window that slides, and no bucket", func(l *promise.Law) {
			l.Kind, l.Style, l.Every = promise.Window, promise.Sliding, time.Duration(float64(l.N)/l.Rate*1e9)
			l.Rate, l.Step = 0, 0
		})
	}
}

// otherTimes are lengths that aren't the promised one.
func otherTimes(l promise.Law, with try, factors ...float64) {
	if l.Kind == promise.Quota {
		for _, short := range []time.Duration{5 * time.Second, time.Minute, time.Hour} {
			with("it is reset after "+promise.Span(short)+" or so", func(l *promise.Law) {
				l.Kind, l.Style, l.Every, l.Unit, l.Zone = promise.Window, promise.Fixed, short, "", ""
			})
		}
		return
	}
	if l.Kind != promise.Window && l.Kind != promise.Bucket {
		return
	}
	for _, by := range factors {
		longer := "shorter"
		if by > 1 {
			longer = "longer"
		}
		with(fmt.Sprintf("its time is about %.0f%% %s", 100*math.Abs(by-1), longer),
			func(l *promise.Law) { stretch(l, by) })
	}
}

// hardly is a law that forgets nothing in a history's time.
func hardly(l promise.Law, with try) {
	if l.Kind != promise.Window && l.Kind != promise.Bucket {
		return
	}
	with("what was taken isn't given back, or hardly", func(l *promise.Law) {
		if l.Kind == promise.Window {
			l.Style, l.Every = promise.Fixed, 366*24*time.Hour
			return
		}
		l.Rate, l.Step, l.Every = 1e-6, 0, 0
	})
}

// stretch makes a law's time longer by a factor.
func stretch(l *promise.Law, by float64) {
	l.Every = time.Duration(math.Round(by * float64(l.Every)))
	if l.Kind == promise.Bucket {
		l.Rate /= by
		if l.Step > 0 {
			l.Rate = float64(l.Step) / l.Every.Seconds()
		}
	}
}
