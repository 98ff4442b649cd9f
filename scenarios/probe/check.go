package probe

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// explain looks for a reason why no token bucket fits: a window, or a bucket
// that wasn't full at first. Where it is a window, that ends the narrowing.
func (p *probe) explain(ctx context.Context) error {
	if p.explained {
		return nil
	}
	p.explained = true
	if err := p.watch(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(p.evidence(p.history()).Models(p.cfg.Tolerance), isWindow) {
		p.gaveUp = true
		return errSpent
	}
	return p.notFull(ctx)
}

// tests are what a narrow box has to stand before it is called measured. Each
// limiter that is no token bucket may look like one as long as it isn't asked.
type tests struct {
	full   state // was it full at the first call?
	idle   state // does a rest bring what it should?
	beat   state // do tokens flow in steadily?
	phases int   // drains that began at random instants while no round burst fitted
}

// A state is how a test came out. What contradicts a bucket isn't one: then no
// box is left.
type state uint8

const (
	open    state = iota
	stood         // or there is nothing to test
	skipped       // the budget was too small
)

// after is how a test came out whose last call ended so.
func after(err error) state {
	if err != nil {
		return skipped
	}
	return stood
}

// done reports if nothing is left to test.
func (t tests) done() bool { return t.full != open && t.idle != open && t.beat != open }

// passed reports if everything was tested.
func (t tests) passed() bool { return t.full == stood && t.idle == stood && t.beat == stood }

// retry opens what was skipped: there may be room for it now.
func (t *tests) retry() {
	for _, s := range []*state{&t.full, &t.idle, &t.beat} {
		if *s == skipped {
			*s = open
		}
	}
}

// noteUntested says what the box takes for granted.
func (p *probe) noteUntested() {
	why := "the budget was too small to check it"
	if p.cut {
		why = "the probe ended before it was checked"
	}
	switch {
	case p.full != stood:
		p.note("that the limiter was full when the probe began is taken for granted: %s. Until that is done the burst "+
			"may be another", why)
	case p.idle != stood:
		p.note("that a rest brings no more than its time is taken for granted: %s", why)
	case p.beat != stood:
		p.note("that tokens flow in steadily, and not in steps, is taken for granted: %s", why)
	}
}

// roundBurst reports if a whole number of calls fits a burst, or a half one, as
// where a call takes two tokens.
func roundBurst(m verdict.Measured) bool { return math.Floor(2*m.Burst.Hi) >= 2*m.Burst.Lo }

// phasesTried is how many drains at random instants a burst that isn't round is
// given to show its contradiction.
const phasesTried = 4

// check puts a narrow box to the next test that it hasn't stood.
func (p *probe) check(ctx context.Context) error {
	switch {
	case p.full == open:
		return p.checkFull(ctx)
	case p.idle == open:
		return p.checkRest(ctx)
	case p.beat == open:
		return p.checkBeat(ctx)
	}
	return nil
}

// checkBeat drains a slow bucket from full at random instants, and looks each time
// when the next token comes. One that fills in steps has it early, by as much as
// the drain began late in a step; while it is kept empty it looks like a bucket. A
// fast one has been drained often enough by the time that its box is narrow.
func (p *probe) checkBeat(ctx context.Context) error {
	const slow, drains, looks = 2, 4, 6
	if p.rate > slow {
		p.beat = stood
		return nil
	}
	if seconds(drains*(p.burst+3)/p.rate) > p.room() || drains*(int(p.burst)+2+looks) > p.left() {
		p.beat = skipped
		return nil
	}
	var err error
	for n := 0; n < drains && err == nil; n++ {
		if err = p.refillAndDrain(ctx); err == nil {
			_, err = p.send(ctx, p.stream(looks, 4*p.rate))
		}
	}
	p.beat = after(err)
	return ignoreSpent(err)
}

// checkFull rests three times as long as the bucket takes to fill, and drains
// it once more. A bucket that wasn't full when the probe began would look like
// a smaller one for as long as it never got the time to fill.
func (p *probe) checkFull(ctx context.Context) error {
	rest := seconds(3*p.burst/p.rate+0.5) + p.anyPhase()
	if rest > p.room() || int(p.burst)+4 > p.left() {
		p.full = skipped
		return nil
	}
	_, err := p.refill(ctx, rest)
	p.full = after(err)
	return ignoreSpent(err)
}

// checkRest empties the bucket, rests for a part of the time that fills it, and
// sees what has flowed in: a limiter that starts anew after a rest without calls
// looks like a bucket everywhere else. A stream at another time than those that
// the box was narrowed by shows if tokens come in steps.
func (p *probe) checkRest(ctx context.Context) error {
	if p.burst < 3 {
		return p.checkGaps(ctx)
	}
	full := p.burst / p.rate
	rest := min(0.85*full, max(1.1, full/2))
	n := int(min(math.Ceil(rest*p.rate)+2, math.Ceil(p.burst))) + 2
	const again = 12
	if seconds(rest+again/p.rate) > p.room() || n+again+4 > p.left() {
		p.idle = skipped
		return nil
	}
	_, err := p.drain(ctx, p.client)
	if err == nil {
		p.rest(seconds(rest))
		_, err = p.send(ctx, p.volley(p.client, n, min(p.quick(), 2*time.Millisecond)))
	}
	if err == nil {
		_, err = p.send(ctx, p.stream(again, 1.1*p.rate))
	}
	p.idle = after(err)
	return ignoreSpent(err)
}

// checkGaps is checkRest for a bucket that hardly holds a token, which is full at
// once: it empties it, and calls again long before a token can have flowed in.
// Only a limiter that counts by the clock lets such a call through.
func (p *probe) checkGaps(ctx context.Context) error {
	const pairs, again = 8, 12
	n := int(math.Ceil(p.burst)) + 1
	p.idle = skipped // until all of it is done
	if seconds((pairs*(p.burst+2)+again)/p.rate) > p.room() || pairs*n+again > p.left() {
		return nil
	}
	for range pairs {
		plan := p.volley(p.client, n, min(p.quick(), time.Millisecond))
		plan[n-1].Due += seconds((0.2 + 0.6*p.rand.Float64()) / p.rate)
		p.rest(seconds((p.burst+0.3)/p.report.Box.Rate.Lo) + p.anyPhase())
		if _, err := p.send(ctx, plan); err != nil {
			return ignoreSpent(err)
		}
	}
	_, err := p.send(ctx, p.stream(again, 1.5*p.rate))
	p.idle = after(err)
	return ignoreSpent(err)
}

// refill rests, and returns how many calls are admitted before one is refused.
func (p *probe) refill(ctx context.Context, rest time.Duration) (int, error) {
	p.rest(rest)
	n := 0
	for some := int(math.Ceil(p.burst)) + 1; ; some = max(3, some/3) {
		calls, err := p.send(ctx, p.volley(p.client, some, p.quick()))
		for _, c := range calls {
			if c.Outcome == history.Limited {
				return n, nil
			}
			n++
		}
		if err != nil {
			return n, err
		}
	}
}

// notFull supposes that the bucket held less than its burst when the probe
// began, as far as only that makes sense of the history: somebody else had used
// the server, or it starts with less. Nothing is dropped for it: admissions that
// nobody saw stand at the beginning, which excuse early refusals and no
// admission. A rest was long enough to fill the bucket if one that is three
// times as long brings no more.
func (p *probe) notFull(ctx context.Context) error {
	rest := seconds(min(max(1, p.burst/p.rate), 3))
	n := 0
	for before := -1; ; {
		var err error
		if n, err = p.refill(ctx, rest); err != nil {
			return err
		}
		p.burst = max(p.burst, float64(n))
		if before >= 0 && n <= before+1 {
			break
		}
		before, rest = n, 3*rest
	}
	p.full, p.used = stood, n
	if !p.measure() {
		p.supposeFull()
	}
	return nil
}

// supposeFull takes the bucket to have been full again, where the contrary
// explained nothing either.
func (p *probe) supposeFull() {
	if p.used > 0 {
		p.used = 0
		p.measure()
	}
}
