package runner

import (
	"context"
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
