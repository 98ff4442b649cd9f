package probe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Answers about scope.
const (
	Global        = "global"
	PerSession    = "per session"
	PerConnection = "per connection"
	PerIdentity   = "per client identity"
)

// byDue sorts a plan by its due instants.
func byDue(plan []history.Arrival) []history.Arrival {
	slices.SortStableFunc(plan, func(a, b history.Arrival) int { return int(a.Due - b.Due) })
	return plan
}

// A reading is what a client's calls said right after another was refused.
type reading uint8

const (
	unclear  reading = iota
	shared           // refused, although the client hadn't called
	separate         // admitted more than the drained limiter can have granted
)

// findScope drains the limiter as one client and calls at once as another.
func (p *probe) findScope(ctx context.Context) error {
	if p.capped > 0 {
		return p.findCapScope(ctx)
	}
	opener, ok := p.prober.(Opener)
	if !ok {
		p.report.Scope.Evidence = "one process has one client, so nobody else could be asked"
		p.report.Evasion.Evidence = p.report.Scope.Evidence
		return nil
	}
	if p.report.Scope.Answer != "" {
		return nil // the ramp has seen it
	}
	begin := p.sent
	defer func() {
		p.report.Scope.Calls = p.sent - begin
		p.report.Evasion.Calls = p.sent - begin
	}()
	other, err := p.openRested(ctx, opener, Identity{})
	if errors.Is(err, errSpent) {
		return err
	}
	if err != nil {
		p.report.Scope.Evidence = "no second session could be opened"
		return nil
	}
	read, words, err := p.readClient(ctx, other)
	if err != nil {
		return err
	}
	switch read {
	case separate:
		p.report.Evasion.Answer, p.report.Evasion.Evidence = "yes", "a second session was let through while the "+
			"first was refused: "+words
		return p.sessionOrConnection(ctx, opener, words)
	case shared:
		if err := p.evade(ctx, opener); err != nil {
			return err
		}
		return p.identities(ctx, opener, words)
	}
	p.report.Scope.Evidence = words
	return nil
}

// openRested is open, once the limiter has had the time to take in what a
// handshake may cost.
func (p *probe) openRested(ctx context.Context, opener Opener, who Identity) (string, error) {
	wait := seconds(min(p.burst, 3) / p.rate)
	if whole := seconds(1.05 * p.burst / p.rate); p.windowed() && whole < p.room()/3 {
		wait = whole // before a window ends it grants nothing
	}
	p.rest(wait)
	if _, err := p.send(ctx, p.volley(p.client, 1, 0)); err != nil { // it does the waiting
		return "", err
	}
	return p.open(ctx, opener, who)
}

// open makes one more client and keeps its handshake.
func (p *probe) open(ctx context.Context, opener Opener, who Identity) (string, error) {
	client, handshake, err := opener.Open(ctx, who)
	p.calls = append(p.calls, handshake...)
	return client, err
}

// readClient drains the limiter as the main client, and reads what another
// gets right after.
func (p *probe) readClient(ctx context.Context, client string) (reading, string, error) {
	for tries := 3; ; tries-- {
		refusal, err := p.drain(ctx, p.client)
		if err != nil {
			return unclear, "the limiter couldn't be drained within the budget", err
		}
		read, words, err := p.readAfter(ctx, refusal, client)
		if read == separate && p.baffled() {
			return unclear, words + unreckoned, err
		}
		if read != separate || err != nil || !p.windowed() {
			return read, words, err
		}
		// A window may have ended in between: then the first client is let through too.
		still, err := p.send(ctx, p.volley(p.client, 2, 0))
		if admitted, _ := tally(still); err != nil || admitted == 0 || tries == 1 {
			if err != nil || admitted > 0 {
				read, words = unclear, words+"; but a window ended meanwhile"
			}
			return read, words, err
		}
	}
}

// windowed reports if a window may be at work, which opens wholly at an instant.
func (p *probe) windowed() bool {
	return p.report.Laws != nil || slices.ContainsFunc(p.report.Models, isWindow)
}

// unreckoned says why calls that were let through say nothing.
const unreckoned = "; but no model explains the limiter, so that what flows into it in the meantime isn't known"

// baffled reports if no model explains the limiter, so that it is not known what
// may flow into it between two calls.
func (p *probe) baffled() bool { return p.report.Box == nil && len(p.report.Models) == 0 }

// readAfter has a client call several times and reads from the answers if it
// draws from the limiter that a moment ago refused a call: that held less than
// one token then, and what has flowed in since is known.
func (p *probe) readAfter(ctx context.Context, refusal history.Call, client string) (reading, string, error) {
	return p.readFrom(ctx, refusal, p.volley(client, p.few(), 0))
}

// few is how many calls tell if they draw from a limiter that is empty.
func (p *probe) few() int {
	n := 3 + int(p.fastest()*0.03)
	if n > int(p.burst) {
		n = max(2, int(p.burst))
	}
	return n
}

// readFrom is readAfter of any calls.
func (p *probe) readFrom(ctx context.Context, refusal history.Call, plan []history.Arrival) (reading, string, error) {
	calls, err := p.send(ctx, plan)
	if len(calls) == 0 {
		return unclear, "the budget was spent", err
	}
	admitted, limited := tally(calls)
	var last time.Duration
	for _, c := range calls {
		if c.Outcome == history.OK {
			last = max(last, c.Received)
		}
	}
	most := 1 + p.fastest()*p.cfg.Clocks.Most(max(0, last-refusal.Sent)).Seconds()
	words := fmt.Sprintf("%d of %d calls admitted within %s of a refusal", admitted, len(calls),
		(last - refusal.Sent).Round(time.Millisecond))
	switch {
	case float64(admitted) >= most+0.1:
		return separate, words, err
	case limited > 0:
		return shared, fmt.Sprintf("%d of %d calls of a client that had not called before were refused right after a "+
			"refusal of another", limited, len(calls)), err
	}
	return unclear, words + ", which what flowed in since may have paid for", err
}

// fastest bounds the rate from above, as far as it is known.
func (p *probe) fastest() float64 {
	if b := p.report.Box; b != nil && !math.IsInf(b.Rate.Hi, 1) && b.Rate.Hi < 3*b.Rate.Lo {
		return b.Rate.Hi
	}
	return 2 * p.rate
}

// sessionOrConnection finds out if it is the connection that counts: it drains
// one session over one connection, call by call, and then sends several at
// once, which need connections of their own.
func (p *probe) sessionOrConnection(ctx context.Context, opener Opener, words string) error {
	p.report.Scope.Evidence = words
	client, err := p.open(ctx, opener, Identity{})
	if err != nil {
		p.report.Scope.Evidence += "; sessions and connections could not be told apart, as no third session could " +
			"be opened"
		return nil
	}
	var refusal history.Call
	for range 2*int(p.burst) + 20 {
		calls, err := p.send(ctx, p.volley(client, 1, 0))
		if err != nil {
			return err
		}
		if calls[0].Outcome == history.Limited {
			refusal = calls[0]
			break
		}
	}
	if refusal.Outcome != history.Limited {
		p.report.Scope.Evidence += "; sessions and connections could not be told apart, as calls one by one were too " +
			"slow to be refused"
		return nil
	}
	read, words, err := p.readAfter(ctx, refusal, client)
	switch read {
	case separate:
		p.report.Scope.Answer = PerConnection
		p.report.Scope.Evidence = "one session, drained over one connection, was let through over others: " + words
	case shared:
		p.report.Scope.Answer = PerSession
		if p.cfg.Stateless {
			p.report.Scope.Answer = PerIdentity
		}
		p.report.Scope.Evidence += "; but more connections of one session got it nothing"
	}
	return err
}

// evade opens a session right after a refusal and calls from it.
func (p *probe) evade(ctx context.Context, opener Opener) error {
	refusal, err := p.drain(ctx, p.client)
	if err != nil {
		return err
	}
	v := &p.report.Evasion
	before := len(p.calls)
	client, err := p.open(ctx, opener, Identity{})
	for _, c := range p.calls[before:] {
		if c.Outcome == history.Limited {
			v.Answer, v.Evidence = "no", fmt.Sprintf("the new session's own %s was refused", c.Method)
			return nil
		}
	}
	if err != nil {
		v.Evidence = "a new session could not be opened while the limiter refused: " + err.Error()
		return nil
	}
	read, words, err := p.readAfter(ctx, refusal, client)
	v.Evidence = words
	switch read {
	case shared:
		v.Answer = "no"
		v.Evidence = "of a session opened right after a refusal: " + words
	case separate:
		if p.baffled() {
			v.Evidence += unreckoned
			return err
		}
		v.Answer = "yes"
		old, more, err := p.readAfter(ctx, refusal, p.client)
		if old == separate && p.windowed() {
			v.Answer, v.Evidence = "", more+"; but a window may have ended meanwhile"
		} else if old == separate {
			v.Answer, v.Evidence = "resets", "opening a session let the old one through too: "+more
		}
		return err
	}
	return err
}

// identities tries clients that look like somebody else.
func (p *probe) identities(ctx context.Context, opener Opener, words string) error {
	v := &p.report.Scope
	tried := "as another program"
	for _, who := range []Identity{{Name: "somebody-else"}, {Name: "somebody-else", Other: true}} {
		if who.Other {
			if !p.cfg.Other {
				continue
			}
			tried += " and with other credentials"
		}
		client, err := p.openRested(ctx, opener, who)
		if errors.Is(err, errSpent) {
			return err
		}
		if err != nil {
			v.Evidence = "no session could be opened " + tried
			return nil
		}
		read, seen, err := p.readClient(ctx, client)
		if read == separate {
			v.Answer, v.Evidence = PerIdentity, "a client that calls itself something else was let through: "+seen
			if who.Other {
				v.Evidence = "a client with other credentials was let through: " + seen
			}
			return err
		}
		if err != nil || read == unclear {
			v.Evidence = seen
			return err
		}
	}
	v.Answer, v.Evidence = Global, words+"; "+tried+" too"
	if !p.cfg.Other {
		v.Evidence += ". Whether others with their own credentials share it can't be told with one set of them"
	}
	return nil
}
