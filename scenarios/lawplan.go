package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A LawSetting is what a plan for laws must know besides the promise.
type LawSetting struct {
	Load    history.Arrival  // what is sent: its Method, Tool and Arguments
	Failing *history.Arrival // what surely fails, for laws that charge failures only; nil: nothing is known to
	Clients []string         // who sends; the first presses, the second shows who shares a counter
	Budget  time.Duration    // how long the plan may take; 0 means DefaultLawBudget
	Calls   int              // how many calls it may send; 0 means DefaultLawCalls
	Seed    uint64           // makes jitter repeatable
}

// What a plan may take unless it is said otherwise.
const (
	DefaultLawBudget = 3 * time.Minute
	DefaultLawCalls  = 5000
)

// A LawPlan is traffic that tells if the laws of a promise are kept, and its kinds from
// their neighbours.
type LawPlan struct {
	Arrivals []history.Arrival // in order, from instant 0; labelled with their stage
	Length   time.Duration
	Spends   []int    // by law: units that the first client may use of it
	Left     []string // what the budget leaves out, in words
}

// PlanLaws plans for every law that charges the load, the one that forgets soonest
// first:
//
//	fill    a window: one request that opens it, N + 2 more (2N + 2 where windows may
//	        touch), and two from another client
//	reset   one just before the first's T is over, and N + 2 just after
//	halves  half of N, the other half after T/2, and N + 2 just after the first's T:
//	        a window that opened with the first grants N then, a sliding one half
//	burst   a bucket: N + 5 at once, one before a token is back
//	press   1.3 times what the law grants, at random instants
//	crowd   a cap: N + 2 at once, twice
//
// Before each stage all laws have surely forgotten what was before. Where a law is asked
// for more than another one grants, requests are spaced so that only the first can refuse.
func PlanLaws(p promise.Promise, set LawSetting) LawPlan {
	w := &lawPlanner{promise: p, set: set, jitter: jitter(set.Seed, "laws").Float64}
	w.set.Budget, w.set.Calls = cmp.Or(set.Budget, DefaultLawBudget), cmp.Or(set.Calls, DefaultLawCalls)
	for _, l := range p {
		w.meters = append(w.meters, promise.NewMeter(l))
	}
	order := make([]int, len(p))
	for x := range order {
		order[x] = x
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a].Refilled(), p[b].Refilled()) })
	w.plan.Spends = make([]int, len(p))
	for _, x := range order {
		load, ok := w.loadOf(x)
		switch {
		case !ok:
			w.leave(x, "charges failures only, and no call is known that fails")
			continue
		case !p[x].Applies(load.Method, load.Tool):
			w.leave(x, "is not about "+cmp.Or(load.Tool, load.Method)+", which is all that is sent")
			continue
		}
		w.load = load
		for _, s := range stagesOf(p[x]) {
			w.stage(x, s)
		}
	}
	w.plan.Length = w.now
	return w.plan
}

// A lawStage is one question to one law.
type lawStage struct {
	name    string
	skips   string // what isn't shown where the stage doesn't fit
	length  func(l promise.Law) time.Duration
	send    func(w *lawPlanner, x int)
	follows bool // at once, on what the stage before has left; all others begin rested
}

func stagesOf(l promise.Law) []lawStage {
	n := func(k float64) func(promise.Law) time.Duration {
		return func(l promise.Law) time.Duration { return time.Duration(k * float64(l.Every)) }
	}
	switch l.Kind {
	case promise.Bucket:
		return []lawStage{
			{"burst", "how much it lets through at once", func(l promise.Law) time.Duration { return seconds(1 / l.Rate) }, (*lawPlanner).burst, false},
			{"press", "its rate", pressFor, (*lawPlanner).press, true},
		}
	case promise.Window:
		return []lawStage{
			{"fill", "how many it lets through", n(0.1), (*lawPlanner).fill, false},
			{"reset", "when it lets through more", n(1.1), (*lawPlanner).reset, true},
			{"halves", "of which kind its windows are", n(1.1), (*lawPlanner).halves, false},
			{"press", "what it does under steady pressure", pressFor, (*lawPlanner).press, false},
		}
	case promise.Quota:
		return []lawStage{
			{"fill", "how many it lets through", func(promise.Law) time.Duration { return 0 }, (*lawPlanner).fill, false},
			{"still", "if it lets through more before its time", func(promise.Law) time.Duration { return stillFor }, (*lawPlanner).still, true},
		}
	}
	return []lawStage{{"crowd", "how many it serves at a time", func(promise.Law) time.Duration { return 2 * time.Second }, (*lawPlanner).crowd, false}}
}

// pressFor is how long steady pressure lasts: long enough that a rate a few percent off
// shows.
func pressFor(l promise.Law) time.Duration {
	if l.Kind == promise.Bucket {
		return max(seconds(4), seconds(40/l.Rate))
	}
	if l.Style == promise.Aligned || l.Style == promise.Counter {
		return time.Duration(2.3 * float64(l.Every)) // a whole window, wherever it begins
	}
	return time.Duration(1.5 * float64(l.Every))
}

// loadOf is what a law is asked with.
func (w *lawPlanner) loadOf(x int) (history.Arrival, bool) {
	switch {
	case w.promise[x].Charge.Outcomes != promise.Failures:
		return w.set.Load, true
	case w.set.Failing == nil:
		return w.set.Load, false
	}
	return *w.set.Failing, true
}

// charges is what a law charges for a call, most.
func (w *lawPlanner) charges(x int, a *history.Arrival) int {
	_, units := w.promise[x].Charge.Cost(a.Method, a.Tool)
	fails := w.set.Failing != nil && a.Tool == w.set.Failing.Tool && a.Method == w.set.Failing.Method
	switch only := w.promise[x].Charge.Outcomes; {
	case only == promise.Failures && !fails, only == promise.Successes && fails:
		return 0
	}
	return units
}

type lawPlanner struct {
	promise promise.Promise
	set     LawSetting
	plan    LawPlan
	meters  []*promise.Meter // what an honest server holds for the first client
	now     time.Duration
	label   string
	load    history.Arrival // what is sent
	first   time.Duration   // when the window of the last fill opened
	jitter  func() float64
}

// stage asks a question if it fits what is left of the budget, and says what isn't shown
// where it doesn't.
func (w *lawPlanner) stage(x int, s lawStage) {
	l, begin := w.promise[x], w.now
	if !s.follows {
		begin = w.rested(x)
	}
	units := 3*l.N + 10
	if s.name == "fill" || l.Kind == promise.Bucket {
		units = l.N + 10
	}
	switch {
	case begin+s.length(l) > w.set.Budget:
		w.leave(x, fmt.Sprintf("%s isn't shown: that takes until %s", s.skips, promise.Span((begin+s.length(l)).Round(time.Second))))
	case len(w.plan.Arrivals)+units > w.set.Calls:
		w.leave(x, fmt.Sprintf("%s isn't shown: that takes about %d calls more", s.skips, units))
	default:
		w.now, w.label = begin, fmt.Sprintf("law %d: %s", x+1, s.name)
		s.send(w, x)
	}
}

func (w *lawPlanner) leave(x int, why string) {
	w.plan.Left = append(w.plan.Left, fmt.Sprintf("%s: %s", w.promise[x], why))
}

// rested is when a law can be asked anew: when it has forgotten everything, and so have
// all others that don't surely grant what it is asked for anyway. A law that can't forget
// within the budget is asked for what is left of it.
func (w *lawPlanner) rested(x int) time.Duration {
	at, need := w.now, w.need(x)
	for y, m := range w.meters {
		rested := m.Rested(w.now)
		if sure, _ := m.Left(w.now); y != x && sure >= need || rested > w.set.Budget {
			continue
		}
		at = max(at, rested)
	}
	for _, l := range w.promise {
		at = max(at, w.now+l.Wait) // who waits takes later
	}
	if at > w.now || len(w.plan.Arrivals) > 0 {
		at += margin(at-w.now) + 100*time.Millisecond
	}
	return at
}

// need is how many units a law is asked for between two rests, about.
func (w *lawPlanner) need(x int) float64 {
	l := w.promise[x]
	if l.Kind == promise.Bucket {
		return float64(l.N) + l.Rate*(pressFor(l)+l.Wait).Seconds() + beyond
	}
	return 2*float64(l.N) + beyond
}

// margin keeps clear of an instant: clocks drift, and networks delay.
func margin(span time.Duration) time.Duration {
	return min(max(span/50, 20*time.Millisecond), time.Second)
}

// send plans one call of the first client, now.
func (w *lawPlanner) send(client int) {
	a := w.load
	a.Due, a.Label, a.Client = w.now, w.label, w.set.Clients[min(client, len(w.set.Clients)-1)]
	w.plan.Arrivals = append(w.plan.Arrivals, a)
	for x, m := range w.meters {
		units := w.charges(x, &a)
		// What another client takes may be taken of everybody's.
		if units > 0 && (client == 0 || len(w.promise[x].Key) == 0) && m.Take(w.now, units) {
			w.plan.Spends[x] += units
		}
	}
}

// calls sends so many, no faster than every law but x surely grants them; it ends where
// that is never.
func (w *lawPlanner) calls(x, n int, step time.Duration) {
	for range n {
		if !w.clear(x) {
			return
		}
		w.send(0)
		w.now += step
	}
}

// clear waits until every law but x surely grants the load, and reports if it does so
// within the window of x.
func (w *lawPlanner) clear(x int) bool {
	until := w.now + max(time.Second, w.promise[x].Refilled())
	for w.now < until {
		wait := time.Duration(0)
		for y, m := range w.meters {
			units := w.charges(y, &w.load)
			if y == x || units == 0 {
				continue
			}
			if sure, _ := m.Left(w.now); sure < float64(units)+0.5 && sure < float64(w.promise[y].N) {
				wait = max(wait, w.short(y, float64(units)+0.5-sure))
			}
		}
		if wait == 0 {
			return true
		}
		w.now += wait
	}
	return false
}

// short is how long a law takes to grant so many units more, about.
func (w *lawPlanner) short(y int, units float64) time.Duration {
	l := w.promise[y]
	if l.Kind == promise.Bucket && l.Step == 0 {
		return seconds(units/l.Rate) + time.Millisecond
	}
	return max(l.Every/20, 10*time.Millisecond)
}

// quick is between calls that are as good as at once, but come in order.
func quick(l promise.Law) time.Duration {
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
		w.calls(x, w.full(x)+2, max(quick(l), 120*time.Millisecond/time.Duration(l.N)))
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
	w.calls(x, n, quick(l))
	w.others(x)
}

// others sends from another client while the first one's counter is full: more than a
// few of them are let through only if it has a counter of its own.
func (w *lawPlanner) others(x int) {
	l := w.promise[x]
	for n := w.full(x)/2 + 2; n > 0 && len(w.set.Clients) > 1 && w.clear(x); n-- {
		w.send(1)
		w.now += quick(l)
	}
}

// stillFor is how long after a quota is used up it is asked once more.
const stillFor = 6 * time.Second

func (w *lawPlanner) still(x int) {
	w.now += stillFor
	w.calls(x, 2, quick(w.promise[x]))
}

func (w *lawPlanner) reset(x int) {
	l := w.promise[x]
	clearOf := margin(l.Every)
	w.now = max(w.now, w.first+l.Every-clearOf)
	if w.now < w.first+l.Every {
		w.send(0)
	}
	w.now = max(w.now, w.first+l.Every+clearOf)
	w.calls(x, w.full(x)+2, quick(l))
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
	w.calls(x, full/2-1, quick(l))
	w.now = max(w.now, first+l.Every/2)
	w.calls(x, full/2, quick(l))
	w.now = max(w.now, first+l.Every+margin(l.Every))
	w.calls(x, full+2, quick(l))
}

func (w *lawPlanner) burst(x int) {
	l, begin := w.promise[x], w.now
	waiting := int(math.Ceil(l.Rate * l.Wait.Seconds()))
	for range w.full(x) + waiting + beyond {
		w.send(0)
	}
	w.now = begin + seconds(0.7/l.Rate)
	w.send(0)
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

func (w *lawPlanner) crowd(x int) {
	for range 2 {
		for range w.promise[x].N + 2 {
			w.send(0)
		}
		for range w.promise[x].N {
			w.send(1)
		}
		w.now += time.Second
	}
}
