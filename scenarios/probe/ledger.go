package probe

import (
	"context"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A ledger sends calls within the budget, and keeps them all.
type ledger struct {
	prober Prober
	load   history.Arrival
	budget Budget
	began  time.Duration
	calls  []history.Call // all that were sent, handshakes first
	sent   int            // of the budget
	pause  time.Duration  // how long to rest before the next call

	mayCalls int           // what the phase may have used by its end
	mayUntil time.Duration // when it must have ended
	broken   int           // calls without a usable answer since the last good one
	failing  int           // calls of the load since the last that was admitted or refused
	worked   bool          // one was
}

func newLedger(prober Prober, cfg Config) *ledger {
	l := &ledger{prober: prober, load: cfg.Load, budget: cfg.Budget, began: prober.Now()}
	l.calls = append(l.calls, cfg.Handshake...)
	return l
}

// allow opens a share of the budget.
func (l *ledger) allow(share float64) {
	l.mayCalls = int(share * float64(l.budget.Calls))
	l.mayUntil = l.began + time.Duration(share*float64(l.budget.Time))
}

// rest makes the next call wait.
func (l *ledger) rest(d time.Duration) { l.pause += max(0, d) }

// left is how many calls the phase may still send.
func (l *ledger) left() int { return max(0, l.mayCalls-l.sent) }

// room is how long the phase may still take.
func (l *ledger) room() time.Duration { return max(0, l.mayUntil-l.prober.Now()-l.pause) }

// goneAfter is how many calls in a row may go without a usable answer.
const goneAfter = 25

// failsAfter is how many calls of the load in a row may get an error, or nothing.
const failsAfter = 20

// send sends arrivals, due from now, after the rest that was asked for. It cuts
// off what the phase can't afford, and returns errSpent beside the calls then.
func (l *ledger) send(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	whole := len(plan)
	plan = plan[:min(whole, l.left())]
	if most := failsAfter - l.failing; !l.worked && most > 0 && most < len(plan) {
		plan, whole = plan[:most], most // it may be the call that is wrong: no more than it takes to know
	}
	room := l.mayUntil - l.prober.Now() - l.pause // below 0: the rest alone takes too long
	for len(plan) > 0 && plan[len(plan)-1].Due > room {
		plan = plan[:len(plan)-1]
	}
	if len(plan) == 0 {
		l.pause = 0
		return nil, errSpent
	}
	for i := range plan {
		plan[i].Due += l.pause
	}
	l.pause = 0
	calls, err := l.prober.Run(ctx, plan)
	if b, ok := l.prober.(Bystander); ok {
		l.calls = append(l.calls, b.Asides()...)
	}
	unsent, why := 0, ""
	for _, c := range calls {
		if c.Outcome == history.Unsent {
			unsent, why = unsent+1, c.Detail
		} else {
			l.sent++
		}
		l.count(c)
	}
	l.calls = append(l.calls, calls...)
	switch {
	case err != nil:
		return calls, err
	case l.broken >= goneAfter:
		return calls, fmt.Errorf("%w: the last %d calls got no usable reply (%s)", ErrGone, l.broken,
			calls[len(calls)-1].Detail)
	case l.failing >= failsAfter && !l.worked:
		return calls, fmt.Errorf("%w: all %d calls failed, the last with %s", ErrFailing, l.failing, failure(l.calls))
	case l.failing >= failsAfter:
		return calls, fmt.Errorf("%w: the last %d calls failed, the last one with %s", ErrFailing, l.failing,
			failure(l.calls))
	case unsent > 0:
		return calls, fmt.Errorf("%w: %d of %d (%s)", ErrUnsent, unsent, len(calls), why)
	case len(plan) < whole:
		return calls, errSpent
	}
	return calls, nil
}

// failure quotes the last call that failed.
func failure(calls []history.Call) string {
	for i := len(calls) - 1; i >= 0; i-- {
		if c := calls[i]; c.Outcome.Failed() || c.Outcome == history.TimedOut {
			return fmt.Sprintf("%s: %s", c.Outcome, c.Detail)
		}
	}
	return "no reason"
}

// count keeps count of calls without a usable answer.
func (l *ledger) count(c history.Call) {
	switch {
	case c.Method != l.load.Method || c.Tool != l.load.Tool || string(c.Arguments) != string(l.load.Arguments):
	case c.Outcome == history.OK || c.Outcome == history.Limited:
		l.failing, l.worked = 0, true
	case l.worked && !c.Outcome.Answered(): // it is the server that is gone, not the call that is wrong
	case c.Outcome.Failed() || c.Outcome == history.TimedOut:
		l.failing++
	}
	switch {
	case c.Outcome.Answered():
		l.broken = 0
	case c.Outcome == history.Broken || c.Outcome == history.TimedOut || c.Outcome == history.ClosedIdle:
		l.broken++
	}
}

// volley is n calls of the load by one client, spaced evenly.
func (p *probe) volley(client string, n int, spacing time.Duration) []history.Arrival {
	plan := make([]history.Arrival, n)
	for i := range plan {
		plan[i] = p.load
		plan[i].Client, plan[i].Label = client, p.label
		plan[i].Due = time.Duration(i) * spacing
	}
	return plan
}

// stream is n calls of the load at a mean rate, each up to a quarter of the
// spacing early or late: an even beat could lock into the limiter's own.
func (p *probe) stream(n int, rate float64) []history.Arrival {
	spacing := 1e9 / rate
	plan := p.volley(p.client, n, 0)
	for i := range plan {
		plan[i].Due = time.Duration((float64(i) + 0.25 + (p.rand.Float64()-0.5)/2) * spacing)
	}
	return plan
}

// seconds turns a number of seconds into a duration, of a day at most.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 86400) * 1e9)
}

// tally counts what came of calls.
func tally(calls []history.Call) (admitted, limited int) {
	for _, c := range calls {
		switch {
		case c.Kind != history.Request:
		case c.Outcome == history.OK:
			admitted++
		case c.Outcome == history.Limited:
			limited++
		}
	}
	return admitted, limited
}

// lastRefused returns the last refused call.
func lastRefused(calls []history.Call) (history.Call, bool) {
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].Outcome == history.Limited && calls[i].Kind == history.Request {
			return calls[i], true
		}
	}
	return history.Call{}, false
}
