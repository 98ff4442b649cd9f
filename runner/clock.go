package runner

import (
	"context"
	"fmt"
	"time"
)

// A wallClock is the machine's monotonic clock.
type wallClock struct{ start time.Time }

// NewClock returns a clock that starts now and runs on the machine's monotonic
// clock. Its waits end up to about a millisecond late, which is the
// granularity of the Go runtime's timers.
func NewClock() Clock { return wallClock{start: time.Now()} }

func (c wallClock) Now() time.Duration { return time.Since(c.start) }

// Began is when a clock's instant 0 was, by the machine's calendar; the zero time where
// it isn't NewClock's.
func Began(c Clock) time.Time {
	if wall, ok := c.(wallClock); ok {
		return wall.start.Round(0)
	}
	return time.Time{}
}

// Epoch is when a clock's instant 0 was by the machine's calendar, as bounds: what lies
// between two readings of the one is read of the other.
func Epoch(c Clock) (lo, hi time.Time) {
	const tries = 5 // one of them is likely to be without a pause
	for i := range tries {
		before := c.Now()
		now := time.Now()
		after := c.Now()
		if l, h := now.Add(-after), now.Add(-before); i == 0 || h.Sub(l) < hi.Sub(lo) {
			lo, hi = l, h
		}
	}
	return lo, hi
}

// A Start says when a plan begins, on a clock and not before an instant, where others
// begin theirs at the same time. It may wait.
type Start func(ctx context.Context, c Clock, earliest time.Duration) (time.Duration, error)

// StartAt is a start at an instant of the machine's calendar, which must not have come
// before the server is ready.
func StartAt(at time.Time) Start {
	return func(_ context.Context, c Clock, earliest time.Duration) (time.Duration, error) {
		begin := c.Now() + time.Until(at)
		if begin < earliest {
			return 0, fmt.Errorf("the start at %s comes %s too early: until then the server can't be made ready",
				at.Format(time.RFC3339), (earliest - begin).Round(time.Millisecond))
		}
		return begin, nil
	}
}

func (c wallClock) Wait(ctx context.Context, until time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(until - c.Now())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WaitUntil waits for an instant of a clock.
func WaitUntil(ctx context.Context, c Clock, until time.Duration) error {
	for c.Now() < until {
		if err := c.Wait(ctx, until, nil); err != nil {
			return err
		}
	}
	return nil
}
