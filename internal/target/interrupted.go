package target

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mcpload/mcpload/runner"
)

// ErrInterrupted is how work ends that has nothing in flight and nothing to report.
var ErrInterrupted = errors.New("interrupted before there was anything to say")

// soft is a context that the first interrupt ends as well: nothing that is waited for
// before the traffic is part of a result.
func (t *Target) soft(ctx context.Context) (context.Context, context.CancelFunc) {
	return runner.Until(ctx, t.Settle.Drain)
}

// Interrupted is why something could not be done; of what an interrupt ended, just that.
func (t *Target) Interrupted(err error) error {
	if err != nil && runner.Closed(t.Settle.Drain) {
		return ErrInterrupted
	}
	return err
}

// Visited opens a session for as long as a function takes, or until the first interrupt.
func (t *Target) Visited(ctx context.Context, look func(context.Context, *Visit) error) error {
	ctx, done := t.soft(ctx)
	defer done()
	v, err := t.Visit(ctx)
	if err != nil {
		return t.Interrupted(t.Unreached(err))
	}
	defer v.Close()
	return t.Interrupted(look(ctx, v))
}

// How long the end of sessions is waited for, and after an interrupt.
const (
	ending     = 5 * time.Second
	endingSoon = time.Second
)

// Ending lasts as long as something's end is waited for: a few seconds, less after an
// interrupt, and no longer than another context. Its cancel must be called.
func (t *Target) Ending(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, ending)
	soft, done := t.soft(ctx)
	stop := context.AfterFunc(soft, func() { time.AfterFunc(endingSoon, cancel) })
	return ctx, func() { stop(); done(); cancel() }
}

// EndAll closes sessions all at a time, within a few seconds together: a server that is
// slow to end one isn't waited for once each. An interrupt leaves less time for it.
func (t *Target) EndAll(sessions Sessions) {
	ctx, done := t.Ending(context.Background())
	defer done()
	_ = sessions.end(ctx) // as of End
}

// end closes all sessions.
func (s Sessions) end(ctx context.Context) error {
	var all errgroup.Group
	for _, session := range s {
		all.Go(func() error { return session.Close(ctx) })
	}
	return all.Wait()
}
