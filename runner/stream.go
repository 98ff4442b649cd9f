package runner

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Stream is Run in constant memory: it keeps no call, so that cfg.Observe is
// the only one who learns of them, and takes no more arrivals once the run has
// ended, so that a plan may be endless. The error is as Run's.
//
// It allocates nothing for a call: whatever a call costs is its target's.
func Stream(ctx context.Context, clock Clock, target Target, arrivals iter.Seq[history.Arrival], cfg Config) error {
	r, stop := newRun(clock, target, cfg)
	defer stop()
	passed := r.passed // one function value for all calls
	var (
		now   time.Duration
		ended error
	)
	for a := range arrivals {
		if now, ended = r.until(ctx, a.Due); ended != nil {
			break
		}
		if r.cfg.Closed {
			a.Due = now
		}
		r.forward(ctx, now, a, passed)
		if r.cfg.Closed {
			r.untilRoom(ctx)
		}
	}
	r.settle(ctx)
	return ended
}

// forward sends an arrival whose call nobody keeps.
func (r *run) forward(ctx context.Context, now time.Duration, a history.Arrival, passed func(history.Call)) {
	if !r.room() {
		r.tell(history.Call{Arrival: a, Sent: now, Received: now, Outcome: history.Unsent, Detail: Full})
		return
	}
	r.inFlight.Add(1)
	r.target.Send(ctx, a, passed)
}

// passed counts a call that has ended, and tells of it.
func (r *run) passed(c history.Call) {
	r.tell(c)
	r.ended(c.Outcome)
}

// untilRoom waits until one more call may be in flight, or the run should end.
func (r *run) untilRoom(ctx context.Context) {
	for !r.room() && !r.gone() {
		select {
		case <-r.cfg.Drain:
			return
		default:
		}
		if r.clock.Wait(ctx, math.MaxInt64, r.wake) != nil {
			return
		}
	}
}
