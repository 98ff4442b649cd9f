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
	Load     history.Arrival   // what is sent: its Method, Tool and Arguments
	Failing  *history.Arrival  // what surely fails, for laws that charge failures only; nil: nothing is known to
	Others   []history.Arrival // more that may be sent, for laws that aren't about the load
	Beside   []history.Arrival // what was sent before, and may have cost something where nobody said what does
	Lasts    time.Duration     // how long a call may be served, for caps; 0: no time
	Clients  []string          // who sends; the first presses, the others where they help
	Distinct bool              // each client has a credential of its own
	Budget   time.Duration     // how long the plan may take; 0 means DefaultLawBudget
	Calls    int               // how many calls it may send; 0 means DefaultLawCalls
	Seed     uint64            // makes jitter repeatable

	// Precision is the least error of a bucket's rate, as a part of it, that the plan is to
	// show, and where it is finer than DefaultPrecision of a window's length; 0 means that.
	Precision float64
	Tricks    []LawTrick // that are tried against each law, once it has been asked all else
	Surely    bool       // a call is served for as long as Lasts at least

	Open     int    // so many clients, from the first on, have a session open
	Endless  bool   // no session can be ended alone
	Sessions string // why no more sessions can be opened; empty: they can
	Quota    int    // units of a quota that tricks may use up; 0: as many as there are
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
	Tried    []LawTried
}

// PlanLaws plans for every law that charges the load, the one that forgets soonest
// first:
//
//	fill    a window: one request that opens it, N + 2 more (2N + 2 where windows may
//	        touch; where the load costs several units, what is left of N by calls that
//	        cost one), and two from another client
//	reset   one just before the first's T is over, one just after, and N + 1 a moment later
//	lockout in place of these two, where a refusal bars for a time: N + 2 just after that
//	        is over, and one just before it is over again
//	halves  half of N, the other half after T/2, and N + 2 just after the first's T:
//	        a window that opened with the first grants N then, a sliding one half
//	burst   a bucket: N + 5 at once, one before a token is back
//	press   1.3 times what the law grants, at random instants
//	crowd   a cap: N + 2 at once, twice
//	open    sessions: two more than there is room for, and a call in each that there is
//	end     one of these is ended, and two more are opened; all are ended then
//
// Before each stage all laws have surely forgotten what was before. Where a law is asked
// for more than another one grants, requests are spaced so that only the first can refuse.
func PlanLaws(p promise.Promise, set LawSetting) LawPlan {
	w := &lawPlanner{promise: p, set: set, jitter: Jitter(set.Seed, "laws").Float64}
	w.set.Precision = cmp.Or(set.Precision, DefaultPrecision)
	w.set.Budget, w.set.Calls = cmp.Or(set.Budget, DefaultLawBudget), cmp.Or(set.Calls, DefaultLawCalls)
	for range p {
		w.counters = append(w.counters, map[lawWho]*lawCounter{})
	}
	order := make([]int, len(p))
	for x := range order {
		order[x] = x
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a].Refilled(), p[b].Refilled()) })
	w.plan.Spends = make([]int, len(p))
	w.forget()
	for _, x := range order {
		load, why := w.loadOf(x)
		if why != "" {
			w.leave(x, why)
			continue
		}
		w.load = load
		asked := false
		for _, s := range w.stagesOf(p[x]) {
			if s.follows && !asked {
				w.leave(x, s.skips+" isn't shown: nothing comes before that it follows")
				continue
			}
			asked = w.stage(x, s)
		}
		w.load, w.alone = load, true
		w.tricks(x, quickTricks(set.Tricks))
		w.alone = false
	}
	w.alone = true
	w.pauses(order)
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

func (w *lawPlanner) stagesOf(l promise.Law) []lawStage {
	n := func(k float64) func(promise.Law) time.Duration {
		return func(l promise.Law) time.Duration { return time.Duration(k * float64(l.Every)) }
	}
	switch l.Kind {
	case promise.Bucket:
		return []lawStage{
			{"burst", "how much it lets through at once", n(0), (*lawPlanner).burst, false},
			{"press", "its rate", w.pressFor, (*lawPlanner).press, true},
		}
	case promise.Window:
		if l.Lockout > 0 {
			return []lawStage{
				{"fill", "how many it lets through", w.fillFor, (*lawPlanner).fill, false},
				{"lockout", "how long it bars after a refusal",
					func(l promise.Law) time.Duration { return l.Every + 2*l.Lockout }, (*lawPlanner).lockout, true},
				{"press", "what it does under steady pressure", w.pressFor, (*lawPlanner).press, false},
			}
		}
		return []lawStage{
			{"fill", "how many it lets through", w.fillFor, (*lawPlanner).fill, false},
			{"reset", "when it lets through more", n(1.1), (*lawPlanner).reset, true},
			{"halves", "of which kind its windows are", n(1.1), (*lawPlanner).halves, false},
			{"press", "what it does under steady pressure", w.pressFor, (*lawPlanner).press, false},
		}
	case promise.Quota:
		return []lawStage{
			{"fill", "how many it lets through", w.fillFor, (*lawPlanner).fill, false},
			{"still", "if it lets through more before its time", func(promise.Law) time.Duration { return stillFor },
				(*lawPlanner).still, true},
		}
	case promise.Sessions:
		return []lawStage{
			{"open", "how many sessions may be open", w.openFor, (*lawPlanner).openSessions, false},
			{"end", "if a session that has ended makes room", n(0), (*lawPlanner).endSessions, true},
		}
	}
	return []lawStage{{"crowd", "how many it serves at a time",
		func(promise.Law) time.Duration { return 2 * time.Second }, (*lawPlanner).crowd, false}}
}

// pressFor is how long steady pressure lasts: of a bucket long enough that an error of the
// rate as small as the precision comes to the part of a token that refusals pin.
func (w *lawPlanner) pressFor(l promise.Law) time.Duration {
	if l.Kind == promise.Bucket {
		k := DefaultPrecision / w.set.Precision
		return max(seconds(4*min(1, math.Pow(k, 0.7))), seconds(40*k/l.Rate))
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
	if l.Kind == promise.Sessions && w.set.Sessions != "" {
		return load, w.set.Sessions
	}
	fits := func(a history.Arrival) bool { return l.Applies(a.Method, a.Tool) }
	switch {
	case l.Charge.Outcomes == promise.Failures && w.set.Failing == nil:
		return load, "charges failures only, and no tool is named whose calls fail (--fails TOOL)"
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
	now     time.Duration

	counters []map[lawWho]*lawCounter // by law
	way      lawWay                   // the call that was last found to be granted by all laws but the asked one
	label    string
	load     history.Arrival // what is sent
	opened   []openSession   // by the stage that opens sessions, in order
	own      int             // how many sessions were open before it
	first    time.Duration   // when the window of the last fill opened
	alone    bool            // only the first client sends, and only the load
	cut      bool            // the budget ended what a stage would have sent
	jitter   func() float64
}

// stage asks a question if it fits what is left of the budget, and says what isn't shown
// where it doesn't.
func (w *lawPlanner) stage(x int, s lawStage) (asked bool) {
	l, begin := w.promise[x], w.now
	if !s.follows {
		begin = w.rested(x)
	}
	if s.name == "open" {
		begin = max(begin, w.besideForgotten(x))
	}
	units := 3*l.N + 10
	switch {
	case s.name == "fill" || l.Kind == promise.Bucket:
		units = l.N + 10
	case s.name == "open":
		units = 4*l.N + 10 // an initialize, what follows it, a call, and a DELETE
	}
	switch {
	case s.name == "press" && l.Kind == promise.Window && w.set.Precision > smoke:
		w.leave(x, fmt.Sprintf("%s isn't shown: a precision of %.4g%% does without", s.skips, 100*w.set.Precision))
	case begin+s.length(l) > w.set.Budget:
		w.leave(x, fmt.Sprintf("%s isn't shown: that takes until %s", s.skips,
			promise.Span((begin+s.length(l)).Round(time.Second))))
	case l.Kind == promise.Bucket && w.through(x) < 1.2*l.Rate:
		w.leave(x, fmt.Sprintf("%s isn't shown: with calls that last, the other laws serve %.2g a second", s.skips,
			w.through(x)))
	case len(w.plan.Arrivals)+units > w.set.Calls:
		w.leave(x, fmt.Sprintf("%s isn't shown: that takes about %d calls more", s.skips, units))
	default:
		w.now, w.label = begin, fmt.Sprintf("law %d: %s", x+1, s.name)
		s.send(w, x)
		if w.cut {
			w.cut = false
			w.leave(x, s.skips+" isn't all shown: the other laws grant too little of it in time")
		}
		return true
	}
	return false
}

func (w *lawPlanner) leave(x int, why string) {
	w.plan.Left = append(w.plan.Left, fmt.Sprintf("%s: %s", w.promise[x], why))
}

// rested is when a law can be asked anew: when it has forgotten everything, and so have
// all others that don't surely grant what it is asked for anyway. A law that can't forget
// within the budget is asked for what is left of it.
func (w *lawPlanner) rested(x int) time.Duration {
	at, need := w.now, w.need(x)
	for y, all := range w.counters {
		for _, c := range all {
			rested := c.meter.Rested(w.now)
			if sure := c.left(w.now); y != x && sure >= need || rested > w.set.Budget {
				continue
			}
			if at = max(at, rested); len(c.busy) > 0 && w.promise[y].Kind == promise.Cap {
				at = max(at, c.busy[len(c.busy)-1])
			}
		}
	}
	for _, l := range w.promise {
		at = max(at, w.now+max(l.Wait, l.Lockout)) // who waits takes later, and who is barred takes nothing
	}
	if at > w.now || len(w.plan.Arrivals) > 0 {
		at += margin(at-w.now) + 100*time.Millisecond
	}
	return at
}

// through is how many calls a second the caps beside a law serve.
func (w *lawPlanner) through(x int) float64 {
	most, ways := math.Inf(1), w.ways(x)
	for y, l := range w.promise {
		if y != x && l.Kind == promise.Cap && w.charges(y, &w.load) > 0 {
			most = min(most, float64(w.kept(y, ways)*l.N)/w.held().Seconds())
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
		return float64(l.N) + l.Rate*(w.pressFor(l)+l.Wait).Seconds() + beyond
	}
	return 2*float64(l.N) + beyond
}

// send plans one call of a client, now.
func (w *lawPlanner) send(client int) {
	a := w.load
	a.Due, a.Label, a.Client = w.now, w.label, w.set.Clients[min(client, len(w.set.Clients)-1)]
	w.plan.Arrivals = append(w.plan.Arrivals, a)
	w.spend(client, &a)
	w.take(client, &a)
}

// sendWay plans the call that was found to be granted.
func (w *lawPlanner) sendWay() {
	load := w.load
	w.load = w.way.load
	w.send(w.way.client)
	w.load = load
}

// calls sends so many, no faster than every law but x surely grants them; it ends where
// that is never.
func (w *lawPlanner) calls(x, n int, step time.Duration) {
	for range n {
		if !w.clear(x) {
			return
		}
		w.sendWay()
		w.now += step
	}
}

// clear waits until every law but x surely grants a call that asks x, and reports if they
// do within the window of x.
func (w *lawPlanner) clear(x int) bool { return w.clearFor(x, w.ways(x)) }

// clearFor is clear for any of these calls.
func (w *lawPlanner) clearFor(x int, ways []lawWay) bool {
	begin := w.now
	until := begin + max(time.Second, w.promise[x].Refilled())
	if w.promise[x].Kind == promise.Sessions { // those that are open stay so meanwhile
		until = max(until, w.set.Budget)
	}
	for w.now < until && (w.alone || w.now <= w.set.Budget) {
		least := time.Duration(math.MaxInt64)
		for i := range ways {
			wait := w.wait(x, &ways[i])
			if wait == 0 {
				w.way = ways[i]
				return true
			}
			least = min(least, wait)
		}
		w.now += least
		w.cut = !w.alone && (w.cut || w.now > w.set.Budget)
	}
	if w.now = min(w.now, until); !w.alone {
		w.now = begin // nothing is waited for that doesn't come
	}
	return false
}
