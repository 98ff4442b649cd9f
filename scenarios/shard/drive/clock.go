package drive

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// met is a coordinator's clock, as far as it was measured.
type met struct {
	clock  string
	bounds []shard.Bound
}

// measure has one exchange about the time.
func (w *Worker) measure(ctx context.Context) error {
	var says clockSays
	e := shard.Exchange{Sent: time.Since(w.zero)}
	if err := w.post(ctx, "/v1/clock", []byte("{}"), &says); err != nil {
		return err
	}
	e.Received, e.Seen = time.Since(w.zero), time.Duration(says.NowNS)
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.clockNamed(says.Clock)
	if m == nil {
		m = &met{clock: says.Clock}
		w.met = append(w.met, m)
	}
	m.bounds = append(m.bounds, e.Bound(w.Drift))
	return nil
}

// meet measures the coordinator's clock as well as a few exchanges can.
func (w *Worker) meet(ctx context.Context) error {
	for range exchanges {
		if err := w.insist(ctx, func() error { return w.measure(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// meetNamed does so where that clock isn't known yet: its coordinator has just been
// started.
func (w *Worker) meetNamed(ctx context.Context, clock string) error {
	w.mu.Lock()
	known := w.clockNamed(clock) != nil
	w.mu.Unlock()
	if known {
		return nil
	}
	return w.meet(ctx)
}

// clockNamed is what is known of a coordinator's clock; nil: nothing. It needs mu.
func (w *Worker) clockNamed(name string) *met {
	i := slices.IndexFunc(w.met, func(m *met) bool { return m.clock == name })
	if i < 0 {
		return nil
	}
	return w.met[i]
}

// Waits has a worker wait until all are ready whose command has no plan that begins by
// itself, as conform has none.
func (w *Worker) Waits(ctx context.Context) error {
	if w.Plan.Args[0] != "conform" {
		return nil
	}
	clock := runner.NewClock()
	begin, err := w.Begin(func() int { return 0 })(ctx, clock, 0)
	if err != nil {
		return err
	}
	return runner.WaitUntil(ctx, clock, begin)
}

// local is what the run's clock shows when a coordinator's shows an instant, as well as
// that is known.
func (w *Worker) local(at time.Duration, by string, c runner.Clock) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.clockNamed(by)
	if m == nil {
		return 0, errors.New("the coordinator begins by a clock that nobody measured")
	}
	o, err := shard.NewOffsets(m.bounds, w.Drift)
	if err != nil {
		return 0, err
	}
	lo, hi := o.At(time.Since(w.zero))
	own := at - (lo + (hi-lo)/2) // since zero
	return c.Now() + own - time.Since(w.zero), nil
}

// Clocks are how the run's clock is led to the coordinator's, beside those that it is
// led to anyway.
func (w *Worker) Clocks() []results.ShardClock {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clocks()
}

// clocks needs mu.
func (w *Worker) clocks() []results.ShardClock {
	if w.epoch[0].IsZero() {
		return nil
	}
	early, late := w.epoch[0].Sub(w.zero), w.epoch[1].Sub(w.zero) // the run's instant 0, by ours
	var list []results.ShardClock
	for _, m := range w.met {
		c := results.ShardClock{Name: m.clock, DriftPPM: w.Drift * 1e6}
		for _, b := range m.bounds {
			c.Bounds = append(c.Bounds, results.ClockBound{AtNS: int64(b.At - early), LoNS: int64(b.Lo + early),
				HiNS: int64(b.Hi + late)})
		}
		list = append(list, c)
	}
	return list
}

// thinned are about a hundred of a list's bounds, the last of them among these: fewer
// bounds are wider, and no less true.
func thinned(list []results.ClockBound) []results.ClockBound {
	step := 1 + len(list)/100
	var some []results.ClockBound
	for i := len(list) - 1; i >= 0; i -= step {
		some = append(some, list[i])
	}
	return some
}
