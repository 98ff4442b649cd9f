package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// A Report is what a probe found out.
type Report struct {
	Result    Result
	Refused   bool              // something was refused for its rate
	Box       *verdict.Measured // certified; nil where no token bucket explains the history, or nothing was refused
	Clocks    verdict.Clocks    // how far clocks were taken to disagree
	Tolerance float64           // tokens by which the box is wider than an exact limiter needs
	Load      history.Arrival   // the unit: the call whose cost is one token
	Open      *Open             // how far it was tried; nil where something was refused
	Untold    bool              // nothing was refused, and nobody said that what was sent is charged
	Models    []verdict.Model   // every kind of limiter that explains the history
	Apart     []string          // what traffic would tell those apart
	Laws      []Law             // that were found where no bucket explains the answers; each was put to a run's test
	Scope     Value
	Evasion   Value // whether a new session evades the limit: "yes", "no" or, where it refills everybody's, "resets"
	Tools     Value // whether another tool shares it; no Answer and no Evidence where none was tried
	Costs     []Cost
	Signal    Signal
	Notes     []string
	Budget    Budget
	Sent      int // calls of the budget
	Admitted  int
	Limited   int
	Failed    int           // calls of the load that got neither a result nor a refusal
	Elapsed   time.Duration // from the first request to the last answer
	Calls     []history.Call
}

// A Result says how a probe ended.
type Result string

// The results.
const (
	Measured   Result = "measured"   // the box is as narrow as it should be
	NoLimit    Result = "no limit"   // nothing was refused within the budget
	OtherModel Result = "other"      // no token bucket, and what it is instead is known
	Unfinished Result = "unfinished" // the budget ran out, or no model explains the server
)

// Open says how far a server was tried that refused nothing.
type Open struct {
	AtOnce  int           // the most calls sent at one instant, all of them admitted
	Rate    float64       // calls a second of the longest steady stretch
	Calls   int           // in that stretch
	Stretch time.Duration // its length
}

// A Value is an answer and what it rests on. An empty Answer is "unknown".
type Value struct {
	Answer   string
	Evidence string // in words, with the number of calls
	Calls    int    // that were sent to find out
}

// A Cost is how many tokens one kind of request takes, in units of the load.
type Cost struct {
	Kind     string // such as "tools/list" or "a call of an unknown tool"
	Tokens   []int  // every cost up to maxCost that explains the answers; nil: unknown
	Absent   bool   // the protocol revision has no such request
	Limited  int    // requests of this kind that were refused for their rate
	Requests int    // requests of this kind that the answer rests on
	Evidence string
}

// Known returns the cost where it is certain.
func (c Cost) Known() (tokens int, ok bool) {
	if len(c.Tokens) != 1 {
		return 0, false
	}
	return c.Tokens[0], true
}

// isNarrow reports if the box is as narrow as it should be.
func (p *probe) isNarrow() bool { return p.report.Box != nil && Narrow(*p.report.Box) }

// Narrow reports if a box is within 1 % of the rate and half a token of the
// burst, to either side of its middle.
func Narrow(m verdict.Measured) bool {
	return m.Or == nil && rateWidth(m) <= rateWithin && burstWidth(m) <= burstWithin
}

// certain reports if a narrow box has stood every test that there was room for.
func (p *probe) certain() bool {
	return p.isNarrow() && p.tests.done() && (roundBurst(*p.report.Box) || p.phases > phasesTried)
}

// rateWidth is half the box's width as a part of its middle.
func rateWidth(m verdict.Measured) float64 { return (m.Rate.Hi - m.Rate.Lo) / (m.Rate.Hi + m.Rate.Lo) }

// burstWidth is half the box's width in tokens.
func burstWidth(m verdict.Measured) float64 { return (m.Burst.Hi - m.Burst.Lo) / 2 }

// note adds a remark, once.
func (p *probe) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(p.report.Notes, s) {
		p.report.Notes = append(p.report.Notes, s)
	}
}

// conclude fills in what is counted at the end.
func (p *probe) conclude() {
	r := &p.report
	r.Load = p.load
	r.Calls, r.Sent = p.calls, p.sent
	if p.used > 0 && r.Box != nil {
		p.note("the first refusals fit a token bucket only if it was not full when the probe began: somebody had " +
			"used it, or it starts with less than its burst")
	}
	for _, c := range p.calls {
		switch {
		case c.Outcome == history.Unsent: // the probe ended before it was due
			continue
		case !p.isLoad(c) && c.Outcome != history.Limited:
		case c.Outcome == history.OK:
			r.Admitted++
		case c.Outcome == history.Limited:
			r.Limited++
		default:
			r.Failed++
		}
		r.Elapsed = max(r.Elapsed, c.Received-p.began)
	}
	p.readSignal()
	if r.Box != nil && len(r.Models) > 1 { // later calls may have told them apart
		p.nameModels()
	}
	p.lookBack()
	if p.mixed && r.Scope.Answer == "" {
		p.note("many calls over many connections were let through, and one connection then was refused: the box " +
			"supposes that all share one limit. A limit a connection isn't excluded")
	}
	if r.Box != nil && !p.gaveUp {
		p.noteUntested()
	}
	for _, m := range r.Models {
		if m.Window > 0 {
			p.note("the %s is from %.3gs to %.3gs long", m.Name, m.Length.Lo, m.Length.Hi)
		}
	}
	if r.Box != nil && !roundBurst(*r.Box) {
		p.note("no whole or half number of calls fits the burst, so that the burst is another fraction of a call, or " +
			"the limiter not quite a token bucket: one that fills in small steps looks like that")
	}
	if r.Box != nil && r.Box.Rate.Lo == 0 && !p.cut {
		p.note("tokens flowed in so slowly, or not at all, that no lower bound of the rate was found in %s. Allow it "+
			"more time, such as --budget time=%s", r.Elapsed.Round(time.Second),
			promise.Span(max(5*time.Minute, 4*r.Budget.Time)))
	}
	p.tellNeed()
	p.result()
}

// result says what the probe came to.
func (p *probe) result() {
	r := &p.report
	open := !p.cut && !r.Refused && unanswered(p.calls) == 0 && r.Failed*5 <= r.Admitted && r.Admitted > 0
	switch {
	case open && p.cfg.Presumed:
		r.Result, r.Untold = Unfinished, true
		p.note("nobody said that %s is charged, and a limiter of tool calls lets it through: tool calls were not tried",
			r.Load.Method)
	case open:
		r.Result = NoLimit
		r.Models = []verdict.Model{{Name: verdict.NoLimit}}
		p.note("that is true of calls that get a result (%d of %d did): a limit on calls that fail isn't excluded, "+
			"nor are refusals in words of a result that doesn't say that it is an error", r.Admitted, r.Admitted+
			r.Failed)
	case p.isNarrow() && len(r.Models) == 1 && p.tests.passed() && roundBurst(*r.Box):
		r.Result = Measured
		p.unasked()
	case p.lawsCertain && r.Box == nil:
		r.Result = OtherModel
		r.Models, r.Apart = modelsOf(r.Laws), nil
	case r.Refused && r.Box == nil && len(r.Models) == 1 && !p.has(verdict.ConcurrencyCap) && // that needs its own test
		!p.has(verdict.TokenBucket) && // whose box would be left, had nothing contradicted it
		(r.Models[0].Window == 0 || p.confirmed && r.Models[0].Window < shortestLaw): // a longer one is put to a test
		r.Result = OtherModel
	default:
		r.Result = Unfinished
		if len(r.Models) == 1 && isWindow(r.Models[0]) && !p.cut && p.need.words == "" {
			p.note("a window of the other kind, or of another length, isn't excluded yet: its ends must be seen more "+
				"than once. Allow it more time, such as --budget time=%s",
				promise.Span((r.Elapsed+20*r.Models[0].Window).Truncate(time.Minute)+time.Minute))
		}
	}
}

// twoLimits is what budget is enough for two limits at once, of those that people set most.
var twoLimits = Budget{Calls: 2500, Time: 20 * time.Minute}

// noteTwo says that what remains open may be two limits at once, where the budget hadn't room to
// look for them.
func (p *probe) noteTwo() {
	r := &p.report
	if r.Refused && r.Result == Unfinished && len(r.Models) == 0 && p.need.words == "" && !p.cut &&
		(r.Budget.Calls < twoLimits.Calls || r.Budget.Time < twoLimits.Time) {
		p.note("two limits at once, such as 5/s burst 10 and 60 per 1m, may be what explains them, which takes more "+
			"to find. Allow that, such as --budget calls=%d,time=%s", max(r.Budget.Calls, twoLimits.Calls),
			promise.Span(max(r.Budget.Time, twoLimits.Time)))
	}
}

// noteMore says what more of the budget may do for what remained open, where nothing else
// has: of calls, of time or, where it isn't known which of them was short, of both.
func (p *probe) noteMore() {
	r := &p.report
	advised := func(note string) bool { return strings.Contains(note, "Allow ") }
	open := r.Result == Unfinished && r.Refused && !p.gaveUp && len(r.Models) > 0 &&
		!slices.ContainsFunc(r.Notes, advised)
	unseen := !r.Refused && !r.Untold && (r.Budget.Calls < DefaultCalls || r.Budget.Time < DefaultTime)
	if !open && !unseen {
		return
	}
	var more []string
	calls, long := r.Sent*4 >= r.Budget.Calls*3, r.Elapsed*4 >= r.Budget.Time*3
	if calls || !long {
		more = append(more, fmt.Sprintf("calls=%d", max(DefaultCalls, 3*r.Budget.Calls)))
	}
	if long || !calls {
		more = append(more, "time="+promise.Span(max(DefaultTime, 3*r.Budget.Time)))
	}
	p.note("the budget was too small for what remains open, or unseen. Allow it more, such as --budget %s",
		strings.Join(more, ","))
}

// A need is what it would take to be certain of a guess.
type need struct {
	words  string
	calls  int
	length time.Duration
	budget Budget
}

// lawsNeed notes what it would take to be certain of a guess like this: of the first for which
// the budget hadn't room, and the most of its variants. What later ones would take helps nobody.
func (p *probe) lawsNeed(like promise.Promise, calls int, length time.Duration) {
	var said []string
	for _, l := range like {
		if l.Kind == promise.Window {
			l.Style = promise.Unsaid
		}
		l.Charge = promise.Charge{}
		said = append(said, l.String())
	}
	words, n := strings.Join(said, " and "), &p.need
	if n.words == "" {
		n.words = words
	}
	if n.words != words {
		return
	}
	n.calls, n.length = max(n.calls, calls), max(n.length, length)
	n.budget.Calls = max(n.budget.Calls, roundUp(p.sent+calls+calls/5, 50))
	n.budget.Time = max(n.budget.Time, (p.prober.Now()-p.began+length*5/4).Truncate(time.Minute)+time.Minute)
}

// tellNeed says so, where nothing was certain in the end.
func (p *probe) tellNeed() {
	if n := p.need; n.words != "" && !p.lawsCertain {
		p.note("%s would explain every answer, and to be certain of it takes about %d calls and %s more. Allow that, "+
			"such as --budget calls=%d,time=%s", n.words, n.calls, promise.Span(n.length.Round(time.Second)),
			n.budget.Calls, promise.Span(n.budget.Time))
	}
}
