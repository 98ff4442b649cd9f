package scenarios

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// quick is between calls that are as good as at once, but come in order. Where a limiter
// may count a call only when it is over, the next waits for that.
func (w *lawPlanner) quick(l promise.Law) time.Duration {
	if l.Charge.Outcomes != promise.All {
		return w.held()
	}
	return min(2*time.Millisecond, time.Duration(0.05*float64(l.Refilled())/float64(l.N+5)))
}

// full is how many calls take all that a law grants.
func (w *lawPlanner) full(x int) int {
	return max(1, w.promise[x].N/max(1, w.charges(x, &w.load)))
}

// remain is how many take what may be left of that when it is filled: nobody waits for a
// quota's reset.
func (w *lawPlanner) remain(x int) int {
	spent := 0
	if w.promise[x].Kind == promise.Quota {
		spent = w.counter(x, 0, &w.load).spent
	}
	return max(1, w.full(x)-spent/max(1, w.charges(x, &w.load)))
}

func (w *lawPlanner) fill(x int) {
	l := w.promise[x]
	if l.Charge.Outcomes == promise.Failures {
		w.succeed(x)
	}
	remain, n, step := w.remain(x), w.asked(x), w.quick(l)
	w.stagger(x)
	w.first = w.now
	w.send(0)
	w.now += margin(l.Every)
	w.calls(x, remain-1, step)
	w.rest(x)
	if l.Charge.Refused { // what is on its way beside a refused call may have been charged before it
		step = max(step, w.held())
		w.now += step
	}
	w.calls(x, n-remain, step)
	w.besides(x)
	w.others(x)
}

// stagger has another client open the window of a law that more share and that grants no
// more, half its length before this law's: then it closes in the middle of this law's, and
// isn't always full when this law is.
func (w *lawPlanner) stagger(x int) {
	l := w.promise[x]
	fixed := func(l promise.Law) bool { return l.Kind == promise.Window && l.Style == promise.Fixed && l.Wait == 0 }
	for y, wider := range w.promise {
		if y == x || !fixed(l) || !fixed(wider) || wider.Every != l.Every || wider.N > l.N ||
			w.charges(y, &w.load) != w.charges(x, &w.load) {
			continue
		}
		for client := range w.set.Clients {
			if w.whose(x, client, &w.load) != w.whose(x, 0, &w.load) &&
				w.whose(y, client, &w.load) == w.whose(y, 0, &w.load) {
				if len(w.set.Beside) > 0 { // which may have opened one
					w.now = max(w.now, l.Every+margin(l.Every))
				}
				w.send(client)
				w.now += l.Every / 2
				return
			}
		}
	}
}

// mostBeside is how many messages beside the load are sent at once to see if they cost
// something.
const mostBeside = 12

// besides sends what may have been charged before the plan to a law that has nothing left,
// between calls of which it refuses one at least, where nobody said what it charges: if that
// lets in more than it can have given back meanwhile, it isn't charged.
func (w *lawPlanner) besides(x int) {
	l, gap := w.promise[x], w.held()
	n, loads := 3+int(math.Ceil(l.Pace()*(4*gap).Seconds())), 1+int(math.Ceil(2*l.Rate*gap.Seconds()))
	if !l.Charge.Presumed || len(w.set.Beside) == 0 || n > min(mostBeside, l.N/2) {
		return
	}
	load, sent := w.load, map[string]bool{}
	w.now += gap
	w.calls(x, loads, 0)
	w.now += gap
	for _, a := range w.set.Beside {
		if w.load = a; sent[a.Method] || a.Method == load.Method || w.charges(x, &a) == 0 {
			continue
		}
		sent[a.Method] = true
		for k := 0; k < n && w.clearFor(x, []lawWay{{0, a}}); k++ {
			w.send(0)
		}
	}
	w.load = load
	w.now += gap
	w.calls(x, loads, 0)
	w.now += gap
}

// succeed sends as many calls that succeed as would fill a law of failures: they cost
// nothing. A limiter may open a window for them all the same, so that one must be over
// before what fails comes.
func (w *lawPlanner) succeed(x int) {
	l := w.promise[x]
	over := l.Every + margin(l.Every) + 100*time.Millisecond
	if end := w.now + over + time.Duration(w.full(x)+2)*w.quick(l); end > w.set.Budget {
		w.leave(x, "that successes cost nothing isn't shown: that takes until "+promise.Span(end.Round(time.Second)))
		return
	}
	w.load = w.set.Load
	w.calls(x, w.full(x)+2, w.quick(l))
	w.now += over
	w.load = *w.set.Failing
}

// rest takes, with calls that cost one unit, what calls of several units leave of a law's
// number, and asks for two more: the load itself would be refused alike by a law of a unit
// more.
func (w *lawPlanner) rest(x int) {
	units := w.charges(x, &w.load)
	left := w.promise[x].N - w.full(x)*units
	if left < 0 || units < 2 {
		return
	}
	load := w.load
	for _, a := range w.set.Others {
		if least, most := w.promise[x].Charge.Cost(a.Method, a.Tool); least == 1 && most == 1 {
			w.load = a
			w.calls(x, left+2, w.quick(w.promise[x]))
			break
		}
	}
	w.load = load
}

// fillFor is how long it takes to fill a window or a quota, about: as long as the other
// laws take to grant so many calls.
func (w *lawPlanner) fillFor(l promise.Law) time.Duration {
	x := slices.IndexFunc(w.promise, func(other promise.Law) bool { return other.String() == l.String() })
	return margin(l.Every) + w.takes(x, w.asked(x))
}

// unsaidReset is how long calls may take to use up a quota of a day or an hour whose time zone
// nobody said: one quarter of an hour may be its end.
const unsaidReset = 2 * time.Minute

// asked is how many calls show what a window or a quota lets through: where two of them may
// touch meanwhile, twice its number.
func (w *lawPlanner) asked(x int) int {
	l, n := w.promise[x], w.remain(x)+3
	touch := l.Kind == promise.Window && (l.Style == promise.Unsaid || l.Style == promise.Counter)
	if l.Kind == promise.Quota && l.Zone == "" && l.Unit != promise.Month && w.takes(x, n) > unsaidReset {
		touch = true
	}
	if touch {
		n += w.full(x)
	}
	return n
}

// takes is how long so many calls take that ask a law, about.
func (w *lawPlanner) takes(x, n int) time.Duration {
	l, ways := w.promise[x], w.ways(x)
	takes := time.Duration(n) * w.quick(l)
	for y, other := range w.promise {
		units := w.charges(y, &w.load)
		if y == x || units == 0 {
			continue
		}
		counters := float64(w.kept(y, ways))
		over := max(0, float64(n*units)/counters-float64(other.N))
		switch other.Kind {
		case promise.Sessions: // by waiting nothing is granted
		case promise.Cap:
			takes = max(takes, time.Duration(float64(n)/counters/float64(other.N)*float64(w.held())))
		case promise.Bucket:
			takes = max(takes, seconds(over/other.Rate))
		default:
			takes = max(takes, time.Duration(math.Ceil(over/float64(other.N))*float64(other.Refilled())))
		}
	}
	return takes
}

// others sends from another client while the first one's counter is full: more than a
// few of them are let through only if it has a counter of its own.
func (w *lawPlanner) others(x int) {
	l, cut := w.promise[x], w.cut
	defer func() { w.cut = cut }()
	for n := w.full(x)/2 + 2; n > 0 && len(w.set.Clients) > 1 && w.clearFor(x, []lawWay{{1, w.load}}); n-- {
		w.send(1)
		w.now += w.quick(l)
	}
}

// stillFor is how long after a quota is used up it is asked once more.
const stillFor = 6 * time.Second

func (w *lawPlanner) still(x int) {
	w.now += stillFor
	w.calls(x, 2, w.quick(w.promise[x]))
}

func (w *lawPlanner) reset(x int) {
	l := w.promise[x]
	clearOf := w.beside(l.Every)
	// Whoever was told to wait less than is left asks twice in vain.
	if half := w.first + l.Every/2; w.now < half && !l.Charge.Refused && !l.Elastic && l.Lockout == 0 {
		w.now = half
		w.send(0)
	}
	// It is to be answered before the window ends, or nobody knows in which one it was.
	w.now = max(w.now, w.first+l.Every-clearOf-w.set.Lasts)
	if w.now < w.first+l.Every {
		w.send(0)
	}
	w.now = max(w.now, w.first+l.Every+clearOf)
	w.calls(x, 1, w.quick(l))
	// A sliding window gives the others back as far behind the first as they came, and a
	// server that takes its time over many at once later still.
	w.now += min(max(margin(l.Every), 100*time.Millisecond), l.Every/20)
	w.calls(x, w.full(x)+1, w.quick(l))
	w.others(x)
}

func (w *lawPlanner) lockout(x int) {
	l := w.promise[x]
	w.now = max(w.now+l.Lockout, w.first+l.Every) + w.beside(l.Lockout)
	w.calls(x, w.full(x)+2, w.quick(l))
	w.now += max(l.Lockout-w.beside(l.Lockout)-w.set.Lasts-3*w.quick(l), 0)
	w.send(0)
}

func (w *lawPlanner) halves(x int) {
	l, full := w.promise[x], w.full(x)
	if full < 2 {
		return
	}
	first := w.now
	w.send(0)
	w.now += margin(l.Every)
	w.calls(x, full/2-1, w.quick(l))
	w.now = max(w.now, first+l.Every/2)
	w.calls(x, full/2, w.quick(l))
	w.now = max(w.now, first+l.Every+margin(l.Every))
	w.calls(x, full+2, w.quick(l))
}

// burst sends until the bucket is surely empty: all at once, or as fast as the other
// laws surely grant, which it must outrun.
func (w *lawPlanner) burst(x int) {
	l, begin := w.promise[x], w.now
	waiting := int(math.Ceil(l.Rate * l.Wait.Seconds()))
	for sent, most := 0, 3*(w.full(x)+waiting+beyond); sent < most; sent++ {
		flown := int(math.Ceil((w.now - begin).Seconds() * l.Rate / float64(max(1, w.charges(x, &w.load)))))
		if sent >= w.full(x)+waiting+beyond+flown {
			break
		}
		if !w.clear(x) {
			break
		}
		w.sendWay()
	}
	if soon := max(w.now, begin+seconds(0.7/l.Rate)); soon <= w.set.Budget {
		w.now = soon
		if w.clear(x) {
			w.sendWay()
		}
	}
	w.besides(x)
	w.others(x)
}

func (w *lawPlanner) press(x int) {
	l := w.promise[x]
	rate := l.Rate
	if l.Kind != promise.Bucket {
		rate = float64(l.N) / l.Every.Seconds()
	}
	most := int(math.Ceil(1.3 * rate * w.pressFor(l).Seconds()))
	for end := w.now + w.pressFor(l); w.now < end && most > 0; most-- {
		if !w.clear(x) {
			return
		}
		w.sendWay()
		w.now += seconds((0.7 + 0.6*w.jitter()) / (1.3 * rate))
	}
}

// crowd sends more at a time than a cap serves, as far as the other laws surely grant
// it, and then as many from another client.
func (w *lawPlanner) crowd(x int) {
	l := w.promise[x]
	for round := range 2 {
		if round > 0 {
			w.now = max(w.now+time.Second, w.rested(x))
		}
		room := w.room(x)
		if room <= l.N {
			w.leave(x, fmt.Sprintf("how many it serves at a time isn't shown: the other laws grant %d at once", room))
			return
		}
		first, ways := min(l.N+2, room), w.ways(x)
		for range first {
			for i := range ways {
				if w.way = ways[i]; w.wait(x, &ways[i]) == 0 {
					break
				}
			}
			w.sendWay()
		}
		for range min(l.N, room-first) {
			w.send(1)
		}
	}
}

// room is how many calls every law but x surely grants now, of all those that ask the same
// of x. Of a bucket half a token is spared, as it is judged with a tolerance: what takes its
// last one it may have refused.
func (w *lawPlanner) room(x int) int {
	room, ways := math.MaxInt32, w.ways(x)
	for y := range w.promise {
		units := w.charges(y, &w.load)
		if y == x || units == 0 {
			continue
		}
		all, asked := 0, map[lawWho]bool{}
		for _, way := range ways {
			who := w.whose(y, way.client, &way.load)
			if asked[who] {
				continue
			}
			asked[who] = true
			left := w.counter(y, way.client, &way.load).left(w.now)
			if w.promise[y].Kind == promise.Bucket {
				left = max(0, left-0.5)
			}
			all += int(left) / units
		}
		room = min(room, all)
	}
	return room
}

// margin keeps clear of an instant: clocks drift, and networks delay.
func margin(span time.Duration) time.Duration {
	return min(max(span/50, 20*time.Millisecond), time.Second)
}

// smoke is the precision beyond which windows are asked for their number, their reset and
// their kind, and aren't pressed on as well.
const smoke = 0.02

// beside is how far from the end of a window it is asked: where a finer precision than the
// default is asked for, half as far as an error of its length that is to show, but as far
// as networks delay.
func (w *lawPlanner) beside(span time.Duration) time.Duration {
	if w.set.Precision >= DefaultPrecision {
		return margin(span)
	}
	return min(max(time.Duration(w.set.Precision*float64(span)/2), 20*time.Millisecond), margin(span))
}
