package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// breath is the pause between the volleys of the ramp.
const breath = 250 * time.Millisecond

// ramp doubles the number of calls at once until one is refused. Where none is,
// it tries one connection by itself, because a limit a connection never shows
// to calls that spread over many, and then a steady stretch.
func (p *probe) ramp(ctx context.Context) error {
	var most []history.Call
	for n := 1; ; n *= 2 {
		if n > 1 {
			p.rest(breath)
		}
		calls, err := p.send(ctx, p.volley(p.client, n, 0))
		if len(calls) > len(most) {
			most = calls
		}
		p.triedAtOnce(calls)
		if _, limited := tally(calls); limited > 0 {
			p.noteQueue(most)
			return p.found(err)
		}
		if lost := unanswered(calls); lost > 0 {
			p.note("%d of %d calls at once got no reply: the server may refuse by silence, or be overloaded. Nothing "+
				"more was sent", lost, len(calls))
			p.noteQueue(most)
			return nil
		}
		if errors.Is(err, errSpent) {
			p.noteQueue(most)
			break
		}
		if err != nil {
			return err
		}
	}
	if err := p.rampOneConnection(ctx); err != nil || p.report.Refused {
		return err
	}
	return p.steady(ctx)
}

// noteQueue notes where calls at once were answered one after the other: a limit may
// delay calls and refuse none.
func (p *probe) noteQueue(calls []history.Call) {
	var at []time.Duration
	for _, c := range calls {
		if c.Outcome == history.OK {
			at = append(at, c.Received)
		}
	}
	first := slices.IndexFunc(p.calls, func(c history.Call) bool { return p.isLoad(c) && c.Outcome == history.OK })
	if len(at) < 8 || first < 0 {
		return
	}
	alone := p.calls[first].Service()
	if over := slices.Max(at) - slices.Min(at); over > max(time.Second, 20*alone) {
		p.note("%d calls at once were answered one after the other over %s, about %.3g/s, where one alone takes %s: a "+
			"limit that delays calls looks like that, and so does a server at its capacity", len(at),
			over.Round(100*time.Millisecond), float64(len(at)-1)/over.Seconds(), alone.Round(10*time.Microsecond))
	}
}

// unanswered counts the calls that got no reply in time.
func unanswered(calls []history.Call) int {
	n := 0
	for _, c := range calls {
		if c.Outcome == history.TimedOut {
			n++
		}
	}
	return n
}

// found notes that there is a limit.
func (p *probe) found(err error) error {
	p.report.Refused, p.report.Open = true, nil
	return err
}

// triedAtOnce notes how many calls were let through together.
func (p *probe) triedAtOnce(calls []history.Call) {
	if p.report.Open == nil {
		p.report.Open = &Open{}
	}
	if admitted, _ := tally(calls); admitted == len(calls) {
		p.report.Open.AtOnce = max(p.report.Open.AtOnce, admitted)
	}
}

// rampOneConnection sends over one connection only.
func (p *probe) rampOneConnection(ctx context.Context) error {
	opener, ok := p.prober.(Opener)
	if !ok {
		return nil
	}
	p.allow(0.78)
	before := len(p.calls)
	client, handshake, err := opener.Open(ctx, Identity{OneConnection: true})
	p.calls = append(p.calls, handshake...)
	if _, limited := tally(handshake); limited > 0 {
		p.mixed = true
		return p.found(nil)
	}
	if err != nil {
		p.note("no second session could be opened to try one connection by itself: %v", err)
		return nil
	}
	calls, err := p.send(ctx, p.volley(client, p.left(), 0))
	admitted, limited := tally(calls)
	if limited == 0 {
		return ignoreSpent(err)
	}
	// Either it is the connection that counts, or everybody's limit was all but
	// reached before: then the first client is refused now as well, or a token has
	// flowed in for each of its calls. What one shared bucket explains is no limit a
	// connection.
	p.allow(0.84)
	p.rest(10 * time.Millisecond)
	check, err := p.send(ctx, p.volley(p.client, 24, 0))
	_, limited = tally(check)
	if limited > 0 || p.sharedExplains(check) {
		p.mixed = true
		return p.found(err)
	}
	p.client = client
	p.segments = []segment{{before, -1}}
	tried := fmt.Sprintf("one connection was refused after %d calls, and %d calls over many connections were not, "+
		"before it and after it", admitted, p.report.Open.AtOnce)
	p.report.Scope = Value{PerConnection, tried, p.sent}
	p.report.Evasion = Value{"yes", "each connection has a limit of its own", p.sent}
	return p.found(err)
}

// sharedExplains reports if one bucket that all connections share explains all
// calls so far. One that would be full again while a call is under way is no
// limiter that anybody runs.
func (p *probe) sharedExplains(check []history.Call) bool {
	m, ok := p.evidence(p.calls).Measure(p.cfg.Tolerance)
	var took []time.Duration
	for _, c := range check {
		took = append(took, c.Service())
	}
	return ok && m.Burst.Hi > m.Rate.Lo*median(took).Seconds()
}

// steady offers what is left over a few seconds.
func (p *probe) steady(ctx context.Context) error {
	p.allow(1)
	n := p.left()
	stretch := min(3*time.Second, p.room()*9/10)
	if n < 2 || stretch <= 0 {
		return nil
	}
	calls, err := p.send(ctx, p.volley(p.client, n, stretch/time.Duration(n)))
	admitted, limited := tally(calls)
	if limited > 0 {
		return p.found(err)
	}
	if len(calls) > 1 && admitted > 0 {
		took := calls[len(calls)-1].Sent - calls[0].Sent
		p.report.Open.Calls, p.report.Open.Stretch = admitted, took
		if took > 0 {
			p.report.Open.Rate = float64(admitted-1) / took.Seconds()
		}
	}
	return ignoreSpent(err)
}

func ignoreSpent(err error) error {
	if errors.Is(err, errSpent) {
		return nil
	}
	return err
}
