package probe

import (
	"context"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// refusals finds out what refused calls cost, and if that is what keeps every
// model from explaining the history.
func (p *probe) refusals(ctx context.Context, c *Cost) error {
	if len(p.report.Models) == 1 && (p.has(verdict.FixedWindow) || p.has(verdict.SlidingWindow)) {
		_, c.Requests = tally(p.history())
		c.Evidence = "can't tell: that it is this window isn't certain, and refusals may be what makes it look so"
		if p.lawsCertain || p.confirmed {
			c.Tokens = []int{0}
			c.Evidence = fmt.Sprintf("the window explains all answers without it, beside %d refusals", c.Requests)
		}
		return nil
	}
	if err := p.costOfRefusals(ctx, c); err != nil {
		return err
	}
	if cost, ok := c.Known(); !ok || cost != 1 {
		return nil
	}
	// That contradicts every model so far, so it must be seen twice: a limiter
	// that fills in steps may look like it once.
	first := *c
	c.Tokens = nil
	if err := p.costOfRefusals(ctx, c); err != nil {
		return err
	}
	c.Requests += first.Requests
	c.Evidence = first.Evidence + "; again, " + c.Evidence
	if cost, ok := c.Known(); !ok || cost != 1 {
		c.Tokens = nil
		return nil
	}
	if p.plainExplains() {
		c.Tokens = nil
		c.Evidence += "; a bucket from which refusals take nothing explains all of it, so that delays may have " +
			"done this"
		return nil
	}
	p.report.Box, p.report.Models, p.report.Apart, p.gaveUp = nil, nil, nil, true // all of them take refusals for free
	calls := p.history()
	for _, call := range p.history() {
		if call.Outcome == history.Limited {
			call.Outcome = history.ToolError // that it took a token is possible
			calls = append(calls, call)
		}
	}
	e := p.evidence(calls)
	if m, ok := e.Measure(p.cfg.Tolerance); ok && m.Rate.Lo < 2*p.rate { // a faster one explains anything
		if m.Or != nil {
			m = tighten(e, m, p.cfg.Tolerance)
		}
		p.report.Models = []verdict.Model{{Name: ModelCostly}}
		if m.Or == nil {
			p.note("with refusals that cost up to a token, the answers fit a %s", m)
		}
	}
	return nil
}

// costOfRefusals compares what flows in during a rest after a drain with what
// flows in after a drain and some refusals more. That needs no model of the
// limiter.
func (p *probe) costOfRefusals(ctx context.Context, c *Cost) error {
	const extra = 4
	p.label = "cost: refusals"
	defer func() { p.label = "cost" }()
	length := seconds(min(6, max(2, p.burst-1)) / p.rate)
	plain, after, refused, always := 0, 0, 0, true
	for round := range 2 {
		n, err := p.regain(ctx, length)
		for err == nil && round == 0 && n < min(extra, int(p.burst)-1) && length < p.room()/6 {
			length = length * 3 / 2 // the limiter is slower than reckoned
			n, err = p.regain(ctx, length)
		}
		for err == nil && round == 0 && n > extra+8 { // or faster: a bucket that is full hides what it has lost
			length = length * (extra + 2) / time.Duration(n)
			n, err = p.regain(ctx, length)
		}
		if err != nil {
			return err
		}
		calls, err := p.send(ctx, p.volley(p.client, extra, time.Millisecond))
		if err != nil {
			return err
		}
		_, limited := tally(calls)
		m, err := p.regain(ctx, length)
		if err != nil {
			return err
		}
		plain, after, refused = plain+n, after+m, refused+limited
		always = always && n > m // a clock that is set shows once
		c.Requests = refused
		c.Evidence = fmt.Sprintf("%d calls were admitted after two rests of %s, and %d after %d refusals more", plain,
			length.Round(time.Millisecond), after, refused)
	}
	switch lost := plain - after; {
	case refused < 4:
		c.Evidence += "; too few were refused to tell"
	case plain < 4 && !p.isNarrow(): // a certain bucket would be contradicted
		c.Evidence += "; too few were admitted to tell"
	case lost <= 2 && refused >= 6:
		c.Tokens = []int{0}
	case lost > refused+2:
		c.Evidence += ", which is more than a token each: a refusal seems to bar what comes after it"
	case always && (lost >= refused-2 || after <= 1 && lost > 3):
		c.Tokens = []int{1}
	}
	return nil
}

// regain rests and counts how many calls are admitted before one is refused.
// It begins right after a refusal where the call before was one, else with a
// drain.
func (p *probe) regain(ctx context.Context, length time.Duration) (int, error) {
	if last := p.calls[len(p.calls)-1]; last.Outcome != history.Limited || last.Client != p.client {
		if _, err := p.drain(ctx, p.client); err != nil {
			return 0, err
		}
	}
	p.rest(length)
	for n := 0; ; n++ {
		calls, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil {
			return n, err
		}
		if calls[0].Outcome != history.OK {
			return n, nil
		}
	}
}
