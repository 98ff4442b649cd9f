package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A LawSetting is what a plan for laws must know besides the promise.
type LawSetting struct {
	Load    history.Arrival   // what is sent: its Method, Tool and Arguments
	Failing *history.Arrival  // what surely fails, for laws that charge failures only; nil: nothing is known to
	Others  []history.Arrival // more that may be sent, for laws that aren't about the load
	Lasts   time.Duration     // how long a call may be served, for caps; 0: no time
	Clients []string          // who sends; the first presses, the second shows who shares a counter
	Budget  time.Duration     // how long the plan may take; 0 means DefaultLawBudget
	Calls   int               // how many calls it may send; 0 means DefaultLawCalls
	Seed    uint64            // makes jitter repeatable
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
	w.busy = make([][]time.Duration, len(p))
	order := make([]int, len(p))
	for x := range order {
		order[x] = x
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a].Refilled(), p[b].Refilled()) })
	w.plan.Spends = make([]int, len(p))
	for _, x := range order {
		load, why := w.loadOf(x)
		if why != "" {
			w.leave(x, why)
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

// asides are methods that any server may be asked for, for laws that aren't about the
// load: the arguments are an empty list's, or a greeting's.
var asides = []history.Arrival{
	{Method: "tools/list"}, {Method: "ping"}, {Method: "resources/list"}, {Method: "prompts/list"},
	{Method: "initialize", Arguments: json.RawMessage(
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpload","version":"1"}}`)},
}

// loadOf is what a law is asked with; why says why it can't be asked.
func (w *lawPlanner) loadOf(x int) (load history.Arrival, why string) {
	l := w.promise[x]
	fits := func(a history.Arrival) bool { return l.Applies(a.Method, a.Tool) }
	switch {
	case l.Charge.Outcomes == promise.Failures && w.set.Failing == nil:
		return load, "charges failures only, and no call is known that fails"
	case l.Charge.Outcomes == promise.Failures && fits(*w.set.Failing):
		return *w.set.Failing, ""
	case l.Charge.Outcomes != promise.Failures && fits(w.set.Load):
		return w.set.Load, ""
	case l.Charge.Outcomes == promise.Failures:
		return load, "charges failures only, and is not about the call that fails"
	}
	for _, a := range w.set.Others {
		if fits(a) {
			return a, ""
		}
	}
	// Of methods only those that it names: what may be charged shows nothing.
	for _, a := range asides {
		if least, _ := l.Charge.Cost(a.Method, ""); least > 0 {
			return a, ""
		}
	}
	return load, "is not about " + cmp.Or(w.set.Load.Tool, w.set.Load.Method) + ", which is all that is sent"
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
	meters  []*promise.Meter  // what an honest server holds for the first client
	busy    [][]time.Duration // by law: of a cap, until when what was sent may be served, in order
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
	case l.Kind == promise.Bucket && w.through(x) < 1.2*l.Rate:
		w.leave(x, fmt.Sprintf("%s isn't shown: with calls that last, the other laws serve %.2g a second", s.skips, w.through(x)))
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
		if sure := w.left(y); y != x && sure >= need || rested > w.set.Budget {
			continue
		}
		at = max(at, rested)
		if n := len(w.busy[y]); n > 0 {
			at = max(at, w.busy[y][n-1])
		}
	}
	for _, l := range w.promise {
		at = max(at, w.now+l.Wait) // who waits takes later
	}
	if at > w.now || len(w.plan.Arrivals) > 0 {
		at += margin(at-w.now) + 100*time.Millisecond
	}
	return at
}

// left is how many units a law surely grants the first client now.
func (w *lawPlanner) left(y int) float64 {
	if w.promise[y].Kind != promise.Cap {
		sure, _ := w.meters[y].Left(w.now)
		return sure
	}
	for len(w.busy[y]) > 0 && w.busy[y][0] <= w.now {
		w.busy[y] = w.busy[y][1:]
	}
	return float64(w.promise[y].N - len(w.busy[y]))
}

// through is how many calls a second the caps beside a law serve.
func (w *lawPlanner) through(x int) float64 {
	most := math.Inf(1)
	for y, l := range w.promise {
		if y != x && l.Kind == promise.Cap && w.charges(y, &w.load) > 0 {
			most = min(most, float64(l.N)/w.held().Seconds())
		}
	}
	return most
}

// held is how long after it was sent a call may hold its place under a cap: servers
// give that back some time after the reply.
func (w *lawPlanner) held() time.Duration { return w.set.Lasts + 80*time.Millisecond }

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
		if units == 0 || client > 0 && len(w.promise[x].Key) > 0 {
			continue
		}
		if w.promise[x].Kind == promise.Cap {
			w.busy[x] = append(w.busy[x], w.now+w.held())
		}
		if m.Take(w.now, units) {
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
		for y := range w.meters {
			units := w.charges(y, &w.load)
			if y == x || units == 0 {
				continue
			}
			if sure := w.left(y); sure < float64(units)+0.5 && sure < float64(w.promise[y].N) {
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
	if l.Kind == promise.Cap {
		return max(w.busy[y][0]-w.now, time.Millisecond)
	}
	if l.Kind == promise.Bucket && l.Step == 0 {
		return seconds(units/l.Rate) + time.Millisecond
	}
	return max(l.Every/20, 10*time.Millisecond)
}
