package verdict

import (
	"math"
	"sort"

	"github.com/mcpload/mcpload/promise"
)

// A firstWindow is one window of a law whose windows open with a request: between which
// two instants it opened. It closes between lo and the law's length later, and hi and
// that. Whatever was surely charged from an instant on, which is when the window before
// has surely closed, and before this one can close, lies in it: there is no time
// between two windows in which a request can be charged.
type firstWindow struct {
	from, lo, hi int64
	closed       int64 // by when it surely has
}

// A chain is all windows of one counter as far as they can be followed. Where the
// openings become as uncertain as half a window, it is lost until the counter has
// surely rested for a window's length.
type chain struct {
	*counter
	shut, late int64 // a window lasts this long at least, and at most
	windows    []firstWindow
	lost       []span64 // stretches of which nothing is known
	may, sure  []int32  // places of stakes, by sent
	soonest    []int64  // the least reply of sure from each place on
	rests      []int32  // places in may before which the counter has surely rested for a window
	sentSum    []int64  // units of may, by sent
	ends       []int64  // replies of may in order, and the units up to each
	endSum     []int64
}

type span64 struct{ from, to int64 }

// firstChain follows the windows of a law that is promise.Fixed; nil of a law for which
// they can't be followed. Where only failures are charged, whatever else was sent may
// have opened a window all the same: limiters count first, and take back what succeeds.
//
// The first window opens between the least sent instant of what may be charged and the
// least reply of what surely is. If one opens within [lo, hi], it closes within
// [lo+T, hi+T], and the next opens with the first charged call after that: no earlier
// than lo+T and than the least sent instant of what may have been decided then, no
// later than the least reply to what was surely sent after it.
func (c *counter) firstChain(charged func(s *stake) bool) *chain {
	l := c.law
	if l.Kind != promise.Window || l.Style != promise.Fixed || l.Elastic || l.Lockout > 0 ||
		l.Charge.Outcomes == promise.Successes || len(c.stakes) == 0 {
		return nil
	}
	f := &chain{counter: c, shut: c.fewest(l.Every), late: c.longest(l.Every)}
	for i := range c.stakes {
		s := &c.stakes[i]
		if charged(s) {
			f.may = append(f.may, int32(i))
		}
	}
	f.sure = c.sure()
	f.sumUp(charged)
	f.follow()
	return f
}

// sumUp prepares the sums that follow and excuses ask for.
func (f *chain) sumUp(charged func(s *stake) bool) {
	f.soonest = make([]int64, len(f.sure)+1)
	f.soonest[len(f.sure)] = never
	for k := len(f.sure) - 1; k >= 0; k-- {
		f.soonest[k] = min(f.soonest[k+1], f.stakes[f.sure[k]].received)
	}
	last := int64(math.MinInt64)
	for k, i := range f.may {
		if s := &f.stakes[i]; k > 0 && last != never && s.sent > f.halts.over(last+f.late) {
			f.rests = append(f.rests, int32(k))
		}
		last = max(last, f.stakes[i].received)
	}
	f.sentSum = make([]int64, len(f.may)+1)
	for k, i := range f.may {
		f.sentSum[k+1] = f.sentSum[k] + int64(f.stakes[i].most)
	}
	f.ends, f.endSum = make([]int64, 0, len(f.may)), make([]int64, 1, len(f.may)+1)
	for _, i := range f.byEnd {
		if s := &f.stakes[i]; charged(s) {
			f.ends = append(f.ends, s.received)
			f.endSum = append(f.endSum, f.endSum[len(f.endSum)-1]+int64(s.most))
		}
	}
}

// follow finds the windows.
func (f *chain) follow() {
	for at := 0; at < len(f.may); { // place in may
		w := firstWindow{from: f.stakes[f.may[at]].sent}
		w.lo, w.hi = w.from, f.answered(w.from)
		for w.hi != never && w.hi-w.lo < f.shut/2 {
			w.closed = f.halts.over(w.hi + f.late)
			f.windows = append(f.windows, w)
			for at < len(f.may) && f.stakes[f.may[at]].received < w.lo+f.shut {
				at++
			}
			if at == len(f.may) {
				return
			}
			w.from = w.closed
			w.lo, w.hi = max(w.lo+f.shut, f.stakes[f.may[at]].sent), f.answered(w.from)
		}
		at = f.rest(at)
		l := span64{w.lo, math.MaxInt64}
		if at < len(f.may) {
			l.to = f.stakes[f.may[at]].sent - 1
		}
		f.lost = append(f.lost, l)
	}
}

// answered is the least reply to what was surely charged and sent from an instant on.
func (f *chain) answered(from int64) int64 {
	k := sort.Search(len(f.sure), func(k int) bool { return f.stakes[f.sure[k]].sent >= from })
	return f.soonest[k]
}

// rest is the next place in may after at that opens a window of its own, because the
// counter has surely rested before it.
func (f *chain) rest(at int) int {
	k := sort.Search(len(f.rests), func(k int) bool { return int(f.rests[k]) > at })
	if k == len(f.rests) {
		return len(f.may)
	}
	return int(f.rests[k])
}

// excess is a window that surely let through more than the law's units.
func (f *chain) excess() (excess, bool) {
	next := 0
	for _, w := range f.windows {
		units, calls := 0, []int32(nil)
		for next < len(f.sure) && f.stakes[f.sure[next]].sent < w.from {
			next++
		}
		for k := next; k < len(f.sure) && f.stakes[f.sure[k]].sent < w.lo+f.shut; k++ {
			if s := &f.stakes[f.sure[k]]; s.received < w.lo+f.shut {
				units, calls = units+int(s.least), append(calls, s.call)
			}
		}
		if units > f.law.N {
			return excess{units: units, from: w.lo, to: w.closed, calls: calls, windows: 1}, true
		}
	}
	return excess{}, false
}

// full is the most units that may have been taken of the window that a refusal lies in,
// by then; known is false where nothing is known of the windows.
func (f *chain) full(s *stake, own int64) (most int64, known bool) {
	l := sort.Search(len(f.lost), func(k int) bool { return f.lost[k].to >= s.sent })
	if l < len(f.lost) && f.lost[l].from <= s.received {
		return 0, false
	}
	k := sort.Search(len(f.windows), func(k int) bool { return f.windows[k].closed >= s.sent })
	for ; k < len(f.windows) && f.windows[k].lo <= s.received; k++ {
		w := f.windows[k]
		until := min(s.received, w.closed)
		sent := sort.Search(len(f.may), func(k int) bool { return f.stakes[f.may[k]].sent > until })
		before := sort.Search(len(f.ends), func(k int) bool { return f.ends[k] >= w.lo })
		units := f.sentSum[sent] - f.endSum[before]
		if s.sent <= until {
			units -= own
		}
		most = max(most, units)
	}
	return most, true
}
