package runner

import (
	"context"
	"iter"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Until returns a context that ends with another one, or once a channel is closed.
// Its cancel must be called.
func Until(ctx context.Context, closed <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Sleep waits a while, or until the context ends.
func Sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// From are arrivals that begin at an instant of the clock.
func From(begin time.Duration, arrivals iter.Seq[history.Arrival]) iter.Seq[history.Arrival] {
	return func(yield func(history.Arrival) bool) {
		for a := range arrivals {
			a.Due += begin
			if !yield(a) {
				return
			}
		}
	}
}

// Unless does some work, or as much of it as there is before a channel is closed: then
// it returns false, and the work goes on by itself. That is for what can't be cut
// short, such as reading a terminal.
func Unless(closed <-chan struct{}, work func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
		return true
	case <-closed:
		return false
	}
}

// Interrupts listens to interrupts, from a terminal's keys or as signals, until the
// returned function is called: first is called for the first one, with the signal if it
// was one, and again for each later.
func Interrupts[S any](signals <-chan S, keys <-chan struct{}, first func(S), again func()) (end func()) {
	done := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			var s S
			select {
			case s = <-signals:
			case <-keys:
			case <-done:
				return
			}
			if n == 1 {
				first(s)
				continue
			}
			again()
		}
	}()
	return func() { close(done) }
}
