package probe

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// What a cap must show before it is found.
const (
	shortestCapped = 10 * time.Millisecond  // calls that last less don't surely lie side by side
	inTurn         = 4                      // calls each after the reply to the one before
	freed          = 120 * time.Millisecond // after a reply its place is certainly free
	sureOf         = 90                     // percent of the shortest call: so long does any last
	turns          = 12                     // calls in turn, of as many at a time as are served
)

// pastCap are phases that have nothing to ask of a cap, which no time refills.
var pastCap = []string{"box", "model", "again", "laws"}

// mayBeCap reports if it may be calls in flight that are limited: each refusal came
// while calls were in flight that were let through, and lasted.
func (p *probe) mayBeCap() bool {
	if p.mixed || p.client != p.cfg.Client {
		return false
	}
	var lasted, refusals []time.Duration
	beside := map[int]bool{}
	for j, c := range p.calls {
		if !p.isLoad(c) || c.Outcome != history.Limited {
			continue
		}
		refusals = append(refusals, c.Service())
		none := true
		for i, a := range p.calls {
			if i != j && p.isLoad(a) && a.Outcome == history.OK && a.Sent <= c.Received && c.Sent <= a.Received {
				beside[i], none = true, false
			}
		}
		if none {
			return false
		}
	}
	for i := range beside {
		lasted = append(lasted, p.calls[i].Service())
	}
	took := median(lasted)
	return took >= shortestCapped && took >= 2*median(refusals)
}

// findCap looks for a cap on the calls in flight. One serves any number of calls one by
// one; of calls that come together it serves as many as fit, however often and whatever
// was before; and it has a place again as soon as a call has ended. Whatever else explains
// all of that can't be told from it, so that nothing is found then.
func (p *probe) findCap(ctx context.Context) error {
	began := len(p.calls)
	lasts, err := p.alone(ctx)
	if lasts < shortestCapped || err != nil {
		return err
	}
	n, err := p.crowds(ctx, lasts)
	if n == 0 || err != nil {
		return err
	}
	if err := p.crowdInTurn(ctx, n, lasts); err != nil {
		return err
	}
	shortest, longest := p.lasting(p.calls[began:])
	law := promise.Law{Kind: promise.Cap, N: n, Charge: p.charge()}
	if !p.capHolds(law, p.calls[began:], shortest) {
		return nil
	}
	for _, m := range p.evidence(letIn(p.history(), shortest)).Models(p.cfg.Tolerance) {
		if m.Name != verdict.ConcurrencyCap && !coincides(m, shortest, longest) {
			p.note("calls lasted %s each, and a %s explains every answer as well as a cap on %d calls at a time does: "+
				"a call that takes another time (--tool, --args) would tell, and so may a machine with less to do",
				short(shortest), m, n)
			return nil
		}
	}
	law.Charge = promise.Charge{}
	p.report.Laws, p.lawsTested, p.lawsCertain, p.gaveUp = []Law{{Law: law}}, true, true, true
	p.capped, p.burst = shortest, float64(n)
	return nil
}

// alone sends calls one by one, and returns how long the shortest lasted; 0 where one
// wasn't let through.
func (p *probe) alone(ctx context.Context) (shortest time.Duration, err error) {
	p.rest(freed)
	from := len(p.calls)
	for range inTurn {
		calls, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil || calls[0].Outcome != history.OK {
			return 0, err
		}
	}
	shortest, _ = p.lasting(p.calls[from:])
	return shortest, nil
}

// lasting is how long the shortest and the longest call lasted that were let through.
func (p *probe) lasting(calls []history.Call) (shortest, longest time.Duration) {
	for _, c := range calls {
		if d := c.Service(); p.isLoad(c) && c.Outcome == history.OK {
			if longest = max(longest, d); shortest == 0 || d < shortest {
				shortest = d
			}
		}
	}
	return shortest, longest
}

// letIn are calls that end when they were certainly let in, given that they last nearly
// as long as the shortest one from then on.
func letIn(calls []history.Call, shortest time.Duration) []history.Call {
	list := slices.Clone(calls)
	for i := range list {
		if c := &list[i]; c.Outcome == history.OK && c.Planned() {
			c.Received = max(c.Sent, c.Received-shortest*sureOf/100)
		}
	}
	return list
}

// crowds sends several calls at once, more and more often than are let through, and
// returns how many those are; 0 where it isn't always the same number.
func (p *probe) crowds(ctx context.Context, lasts time.Duration) (n int, err error) {
	first := p.letThrough() + 3
	for i, more := range []int{first, 1, 0, 2} {
		p.rest(freed)
		if i == 1 {
			p.rest(4 * lasts) // what refills may hold more than it brings between two crowds
		}
		many := n + more
		calls, err := p.send(ctx, p.volley(p.client, many, 0))
		if err != nil {
			return 0, err
		}
		admitted, limited := tally(calls)
		switch {
		case admitted+limited < many, n == 0 && limited == 0:
			return 0, nil
		case n == 0:
			n = admitted
		case admitted != min(n, many):
			return 0, nil
		}
	}
	return n, nil
}

// letThrough is how many of the calls at once of which some were refused were not.
func (p *probe) letThrough() (n int) {
	first := slices.IndexFunc(p.calls, func(c history.Call) bool {
		return p.isLoad(c) && c.Outcome == history.Limited
	})
	for _, c := range p.calls {
		if p.isLoad(c) && c.Due == p.calls[first].Due && c.Outcome == history.OK {
			n++
		}
	}
	return n
}

// crowdInTurn keeps as many calls in flight as are served, for a while: what refills has
// to refill that fast. Then it asks for more shortly before a call ends, when that would
// have refilled most of it; and for as many again when half of the calls have ended. One
// more is sent with each crowd: that it is refused shows that the others were let in.
func (p *probe) crowdInTurn(ctx context.Context, n int, lasts time.Duration) error {
	for range max(3, (turns+n-1)/n) {
		p.rest(5 * time.Millisecond)
		if _, err := p.send(ctx, p.volley(p.client, n+1, 0)); err != nil {
			return err
		}
	}
	var plan []history.Arrival
	put := func(at time.Duration, n int) {
		for _, a := range p.volley(p.client, n, 0) {
			a.Due = at
			plan = append(plan, a)
		}
	}
	put(0, n+1)
	put(lasts*4/5, 2)
	p.rest(freed)
	if _, err := p.send(ctx, plan); err != nil {
		return err
	}
	plan = nil
	half := (n + 1) / 2
	put(0, half)
	put(lasts/2, n-half+1)
	put(lasts*5/4, n+1)
	p.rest(freed)
	_, err := p.send(ctx, plan)
	return err
}

// capHolds reports if a cap explains calls, and one more or less at a time doesn't, given
// that no call lasts less than the shortest of them.
func (p *probe) capHolds(law promise.Law, calls []history.Call, shortest time.Duration) bool {
	cfg := p.lawConfig()
	cfg.Lasts = func(*history.Call) time.Duration { return shortest * sureOf / 100 }
	holds := func(n int, calls []history.Call) bool {
		l := law
		l.N = n
		return verdict.JudgeLaws(promise.Promise{l}, calls, cfg).Verdict != verdict.Fail
	}
	return holds(law.N, p.lawCalls()) && holds(law.N, calls) && !holds(law.N+1, calls) &&
		(law.N == 1 || !holds(law.N-1, calls))
}

// coincides reports if a model could do what a cap does only because its length is, of
// all, what a call happens to take. Of lengths that people set that is no coincidence.
func coincides(m verdict.Model, shortest, longest time.Duration) bool {
	lo, hi := shortest.Seconds()*0.5, longest.Seconds()*1.5+freed.Seconds()
	length := m.Length
	if m.Box != nil {
		if m.Box.Rate.Lo <= 0 {
			return false
		}
		length = verdict.Interval{Lo: 1 / m.Box.Rate.Hi, Hi: 1 / m.Box.Rate.Lo}
		if m.Box.Burst.Hi >= 2 {
			return false
		}
	}
	for _, s := range spans {
		if length.Lo <= s.Seconds() && s.Seconds() <= length.Hi {
			return false
		}
	}
	return lo <= length.Lo && length.Hi <= hi
}

// findCapScope finds out who shares a cap: as many calls as it serves come from each of
// two clients at once.
func (p *probe) findCapScope(ctx context.Context) error {
	v := &p.report.Scope
	p.report.Evasion.Evidence = "a cap counts calls in flight"
	opener, ok := p.prober.(Opener)
	if !ok {
		v.Evidence = "one process has one client, so nobody else could be asked"
		p.report.Evasion.Evidence = v.Evidence
		return nil
	}
	begin, n := p.sent, p.report.Laws[0].Law.N
	defer func() { v.Calls = p.sent - begin }()
	tried := "a second session"
	for _, who := range []Identity{{}, {Name: "somebody-else"}, {Name: "somebody-else", Other: true}} {
		if who.Other && !p.cfg.Other {
			continue
		}
		admitted, opened, err := p.together(ctx, opener, who, n)
		if err != nil {
			return err
		}
		if !opened {
			v.Evidence = "no further session could be opened"
			return nil
		}
		words := fmt.Sprintf("of %d calls at once from each of two clients %d were let through", n, admitted)
		switch {
		case admitted == n:
		case admitted == 2*n && who == (Identity{}):
			v.Answer, v.Evidence = PerSession, words
			if p.cfg.Stateless {
				v.Answer, v.Evidence = "", words+", which is one cap each; whom it counts isn't known"
			}
			p.report.Evasion = Value{"yes", "a second session has a cap of its own", n}
			return nil
		case admitted == 2*n:
			v.Answer, v.Evidence = PerIdentity, words+", one of which calls itself something else"
			return nil
		default:
			v.Evidence = words + ", which is neither one cap nor one each"
			return nil
		}
		if p.report.Evasion.Answer = "no"; who.Name != "" {
			tried = "a client of another name"
		}
		if who.Other {
			tried = "a client with other credentials"
		}
	}
	v.Answer, v.Evidence = Global, fmt.Sprintf("%s was refused while %d calls were in flight", tried, n)
	if !p.cfg.Other {
		v.Evidence += ". Whether others with their own credentials share it can't be told with one set of them"
	}
	return nil
}

// together sends n calls from the first client and from a new one at once, and returns
// how many were let through; opened is false where there can be no such client.
func (p *probe) together(ctx context.Context, opener Opener, who Identity, n int) (admitted int, opened bool,
	err error) {
	p.rest(freed)
	if _, err := p.send(ctx, p.volley(p.client, 1, 0)); err != nil { // it does the waiting
		return 0, false, err
	}
	client, err := p.open(ctx, opener, who)
	if err != nil {
		return 0, false, nil
	}
	p.rest(freed)
	calls, err := p.send(ctx, append(p.volley(p.client, n, 0), p.volley(client, n, 0)...))
	admitted, _ = tally(calls)
	return admitted, true, err
}

// findCapTools asks if calls of another tool are refused while as many of the load are in
// flight as are served.
func (p *probe) findCapTools(ctx context.Context) error {
	v := &p.report.Tools
	begin, n := p.sent, p.report.Laws[0].Law.N
	defer func() { v.Calls = p.sent - begin }()
	others := p.second(2)
	for i := range others {
		others[i].Due = p.capped / 2
	}
	p.rest(freed)
	calls, err := p.send(ctx, append(p.volley(p.client, n, 0), others...))
	if err != nil {
		return err
	}
	ours := slices.DeleteFunc(slices.Clone(calls), func(c history.Call) bool { return c.Tool != p.load.Tool })
	theirs := slices.DeleteFunc(slices.Clone(calls), func(c history.Call) bool { return c.Tool == p.load.Tool })
	admitted, _ := tally(ours)
	other, refused := tally(theirs)
	v.Evidence = fmt.Sprintf("%d of 2 calls of %s were refused while %d of %s were in flight", refused,
		p.cfg.Second.Tool, n, p.load.Tool)
	switch {
	case admitted < n: // somebody else's call stood in the way
	case refused == 2:
		v.Answer = SharedByTools
	case other == 2:
		v.Evidence += ": it has a limit of its own, or none"
	}
	return nil
}
