package verdict

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// A hypothesis is one way in which a limiter may differ from its promise. It is
// named only if it explains a story, and none that is simpler does.
type hypothesis struct {
	kind  string // what others like it share: of these the first that explains is named
	words string
	vague string  // for words, where several of a kind explain and differ; empty: words
	exact bool    // it was read from the answers, so it must explain them all
	spare float64 // seconds by which the model's own instants may be off
	model func() model
}

// defects are hypotheses of one thing wrong with the promised bucket.
func (p *past) defects() []hypothesis {
	l := p.limit
	defect := func(kind, words string, f flow) hypothesis {
		f.l = l
		return hypothesis{kind: kind, words: words, model: func() model { g := f; return &g }}
	}
	list := []hypothesis{
		defect("refusals", "refused calls cost a token too", flow{refusalCost: 1}),
		defect("truncates", "fractions of a token are lost: the rate is too low for calls that come often",
			flow{truncates: 1 / l.Rate}),
		defect("truncates", "fractions of a second are lost: the rate is too low for calls that come often",
			flow{truncates: 1}),
		defect("once", "after the first burst the bucket holds one token: the burst is too small", flow{once: true}),
	}
	for _, s := range []float64{0.002, 0.005, 0.01, 0.02} {
		list = append(list, defect("racy", "a check and its token aren't taken in one step: calls at the same time "+
			"aren't counted", flow{blind: s}))
	}
	for _, k := range []float64{2, 1.5, 3} {
		list = append(list, defect("rest", "a rest makes the bucket hold more than its burst: the burst is too big",
			flow{cap: k * float64(l.Burst)}))
	}
	for _, s := range []float64{2, 1, 0.5} {
		h := defect("idle", fmt.Sprintf("a rest of %s makes the bucket full again", seconds(s)), flow{restFills: s})
		h.vague = "a rest makes the bucket full again"
		list = append(list, h)
	}
	const grain = 0.002 // seconds
	for _, s := range []float64{1, 0.5, 0.25, 0.2, 0.1} {
		for phase := grain / 2; phase < s; phase += grain {
			h := defect("steps", fmt.Sprintf("tokens come in steps, %.3g every %s", s*l.Rate, seconds(s)),
				flow{step: s, phase: phase})
			h.spare, h.vague = grain/2, "tokens come in steps"
			list = append(list, h)
		}
	}
	return slices.Concat(list, p.timers(), p.stops())
}

// timers are buckets that are full again at even intervals. One refill is no
// timer yet: the story has to have room for three. One of them must lie between
// the last refusal before the first call that the promise doesn't explain, and
// that call.
func (p *past) timers() []hypothesis {
	const grain = 0.01
	odd := p.firstOdd(true)
	if odd == len(p.story.calls) {
		return nil
	}
	from, to := 0.0, p.story.calls[odd].end
	if before, _ := p.story.around(odd); before >= 0 {
		from = p.story.calls[before].sent
	}
	var list []hypothesis
	for _, s := range []float64{10, 5, 4, 3, 2, 1} {
		if 3*s > p.story.span() {
			continue
		}
		for at := max(from, to-s); at < to; at += grain {
			list = append(list, hypothesis{kind: "timer", exact: true, spare: grain / 2,
				words: fmt.Sprintf("the bucket is full again every %s (a timer that resets it, or a clock that is "+
					"set forward)", seconds(s)),
				vague: "the bucket is full again at even intervals (a timer that resets it, or a clock that is set " +
					"forward)",
				model: func() model { return &flow{l: p.limit, fills: s, phase: at + grain/2} }})
		}
	}
	return list
}

// pairs are hypotheses of two things at once: the promised bucket and something
// else that its instants tell of, or a window with more to it.
func (p *past) pairs() []hypothesis {
	return slices.Concat(p.moments(), p.bans(), p.secondLimits(), p.behind(), p.strangeWindows())
}

// strangeWindows are windows that refusals prolong, or that bar everything once
// they are full. How many calls they let through is read from the first refusal,
// and how long they bar from the longest stretch in which everything was refused.
func (p *past) strangeWindows() []hypothesis {
	var list []hypothesis
	n, bars := p.beforeFirst(), p.longestShut()
	for _, s := range []float64{float64(p.limit.Burst) / p.limit.Rate, 1, 2, 5, 10, 15, 30, 60} {
		list = append(list, hypothesis{kind: "elastic", exact: true, words: fmt.Sprintf("it is a window of %d in %s "+
			"that every call prolongs, a refused one too", n, seconds(s)),
			model: func() model { return &opening{number: n, length: s, prolongs: true} }})
		if bars > s {
			list = append(list, hypothesis{kind: "block", exact: true, words: fmt.Sprintf("it is a window of %d in "+
				"%s, and more than that bars everything for %s", n, seconds(s), seconds(bars)),
				vague: fmt.Sprintf("it is a window of %d, and more than that bars everything for %s", n, seconds(bars)),
				model: func() model { return &opening{number: n, length: s, bars: bars} }})
		}
	}
	return list
}

// beforeFirst is how many calls were let through that were sent before the first
// refusal was known.
func (p *past) beforeFirst() int {
	known, n := math.Inf(1), 0
	for _, c := range p.story.calls {
		if !c.admitted {
			known = min(known, c.end)
		}
	}
	for _, c := range p.story.calls {
		if c.admitted && c.sent <= known {
			n++
		}
	}
	return n
}

// longestShut is the longest that everything was refused for before a call was let
// through again, in seconds.
func (p *past) longestShut() float64 {
	longest := 0.0
	for i, c := range p.story.calls {
		if c.admitted || i > 0 && !p.story.calls[i-1].admitted {
			continue
		}
		longest = max(longest, p.since(c, p.shut(i)))
	}
	return longest
}

// A shutting is a stretch in which everything was refused.
type shutting struct {
	refused    []int // the calls, by sent
	opened     told  // the call that was let through next
	ended      bool  // there is one
	letThrough int   // calls let through before it
}

// shut returns the stretch that a refused call lies in.
func (p *past) shut(call int) (r shutting) {
	s := p.story
	from := min(call, len(s.calls))
	for from > 0 && from < len(s.calls) && !s.calls[from-1].admitted {
		from--
	}
	for _, c := range s.calls[:from] {
		if c.admitted {
			r.letThrough++
		}
	}
	for i := from; i < len(s.calls); i++ {
		if s.calls[i].admitted {
			r.opened, r.ended = s.calls[i], true
			break
		}
		r.refused = append(r.refused, i)
	}
	return r
}

// shuts are the first stretches with a refusal that the promise doesn't explain.
func (p *past) shuts() []shutting {
	var list []shutting
	for _, i := range p.odd {
		if p.story.calls[i].admitted {
			continue
		}
		r := p.shut(i)
		if len(list) == 0 || list[len(list)-1].refused[0] != r.refused[0] {
			list = append(list, r)
		}
		if len(list) == 4 {
			break
		}
	}
	return list
}

// since is how long the stretch lasted from a call on, as a round number of
// seconds where one fits; 0 where it never ended.
func (p *past) since(c told, r shutting) float64 {
	if !r.ended || r.opened.end <= c.sent {
		return 0
	}
	last := p.story.calls[r.refused[len(r.refused)-1]]
	return round(max(0, last.sent-c.end)*1e9, (r.opened.end-c.sent)*1e9).Seconds()
}

// bans are hypotheses of refusals that bar everything for a while. How many, and
// how long, is read from the first stretches that the promise doesn't explain.
func (p *past) bans() []hypothesis {
	var list []hypothesis
	for _, r := range p.shuts() {
		last := p.story.calls[r.refused[len(r.refused)-1]]
		for strikes := 1; strikes <= min(10, len(r.refused)); strikes++ {
			trigger := p.story.calls[r.refused[strikes-1]]
			long, words := p.since(trigger, r), ""
			switch {
			case long > 0:
				words = "bars everything for " + seconds(long)
			case !r.ended && last.sent > trigger.end:
				long = 1e9
				words = "bars everything for " + seconds(math.Floor(last.sent-trigger.end)) + " or longer"
			default:
				continue
			}
			who := "a refusal "
			if strikes > 1 {
				who = fmt.Sprintf("being refused %d times within a second ", strikes)
			}
			list = append(list, hypothesis{kind: "ban", exact: true, words: who + words, vague: "refusals bar " +
				"everything for a while",
				model: func() model { return &flow{l: p.limit, bars: long, strikes: strikes} }})
		}
	}
	return list
}

// secondLimits are hypotheses of a second limit beside the promised one, which lets
// through so many calls in a longer time.
func (p *past) secondLimits() []hypothesis {
	r := p.shut(p.firstOdd(false))
	if len(r.refused) < 3 || r.letThrough == 0 {
		return nil
	}
	n, start := r.letThrough, p.story.calls[0]
	last := p.story.calls[r.refused[len(r.refused)-1]]
	length := 1e9
	words := fmt.Sprintf("a second limit is at work beside the promised one: after %s nothing was let through for "+
		"%s, to the end (a quota, or so many a minute, hour or day)",
		plural(n, "call"), seconds(math.Floor(last.sent-p.story.calls[r.refused[0]].end)))
	if r.ended {
		length = round(max(0, last.sent-start.end)*1e9, (r.opened.end-start.sent)*1e9).Seconds()
		words = fmt.Sprintf("a second limit is at work beside the promised one: %d in %s", n, seconds(length))
	}
	return []hypothesis{{kind: "quota", exact: true, words: words,
		model: func() model { return &stack{&flow{l: p.limit}, &opening{number: n, length: length}} }}}
}

func seconds(s float64) string {
	return time.Duration(s * 1e9).Round(time.Millisecond).String()
}

// behind is the hypothesis of a lower limit behind the promised one, which is
// charged for what the lower one refuses. How low it is, is read from as many
// calls from the first as a bucket explains.
func (p *past) behind() []hypothesis {
	calls := p.bucket.bySentAll()
	most := sort.Search(len(calls), func(n int) bool {
		_, ok := p.measuredUntil(calls[:n+1])
		return !ok
	})
	m, ok := p.measuredUntil(calls[:most])
	if !ok || most < len(calls)/4 || m.Rate.Hi > 1.1*m.Rate.Lo || m.Burst.Hi > m.Burst.Lo+1 ||
		m.Rate.Hi >= p.limit.Rate {
		return nil
	}
	low := p.limit
	low.Rate, low.Burst = (m.Rate.Lo+m.Rate.Hi)/2, int(m.Burst.Hi)
	return []hypothesis{{kind: "behind", exact: true, words: fmt.Sprintf("a lower limit stands behind the promised "+
		"one: a bucket of %s", m),
		model: func() model { return &serial{&flow{l: p.limit}, &flow{l: low}} }}}
}

// measuredUntil is the box of some of the calls.
func (p *past) measuredUntil(calls []int32) (Measured, bool) {
	e := NewEvidence(p.limit).Under(Clocks{}) // the model to try is drawn, not certified: the narrower, the better
	part := e.bucketOf("")
	for _, i := range calls {
		m := p.bucket.marks[i]
		part.marks = append(part.marks, m)
		switch m.kind {
		case refused:
			e.limited++
		case admitted:
			e.granted++
		}
	}
	return e.MeasureAround(p.limit.Rate, p.tolerance)
}

// bySentAll are all marks of a bucket, by sent.
func (b *bucket) bySentAll() []int32 {
	order := make([]int32, len(b.marks))
	for i := range order {
		order[i] = int32(i)
	}
	b.sortBy(order, func(m *mark) int64 { return m.sent })
	return order
}
