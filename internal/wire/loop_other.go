//go:build !linux

package wire

import (
	"context"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Loop needs Linux.
type Loop struct{}

// NewLoop says that there is no fast path on this system.
func NewLoop([]*Session, LoopConfig) (*Loop, error) {
	return nil, unsuited("it needs Linux")
}

// Hold implements runner.Holder.
func (*Loop) Hold() (release func()) { return func() {} }

// Now implements runner.Clock.
func (*Loop) Now() time.Duration { return 0 }

// Wait implements runner.Clock.
func (*Loop) Wait(ctx context.Context, _ time.Duration, _ <-chan struct{}) error { return ctx.Err() }

// Poll implements runner.Poller.
func (*Loop) Poll(time.Duration) bool { return false }

// Wake implements runner.Poller.
func (*Loop) Wake() {}

// Do calls nothing.
func (*Loop) Do(func()) bool { return false }

// Replace replaces nothing.
func (*Loop) Replace(*Session) error { return unsuited("it needs Linux") }

// Send implements runner.Target.
func (*Loop) Send(context.Context, history.Arrival, func(history.Call)) {}

// Close does nothing.
func (*Loop) Close() {}
