package probe

import (
	"context"
	"time"
)

// againAfter is how long after the first call it is seen if the limit still
// holds: entries of a limiter that expire, and clocks that are set, need time.
const againAfter = 10 * time.Second

// againCalls is what that takes beside a drain.
const againCalls = 16

// worthAgain reports if there is a box that time may yet contradict: where calls
// were refused late, the limit still held, and lookBack judges them.
func (p *probe) worthAgain() bool {
	if p.report.Box == nil || p.gaveUp || p.rate == 0 {
		return false
	}
	refusal, _ := lastRefused(p.calls)
	return refusal.Sent-p.began < againAfter
}

// again drains the limiter once more, late, from full, and offers a stream. It
// is a segment of its own: the other phases have sent what isn't reckoned.
func (p *probe) again(ctx context.Context) error {
	rest := seconds((p.burst + 2) / max(p.report.Box.Rate.Lo, p.rate/2))
	rest = max(rest, againAfter-(p.prober.Now()-p.began)) + p.anyPhase()
	if rest > p.room() || int(p.burst)+againCalls > p.left() {
		return nil
	}
	p.rest(rest)
	p.begin()
	err := p.drainFull(ctx)
	if err == nil {
		_, err = p.send(ctx, p.stream(againCalls-4, 1.1*p.rate))
	}
	if box := p.report.Box; !p.measure() {
		p.retract("what was let through and refused %s after the first call contradicts what was measured before "+
			"(%s). The limiter doesn't always keep its limit",
			(p.prober.Now() - p.began).Round(time.Second), box)
	}
	return ignoreSpent(err)
}

// clear reports if what limits the server is settled as far as a probe can: by laws, by a
// bucket that explains all answers, or by what refusals cost.
func (p *probe) clear() bool {
	switch {
	case p.report.Evasion.Answer == "resets", p.report.Laws != nil, p.has(ModelCostly):
		return !p.mayOutlive()
	}
	return p.report.Box != nil && p.plainExplains()
}

// secondLook is for a box that all answers together contradict: a second limit may have
// stood in the way for some of them.
func (p *probe) secondLook(ctx context.Context) error {
	if p.mayOutlive() {
		return p.outlive(ctx)
	}
	p.lookBack()
	if !p.lawsTested {
		if err := p.watch(ctx); err != nil {
			return err
		}
	}
	if err := p.findSteps(ctx); err != nil || p.lawsCertain {
		return err
	}
	return p.findLaws(ctx)
}
