package verdict

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// A window may open with the first call after the last one has ended, as where a
// counter is set to expire when it is first written. Such windows have no beat of
// their own: each lies where a call opened it. Limiters count them in ticks, of a
// clock that isn't ours: lengths are told apart no better than by these.
const (
	windowTick  = 1e6  // nanoseconds
	windowDrift = 2e-4 // of the length
)

// maxUnanswered is how many calls without an answer are followed to every window that they may
// have opened.
const maxUnanswered = 8

// mostPieces is into how many pieces a call without an answer is taken apart at most: longer
// ones rule out less.
const mostPieces = 1000

// openings are a bucket's calls as such windows are looked for in them. All
// instants are nanoseconds from the first call.
type openings struct {
	calls    []Interval // what may be charged: sent and end, by sent
	ends     []float64  // of these, in order
	sure     []Interval // what surely was let through, by sent
	sureEnd  []float64  // the least end of this sure call and all sent later
	refused  []Interval // by sent
	refusedE []float64  // the least end of this refusal and all sent later
	lost     int        // calls that were never answered
	end      float64    // the last sending or reply
}

func (b *bucket) openings() *openings {
	o := &openings{}
	for _, i := range b.bySent {
		for range b.marks[i].most {
			o.calls = append(o.calls, Interval{b.sent(i), b.end(i)})
			o.ends = append(o.ends, b.end(i))
		}
	}
	slices.Sort(o.ends)
	for _, i := range b.sure {
		o.sure = append(o.sure, Interval{b.sent(i), b.end(i)})
	}
	for _, c := range o.calls {
		if o.end = max(o.end, c.Lo); math.IsInf(c.Hi, 1) {
			o.lost++
		} else {
			o.end = max(o.end, c.Hi)
		}
	}
	for _, j := range b.refusals {
		o.end = max(o.end, b.end(j))
		o.refused = append(o.refused, Interval{b.sent(j), b.end(j)})
	}
	o.sureEnd, o.refusedE = leastEnds(o.sure), leastEnds(o.refused)
	return o
}

func leastEnds(list []Interval) []float64 {
	ends := make([]float64, len(list))
	least := math.Inf(1)
	for i := len(list) - 1; i >= 0; i-- {
		least = min(least, list[i].Hi)
		ends[i] = least
	}
	return ends
}

// from is the first of a list that was sent at an instant or later.
func from(list []Interval, at float64) int {
	return sort.Search(len(list), func(k int) bool { return list[k].Lo >= at })
}

// after is the first of a list that was sent after an instant.
func after(list []Interval, at float64) int {
	return sort.Search(len(list), func(k int) bool { return list[k].Lo > at })
}

// leastOf is the least end of the calls from k on; +Inf where there are none.
func leastOf(ends []float64, k int) float64 {
	if k >= len(ends) {
		return math.Inf(1)
	}
	return ends[k]
}

// held is how many calls may lie in a window that was opened by an instant at the
// earliest, until another.
func (o *openings) held(opened, until float64) int {
	return after(o.calls, until) - sort.SearchFloat64s(o.ends, opened)
}

// explain reports if windows of a length between two, each of which lets through
// so many calls, can have given every answer. It follows every call that may have
// opened a window to every one that may have opened the next, and drops those
// whose window certainly holds more calls, or into which a refusal certainly fell
// while fewer can have been there, or with a refusal certainly between the two.
//
// With more than a few calls that were never answered, each of which may have opened a
// window at any time, hardly anything is ruled out, and to follow them all would take
// for ever: then nothing is.
func (o *openings) explain(number int, shortest, longest float64) bool {
	if o.lost > maxUnanswered {
		return true
	}
	first := min(leastOf(o.sureEnd, 0), leastOf(o.refusedE, 0))
	// Windows that may have been opened, the earliest first, and until when the next may
	// have been. Calls come by when they were sent: a window that is closed for one is for
	// all that follow, and of the others the earliest leaves most room.
	var open []struct{ opened, until float64 }
	for _, opener := range o.openers(max(shortest/4, o.end/mostPieces)) {
		for len(open) > 0 && open[0].until < opener.Lo {
			open = open[1:]
		}
		reached := opener.Lo <= first || len(open) > 0 && opener.Hi >= open[0].opened+shortest
		if !reached || !o.keeps(opener, number, shortest) {
			continue
		}
		// What was sent before the earliest end of the window can have been
		// decided after it only if its reply came later.
		closed := opener.Hi + longest
		next, unwindowed := leastOf(o.sureEnd, from(o.sure, closed)), leastOf(o.refusedE, after(o.refused, closed))
		if math.IsInf(next, 1) && math.IsInf(unwindowed, 1) {
			return true
		}
		open = append(open, struct{ opened, until float64 }{opener.Lo, min(next, unwindowed)})
	}
	return false
}

// openers are the calls that may have opened a window. One that was never answered
// may have been decided at any time: it is taken apart into pieces.
func (o *openings) openers(piece float64) []Interval {
	if o.lost == 0 {
		return o.calls
	}
	list := make([]Interval, 0, len(o.calls))
	for _, c := range o.calls {
		for ; math.IsInf(c.Hi, 1) && c.Lo < o.end; c.Lo += piece {
			list = append(list, Interval{c.Lo, c.Lo + piece})
		}
		if !math.IsInf(c.Hi, 1) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(x, y Interval) int { return cmp.Compare(x.Lo, y.Lo) })
	return list
}

// keeps reports if a window that a call opened may have been kept: no more calls
// are certainly in it, and where a refusal certainly is, it may have been full.
func (o *openings) keeps(opener Interval, number int, shortest float64) bool {
	ends := opener.Lo + shortest
	n := 1 // the call that opened it
	for k := after(o.sure, opener.Hi); k < len(o.sure) && o.sure[k].Lo < ends && n <= number; k++ {
		if o.sure[k].Hi < ends {
			n++
		}
	}
	if n > number {
		return false
	}
	refused := leastOf(o.refusedE, after(o.refused, opener.Hi))
	return refused >= ends || o.held(opener.Lo, refused) >= number
}

// numbers bounds how many calls windows of a length may let through, more
// loosely than explain does: half of what any stretch of that length certainly
// held, as it may have held parts of two windows, and no more than may have been
// let through in that length before a refusal.
func (o *openings) numbers(shortest, longest float64) (lo, hi int) {
	hi = math.MaxInt
	for _, j := range o.refused {
		hi = min(hi, after(o.calls, j.Hi)-sort.SearchFloat64s(o.ends, j.Lo-longest))
	}
	for i, k := 0, 0; i < len(o.sure); i++ {
		for k < len(o.sure) && o.sure[k].Lo < o.sure[i].Lo+shortest {
			k++
		}
		n := 0
		if k-i > 2*lo { // it may be more than was found so far
			for _, c := range o.sure[i:k] {
				if c.Hi < o.sure[i].Lo+shortest {
					n++
				}
			}
		}
		lo = max(lo, (n+1)/2)
	}
	return lo, hi
}

// fits returns the numbers of calls with which windows that last between two
// lengths explain the history, the least and the greatest. What ticks and clocks
// may be off by is added on both sides. With all false one number will do.
func (o *openings) fits(from, to float64, all bool) (fit Interval, ok bool) {
	from, to = from*(1-windowDrift)-windowTick, to*(1+windowDrift)+windowTick
	lo, hi := o.numbers(from, to)
	if lo = max(lo, 2); hi == math.MaxInt { // one call a window is a bucket without burst, in other words
		return fit, false
	}
	for hi >= lo && !o.explain(hi, from, to) {
		hi--
	}
	if hi < lo {
		return fit, false
	}
	for all && lo < hi && !o.explain(lo, from, to) {
		lo++
	}
	if !all {
		lo = hi
	}
	return Interval{float64(lo), float64(hi)}, true
}

// opening fits windows that open with a call. Lengths up to the history's are
// tried, so closely that nothing lies between two.
func (b *bucket) opening() (m Model, ok bool) {
	const shortest, coarse, fine = 5e7, 0.04, 0.005
	o := b.openings()
	if len(o.sure) == 0 || len(o.refused) == 0 {
		return m, false
	}
	var lengths, numbers []Interval
	var narrow func(from, to float64)
	narrow = func(from, to float64) {
		small := to <= from*(1+fine)
		number, fits := o.fits(from, to, small)
		switch last := len(lengths) - 1; {
		case !fits:
		case !small:
			narrow(from, (from+to)/2)
			narrow((from+to)/2, to)
		case last >= 0 && lengths[last].Hi == from:
			lengths[last].Hi = to
			numbers[last] = Interval{min(numbers[last].Lo, number.Lo), max(numbers[last].Hi, number.Hi)}
		default:
			lengths, numbers = append(lengths, Interval{from, to}), append(numbers, number)
		}
	}
	longest := o.sure[len(o.sure)-1].Hi - o.calls[0].Lo
	for length := shortest; length < longest; length *= 1 + coarse {
		narrow(length, length*(1+coarse))
	}
	if len(lengths) == 0 {
		return m, false
	}
	best := 0 // of several stretches of lengths the one that people may have set
	for i, l := range lengths {
		if wholeSeconds(l) && !wholeSeconds(lengths[best]) {
			best = i
		}
	}
	return windowModel(OpenedWindow, numbers[best], lengths[best].Lo, lengths[best].Hi), true
}

// wholeSeconds reports if a length of whole seconds lies in a range.
func wholeSeconds(i Interval) bool { return math.Floor(i.Hi/1e9) >= math.Ceil(i.Lo/1e9) }
