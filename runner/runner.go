// Package runner sends each arrival when it is due and writes down what
// happened. What waits for the instant of a planned call, and what sends several
// at a time, is here; connections wait for replies in the client, and the drives
// of the scenarios wait for servers to start and to rest.
//
// Most users want Run with a NewClock and Sessions. The runner is open-loop: it
// waits until an arrival is due, hands it over, and never waits for a reply
// before the next, so that a slow server can't slow the traffic down.
//
// The package deliberately doesn't know what is judged: it reads no profile,
// knows no limit, and draws no conclusion but "the target is gone".
package runner

import (
	"context"
	"errors"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Why a run ended before its plan did. The calls made so far are returned with
// either.
var (
	ErrDrained = errors.New("the run was ended early")
	ErrGone    = errors.New("the server stopped answering")
)

// A Clock tells a run's time and waits for it.
type Clock interface {
	// Now is the time since the run's start. It never goes back.
	Now() time.Duration
	// Wait returns nil at the instant until, or earlier once wake is ready, and
	// the context's error once that has ended.
	Wait(ctx context.Context, until time.Duration, wake <-chan struct{}) error
}

// A Target takes requests. Send starts one and returns without waiting for the
// reply; done is called exactly once, from any goroutine, when what came of it
// is known. It must be called soon after ctx ends.
type Target interface {
	Send(ctx context.Context, a history.Arrival, done func(history.Call))
}

// Config says how a run goes. The zero value is usable.
type Config struct {
	// calls without a reply at one time; default 4096. An arrival beyond it is recorded as Unsent
	MaxInFlight int
	GiveUp      int // end the run after so many broken calls in a row; 0: never
	// such a call may break for what it is, and doesn't count for GiveUp; nil: none may
	Odd func(history.Arrival) bool
	// once it is closed nothing more is sent, replies are waited for, and the run ends
	Drain   <-chan struct{}
	Observe func(history.Call) // called after every call, one at a time; nil: nobody is told

	// Closed makes a Stream a closed loop: it sends as fast as replies come,
	// with MaxInFlight calls in flight at all times. An arrival is then due when
	// it is sent, so that its latency tells nothing of a queue: such a run
	// measures how much a server can take, and not how it fares under a load.
	// Due instants still hold a call back until they have come. Run ignores it.
	Closed bool
}

// A Holder is a Clock that wants to know when a run begins and ends to wait on
// it, for example to have a thread of its own. Hold is called on the goroutine
// that will wait, and so is what it returns.
type Holder interface {
	Hold() (release func())
}

// A Poller is a Clock on whose waiting goroutine replies are read. Poll lets
// it do so where there is no time to wait, because the next arrival is due. Now
// is what the clock said just then; it reports if that is no longer so.
// Wake makes a Wait look at its channel, and may be called from any goroutine.
type Poller interface {
	Poll(now time.Duration) (took bool)
	Wake()
}

const defaultMaxInFlight = 4096

// Full is the Detail of an Unsent call that came when Config.MaxInFlight calls
// were in flight.
const Full = "too many calls were in flight"

// Run sends the arrivals, which must be in order of their due instants, and
// returns one call for each in that order; what wasn't sent is Unsent. It
// returns once every call has ended. The error is nil, ErrDrained or ErrGone
// (the calls are whole in each case), or the context's, where calls in flight
// ended as the target ends them.
func Run(ctx context.Context, clock Clock, target Target, arrivals iter.Seq[history.Arrival],
	cfg Config) ([]history.Call, error) {
	cfg.Closed = false
	r, stop := newRun(clock, target, cfg)
	defer stop()
	var ended error
	for a := range arrivals {
		if ended == nil {
			_, ended = r.until(ctx, a.Due)
		}
		i := r.plan(a)
		if ended != nil {
			r.skip(i, "the run ended first")
			continue
		}
		r.send(ctx, i, a)
	}
	r.settle(ctx)
	return r.calls, ended
}

// newRun makes the state of a run. The returned function ends what it began
// and must be called.
func newRun(clock Clock, target Target, cfg Config) (*run, func()) {
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = defaultMaxInFlight
	}
	r := &run{clock: clock, target: target, cfg: cfg, wake: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
	release := func() {}
	if h, ok := clock.(Holder); ok {
		release = h.Hold()
	}
	r.poller, _ = clock.(Poller)
	unwatch := r.watchDrain()
	return r, func() { unwatch(); release() }
}

// A run is the state of one Run or Stream.
type run struct {
	clock  Clock
	target Target
	cfg    Config
	poller Poller        // the clock, if it is one
	wake   chan struct{} // told when the run should end early
	idle   chan struct{} // told when nothing is in flight

	// One goroutine sends, and only it adds to the calls in flight.
	inFlight atomic.Int64
	broken   atomic.Int64 // broken calls since the last answered one

	mu      sync.Mutex // guards calls
	calls   []history.Call
	observe sync.Mutex
}

// until waits for an instant, and returns what the clock says then. The error
// is why the run ends early.
func (r *run) until(ctx context.Context, due time.Duration) (now time.Duration, err error) {
	for {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		select { // of one channel, which costs next to nothing
		case <-r.cfg.Drain:
			return 0, ErrDrained
		default:
		}
		if r.gone() {
			return 0, ErrGone
		}
		if now = r.clock.Now(); now >= due {
			if r.poller != nil && r.poller.Poll(now) {
				now = r.clock.Now()
			}
			return now, nil
		}
		if err := r.clock.Wait(ctx, due, r.wake); err != nil {
			return 0, err
		}
	}
}

// watchDrain wakes the run when Drain closes. The returned function ends the
// watch and must be called.
func (r *run) watchDrain() (stop func()) {
	if r.cfg.Drain == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-r.cfg.Drain:
			r.notify(r.wake)
		case <-done:
		}
	})
	return func() { close(done); wg.Wait() }
}

// notify tells whoever waits for a channel.
func (r *run) notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is told already
	}
	if r.poller != nil {
		r.poller.Wake()
	}
}

// plan makes room for an arrival's call and returns its place.
func (r *run) plan(a history.Arrival) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, history.Call{Arrival: a, Outcome: history.Unsent})
	return len(r.calls) - 1
}

func (r *run) skip(i int, why string) {
	now := r.clock.Now()
	r.mu.Lock()
	c := &r.calls[i]
	c.Sent, c.Received, c.Detail = now, now, why
	told := *c
	r.mu.Unlock()
	r.tell(told)
}

func (r *run) send(ctx context.Context, i int, a history.Arrival) {
	if !r.room() {
		r.skip(i, Full)
		return
	}
	r.inFlight.Add(1)
	r.target.Send(ctx, a, func(c history.Call) { r.done(i, a, c) })
}

// done records what came of a call. The arrival stands as planned, whatever
// the target returned.
func (r *run) done(i int, a history.Arrival, c history.Call) {
	c.Arrival = a
	r.mu.Lock()
	r.calls[i] = c
	r.mu.Unlock()
	r.tell(c)
	if o := c.Outcome; o == history.Broken && r.cfg.Odd != nil && r.cfg.Odd(a) {
		r.ended(history.ClosedIdle) // which says as little of whether anybody is there
		return
	}
	r.ended(c.Outcome)
}

// ended counts a call that has ended, once everybody has been told of it.
func (r *run) ended(o history.Outcome) {
	if o == history.Broken {
		r.broken.Add(1)
	} else if o != history.Unsent && o != history.ClosedIdle && r.broken.Load() != 0 {
		r.broken.Store(0)
	}
	left := int(r.inFlight.Add(-1))
	if left == 0 {
		r.notify(r.idle)
	}
	if r.cfg.Closed && left == r.cfg.MaxInFlight-1 || r.gone() {
		r.notify(r.wake)
	}
}

func (r *run) tell(c history.Call) {
	if r.cfg.Observe == nil {
		return
	}
	r.observe.Lock()
	defer r.observe.Unlock()
	r.cfg.Observe(c)
}

// gone reports if too many calls in a row were broken.
func (r *run) gone() bool { return r.cfg.GiveUp > 0 && r.broken.Load() >= int64(r.cfg.GiveUp) }

// room reports if one more call may be in flight.
func (r *run) room() bool { return r.inFlight.Load() < int64(r.cfg.MaxInFlight) }

// settle waits until every call has ended. Targets end their calls by their
// own time-outs, and soon after ctx ends, so this needs no limit of its own.
func (r *run) settle(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for r.inFlight.Load() != 0 {
		if err := r.clock.Wait(ctx, math.MaxInt64, r.idle); err != nil {
			return // can't be: the context never ends
		}
	}
}
