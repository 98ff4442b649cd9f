package runner

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/internal/wire"
)

// A precise clock waits more exactly than Go's timers do. One goroutine at a
// time may wait on it, which Hold gives a thread of its own.
type precise struct{ Clock }

// Precise returns a clock for the goroutine that paces a run: the same time, but
// its waits end tens of microseconds late in place of a millisecond. Where the
// system has no such sleep it is the clock itself.
func Precise(c Clock) Clock { return precise{c} }

const (
	coarse = 2 * time.Millisecond    // from which on a timer will do for the greater part
	margin = 1500 * time.Microsecond // which is left by it
)

// Hold implements Holder: the thread's sleeps end as exactly as the kernel can.
func (precise) Hold() (release func()) { return wire.HoldThread() }

// Wait implements Clock. It may end early, as if it had been woken. While the
// thread sleeps for what a timer left, nothing wakes it.
func (p precise) Wait(ctx context.Context, until time.Duration, wake <-chan struct{}) error {
	left := until - p.Now()
	if left > coarse {
		return p.Clock.Wait(ctx, until-margin, wake)
	}
	select {
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	if left > 0 {
		spec := unix.NsecToTimespec(int64(left))
		// A signal ends it, mostly one of the runtime's; whoever waits looks at
		// the time again.
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &spec, nil)
	}
	return nil
}
