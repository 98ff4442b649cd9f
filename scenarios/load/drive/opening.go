package drive

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// How long a step of a set-up may take, where nobody says how long: so many times
// what the slowest set-up took, up to a bound. A server that opens many sessions
// at once opens each of them slowly.
const (
	patienceFactor = 4
	mostPatience   = 2 * time.Minute
)

// patience is how long a step of a set-up may take by now; 0: as long as a call.
func (c *sessionPool) patience() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.patient {
		return 0
	}
	factor := time.Duration(patienceFactor)
	if len(c.sessions) == 1 {
		factor = dialing // the first one had the server to itself
	}
	return min(factor*c.slowest, mostPatience)
}

// graceToOpen is how long what is being opened may take after an interrupt: who is just
// about to begin tells of a run that lasted no time, and of its server.
const graceToOpen = 500 * time.Millisecond

// softly is a context that ends soon after the first interrupt as well.
func softly(ctx context.Context, drain <-chan struct{}) (context.Context, func()) {
	soft, cancel := context.WithCancel(ctx)
	until, done := runner.Until(soft, drain)
	context.AfterFunc(until, func() { time.AfterFunc(graceToOpen, cancel) })
	return soft, func() { cancel(); done() }
}

// openRest opens all sessions but the first, in their places; one that can't be
// opened is missing there. Where so many in a row fail as are tried at a time, the
// server has had enough.
func (c *sessionPool) openRest(ctx context.Context, drain <-chan struct{}, doing func(string)) []pooledSession {
	opened := make([]pooledSession, len(c.names))
	// Servers without sessions may want arguments repeated in headers, which
	// each client learns from the list of tools.
	learn := c.first.SessionID() == "" && c.first.Transport() == wire.HTTP
	var g errgroup.Group
	g.SetLimit(dialing)
	var done, failed atomic.Int64 // sessions that are open, and failures since the last of them
	done.Store(1)
	for i := 1; i < len(c.names) && failed.Load() < dialing && ctx.Err() == nil && !runner.Closed(drain); i++ {
		doing(fmt.Sprintf("opening sessions: %d of %d", done.Load(), len(c.names)))
		g.Go(func() error {
			m, err := c.open(ctx, c.options, c.names[i], learn)
			if err != nil {
				if failed.Add(1); !runner.Closed(drain) {
					c.miss(err)
				}
				return nil
			}
			opened[i] = m
			failed.Store(0)
			doing(fmt.Sprintf("opening sessions: %d of %d", done.Add(1), len(c.names)))
			return nil
		})
	}
	_ = g.Wait() // nobody returns an error
	return opened
}

// miss notes that a session could not be opened.
func (c *sessionPool) miss(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missed++
	var dial *wire.DialError
	switch {
	case c.why != "":
	case errors.As(err, &dial):
		c.why = dial.Detail
	default:
		c.why = err.Error()
	}
}
