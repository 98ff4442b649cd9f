package drive

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// MostUnasked is how much of a quota is used up without somebody agreeing to it.
const MostUnasked = 200

// Laws are what a job is held to in place of a bucket.
type Laws struct {
	Promise promise.Promise
	Budget  time.Duration     // the most that the traffic may take
	Calls   int               // the most calls that it may send; 0 means scenarios.DefaultLawCalls
	Fails   string            // a tool whose calls fail, as the server counts it; empty: none is known
	Hasty   bool              // don't measure how long windows are, and of which kind
	All     bool              // what wasn't shown of a law leaves the run open
	Fresh   bool              // nobody has used the server for as long as its laws remember
	Again   bool              // it is asked several times: each has used the server before the next
	Spend   bool              // use up more than MostUnasked of a quota
	Source  string            // where they were read from
	Headers bool              // take the promise from the server's own headers, once they are seen
	left    []string          // what the last plan's budget left out
	lasts   time.Duration     // how long a call was seen to last, about
	others  []history.Arrival // that the server may be asked beside the load
	before  []history.Arrival // what it was sent before the plan, but for what it has surely forgotten by then
	epoch   time.Time         // when instant 0 of the history was
	audited bool              // tricks are tried against them
	tricks  []scenarios.LawTrick
	endless bool   // by its transport no session can be ended alone
	closed  string // why no more sessions can be opened; empty: they can
}

// sessionsOf takes down what sessions there can be beside one that is open, for laws that
// count them.
func (l *Laws) sessionsOf(s *wire.Session) {
	l.endless = s.Transport() != wire.HTTP
	switch {
	case s.Transport() == wire.Stdio:
		l.closed = "counts sessions, and a server over stdio has one, whose process it is"
	case s.Transport() == wire.InProcess:
		l.closed = "counts sessions, and in the process there is one a client"
	case s.Transport() == wire.HTTP && s.SessionID() == "":
		l.closed = "counts sessions, and the server gives no session ids"
	}
}

// load is what the job sends.
func (j *Job) load() history.Arrival {
	c := j.Profile.Call
	return history.Arrival{Method: c.Method, Tool: c.Tool, Arguments: c.Arguments}
}

// speakers is how many sessions it takes to reach a law that they share, where another law
// gives each of them less; at most moreClients.
func (l *Laws) speakers() (n int) {
	for _, each := range l.Promise {
		for _, all := range l.Promise {
			if each.Key.Has(promise.Session) && !all.Key.Has(promise.Session) && all.Pace() > each.Pace() {
				n = max(n, 1+(all.N+each.N-1)/each.N)
			}
		}
	}
	return min(n, moreClients)
}

// room is how many clients leave room for another session, where a law counts those.
func (l *Laws) room() int {
	most := moreClients
	for _, law := range l.Promise {
		if law.Kind == promise.Sessions {
			most = min(most, max(1, law.N-1))
		}
	}
	return most
}

// forgotten is how long it takes at most until nothing matters any more that was before.
func (l *Laws) forgotten() (rest time.Duration) {
	for _, law := range l.Promise {
		rest = max(rest, law.Refilled()+law.Wait+law.Lockout)
	}
	return rest + rest/50 + time.Second
}

// again reports if a plan of this length can be sent once more, after so many attempts: the
// budget is of all of them, and a quota is used up but once.
func (l *Laws) again(attempts int, length time.Duration) bool {
	lasting := slices.ContainsFunc(l.Promise, promise.Law.Lasting)
	return !lasting && time.Duration(attempts+1)*(length+l.forgotten()) <= l.Budget
}

// failing is a call that surely fails, where a law asks for one; nil where none is known.
func (j *Job) failing() *history.Arrival {
	asks := func(l promise.Law) bool { return l.Charge.Outcomes != promise.All }
	switch {
	case !slices.ContainsFunc(j.Laws.Promise, asks):
		return nil
	case j.Laws.Fails != "":
		return &history.Arrival{Method: "tools/call", Tool: j.Laws.Fails}
	case j.Kind != target.Mock:
		return nil
	}
	return &history.Arrival{Method: "tools/call", Tool: "fail"}
}

// others are calls beside the load, for laws that are about other tools: a mock has those
// that its laws name.
func (j *Job) others() []history.Arrival {
	if j.Kind != target.Mock {
		return j.Laws.others
	}
	var out []history.Arrival
	tools := mock.LawTools(j.Laws.Promise)
	if slices.ContainsFunc(j.Laws.Promise, ofTools) {
		tools = append(tools, mock.ToolEcho)
	}
	for _, tool := range tools {
		out = append(out, history.Arrival{Method: "tools/call", Tool: tool})
	}
	reads := mock.LawReads(j.Laws.Promise)
	for _, method := range slices.Sorted(maps.Keys(reads)) {
		if j.Laws.unasked(method, j.load()) {
			out = append(out, history.Arrival{Method: method, Arguments: reads[method]})
		}
	}
	return out
}

// unasked reports if a law names a method and isn't about the load.
func (l *Laws) unasked(method string, load history.Arrival) bool {
	return slices.ContainsFunc(l.Promise, func(law promise.Law) bool {
		return slices.Contains(law.Charge.Methods, method) && !law.Applies(load.Method, load.Tool)
	})
}

// mockLasts is how long a mock's calls last; 0 of other servers.
func (j *Job) mockLasts() time.Duration {
	if j.Kind != target.Mock {
		return 0
	}
	return j.Mock.Lasts()
}

// look learns from the first session what a plan for laws may send beside the load: tools
// that laws name and that say of themselves that they are harmless, and of what laws name
// prompts, resources and completions, which are tried once. Of the trial it takes how long a
// call may last. It returns what it sent.
func (j *Job) look(ctx context.Context, s *wire.Session, trial []history.Call) (sent []history.Call) {
	l := j.Laws
	for _, c := range trial {
		if c.Outcome.Answered() {
			l.lasts = max(l.lasts, 2*(c.Received-c.Sent))
		}
	}
	if slices.ContainsFunc(l.Promise, ofTools) {
		l.others = j.Harmless(s)
	}
	if j.Kind == target.Mock {
		return nil // what it has is known
	}
	reads, sent := j.Reads(ctx, s, func(method string) bool { return l.unasked(method, j.load()) })
	l.others = append(l.others, reads...)
	return sent
}

// began takes down what the server was sent before the plan.
func (j *Job) began(before []history.Call) {
	if j.lawRest() > 0 {
		return // it has forgotten all of that
	}
	for i := range before {
		if c := &before[i]; c.Kind == history.Request {
			a := history.Arrival{Method: c.Method, Tool: c.Tool, Arguments: c.Arguments}
			j.Laws.before = append(j.Laws.before, a)
		}
	}
}

// ofTools reports if a law treats tools differently.
func ofTools(l promise.Law) bool {
	return l.Charge.Tools != nil || l.Charge.Units != nil || l.Key.Has(promise.Tool)
}

// LawPlan is the traffic of a job that is held to laws.
func (j *Job) LawPlan(clients []string) scenarios.LawPlan {
	plan := scenarios.PlanLaws(scenarios.Held(j.Laws.Promise, j.load()), scenarios.LawSetting{
		Load: j.load(), Failing: j.failing(), Others: j.others(), Beside: j.Laws.before,
		Lasts: max(j.Laws.lasts, j.mockLasts()), Clients: clients, Distinct: j.Identity.Header != "",
		Budget: j.Laws.Budget, Calls: j.Laws.Calls, Seed: j.Seed, Precision: j.Precision, Tricks: j.Laws.tricks,
		Surely: j.mockLasts() > 0, Quota: j.tricksMay(), Open: j.sessionsOpen(clients), Endless: j.Laws.endless,
		Sessions: j.Laws.closed})
	if j.Laws.Headers {
		j.countDown(&plan, clients[0])
	}
	for i := range plan.Arrivals {
		plan.Arrivals[i].Label = scenarios.LawScenario
	}
	j.Laws.left = plan.Left
	return plan
}

// sessionsOpen is how many of the clients have a session open when a plan begins.
func (j *Job) sessionsOpen(clients []string) int {
	if j.Virtual == nil {
		return len(clients)
	}
	n := 0
	for _, a := range j.Laws.before { // in virtual time they have none, unless they were greeted
		if a.Method == "initialize" {
			n++
		}
	}
	return min(n, len(clients))
}

// tricksMay is how much of a quota tricks may use up; 0: all of it.
func (j *Job) tricksMay() int {
	if j.Laws.Spend {
		return 0
	}
	return MostUnasked
}

// fitsLaws refuses what would cost more than somebody agreed to, before anything is sent, and what
// asks nothing, once the server was met and it is known what it is asked.
func (j *Job) fitsLaws(met bool) error {
	plan := j.LawPlan(target.ClientNames(j.ClientCount()))
	if len(plan.Arrivals) == 0 && (met || !j.Profile.Call.Unsaid) {
		return fmt.Errorf("no law can be asked in %s: %s", promise.Span(j.Laws.Budget), strings.Join(plan.Left, "; "))
	}
	for x, l := range j.Laws.Promise {
		if spends := min(plan.Spends[x], l.N); l.Lasting() && spends > MostUnasked && !j.Laws.Spend {
			return hint.New(fmt.Errorf("this would use up %d of %q", spends, l), "agree to it with --spend")
		}
	}
	if rest := j.lawRest(); rest > j.Laws.Budget {
		way := "say --fresh if nobody has"
		if j.Laws.Again {
			way = "ask once, of one revision"
		}
		return hint.New(fmt.Errorf("somebody may have used the server a moment ago, and its laws remember that for %s",
			promise.Span(rest)), way+", or wait that long first with --budget time="+promise.Span(rest))
	}
	return nil
}

// used reports if somebody may have used the server before.
func (j *Job) used() bool {
	return j.Kind == target.URL && len(j.Launch) == 0 && (!j.Laws.Fresh || j.Laws.Again)
}

// lawRest is how long a server that was running before is left alone first, so that an
// honest one has forgotten everything.
func (j *Job) lawRest() (rest time.Duration) {
	if !j.used() {
		return 0
	}
	for _, l := range j.Laws.Promise {
		rest = max(rest, l.Refilled())
	}
	return rest + rest/50
}

// AnnounceLaws says how long a job's traffic takes at most, and what it costs.
func (j *Job) AnnounceLaws(plan scenarios.LawPlan) string {
	text := fmt.Sprintf("%s in %s at most", words.Count(len(plan.Arrivals), "call"),
		promise.Span((plan.Length + j.lawRest() + 99*time.Millisecond).Truncate(100*time.Millisecond)))
	for x, l := range j.Laws.Promise {
		if l.Lasting() {
			text += fmt.Sprintf("; spends up to %d of %d per %s", min(plan.Spends[x], l.N), l.N, cmp.Or(string(l.Unit),
				promise.Span(l.Every)))
		}
	}
	return text
}

// judged are the laws as the judge takes them.
func (l *Laws) judged(j *Job) *verdict.Laws {
	held := scenarios.Held(l.Promise, j.load())
	left := make([][]string, len(held))
	for x := range held {
		for _, why := range l.left {
			if said, ok := strings.CutPrefix(why, held[x].String()+": "); ok {
				left[x] = append(left[x], said)
			}
		}
	}
	laws := &verdict.Laws{Said: l.Promise, Held: held, Left: left, Identify: judge.Identify(j.Identity.Header != ""),
		Epoch: l.epoch, Refusal: j.Profile.Refusal.Shape, All: l.All, Hasty: l.Hasty, Headers: l.Headers,
		Audited: l.audited, Lingering: j.used() && l.Promise.Has(promise.Sessions)}
	if j.Kind == target.Mock {
		laws.Lasts = j.Mock.Lasts()
	}
	if f := j.failing(); f != nil {
		laws.Fails = f.Tool
	}
	return laws
}

// promiseText is the promise as documents have it; empty where there is none.
func (l *Laws) promiseText() string {
	if l == nil {
		return ""
	}
	return results.PromiseText(l.Promise)
}
