package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Isolation is the check of what a greedy client does to a modest one beside
// it: under a limit for each client nothing, under a global one it takes the
// tokens of both.
var Isolation = Check{
	ID:    "isolation",
	Doc:   "a limit for each client protects a modest client from a greedy one; a global limit is shared",
	Judge: judgeIsolation,
}

func judgeIsolation(t *Trial) Finding {
	l := t.limit()
	f := Finding{Check: "isolation", Want: "one bucket, which a greedy client and a modest one share"}
	if l.Scope == promise.Client {
		f.Want = "a modest client is never refused for what a greedy one does"
	}
	greedy, greedyRefused, modest, modestRefused := t.parts()
	switch {
	case t.court.untold && l.Scope != promise.Client:
		f.Saw = t.untried()
		return f
	case modest == 0:
		f.Saw = "only one client got through, which can't tell"
		return f
	case greedyRefused == 0:
		f.Saw = fmt.Sprintf("the greedy client was never refused in %s, so that nothing pressed on the limit",
			plural(t.sent()-modest, "call"))
		return f
	}
	f.Saw = fmt.Sprintf("the modest client was refused %d of %s, beside %s of the greedy one", modestRefused,
		plural(modest, "call"), plural(greedyRefused, "refusal"))
	if l.Scope == promise.Client {
		return t.protected(f, greedy, modestRefused)
	}
	limit := float64(l.Burst) + t.Tolerance
	union, alone := t.court.needs(promise.Global), t.court.needs(promise.Client)
	switch {
	case union > limit && alone <= limit && t.court.apart():
		f.Verdict, f.Cause = Fail, "each client has a bucket of its own, and one limit was promised for all"
		w, _ := t.court.gather(promise.Global).tightest(l.Rate)
		f.Witness = w.overAdmission(l)
	case union > limit:
		f.Saw += "; that is no proof of buckets apart, the limit itself doesn't hold"
	case modestRefused == 0:
		f.Saw += "; that is no proof of one bucket, nor of two"
	default:
		f.Verdict = Pass
		f.Warnings = []string{"one greedy client takes the tokens of all others: a limit for each client would " +
			"protect them"}
	}
	return f
}

// protected judges the modest client's refusals under a limit for each client.
func (t *Trial) protected(f Finding, greedy string, refused int) Finding {
	bounds := t.court.perCall()
	worst, pos := float64(t.limit().Burst), 0
	for p, burst := range bounds.excuses {
		if t.pos[p] && t.court.calls[p-1].Client != greedy && (pos == 0 || burst < worst) {
			worst, pos = burst, p
		}
	}
	switch {
	case refused == 0:
		f.Verdict = Pass
	case t.court.cfg.Shared:
		f.Saw += "; not judged: others may use the server as the same client"
		f.Verdict = Pass
	case pos > 0 && t.court.unjustified(worst):
		f.Verdict, f.Cause = Fail, "the modest client pays for the greedy one: they share a bucket"
		_, f.Witness = t.court.excuseOf(pos)
	default:
		f.Saw += "; delays may explain that"
	}
	return f
}

// parts tells the greediest client of the scenario from the others.
func (t *Trial) parts() (greedy string, greedyRefused, modest, modestRefused int) {
	sent, refused := map[string]int{}, map[string]int{}
	for _, c := range t.Calls {
		if c.Outcome == history.Unsent {
			continue
		}
		sent[c.Client]++
		if c.Outcome == history.Limited {
			refused[c.Client]++
		}
	}
	for name, n := range sent {
		if n > sent[greedy] || n == sent[greedy] && name < greedy {
			greedy = name
		}
	}
	for name, n := range sent {
		if name != greedy {
			modest += n
			modestRefused += refused[name]
		}
	}
	return greedy, refused[greedy], modest, modestRefused
}

// Evasion is the check that a client that was refused can't buy tokens by
// coming back in another way.
var Evasion = Check{
	ID:    "evasion",
	Doc:   "no new session, connection, identity or range of ids buys tokens",
	Judge: judgeEvasion,
}

// disguiseWords say what a call's session stands for.
var disguiseWords = map[string]string{
	"session":    "a new session",
	"connection": "a new connection",
	"identity":   "a new identity",
	"ids":        "another range of request ids",
}

func judgeEvasion(t *Trial) Finding {
	f := Finding{Check: "evasion", Want: "nothing that a refused client can change about itself buys a token"}
	first, refused := t.evader()
	if t.court.untold {
		f.Saw = t.untried()
		return f
	}
	if refused == 0 {
		f.Saw = "nothing was refused, so that there was nothing to evade"
		return f
	}
	kept := t.before(0, first)
	if t.breaks(kept) != nil {
		f.Saw = "the limit doesn't hold for one client by itself, so that there is nothing to evade"
		return f
	}
	var told, bought []string
	for at, d := range t.disguises() {
		saw, tried := t.disguiseWords(d)
		told = append(told, saw)
		if !tried {
			continue
		}
		// What the first client takes afterwards counts too: a disguise may
		// have filled the bucket for everybody.
		alone := slices.Concat(kept, t.before(at+1, first))
		with := slices.Concat(alone, t.positions(func(c history.Call) bool { return c.Session == d }))
		witness := t.breaks(with)
		own := t.limit().Scope == promise.Client && t.apart(d, first)
		switch {
		case own:
			f.Verdict = Pass
			if witness != nil && d == "session" {
				f.Warnings = append(f.Warnings, "a new session has a full bucket: a client evades its limit by "+
					"opening one")
			}
		case witness == nil:
			f.Verdict = Pass
		default:
			bought = append(bought, orWord(d))
			f.Witness = witness
		}
		// Only calls that one bucket was promised for may be counted together: what
		// a client with a bucket of its own was let through is no part of the next sum.
		if kept = alone; !own && witness == nil {
			kept = with
		} else if t.breaks(kept) != nil {
			kept = t.before(at+1, first)
		}
	}
	f.Saw = strings.Join(told, "; ")
	if len(bought) > 0 {
		f.Verdict, f.Cause = Fail, "tokens that haven't flowed in are to be had by "+strings.Join(bought, ", and by ")
	} else if f.Verdict != Pass {
		f.Saw = orNothing(f.Saw)
	}
	return f
}

// evaded is the cause of a violation that only calls show which came in another way:
// those of a client in disguise, or of an audit's tricks. Else it is empty.
func (c *Court) evaded() string {
	var labels []string
	for i := range c.calls {
		if l := c.calls[i].Label; c.calls[i].Session != "" && !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	if len(labels) == 0 {
		return ""
	}
	rest := c.weighing(c.terms.Limit, c.weight)
	for i := range c.calls {
		if !slices.Contains(labels, c.calls[i].Label) {
			rest.Add(i+1, &c.calls[i])
		}
	}
	if rest.Check(c.terms.Limit, c.cfg.Tolerance).Verdict == Fail {
		return ""
	}
	var causes []string
	for _, label := range labels {
		for n := range c.Attempts(label) {
			t := c.Attempt(label, n+1)
			if cause := t.evaded(); cause != "" && !slices.Contains(causes, cause) {
				causes = append(causes, cause)
				break
			}
		}
	}
	return strings.Join(causes, "; ")
}

// evaded is the cause of a violation in one scenario's calls.
func (t *Trial) evaded() string {
	for _, d := range t.disguises() {
		if _, ok := disguiseWords[d]; ok {
			return judgeEvasion(t).Cause
		}
	}
	return judgeTricks(t).Cause
}

func orWord(d string) string {
	if w, ok := disguiseWords[d]; ok {
		return w
	}
	return d
}

func orNothing(s string) string {
	if s == "" {
		return "no other way to come back was tried"
	}
	return s
}

// evader is the client that the scenario drains the bucket as, and how often
// it was refused.
func (t *Trial) evader() (name string, refused int) {
	for _, c := range t.Calls {
		if name == "" && c.Session == "" {
			name = c.Client
		}
		if c.Client == name && c.Session == "" && c.Outcome == history.Limited {
			refused++
		}
	}
	return name, refused
}

// disguises lists the sessions of the scenario, in the order of their calls.
func (t *Trial) disguises() []string {
	var list []string
	for _, c := range t.Calls {
		if c.Session != "" && !slices.Contains(list, c.Session) {
			list = append(list, c.Session)
		}
	}
	return list
}

// apart reports if a disguise sends as another client.
func (t *Trial) apart(d, first string) bool {
	return slices.ContainsFunc(t.Calls, func(c history.Call) bool { return c.Session == d && c.Client != first })
}

// disguiseWords says how a disguise fared, and if it got as far as calling.
func (t *Trial) disguiseWords(d string) (saw string, tried bool) {
	var sent, admitted, refused int
	opening := history.Unknown
	for _, c := range t.Calls {
		switch {
		case c.Session != d:
		case c.Method == "initialize":
			opening = c.Outcome
			tried = tried || c.Outcome == history.Limited
		case c.Outcome != history.Unsent:
			sent++
			if c.Outcome == history.OK {
				admitted++
			}
			if c.Outcome == history.Limited {
				refused++
			}
		}
	}
	if sent == 0 && opening == history.Limited {
		return orWord(d) + ": refused to open", true
	}
	if admitted+refused == 0 {
		return orWord(d) + ": no call got an answer", false
	}
	return fmt.Sprintf("%s: %d of %s admitted", orWord(d), admitted, plural(sent, "call")), true
}

// before returns the first client's calls in its first session that stand
// between the nth change of disguise and the next one, as positions.
func (t *Trial) before(n int, first string) []int {
	changes, last := 0, ""
	return t.positions(func(c history.Call) bool {
		if c.Session != "" && c.Session != last {
			changes, last = changes+1, c.Session
		}
		return c.Session == "" && c.Client == first && changes == n
	})
}

// positions returns the 1-based positions of the scenario's calls that are
// kept, in order.
func (t *Trial) positions(keep func(history.Call) bool) []int {
	var list []int
	for i, c := range t.court.calls {
		if t.pos[i+1] && keep(c) {
			list = append(list, i+1)
		}
	}
	return list
}

// breaks returns the witness of over-admission in a part of the history, taken
// as the calls of one bucket; nil where there is none. Leaving admitted calls
// out can only hide a violation, never make one.
func (t *Trial) breaks(positions []int) *Witness {
	l := t.limit()
	l.Scope = promise.Global
	e := t.court.weighing(l, t.court.weight)
	for _, p := range positions {
		e.Add(p, &t.court.calls[p-1])
	}
	w, burst := t.court.ticked(e).tightest(l.Rate)
	if burst <= float64(l.Burst)+t.Tolerance {
		return nil
	}
	return w.overAdmission(l)
}
