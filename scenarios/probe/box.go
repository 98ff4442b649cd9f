package probe

import (
	"context"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
)

// measure takes the box of all calls so far. It returns false where no token
// bucket explains them.
func (p *probe) measure() bool {
	e := p.evidence(p.history())
	p.report.Tolerance = p.cfg.Tolerance
	m, ok := e.Measure(p.cfg.Tolerance)
	if !ok && p.allowTick() {
		e = p.evidence(p.history())
		m, ok = e.Measure(p.cfg.Tolerance)
	}
	if ok && m.Burst.Hi < tiny {
		if finer, ok := e.Measure(p.cfg.Tolerance / 10); ok {
			m, p.report.Tolerance = finer, p.cfg.Tolerance/10
		}
	}
	if ok && p.used > 0 && m.Burst.Lo > float64(p.used)+1 {
		ok = false // a bucket that never was full explains too much, and a long rest has shown what it holds
	}
	if !ok {
		p.report.Box = nil
		return false
	}
	if m.Or != nil || m.Burst.Hi < tiny {
		m = tighten(e, m, p.report.Tolerance)
	}
	p.report.Box = &m
	if m.Rate.Hi < 3*m.Rate.Lo {
		p.rate = (m.Rate.Lo + m.Rate.Hi) / 2
	}
	if !math.IsInf(m.Burst.Hi, 1) {
		p.burst = m.Burst.Hi
	}
	return true
}

// tiny is the burst, in tokens, below which a bucket hardly has a memory: it is
// full again after a token's time, so that its rate shows in single gaps only,
// and the tolerance must be a small part of a token.
const tiny = 2.2

// narrow sends until the box is as narrow as it should be.
func (p *probe) narrow(ctx context.Context) error {
	if p.certain() || p.gaveUp {
		return nil
	}
	if p.rate == 0 {
		if err := p.roughly(ctx); err != nil {
			p.measure()
			return err
		}
	}
	before, idle := math.Inf(1), 0
	for misfits := 0; ; {
		fits := p.measure()
		switch {
		case fits && p.certain():
			return nil
		case fits && p.isNarrow() && !p.tests.done():
			if err := p.check(ctx); err != nil {
				return err
			}
			continue
		case fits && p.isNarrow(): // narrow, but not round
			if p.phases++; p.phases > phasesTried {
				return nil
			}
			if err := p.refillAndDrain(ctx); err != nil {
				return err
			}
		case fits:
			now := rateWidth(*p.report.Box) + burstWidth(*p.report.Box)/p.burst
			if idle++; now < 0.95*before {
				before, idle = now, 0
			}
			if idle >= patience {
				p.note("the box stopped narrowing: the answers' delays hide anything finer, or the limiter is not " +
					"quite a token bucket")
				p.gaveUp = true
				return nil
			}
		default:
			if misfits++; misfits > 1 {
				p.gaveUp = true
				p.supposeFull()
				return nil
			}
			if err := p.explain(ctx); err != nil {
				p.supposeFull()
				return err
			}
		}
		if err := p.sweep(ctx, p.report.Box != nil); err != nil {
			if !p.measure() {
				p.supposeFull()
			}
			return err
		}
	}
}

// patience is how many sweeps in a row may narrow the box by less than 5 %.
const patience = 5

// narrowMore goes on in a segment of its own, after a rest that fills the
// bucket whatever was sent in the meantime.
func (p *probe) narrowMore(ctx context.Context) error {
	p.tests.retry()
	if p.certain() || p.gaveUp || p.report.Box == nil {
		return nil
	}
	p.rest(seconds((p.burst + 2) / max(p.report.Box.Rate.Lo, p.rate/2)))
	p.begin()
	return p.narrow(ctx)
}

// roughly finds the rate to within a factor: after a refusal it asks again
// after growing pauses until it is admitted, and then offers more and more
// until it is refused again.
func (p *probe) roughly(ctx context.Context) error {
	calls := p.history()
	refusal, _ := lastRefused(calls)
	var back history.Call
	for gap := 10 * time.Millisecond; ; gap = gap * 3 / 2 {
		p.rest(gap)
		got, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil {
			return err
		}
		if got[0].Outcome == history.OK {
			back = got[0]
			break
		}
	}
	p.burst = 1
	for _, c := range calls {
		if c.Outcome == history.OK && c.Planned() {
			p.burst++
		}
	}
	regained, err := p.regained(ctx)
	if err != nil {
		return err
	}
	p.rate = float64(regained) / max(1e-3, (back.Sent-refusal.Sent).Seconds())
	const tries = 8
	for {
		got, err := p.send(ctx, p.stream(tries, 1.3*p.rate))
		if err != nil {
			return err
		}
		admitted, limited := tally(got)
		if limited > 0 {
			p.rate *= 1.3 * float64(max(1, admitted)) / tries
			return nil
		}
		p.rate *= 2
	}
}

// regained counts what is let through right after a refusal had given way to an
// admission: a window opens wholly at once, and a bucket by a token or two.
func (p *probe) regained(ctx context.Context) (int, error) {
	for n := 1; ; {
		got, err := p.send(ctx, p.volley(p.client, 3, p.quick()))
		if err != nil {
			return n, err
		}
		admitted, limited := tally(got)
		if n += admitted; limited > 0 || admitted == 0 || n > p.budget.Calls/4 {
			return n, nil
		}
	}
}

// sweep sends what narrows the box most: where the burst is wide, a rest until
// the bucket is full and a drain; then a stream just over the rate, so that
// admissions and refusals take turns and hold the level from both sides.
func (p *probe) sweep(ctx context.Context, fits bool) error {
	box := p.report.Box
	if fits && box.Burst.Hi < tiny && box.Rate.Hi < 10*box.Rate.Lo {
		return p.squeeze(ctx)
	}
	over, length := 1.3, 16
	if fits && box.Rate.Hi < 3*box.Rate.Lo {
		width := rateWidth(*box)
		over = 1.06 + min(0.25, 1.5*width)
		length = 24
		if width < 0.04 {
			length = 36
		}
		length = max(length, min(p.enough(), p.budget.Calls/3))
	}
	if !fits || burstWidth(*box) > burstWithin || math.IsInf(box.Burst.Hi, 1) {
		if err := p.refillAndDrain(ctx); err != nil {
			return err
		}
	}
	_, err := p.send(ctx, p.stream(length, over*p.rate))
	return err
}

// enough is how many calls a stream needs to bound the rate: where it begins and
// where it ends the level is known to a token, and to what flows in while a call
// is under way.
func (p *probe) enough() int {
	var took []time.Duration
	for _, c := range p.calls {
		if c.Outcome == history.OK || c.Outcome == history.Limited {
			took = append(took, c.Service())
		}
	}
	return int((1 + 2*p.rate*median(took).Seconds()) / (2 * rateWithin))
}

// squeeze finds the rate of a bucket that hardly holds a token. By turns it
// fills and empties it and calls again after a gap at which it is not known if
// a token has flowed in, and sends a chain of calls with gaps that are just
// long enough if the rate is as high as it may be: that bounds it from below.
func (p *probe) squeeze(ctx context.Context) error {
	const pairs, links = 4, 8
	for i := range pairs + 1 {
		box := p.report.Box
		full := max(1, int(box.Burst.Hi))
		shortest, longest := (float64(full)+1-box.Burst.Hi)/box.Rate.Hi, (float64(full)+1-box.Burst.Lo)/box.Rate.Lo
		gap := shortest + (0.2+0.6*p.rand.Float64())*(longest-shortest)
		n := full + 1
		if i == pairs {
			n, gap = full+links, 1.006/box.Rate.Hi
		}
		plan := p.volley(p.client, n, time.Millisecond)
		for k := full; k < n; k++ {
			plan[k].Due = plan[k-1].Due + seconds(gap)
		}
		p.rest(seconds((p.burst+0.3)/box.Rate.Lo) + p.anyPhase())
		if _, err := p.send(ctx, plan); err != nil {
			return err
		}
		if !p.measure() {
			return nil
		}
	}
	return nil
}

// refillAndDrain rests until the bucket is full, whatever it is within the
// box, and empties it in quick succession.
func (p *probe) refillAndDrain(ctx context.Context) error {
	slow := p.rate
	if b := p.report.Box; b != nil {
		slow = max(b.Rate.Lo, p.rate/3)
	}
	rest := seconds((p.burst+0.5)/slow) + p.anyPhase()
	long := 3*rest + breath
	tests := p.full == open && long < p.room()/3 // see checkFull
	if tests {
		rest = long
	}
	p.rest(rest)
	err := p.drainFull(ctx)
	if tests && err == nil {
		p.full = stood
	}
	return err
}

// drainFull empties a bucket that should be full, in quick succession.
func (p *probe) drainFull(ctx context.Context) error {
	calls, err := p.send(ctx, p.volley(p.client, int(math.Ceil(p.burst))+1, p.quick()))
	if err != nil {
		return err
	}
	return p.drainOn(ctx, calls)
}

// anyPhase is a random time, of a token's at least: rests that are all as long
// could lock into the beat of a limiter that fills in steps, and always meet it
// at the same point between two.
func (p *probe) anyPhase() time.Duration {
	return time.Duration(p.rand.Float64() * min(2, max(0.25, 1/max(p.rate, 1e-3))) * 1e9)
}

// quick is the spacing of a drain: close enough that little flows in, and wide
// enough that the limiter sees the calls in order.
func (p *probe) quick() time.Duration {
	if p.rate == 0 {
		return time.Millisecond
	}
	return min(6*time.Millisecond, seconds(0.1/p.rate))
}

// drain empties the bucket from whatever it holds, a few calls at a time, and
// returns the last refusal.
func (p *probe) drain(ctx context.Context, client string) (history.Call, error) {
	few, sent := max(3, int(p.burst/8)), 0
	for {
		calls, err := p.send(ctx, p.volley(client, few, p.quick()))
		if refusal, ok := settledRefusal(calls); ok {
			return refusal, nil
		}
		if err != nil {
			return history.Call{}, err
		}
		if sent += len(calls); sent > 3*int(p.burst)+100 { // it is no bucket that can be drained so
			return history.Call{}, errSpent
		}
	}
}

// settledRefusal returns the last refusal, where no call was admitted that may
// have been decided after it: what it says of the limiter holds still.
func settledRefusal(calls []history.Call) (history.Call, bool) {
	refusal, ok := lastRefused(calls)
	for _, c := range calls {
		if c.Outcome == history.OK && c.Received > refusal.Sent {
			return refusal, false
		}
	}
	return refusal, ok
}

// drainOn goes on where a volley was not refused at all.
func (p *probe) drainOn(ctx context.Context, calls []history.Call) error {
	if _, limited := tally(calls); limited > 0 {
		return nil
	}
	_, err := p.drain(ctx, p.client)
	return err
}
