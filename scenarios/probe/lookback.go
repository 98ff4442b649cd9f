package probe

import "github.com/mcpload/mcpload/history"

// dearest is how many tokens a request of another kind than the load may have
// taken, when the whole probe is looked back at.
const dearest = 10

// lookBack holds the box against everything that the probe has sent, also while
// it asked other questions. What was measured once isn't known to hold always:
// a limiter that now and then lets a call through, or fills by a timer, may keep
// to a bucket for a while. Where no bucket explains all answers, there is no box.
func (p *probe) lookBack() {
	r := &p.report
	if r.Box == nil || r.Evasion.Answer == "resets" { // what refills it is told there
		return
	}
	if p.plainExplains() {
		return
	}
	p.retract("answers beside those that were measured contradict the box: %s explains some, and no token bucket "+
		"explains all %d. The limiter doesn't always keep its limit", r.Box, len(p.calls))
}

// plainExplains reports if a token bucket explains everything that was sent.
func (p *probe) plainExplains() bool {
	if p.report.Box == nil {
		return false
	}
	all, ok := p.evidence(p.everything()).Measure(p.report.Tolerance)
	if !ok && p.allowTick() {
		all, ok = p.evidence(p.everything()).Measure(p.report.Tolerance)
	}
	return ok && (all.Or != nil || overlap(all.Rate.Lo, all.Rate.Hi, p.report.Box.Rate.Lo, p.report.Box.Rate.Hi))
}

// retract takes back what rests on a box that is contradicted.
func (p *probe) retract(format string, args ...any) {
	p.note(format, args...)
	r := &p.report
	p.gaveUp = true
	r.Box, r.Models, r.Apart = nil, nil, nil
	for _, v := range []*Value{&r.Scope, &r.Evasion} {
		if v.Answer != Global && v.Answer != "no" && v.Answer != "" { // those rest on a refusal, others on the box
			v.Answer, v.Evidence = "", v.Evidence+unreckoned
		}
	}
	for i := range r.Costs {
		if c := &r.Costs[i]; i > 0 && c.Tokens != nil {
			c.Tokens, c.Evidence = nil, "can't tell: no token bucket explains the limiter, so that there is no level "+
				"to reckon with"
		}
	}
}

func overlap(lo1, hi1, lo2, hi2 float64) bool { return lo1 <= hi2 && lo2 <= hi1 }

// everything is the whole probe as the bucket of the load may have seen it. What
// isn't certainly a call of the load by its client may have taken tokens.
func (p *probe) everything() []history.Call {
	list := p.lacking()
	for _, c := range p.calls {
		switch {
		case c.Client != p.client && p.report.Scope.Answer != Global:
			if c.Outcome != history.Limited { // it may draw from the same bucket
				c.Outcome = history.ToolError
				list = append(list, c)
			}
		case c.Outcome == history.Limited:
			list = append(list, p.counted(c)...)
		case p.isLoad(c) || c.Outcome == history.Unsent:
			list = append(list, c)
		default:
			if c.Outcome == history.Unknown {
				c.Received += settled // a notification
			}
			c.Outcome = history.ToolError
			for range dearest {
				list = append(list, c)
			}
		}
	}
	return list
}

// counted is a refusal, if it is one of the load: what costs more may be refused
// with a token left.
func (p *probe) counted(c history.Call) []history.Call {
	if c.Method != p.load.Method || c.Tool != p.load.Tool || string(c.Arguments) != string(p.load.Arguments) {
		return nil
	}
	return []history.Call{c}
}
