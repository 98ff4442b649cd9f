package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A Jump is a step of the clock that a history was written by, as where NTP sets
// a wall clock right in the middle of a log.
type Jump struct {
	After, Before int           // the calls between which it lies: positions in the history
	By            Interval      // seconds that explain every answer; negative where the clock was set back
	Silence       time.Duration // for which nothing was sent or answered there; 0 where the order turns
}

// Back reports if the clock was set back.
func (j Jump) Back() bool { return j.By.Hi < 0 }

// Seen reports if the jump shows: the calls stand in order, but for this one place, where
// the clock was set back. Any other is a guess: if the while for which nothing was sent or
// answered had been shorter by By, or longer, all would be as promised. A server that
// doesn't count that time, or twice, looks the same.
func (j Jump) Seen() bool { return j.Back() && j.Silence == 0 }

// About is the middle of By.
func (j Jump) About() time.Duration { return time.Duration((j.By.Lo + j.By.Hi) / 2 * 1e9) }

// What makes a jump stand out.
const (
	jumpCalls  = 20      // calls on either side, at least
	jumpStands = 3       // how many times longer than any other silence around it one must be
	jumpAround = 200     // how many instants around it are looked at
	jumpMost   = 2 << 20 // calls of a history that is searched at all
	jumpNear   = 50_000  // calls that are searched for how far; all must then agree
)

// Jump looks for the one jump of the history's clock that alone explains why the
// history breaks a limit. It finds none where the limit is kept, where nothing in
// the history speaks for a jump, or where it takes more than one.
func (e *Evidence) Jump(l promise.Limit, tolerance float64) (Jump, bool) {
	if e.calls > jumpMost || e.Check(l, tolerance).Verdict != Fail {
		return Jump{}, false
	}
	all := e.inOrder()
	if len(all) < 2*jumpCalls {
		return Jump{}, false
	}
	for _, s := range []step{setBack(all), e.setForward(all, l.Rate, float64(l.Burst)-tolerance)} {
		if s.at < jumpCalls || s.at > len(all)-jumpCalls {
			continue
		}
		near := all[max(0, s.at-jumpNear/2):min(len(all), s.at+jumpNear/2)]
		by, ok := s.explaining(func(by int64) Judgement { return e.stepped(near, s, by).Check(l, tolerance) })
		if ok && e.stepped(all, s, (by[0]+by[1])/2).Check(l, tolerance).Verdict != Fail {
			return s.jump(by), true
		}
	}
	return Jump{}, false
}

// Coarse finds the tick of a coarser clock of the limiter's that alone explains why the history
// breaks a limit. It finds none where the limit is kept, or where the tick isn't the default.
func (e *Evidence) Coarse(l promise.Limit, tolerance float64) (time.Duration, bool) {
	coarse, ok := e.clocks.Coarser()
	if !ok || e.Check(l, tolerance).Verdict != Fail {
		return 0, false
	}
	defer e.Under(e.clocks)
	return coarse.Tick, e.Under(coarse).Check(l, tolerance).Verdict != Fail
}

// A filed mark is one with the bucket that it belongs to.
type filed struct {
	mark
	of *bucket
}

// inOrder returns all marks as they stand in the history.
func (e *Evidence) inOrder() []filed {
	all := make([]filed, 0, e.calls)
	for _, b := range e.buckets {
		for _, m := range b.marks {
			all = append(all, filed{m, b})
		}
	}
	slices.SortStableFunc(all, func(a, b filed) int { return int(a.pos) - int(b.pos) })
	return all
}

// A step is a place where the clock may have jumped, and how far it may have.
type step struct {
	at       int // the first mark after it, in the history's order; 0 where there is none
	pos      [2]int32
	back     bool
	from, to int64 // instants before and after it, by the history's clock
	least    int64 // nanoseconds that it jumped at least and at most
	most     int64
	flight   int64 // back: how long before it a call may have been sent and not answered
}

// setBack finds the one place where a history that is in order otherwise, by its
// calls' sending or by their answers, goes back.
func setBack(all []filed) step {
	var service int64
	for _, m := range all {
		if m.received != never {
			service = max(service, m.received-m.sent)
		}
	}
	for _, instant := range []func(filed) int64{
		func(m filed) int64 { return m.sent },
		func(m filed) int64 { return m.received },
	} {
		s, drops, last := step{}, 0, -1
		for k := range all {
			if instant(all[k]) == never {
				continue
			}
			if last >= 0 && instant(all[k]) < instant(all[last]) {
				drops++
				s = step{at: k, pos: [2]int32{all[last].pos, all[k].pos}, back: true, from: instant(all[last]),
					to: instant(all[k])}
			}
			last = k
		}
		if drops == 1 {
			s.least, s.flight = s.from-s.to, service
			s.most = s.least + int64(24*time.Hour)
			return s
		}
	}
	return step{}
}

// setForward finds the silence before the first refusal that isn't justified, if
// it stands out among those around it.
func (e *Evidence) setForward(all []filed, rate, allowed float64) step {
	first := int64(never)
	for _, b := range e.buckets {
		b.sweepRejections(rate, func(j int32, bound float64, _ int64) {
			if bound <= allowed {
				first = min(first, b.marks[j].received)
			}
		})
	}
	stamps := make([]stamp, 0, 2*len(all))
	for _, m := range all {
		stamps = append(stamps, stamp{m.sent, m.pos})
		if m.received != never {
			stamps = append(stamps, stamp{m.received, m.pos})
		}
	}
	inTime(stamps)
	gap := func(k int) int64 { return stamps[k].at - stamps[k-1].at }
	best := 0
	for k := 1; k < len(stamps) && stamps[k].at <= first; k++ {
		if best == 0 || k-best > jumpAround || gap(k) > gap(best) {
			best = k
		}
	}
	if best == 0 || best < 2*jumpCalls || best > len(stamps)-2*jumpCalls {
		return step{}
	}
	for k := max(1, best-jumpAround); k < min(len(stamps), best+jumpAround); k++ {
		if k != best && jumpStands*gap(k) > gap(best) {
			return step{}
		}
	}
	s := step{pos: [2]int32{stamps[best-1].pos, stamps[best].pos}, from: stamps[best-1].at, to: stamps[best].at,
		least: 1, most: gap(best)}
	s.at = slices.IndexFunc(all, func(m filed) bool { return m.sent >= s.to })
	return s
}

// stepped is the evidence as it would be had the clock not jumped by so much.
func (e *Evidence) stepped(all []filed, s step, by int64) *Evidence {
	out := &Evidence{limit: e.limit, split: e.split, byName: map[string]*bucket{}, weight: e.weight, clocks: e.clocks,
		granted: e.granted, limited: e.limited}
	for k := range all {
		m := all[k].mark
		m.sent, m.received = s.moved(m.sent, m.received, m.pos, by)
		b := out.bucketOf(all[k].of.client)
		b.marks = append(b.marks, m)
	}
	return out
}

// behind reports if a call was sent behind the step.
func (s step) behind(sent int64, pos int32) bool {
	if s.back {
		return pos >= s.pos[1]
	}
	return sent >= s.to
}

// moved are a call's instants as they would be had the clock not jumped by so much.
func (s step) moved(sent, received int64, pos int32, by int64) (int64, int64) {
	ended := received != never
	if !s.back {
		by = -by
	}
	switch {
	case s.behind(sent, pos):
		sent += by
		if ended {
			received += by
		}
	case ended && s.back && sent >= s.from-s.flight, // its answer may have come after it
		ended && !s.back && received >= s.to:
		received += by
	}
	return sent, received
}

// explaining returns the least and the most that the step may be for everything
// to be explained, to a hundredth or so. The further back a clock was set, the
// more may have been admitted and the less refused; forward it is the other way.
func (s step) explaining(check func(by int64) Judgement) (by [2]int64, ok bool) {
	tooLittle, tooMuch := func(j Judgement) bool { return j.OverRejection.Violated },
		func(j Judgement) bool { return j.OverAdmission.Violated }
	if s.back {
		tooLittle, tooMuch = tooMuch, tooLittle
	}
	least, most := s.least, s.most
	if tooLittle(check(most)) || tooMuch(check(least)) {
		return by, false
	}
	narrow := func(lo, hi int64, low bool) int64 { // low: the least that is enough; else the most that isn't too much
		for range 40 {
			if hi-lo <= max(1e6, hi/200) {
				break
			}
			mid := lo + (hi-lo)/2
			if hi > 8*max(1e6, lo) {
				mid = int64(math.Sqrt(float64(max(1e6, lo)) * float64(hi)))
			}
			j := check(mid)
			if low && tooLittle(j) || !low && !tooMuch(j) {
				lo = mid
			} else {
				hi = mid
			}
		}
		if low {
			return hi
		}
		return lo
	}
	by[0], by[1] = least, most
	if tooLittle(check(least)) {
		by[0] = narrow(least, most, true)
	}
	if tooMuch(check(most)) {
		by[1] = narrow(least, most, false)
	}
	return by, by[0] <= by[1]
}

// jump is the step in the terms of the history.
func (s step) jump(by [2]int64) Jump {
	j := Jump{After: int(s.pos[0]), Before: int(s.pos[1]), By: Interval{Lo: float64(by[0]) / 1e9,
		Hi: float64(by[1]) / 1e9}}
	if s.back {
		j.By = Interval{Lo: -j.By.Hi, Hi: -j.By.Lo}
		return j
	}
	j.Silence = time.Duration(s.to - s.from)
	return j
}
