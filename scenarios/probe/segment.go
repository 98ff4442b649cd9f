package probe

import (
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// A segment is a stretch of the history that the box is measured from. It
// begins with a full bucket, so that it doesn't matter what lies between two
// segments: the bucket can't remember it.
type segment struct{ from, to int } // positions in calls; to < 0: until now

// begin starts a segment with the next call, and close ends the last one.
func (p *probe) begin() { p.segments = append(p.segments, segment{len(p.calls), -1}) }

func (p *probe) close() {
	if n := len(p.segments); n > 0 && p.segments[n-1].to < 0 {
		p.segments[n-1].to = len(p.calls)
	}
}

// history is what the box is measured from: the segments, a long rest apart.
func (p *probe) history() []history.Call {
	var list []history.Call
	for _, s := range p.segments {
		to := s.to
		if to < 0 {
			to = len(p.calls)
		}
		var own []history.Call
		for _, c := range p.calls[s.from:to] {
			switch {
			case c.Client == p.client:
				own = append(own, c)
			case !p.mixed || c.Outcome == history.Limited:
			default:
				c.Outcome = history.ToolError // it may have drawn from the same limiter
				own = append(own, c)
			}
		}
		if len(list) == 0 {
			own = append(p.lacking(), own...)
		}
		list = p.afterRest(list, own)
	}
	return list
}

// lacking stands for tokens that the bucket may have lacked when the probe
// began: calls before the first that may have been admitted.
func (p *probe) lacking() []history.Call {
	if p.used == 0 || len(p.calls) == 0 {
		return nil
	}
	c := history.Call{Arrival: p.load, Outcome: history.ToolError, Sent: p.calls[0].Sent, Received: p.calls[0].Sent}
	for _, other := range p.calls {
		c.Sent = min(c.Sent, other.Sent)
	}
	c.Received, c.Client = c.Sent, p.client
	return slices.Repeat([]history.Call{c}, p.used)
}

// afterRest appends calls as if they had been sent after a rest that was long
// enough to fill any bucket that explains the others.
func (p *probe) afterRest(list, more []history.Call) []history.Call {
	if len(list) == 0 || len(more) == 0 {
		return append(list, more...)
	}
	var end time.Duration
	for _, c := range list {
		end = max(end, c.Sent, c.Received)
	}
	shift := end + time.Minute + seconds(20*p.burst/max(p.rate, 1e-3)) - more[0].Sent
	for _, c := range more {
		c.Due, c.Sent, c.Received = c.Due+shift, c.Sent+shift, c.Received+shift
		list = append(list, c)
	}
	return list
}

// evidence gathers calls under the assumption that the load costs one token,
// and anything else one or none.
func (p *probe) evidence(calls []history.Call) *verdict.Evidence {
	limit := profiles.Limit{Scope: profiles.Global, Charges: []string{p.load.Method}, MayCharge: []string{"*"}}
	return verdict.Gather(limit, calls).Under(*p.cfg.Clocks)
}
