package verdict

import (
	"slices"
	"sort"

	"github.com/mcpload/mcpload/promise"
)

// A ruledOut is a range of phases at which the windows of an aligned law can't begin,
// with the calls that say so.
type ruledOut struct {
	from, to int64  // within [0, T]
	refusal  int32  // a refused call that says so; -1 where others do:
	crowd    span64 // all that surely lie in this stretch
}

// phases tries every phase of a law whose windows lie one after the other by the
// server's clock, and returns what rules each out: windows that let through too much,
// and refusals that own says only this law can have made. none is set where no phase is
// left, so that the law is broken whatever the phase is.
//
// A boundary at w makes a window [w, w+T) of which the sure members are counted. Where
// a refusal was sent at s and the windows are full only if they begin at or before w,
// no boundary lies in (w, s]. Boundaries move with drift, and those of a timer that is set
// anew each time come a tick later each time, and later by as long as the server stood
// still: what is ruled out shrinks by as much.
func (c *counter) phases(charged, own func(s *stake) bool) (out []ruledOut, none bool) {
	counts := c.law.Style == promise.Aligned || c.law.Style == promise.Counter
	if c.law.Kind != promise.Window || !counts || c.law.Elastic || c.law.Lockout > 0 ||
		c.law.Charge.Outcomes != promise.All {
		return nil, false
	}
	p := &phaseSet{c: c, length: int64(c.law.Every)}
	c.crowded(p)
	if c.law.Style == promise.Counter {
		c.overweight(p)
		return p.cover()
	}
	c.emptied(p, charged, own)
	return p.cover()
}

// crowded rules out boundaries whose windows surely let through more than N.
func (c *counter) crowded(p *phaseSet) {
	sure, shut := c.sure(), c.fewest(c.law.Every)
	type change struct {
		at   int64 // a boundary from here on has, or hasn't, this stake in its window
		more int
	}
	var changes []change
	for _, i := range sure {
		s := &c.stakes[i]
		if from := s.received - shut + 1; from <= s.sent {
			changes = append(changes, change{from, int(s.least)}, change{s.sent + 1, -int(s.least)})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return compare(a.at, b.at) })
	units, run := 0, ruledOut{refusal: -1, from: never} // boundaries that are ruled out one after the other
	for k := 0; k < len(changes); {
		at := changes[k].at
		for ; k < len(changes) && changes[k].at == at; k++ {
			units += changes[k].more
		}
		if units > c.law.N { // which is over with the last of them
			run.from, run.to = min(run.from, at), changes[k].at-1
			run.crowd = span64{run.from, at + shut - 1}
			continue
		}
		if run.from != never {
			p.add(run.from, run.to, run)
			run.from = never
		}
	}
}

// emptied rules out boundaries after which a window can't have been full again when a
// refusal was made.
func (c *counter) emptied(p *phaseSet, charged, own func(s *stake) bool) {
	var sent, ends []int64
	var sentSum, endSum []int64
	total := int64(0)
	for i := range c.stakes {
		if s := &c.stakes[i]; charged(s) {
			total += int64(s.most)
			sent, sentSum = append(sent, s.sent), append(sentSum, total)
		}
	}
	total = 0
	for _, i := range c.byEnd {
		if s := &c.stakes[i]; charged(s) {
			total += int64(s.most)
			ends, endSum = append(ends, s.received), append(endSum, total)
		}
	}
	for _, i := range c.refuse {
		s := &c.stakes[i]
		if !own(s) {
			continue
		}
		n := sort.Search(len(sent), func(k int) bool { return sent[k] > s.received })
		there := int64(s.most)
		if n > 0 {
			there += sentSum[n-1]
		}
		if charged(s) {
			there -= int64(s.most)
		}
		// The window is full only if what ended before it is at most this much.
		spare := there - int64(c.law.N) - 1
		k := sort.Search(len(endSum), func(k int) bool { return endSum[k] > spare })
		if spare < 0 || k == len(ends) || ends[k] == never || ends[k] >= s.sent {
			continue // of a refusal that nothing excuses, settle has said so
		}
		p.add(ends[k]+1, s.sent, ruledOut{refusal: s.call})
	}
}

// A phaseSet collects boundaries that are ruled out.
type phaseSet struct {
	c      *counter
	length int64
	out    []ruledOut
	all    *ruledOut // a range that is as long as a window
}

// add rules out boundaries in [from, to].
func (p *phaseSet) add(from, to int64, r ruledOut) {
	far := max(to, -from)
	slack := int64(float64(far)*p.c.clocks.Drift) + int64(p.c.clocks.Tick)*(1+far/p.length) + 1
	from, to = from+slack, to-slack-p.c.halts.before(to)
	switch {
	case to < from:
		return
	case to-from >= p.length:
		p.all = &r
		return
	}
	a := ((from % p.length) + p.length) % p.length
	b := a + (to - from)
	put := func(from, to int64) {
		r.from, r.to = from, to
		p.out = append(p.out, r)
	}
	put(a, min(b, p.length))
	if b > p.length {
		put(0, b-p.length)
	}
}

// callsOf are the calls that rule a range out.
func (c *counter) callsOf(r ruledOut) []int32 {
	if r.refusal >= 0 {
		return []int32{r.refusal}
	}
	return c.surelyIn(c.sure(), r.crowd.from, r.crowd.to)
}

// cover returns ranges that together leave out the fewest phases, in order, and if they
// leave none.
func (p *phaseSet) cover() (out []ruledOut, none bool) {
	if p.all != nil {
		return []ruledOut{*p.all}, true
	}
	slices.SortFunc(p.out, func(a, b ruledOut) int { return compare(a.from, b.from) })
	reached := int64(-1) // phases up to here are ruled out
	for k := 0; k < len(p.out); {
		best := -1
		for ; k < len(p.out) && p.out[k].from <= reached+1; k++ {
			if best < 0 || p.out[k].to > p.out[best].to {
				best = k
			}
		}
		if best < 0 { // a gap: phases are left
			return p.out, false
		}
		if p.out[best].to > reached {
			reached = p.out[best].to
			out = append(out, p.out[best])
		}
		if reached >= p.length-1 {
			return out, true
		}
	}
	return p.out, false
}

// phaseless is the witness that no phase explains what an aligned law's counter did.
func (j *lawJudge) phaseless(x int, c *counter) (*Witness, bool) {
	own := func(s *stake) bool { return !j.cfg.Shared && j.alone(x, s.call) }
	out, none := c.phases(j.charged(x, c), own)
	if !none {
		return nil, false
	}
	e := excess{from: never, windows: 1}
	for _, r := range out {
		e.calls = append(e.calls, c.callsOf(r)...)
	}
	slices.Sort(e.calls)
	e.calls = slices.Compact(e.calls)
	for _, call := range e.calls {
		e.from, e.to = min(e.from, int64(j.calls[call].Sent)-c.origin),
			max(e.to, int64(j.calls[call].Received)-c.origin)
	}
	return c.witness(e), true
}
