package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A request is one kind of request whose cost is asked for.
type request struct {
	kind   string
	send   history.Arrival
	absent func(stateless bool) bool // nil: every protocol revision has it
	opened bool                      // sent by opening sessions, not by hand
}

// unknownTool is a name that no server has.
const unknownTool = "mcpload-no-such-tool"

// requests are the kinds whose cost is asked for, in the order of asking: what
// tells most about a limiter comes first, and notifications before initialize,
// which one follows.
func requests(load history.Arrival) []request {
	inSessions := func(stateless bool) bool { return !stateless }
	stateless := func(stateless bool) bool { return stateless }
	list := []request{
		{kind: "tools/list", send: history.Arrival{Method: "tools/list"}},
		{kind: "ping", send: history.Arrival{Method: "ping"}},
		{kind: "notifications", send: history.Arrival{Method: "notifications/cancelled",
			Arguments: json.RawMessage(`{"requestId":999999999,"reason":"a request that was never made"}`)}},
		{kind: "initialize", opened: true, absent: stateless},
		{kind: "server/discover", send: history.Arrival{Method: "server/discover"}, absent: inSessions},
		{kind: "a call of an unknown tool", send: history.Arrival{Method: "tools/call", Tool: unknownTool}},
	}
	if load.Tool != "" {
		list = append(list, request{kind: "a call with invalid arguments", send: history.Arrival{Method: "tools/call",
			Tool:      load.Tool,
			Arguments: json.RawMessage(`{"mcpload-no-such-argument":{"nested":[1,2,3]}}`)}})
	}
	return list
}

// mapCosts asks what each kind of request costs, in tokens of the load.
func (p *probe) mapCosts(ctx context.Context) error {
	p.report.Costs = append(p.report.Costs, Cost{Kind: p.loadKind(), Tokens: []int{1},
		Evidence: "the unit: what one call of the load takes"})
	kinds := requests(p.load)
	at := len(p.report.Costs)
	for _, r := range kinds {
		if r.kind == p.load.Method {
			continue
		}
		c := Cost{Kind: r.kind}
		if r.absent != nil && r.absent(p.cfg.Stateless) {
			c.Absent, c.Evidence = true, "not part of this protocol revision"
		}
		p.report.Costs = append(p.report.Costs, c)
	}
	p.report.Costs = append(p.report.Costs, Cost{Kind: "a refused call"})
	if p.capped > 0 {
		for i := range p.report.Costs[1:] {
			if c := &p.report.Costs[i+1]; !c.Absent {
				c.Evidence = "can't tell: only calls that last show that they take a place"
			}
		}
		return nil
	}
	if err := p.refusals(ctx, &p.report.Costs[len(p.report.Costs)-1]); err != nil {
		return err
	}
	for _, r := range kinds {
		if r.kind == p.load.Method {
			continue
		}
		c := &p.report.Costs[at]
		at++
		if c.Absent {
			continue
		}
		if p.report.Box == nil {
			c.Evidence = "can't tell: no token bucket explains the limiter, so that there is no level to reckon with"
			continue
		}
		if r.opened && p.report.Scope.Answer != Global {
			c.Evidence = "can't tell: a new session may have a limiter of its own"
			continue
		}
		if err := p.costOf(ctx, r, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *probe) loadKind() string {
	if p.load.Tool != "" {
		return p.load.Method + " " + p.load.Tool
	}
	return p.load.Method
}

// rounds is how often the cost of one kind is tried before it is left open.
const rounds = 3

// costOf empties the bucket, sends requests of a kind as tokens flow in, and
// counts how many calls of the load the rest of the tokens pays for. A cost is
// possible if some token bucket explains all of that together with what the
// box was measured from.
func (p *probe) costOf(ctx context.Context, r request, c *Cost) error {
	p.label = "cost: " + r.kind
	defer func() { p.label = "cost" }()
	var trials []trial
	load := 0
	for round := range rounds {
		t, err := p.spend(ctx, r, round)
		trials = append(trials, t)
		for _, call := range t.calls {
			switch {
			case !r.asks(call):
			case p.isLoad(call):
				load++
			case call.Outcome == history.Limited:
				c.Limited++
				fallthrough
			default:
				c.Requests++
			}
		}
		if err != nil && c.Requests == 0 {
			return err
		}
		c.Tokens = p.possible(r, trials, c.Limited)
		c.Evidence = fmt.Sprintf("%d sent, %d of them refused, between %d calls of the load", c.Requests, c.Limited,
			load)
		if _, ok := c.Known(); ok || err != nil {
			return err
		}
	}
	if len(c.Tokens) == 0 {
		c.Evidence += fmt.Sprintf("; no cost from 0 to %d tokens explains the answers", maxCost)
	}
	return nil
}

func (p *probe) isLoad(c history.Call) bool {
	return c.Client == p.client && c.Method == p.load.Method && c.Tool == p.load.Tool &&
		string(c.Arguments) == string(p.load.Arguments)
}

// A trial is one round: a refusal, and what was sent after it.
type trial struct {
	refusal history.Call
	calls   []history.Call
}

// spend makes one trial: a drain, requests of the kind, more in each round, and
// a drain again.
func (p *probe) spend(ctx context.Context, r request, round int) (t trial, err error) {
	if t.refusal, err = p.drain(ctx, p.client); err != nil {
		return t, err
	}
	before := len(p.calls)
	defer func() { t.calls = slices.Clone(p.calls[before:]) }()
	// Where the bucket has room, two tokens flow in for each request, so that one
	// that costs two is admitted as well. In a small one the tokens that a free
	// request leaves soon overflow, which shows too.
	spacing := 2.2
	switch b := p.report.Box.Burst.Lo; {
	case b < 2.5:
		spacing = 1.05
	case b < 6.5:
		spacing = 1.15
	}
	for range 3 + round {
		p.rest(seconds(spacing / p.rate))
		if err := p.sendOne(ctx, r); err != nil {
			return t, err
		}
	}
	_, err = p.drain(ctx, p.client)
	return t, err
}

// sendOne sends one request of a kind.
func (p *probe) sendOne(ctx context.Context, r request) error {
	if !r.opened {
		plan := []history.Arrival{r.send}
		plan[0].Client, plan[0].Label = p.client, p.label
		_, err := p.send(ctx, plan)
		return err
	}
	opener, ok := p.prober.(Opener)
	if !ok || p.left() < 2 || p.room() < p.pause { // a call of the load, and the handshake
		return errSpent
	}
	if p.pause > 0 { // a session is opened at once, so that a call of the load must do the waiting
		p.rest(seconds(1 / p.rate))
		if _, err := p.send(ctx, p.volley(p.client, 1, 0)); err != nil {
			return err
		}
	}
	_, handshake, err := opener.Open(ctx, Identity{})
	p.sent++
	if err != nil && ctx.Err() == nil {
		err = errSpent // the requests that it took tell all the same
	}
	for i := range handshake {
		handshake[i].Label = p.label
	}
	p.calls = append(p.calls, handshake...)
	return err
}

// maxCost is the highest cost of a request that is tried, in tokens.
const maxCost = 4

// possible returns which costs of a request, in tokens, explain what was seen:
// those for which some token bucket explains both the trials and the history
// that the box was measured from.
func (p *probe) possible(r request, trials []trial, limited int) []int {
	var list []int
	for cost := range maxCost + 1 {
		if cost == 0 && limited > 0 {
			continue // what is refused for its rate is counted
		}
		calls := p.history()
		for _, t := range trials {
			own := p.emptied(t.refusal)
			for _, c := range t.calls {
				if p.isLoad(c) || r.asks(c) {
					own = append(own, p.charged(c, cost)...)
				} else {
					own = append(own, p.beside(c)...)
				}
			}
			calls = p.afterRest(calls, own)
		}
		if _, ok := p.evidence(calls).Measure(p.cfg.Tolerance); ok {
			list = append(list, cost)
		}
	}
	return list
}

// emptied stands for all that had led to a refusal: calls that take a full
// bucket down to the level that the refusal proves, which is from 0 to below 1.
func (p *probe) emptied(refusal history.Call) []history.Call {
	b := p.report.Box.Burst
	sure, all := max(0, int(b.Lo+burstWithin)-1), int(math.Ceil(b.Hi-burstWithin))
	list := make([]history.Call, 0, all+1)
	for i := range max(all, sure+1) {
		c := refusal
		c.Outcome = history.OK
		if i >= sure {
			c.Outcome = history.ToolError // may have taken a token, may not
		}
		list = append(list, c)
	}
	return list
}

// settled is how long after a notification the server must have decided it:
// nothing answers one.
const settled = 50 * time.Millisecond

// asks reports if a call is of the kind, and not what came beside it: an answer
// to the server, or the notification that ends a handshake.
func (r request) asks(c history.Call) bool {
	return c.Label != history.Aside && c.Kind != history.Stream &&
		isNotification(c.Method) == isNotification(r.send.Method)
}

func isNotification(method string) bool { return strings.HasPrefix(method, "notifications/") }

// beside is what else left us during a trial, which may take a token each. What
// notifications cost may be known by then.
func (p *probe) beside(c history.Call) []history.Call {
	if isNotification(c.Method) && c.Outcome != history.Limited {
		if known, ok := p.notifications(); ok {
			return p.charged(c, known)
		}
	}
	return []history.Call{c}
}

// notifications is what a notification costs, if that is known.
func (p *probe) notifications() (tokens int, ok bool) {
	for _, c := range p.report.Costs {
		if c.Kind == "notifications" {
			return c.Known()
		}
	}
	return 0, false
}

// charged is a call as a history says it in which its kind costs so many calls
// of the load.
func (p *probe) charged(c history.Call, cost int) []history.Call {
	if p.isLoad(c) {
		return []history.Call{c}
	}
	c.Method, c.Tool, c.Client, c.Kind = p.load.Method, p.load.Tool, p.client, history.Request
	switch {
	case c.Outcome == history.Limited && cost > 1:
		return nil // it may have been refused with a token left
	case c.Outcome == history.Limited:
		c.Label = p.label // else a refused handshake is let pass
		return []history.Call{c}
	case c.Outcome == history.Unsent:
		return nil
	case c.Outcome == history.Unknown:
		c.Received += settled
	}
	if c.Outcome != history.Broken && c.Outcome != history.TimedOut && c.Outcome != history.ClosedIdle {
		c.Outcome = history.OK
	}
	list := make([]history.Call, cost)
	for i := range list {
		list[i] = c
	}
	return list
}
