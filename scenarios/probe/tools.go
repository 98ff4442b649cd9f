package probe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// Answers about other tools.
const (
	SharedByTools = "shared"    // the other tool draws from the same limit
	PerTool       = "per tool"  // each has a limit of its own, of the same size
	OtherTools    = "not so"    // the other one has another limit
	FreeTools     = "unlimited" // the other one wasn't refused at all
)

// findTools drains the limiter with the load and calls another tool at once. Where that
// is let through, its own limit is looked for.
func (p *probe) findTools(ctx context.Context) error {
	v := &p.report.Tools
	if p.cfg.Second.Tool == "" {
		return nil
	}
	if p.capped > 0 {
		return p.findCapTools(ctx)
	}
	if p.report.Box == nil && !p.lawsCertain {
		v.Evidence = "can't tell: what the limit is remains open, so that what flows in meanwhile isn't known"
		return nil
	}
	begin := p.sent
	defer func() { v.Calls = p.sent - begin }()
	read, words, err := p.readSecond(ctx)
	switch {
	case read == shared:
		v.Answer, v.Evidence = SharedByTools, words
		return err
	case read != separate || err != nil:
		v.Evidence = words
		return err
	}
	// How many it is let through, from rested: as many, or another number.
	most := int(math.Ceil(p.burst)) + 4
	p.rest(seconds(1.1*p.burst/p.rate) + breath)
	calls, err := p.send(ctx, p.second(most))
	if err != nil {
		v.Evidence = words + "; how many calls it is let through didn't fit into the budget"
		return err
	}
	admitted, limited := tally(calls)
	words = fmt.Sprintf("%s; of %d calls at once of %s %d were admitted", words, most, p.cfg.Second.Tool, admitted)
	switch {
	case limited == 0:
		v.Answer = FreeTools
	case math.Abs(float64(admitted)-p.burst) <= 1:
		v.Answer = PerTool
	default:
		v.Answer = OtherTools
	}
	v.Evidence = words
	return nil
}

// second is n calls of the other tool.
func (p *probe) second(n int) []history.Arrival {
	plan := p.volley(p.client, n, 0)
	for i := range plan {
		plan[i].Method, plan[i].Tool, plan[i].Arguments = p.cfg.Second.Method, p.cfg.Second.Tool, p.cfg.Second.Arguments
	}
	return plan
}

// readSecond drains with the load, and reads what the other tool gets right after. That
// it is let through counts only if the load is still refused afterwards.
func (p *probe) readSecond(ctx context.Context) (reading, string, error) {
	for range 3 {
		refusal, err := p.drain(ctx, p.client)
		if err != nil {
			return unclear, "the limiter couldn't be drained within the budget", err
		}
		read, words, err := p.readFrom(ctx, refusal, p.second(p.few()))
		if read != separate || err != nil {
			if read == shared {
				words = fmt.Sprintf("calls of %s were refused right after one of %s was", p.cfg.Second.Tool,
					p.load.Tool)
			}
			return read, words, err
		}
		still, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil {
			return unclear, words, err
		}
		if !slices.ContainsFunc(still, func(c history.Call) bool { return c.Outcome == history.OK }) {
			return separate, words, nil
		}
	}
	return unclear, "the limiter let calls through again too soon to tell", nil
}
