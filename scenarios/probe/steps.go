package probe

import (
	"context"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// clustersSeen is how many fills of a bucket must be seen whole before it is said to fill
// in steps.
const clustersSeen = 4

// findSteps looks for a bucket that fills by several tokens at a time: it empties it from
// rested, asks steadily, four times as often as tokens come on average, and counts how
// many calls in a row are let through, and how long after those before. Each fill must
// bring as many, after as long; and the law of just that must explain everything else.
func (p *probe) findSteps(ctx context.Context) error {
	if p.rate <= 0 || p.burst < 3 || len(p.report.Models) > 0 {
		return nil
	}
	p.allow(mostForLaws)
	burst, err := p.refill(ctx, seconds(3*p.burst/p.rate+1))
	if err != nil {
		return ignoreSpent(err)
	}
	gap := seconds(0.25 / p.rate)
	var fills []fill
	closed := 0 // how many in a row were refused
	for refused := true; closed <= 4*(burst+2); {
		calls, err := p.send(ctx, p.volley(p.client, 4, gap))
		if err != nil {
			return ignoreSpent(err)
		}
		p.rest(gap)
		for _, c := range calls {
			switch {
			case c.Outcome != history.OK:
				refused = true
				closed++
			case refused:
				fills, refused, closed = append(fills, fill{c.Sent, 1}), false, 0
			default:
				fills[len(fills)-1].n++
			}
		}
		if n := len(fills); n > 0 && fills[n-1].n > burst+2 { // tokens come faster than it is asked
			gap, fills, refused = gap/2, nil, true
			if _, err := p.drain(ctx, p.client); err != nil {
				return ignoreSpent(err)
			}
			continue
		}
		if whole := len(fills) - 2; whole >= clustersSeen { // the first may be what was left, and the last goes on
			return p.trySteps(ctx, fills[1:len(fills)-1], burst, gap)
		}
	}
	return nil // a step brings no more than a bucket holds: something else refuses
}

// A fill is calls in a row that were let through.
type fill struct {
	at time.Duration // when the first was sent
	n  int
}

// trySteps puts to the test what equal fills speak for.
func (p *probe) trySteps(ctx context.Context, fills []fill, burst int, gap time.Duration) error {
	first, last := fills[0], fills[len(fills)-1]
	for _, f := range fills {
		if f.n != first.n {
			return nil
		}
	}
	n := float64(len(fills) - 1)
	apart, off := (last.at-first.at).Seconds()/n, 2*gap.Seconds()/n
	every := people(verdict.Interval{Lo: apart - off, Hi: apart + off})
	for i := 1; i < len(fills); i++ {
		if d := fills[i].at - fills[i-1].at - every; d > 2*gap || d < -2*gap {
			return nil
		}
	}
	if first.n < 2 || first.n >= burst || every <= 0 {
		return nil
	}
	g := guess{{Kind: promise.Bucket, N: burst, Rate: float64(first.n) / every.Seconds(), Step: first.n, Every: every,
		Charge: p.charge()}}
	if promise.Promise(g).Validate() != nil {
		return nil
	}
	p.stepped = true
	var err error
	if holding := p.holding(g); len(holding) > 0 {
		err = p.tryLaws(ctx, g, holding[0])
	}
	p.settleLaws(g)
	return err
}
