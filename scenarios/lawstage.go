package scenarios

import (
	"fmt"
	"math"
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

func (w *lawPlanner) fill(x int) {
	l := w.promise[x]
	if l.Charge.Outcomes == promise.Failures {
		// As many that succeed first: they cost nothing. A limiter may open a window for
		// them all the same, so that one must be over before what fails comes.
		w.load = w.set.Load
		w.calls(x, w.full(x)+2, w.quick(l))
		w.now += l.Every + margin(l.Every) + 100*time.Millisecond
		w.load = *w.set.Failing
	}
	w.first = w.now
	w.send(0)
	w.now += margin(l.Every)
	n := w.full(x) + 2
	if l.Kind == promise.Window && (l.Style == promise.Unsaid || l.Style == promise.Counter) {
		n += w.full(x) // two windows may touch
	}
	w.calls(x, n, w.quick(l))
	w.others(x)
}

// others sends from another client while the first one's counter is full: more than a
// few of them are let through only if it has a counter of its own.
func (w *lawPlanner) others(x int) {
	l := w.promise[x]
	for n := w.full(x)/2 + 2; n > 0 && len(w.set.Clients) > 1 && w.clear(x); n-- {
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
	clearOf := margin(l.Every)
	w.now = max(w.now, w.first+l.Every-clearOf)
	if w.now < w.first+l.Every {
		w.send(0)
	}
	w.now = max(w.now, w.first+l.Every+clearOf)
	w.calls(x, w.full(x)+2, w.quick(l))
	w.others(x)
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
		w.send(0)
	}
	w.now = max(w.now, begin+seconds(0.7/l.Rate))
	if w.clear(x) {
		w.send(0)
	}
	w.others(x)
}

func (w *lawPlanner) press(x int) {
	l := w.promise[x]
	rate := l.Rate
	if l.Kind != promise.Bucket {
		rate = float64(l.N) / l.Every.Seconds()
	}
	most := int(math.Ceil(1.3 * rate * pressFor(l).Seconds()))
	for end := w.now + pressFor(l); w.now < end && most > 0; most-- {
		if !w.clear(x) {
			return
		}
		w.send(0)
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
		first := min(l.N+2, room)
		for range first {
			w.send(0)
		}
		for range min(l.N, room-first) {
			w.send(1)
		}
	}
}

// room is how many calls every law but x surely grants now.
func (w *lawPlanner) room(x int) int {
	room := math.MaxInt32
	for y := range w.promise {
		if units := w.charges(y, &w.load); y != x && units > 0 {
			room = min(room, int(w.left(y))/units)
		}
	}
	return room
}
