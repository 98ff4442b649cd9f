package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A LawTrick is a way to ask that may buy a call which a law forbids.
type LawTrick struct {
	Attempt string // of an audit, that it is of
	Name    string // as its calls say it: see verdict.TrickOf
	Values  int    // with so many it is tried, one after the other; 0 means 1
	Opens   bool   // each value has a session of its own

	// Of which dimensions its calls are another's, who has a counter of his own by right,
	// and of which nobody knows.
	Apart, Unsure []promise.Dimension

	Change func(n int, a *history.Arrival) // what the nth of its calls asks instead; nil: the same
	Pause  time.Duration                   // nothing is sent for so long before it
	Calls  func(l promise.Law) int         // of each value; nil: enough to show a unit too many
	Over   time.Duration                   // its calls are spread over so long; 0: they come at once
	Floods bool                            // it is sent whatever other laws grant
	Lasts  bool                            // it takes what the budget leaves, at a little more than what is granted
}

// A LawTried says that tricks of an attempt are tried against a law.
type LawTried struct {
	Law     int
	Attempt string
	Tricks  int
	Calls   int           // with those that take what the law grants
	Takes   time.Duration // with rests
}

// trickGap keeps a trick's calls from those of the next.
const trickGap = 60 * time.Millisecond

// tricks tries some against a law that has been asked all else: plain calls take what it
// grants, and whatever a trick is let through then is too much. What doesn't fit is left by
// name.
func (w *lawPlanner) tricks(x int, some []LawTrick) {
	var list []LawTrick
	var others, left []string
	for _, t := range some {
		if t.another(w.promise, x) {
			others = append(others, t.Name)
		} else {
			list = append(list, t)
		}
	}
	if len(others) > 0 {
		w.leave(x, "what tricks of another client buy isn't shown: "+strings.Join(others, ", ")+
			", by which the law may count anew")
	}
	if w.promise[x].Kind == promise.Cap && !w.set.Surely && len(list) > 0 {
		w.leave(x, "what tricks buy isn't shown: how many are served at a time is proven only where each surely lasts")
		return
	}
	if w.promise[x].Kind == promise.Sessions && len(list) > 0 {
		w.leave(x, "what tricks buy isn't shown: none is about how many sessions are open")
		return
	}
	for len(list) > 0 {
		n := w.round(x, list)
		if n == 0 {
			left, n = append(left, list[0].Name), 1
		}
		list = list[n:]
	}
	if len(left) > 0 {
		w.leave(x, "what some tricks buy isn't shown: the budget, or another law, leaves no room for "+
			strings.Join(left, ", "))
	}
}

// pauses tries tricks that take long, once every law has been asked all else: two fifths of
// what is left of the budget go to those that pause first, and the rest to one that lasts.
func (w *lawPlanner) pauses(order []int) {
	var pauses, lasting []LawTrick
	for _, t := range w.set.Tricks {
		if t.Lasts {
			lasting = append(lasting, t)
		} else if t.Pause > 0 {
			pauses = append(pauses, t)
		}
	}
	whole := w.set.Budget
	w.set.Budget = w.now + (whole-w.now)*2/5
	each := func(list []LawTrick) {
		for _, x := range order {
			if !w.promise[x].Returned() && w.promise[x].Kind != promise.Quota {
				if load, why := w.loadOf(x); why == "" {
					w.load = load
					w.tricks(x, list)
				}
			}
		}
	}
	if len(pauses) > 0 {
		each(pauses)
	}
	w.set.Budget = whole
	for _, t := range lasting {
		for _, x := range order {
			if l := w.promise[x]; l.Kind == promise.Bucket || l.Kind == promise.Window {
				t.Over = w.set.Budget - w.rested(x) - 2*time.Second
				t.Calls = func(l promise.Law) int { return min(int(1.3*l.Pace()*t.Over.Seconds()), w.set.Calls/2) }
				if load, why := w.loadOf(x); why == "" && t.Over >= leastLasting {
					w.load = load
					w.tricks(x, []LawTrick{t})
				} else {
					w.leave(x, "what some tricks buy isn't shown: the budget leaves no room for "+t.Name)
				}
				break // longer than that it could be of none
			}
		}
	}
}

// leastLasting is the shortest that a trick that lasts is worth.
const leastLasting = 10 * time.Second

// quick ones don't take long, whatever the budget.
func quickTricks(list []LawTrick) []LawTrick {
	return slices.DeleteFunc(slices.Clone(list), func(t LawTrick) bool { return t.Lasts || t.Pause > 0 })
}

// another reports if a trick's calls are another's for a law, or may be.
func (t LawTrick) another(p promise.Promise, x int) bool {
	return slices.ContainsFunc(t.Apart, p[x].Key.Has) ||
		slices.ContainsFunc(p, func(l promise.Law) bool { return slices.ContainsFunc(t.Unsure, l.Key.Has) })
}

// round tries the first of some tricks, as many as fit the time in which plain calls have
// surely left nothing, and returns how many: none where not even one does.
func (w *lawPlanner) round(x int, list []LawTrick) int {
	l := w.promise[x]
	from, begin := len(w.plan.Arrivals), w.now
	at := begin
	if l.Kind != promise.Bucket || list[0].Opens {
		at = w.rested(x)
	}
	n := w.fit(x, list, at)
	if n == 0 {
		return 0
	}
	w.now, w.label = at, fmt.Sprintf("law %d: %s", x+1, list[0].Attempt)
	if w.open(x, list[:n]) {
		w.now = w.rested(x)
	}
	if !w.takeAll(x) {
		if w.now = w.rested(x); w.now > w.set.Budget || !w.takeAll(x) {
			return 0
		}
	}
	for i, t := range list[:n] {
		calls, since := from, begin
		if i > 0 {
			calls, since = len(w.plan.Arrivals), w.now
		}
		w.try(x, t)
		w.tried(LawTried{x, t.Attempt, 1, len(w.plan.Arrivals) - calls, w.now - since})
	}
	return n
}

// fit is how many tricks fit a round that begins at an instant.
func (w *lawPlanner) fit(x int, list []LawTrick, at time.Duration) (n int) {
	l, calls, quiet := w.promise[x], w.full(x)+beyond, time.Duration(0)
	for _, t := range list {
		values := max(1, t.Values)
		many := values * (w.asks(x, t) + 1)
		span := t.Pause + time.Duration(values)*trickGap + cmp.Or(t.Over, time.Duration(many)*w.quick(l))
		if calls += many; len(w.plan.Arrivals)+calls > w.set.Calls || at+quiet+span > w.set.Budget ||
			w.overspends(calls) {
			return n
		}
		windowed := l.Kind == promise.Window || l.Kind == promise.Quota
		if quiet += span; n > 0 && (!windowed || t.Pause > 0 || l.Kind == promise.Window && quiet > 4*l.Every/5) {
			return n // what was taken may have come back by then
		}
		n++
	}
	return n
}

// overspends reports if so many calls more may use up more of a quota than somebody
// agreed to.
func (w *lawPlanner) overspends(calls int) bool {
	for y, l := range w.promise {
		if l.Lasting() && w.set.Quota > 0 && min(l.N, w.plan.Spends[y]+calls*w.charges(y, &w.load)) >
			max(w.set.Quota, w.plan.Spends[y]) {
			return true
		}
	}
	return false
}

// open opens the sessions of tricks, one after the other, so that no law refuses that, and
// reports if there are any.
func (w *lawPlanner) open(x int, list []LawTrick) (opened bool) {
	load := w.load
	defer func() { w.load = load }()
	for _, t := range list {
		for v := 1; t.Opens && v <= max(1, t.Values); v++ {
			w.load = history.Arrival{Method: "initialize", Session: trickValue(t.Name, v)}
			for y := range w.promise { // the law itself is to grant it, too
				if units := w.charges(y, &w.load); units > 0 && w.left(y) < float64(units)+1 {
					w.now = w.rested(x)
					break
				}
			}
			w.send(0)
			w.now += 20 * time.Millisecond
			opened = true
		}
	}
	return opened
}

func trickValue(name string, v int) string { return name + " #" + strconv.Itoa(v) }

// takeAll has plain calls take all that a law grants, and reports if they surely do. Of a
// cap they come with the trick.
func (w *lawPlanner) takeAll(x int) bool {
	l := w.promise[x]
	if l.Kind == promise.Cap {
		return w.room(x) > l.N
	}
	step := w.quick(l)
	if l.Kind == promise.Bucket {
		step = 0
	}
	for most := 2*w.full(x) + beyond; most > 0 && w.left(x) >= 1; most-- {
		if !w.clear(x) {
			return false
		}
		w.send(0)
		w.now += step
	}
	drained := w.left(x) < 1
	w.calls(x, 2, step)
	w.now += trickGap
	return drained
}

// asks is how many calls show that a law grants a unit too many after plain ones have
// taken what it grants.
func (w *lawPlanner) asks(x int, t LawTrick) int {
	l := w.promise[x]
	switch few := 50 + beyond; {
	case t.Calls != nil:
		return t.Calls(l)
	case l.Kind == promise.Window && (l.Style == promise.Sliding || l.Style == promise.Fixed):
		return min(w.full(x)+beyond, few) // those that were taken count as well
	}
	return w.full(x) + beyond
}

// try sends a trick's calls.
func (w *lawPlanner) try(x int, t LawTrick) {
	l := w.promise[x]
	w.now += t.Pause
	if l.Kind == promise.Cap {
		for range l.N + 2 {
			w.send(0)
		}
	}
	load := w.load
	defer func() { w.load = load }()
	n := w.asks(x, t)
	step := w.quick(l)
	if l.Kind == promise.Bucket || l.Kind == promise.Cap {
		step = 0
	}
	if t.Over > 0 {
		step = t.Over / time.Duration(n)
	}
	for v := 1; v <= max(1, t.Values); v++ {
		for i := range n {
			w.load = load
			if w.load.Session = trickValue(t.Name, v); t.Change != nil {
				t.Change((v-1)*n+i, &w.load)
			}
			// Where another law would refuse it, it shows nothing.
			if l.Kind != promise.Cap && !t.Floods && !w.clear(x) {
				return
			}
			w.send(0)
			w.now += step
		}
		w.now += trickGap
	}
	if l.Kind == promise.Cap {
		w.now += 2 * w.held()
	}
}

// tried adds a trick to what is tried.
func (w *lawPlanner) tried(t LawTried) {
	list := &w.plan.Tried
	if n := len(*list); n > 0 && (*list)[n-1].Law == t.Law && (*list)[n-1].Attempt == t.Attempt {
		last := &(*list)[n-1]
		last.Tricks, last.Calls, last.Takes = last.Tricks+1, last.Calls+t.Calls, last.Takes+t.Takes
		return
	}
	*list = append(*list, t)
}
