package probe

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
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

// check puts a narrow box to the next test that it hasn't stood.
func (p *probe) check(ctx context.Context) error {
	if !p.wasFull {
		return p.checkFull(ctx)
	}
	return p.checkRest(ctx)
}

// checkFull rests three times as long as the bucket takes to fill, and drains
// it once more. A bucket that wasn't full when the probe began would look like
// a smaller one for as long as it never got the time to fill.
func (p *probe) checkFull(ctx context.Context) error {
	p.wasFull = true
	rest := seconds(3*p.burst/p.rate + 0.5)
	if rest > p.room() || int(p.burst)+4 > p.left() {
		p.unchecked = true
		return nil
	}
	_, err := p.refill(ctx, rest)
	return ignoreSpent(err)
}

// checkRest empties the bucket, rests for a part of the time that fills it, and
// sees what has flowed in: a limiter that starts anew after a rest without calls
// looks like a bucket everywhere else. A stream at another time than those that
// the box was narrowed by shows if tokens come in steps.
func (p *probe) checkRest(ctx context.Context) error {
	p.rested = true
	full := p.burst / p.rate
	rest := min(0.85*full, max(1.1, full/2))
	n := int(min(math.Ceil(rest*p.rate)+2, math.Ceil(p.burst))) + 2
	const again = 24
	if p.burst < 3 || seconds(rest+again/p.rate) > p.room() || n+again+4 > p.left() {
		return nil
	}
	if _, err := p.drain(ctx, p.client); err != nil {
		return ignoreSpent(err)
	}
	p.rest(seconds(rest))
	if _, err := p.send(ctx, p.volley(p.client, n, min(p.quick(), 2*time.Millisecond))); err != nil {
		return ignoreSpent(err)
	}
	_, err := p.send(ctx, p.stream(again, 1.1*p.rate))
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
	p.wasFull, p.used = true, n
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
