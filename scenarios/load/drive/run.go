package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/conform"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
)

// A run is one run of a load, while it goes on.
type run struct {
	*Job
	clock    runner.Clock
	pool     *sessionPool
	seqs     *load.Sequences
	metrics  *load.Metrics
	begin    time.Duration // on the clock
	ended    time.Duration // when sending ended, likewise
	watch    *processWatch
	self     self
	recorder *callRecorder
	observer scenariodrive.Observer
	window   *window
	shard    *results.Shard // which part of a plan it sends; nil: the whole

	forgotten func(client string) // a call says that the server has no such session any more
	pacing    pacing
	machine   *machineWatch
	lacked    lack         // calls that failed for want of something of ours
	full      atomic.Int64 // calls unsent because too many were in flight
	spoilt    atomic.Int64 // calls that failed while we stood still
	touched   atomic.Int64 // the others that ended, and for a part of whose time we did
	ending    atomic.Int64 // nanoseconds from responses to the ends of their replies; of a closed loop
	asked     atomic.Int64 // results of calls with a nonce
	checked   atomic.Int64 // those among them that were looked into
	shaped    atomic.Int64 // results of which the specification demands anything
	listener  *conform.Listener
	crossed   atomic.Int64
	missing   atomic.Int64
	stopped   string // why it ended before its time
	gone      bool   // because the server was
}

// once runs the load one time.
func (j *Job) once(ctx context.Context, process *wire.Process, o scenariodrive.Observer, drain <-chan struct{}) (*run,
	error) {
	clock := runner.NewClock()
	doing := func(what string) { j.tell(o, scenariodrive.Event{Server: j.Profile.Name, Doing: what}) }
	doing("connecting")
	c, err := j.openPool(ctx, clock, drain, doing)
	defer c.close()
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(j.settle(ctx, c), j.knowsTools(c.first)); err != nil {
		return nil, err
	}
	r := &run{Job: j, clock: clock, pool: c, seqs: j.Plan.Sequences(j.Seed), metrics: load.NewMetrics(j.Shape),
		observer: o}
	if j.Schema {
		r.listener = conform.Listen(c.first.Protocol(), c.first.Descriptions())
	}
	if r.recorder, err = newRecorder(j.History, j.Keep, j.Sample, j.Redact); err != nil {
		return nil, err
	}
	c.recordTo(r.recorder.add)
	if r.begin, err = j.begins(ctx, clock); err != nil {
		return nil, err
	}
	if r.shard = j.sharded(clock, r.begin); r.shard != nil {
		r.metrics.Split()
	}
	j.tell(o, scenariodrive.Event{Server: j.Profile.Name, Now: clock.Now(), Begin: r.begin, Calls: j.Expected(),
		End: r.begin + j.Length})
	processes := c.processes()
	if process != nil {
		processes = append(processes, process)
	}
	r.watch = watchServer(clock, r.begin, processes, r.pacing.done.Load)
	err = r.stream(ctx, drain)
	r.watch.end()
	scenariodrive.Sent(r.shard, clock)
	err = r.endedBy(err)
	c.close() // that is recorded too
	if closeErr := r.recorder.close(); closeErr != nil {
		return nil, closeErr
	}
	return r, err
}

// settle finds the call where nobody named one, and tries it once.
func (j *Job) settle(ctx context.Context, c *sessionPool) error {
	if !j.Unnamed {
		return nil
	}
	j.Unnamed = false // all trials of a search send the same
	j.Options.Now = c.options.Now
	known := len(c.first.Handshake())
	trial, err := j.SettleCall(ctx, c.first)
	c.mu.Lock()
	c.keep(c.first.Handshake()[known:]...)
	c.keep(trial...)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	call := j.Profile.Call
	j.Plan, err = load.Single(call.Method, call.Tool, call.Arguments)
	return err
}

// knowsTools refuses tools that the server doesn't have, before any load.
func (j *Job) knowsTools(s *wire.Session) error {
	for _, e := range j.Plan.Entries {
		for _, step := range e.Steps {
			if err := j.KnowsTool(s, step.Tool); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream sends everything, and waits for the replies.
func (r *run) stream(ctx context.Context, drain <-chan struct{}) error {
	abort := make(chan struct{})
	stop := either(drain, abort)
	defer stop.release()
	r.window = newWindow(r, abort)
	defer r.window.end()
	clock, target, done := r.engine(stop.c)
	defer done()
	cfg := runner.Config{MaxInFlight: r.MaxInFlight, GiveUp: r.givesUp(), Drain: stop.c, Observe: r.saw}
	dues := r.endless
	if r.Shape.Max {
		cfg.Closed, cfg.MaxInFlight = true, r.Connections
	} else {
		dues = r.Dues()
	}
	arrivals := r.Plan.Share(dues, r.Split(r.pool.names), r.Seed)
	opening, quit := context.WithCancel(ctx)
	defer func() { quit(); r.pool.reopening.Wait() }()
	r.forgotten = func(client string) { r.pool.reopen(opening, client) }
	r.machine = watchMachine(r.clock)
	defer r.machine.end()
	r.self.begin(r.clock)
	err := runner.Stream(ctx, clock, target, runner.From(r.begin, arrivals), cfg)
	r.self.end(r.clock)
	return err
}

// endless are the due instants of a closed loop: now, until the time is up.
func (r *run) endless(yield func(time.Duration) bool) {
	for r.clock.Now() < r.begin+r.Length {
		if !yield(0) {
			return
		}
	}
}

// patience is how many calls in a row must break for the server to be gone:
// about two seconds' worth, so that one that restarts is still there.
func (r *run) patience() int {
	const least = 100
	if r.Shape.Max {
		return 10 * max(least, r.Connections)
	}
	return max(least, int(2*r.Shape.Peak(r.Length)))
}

// echoed looks if a reply is its own request's.
func (r *run) echoed(c *history.Call, result []byte) {
	if !r.Echo || c.Outcome != history.OK || !load.HasNonce(c.Arguments) {
		return
	}
	r.checked.Add(1)
	switch load.EchoOf(c.Arguments, result) {
	case load.Crossed:
		r.crossed.Add(1)
		c.Outcome, c.Detail = history.Broken, "the reply holds another request's nonce"
	case load.Missing:
		r.missing.Add(1)
	}
}

// saw takes in a call that has ended.
func (r *run) saw(c history.Call) {
	r.pacing.done.Add(1)
	if r.Echo && c.Outcome == history.OK && load.HasNonce(c.Arguments) {
		r.asked.Add(1)
	}
	if r.listener != nil && c.Code != 0 && (c.Outcome == history.Limited || c.Outcome == history.Rejected) {
		r.listener.HearError(c.Method, c.Code)
	}
	if r.Schema && c.Outcome == history.OK && conform.Heard(r.pool.first.Protocol(), c.Method) {
		r.shaped.Add(1)
	}
	if c.Outcome == history.Unsent && c.Detail == runner.Full {
		r.full.Add(1)
	}
	r.blame(&c)
	if r.pool.forgotten(&c) {
		r.forgotten(c.Client)
	}
	r.recorder.add(c)
	if r.observer != nil {
		r.observer.Saw(r.Profile.Name, c)
	}
	if c.Outcome == history.Unknown && strings.HasPrefix(c.Detail, wire.OurLimit) || r.lacked.saw(&c) {
		c.Outcome = history.Unsent // for what is measured: nothing came of it for a reason of ours
	}
	c.Due, c.Sent, c.Received = c.Due-r.begin, c.Sent-r.begin, c.Received-r.begin
	r.metrics.Add(c)
	r.window.add(c)
}

// blame notes what of a call that has ended may be our own doing.
func (r *run) blame(c *history.Call) {
	if r.Shape.Max && c.Outcome != history.Unsent {
		r.ending.Add(int64(max(0, r.clock.Now()-c.Received)))
	}
	if !r.machine.touched(c.Due, c.Received) {
		return
	}
	switch c.Outcome {
	case history.TimedOut, history.Broken:
		if r.machine.spoilt(c.Due, c.Received) {
			r.spoilt.Add(1)
		}
	case history.Unsent, history.ClosedIdle:
	default:
		r.touched.Add(1)
	}
}

// endedBy notes why a run ended; what isn't a reason of the run is an error.
func (r *run) endedBy(err error) error {
	r.ended = r.begin + r.Length
	if r.window.aborted != "" {
		r.stopped = "--abort-on " + r.window.aborted
	}
	switch {
	case err == nil:
	case errors.Is(err, runner.ErrGone):
		r.gone, r.stopped = true, fmt.Sprintf("the server stopped answering: %d calls in a row broke", r.patience())
	case r.stopped != "":
	case errors.Is(err, runner.ErrDrained):
		r.stopped = load.Interrupted
	case errors.Is(err, context.Canceled):
		r.stopped = load.Interrupted + " twice: calls in flight were given up"
	default:
		return err
	}
	if r.stopped != "" {
		r.ended = max(r.begin, min(r.ended, r.pacing.last())) // it may have ended before it began
	}
	if status, exited := r.watch.exited(); exited {
		r.gone, r.stopped = true, "the server's process ended during the run: "+status
	}
	return nil
}

// seconds is how long requests were due.
func (r *run) seconds() float64 { return (r.ended - r.begin).Seconds() }

// pacing is a Target that measures how late we hand requests over: our own
// fault, and nobody else's. What waits for a connection after that is the
// server's, or of too few connections.
type pacing struct {
	inner  runner.Target
	clock  runner.Clock
	closed bool

	sent, done atomic.Int64
	peak       int64
	handed     time.Duration
	late       load.Histogram
}

// Send implements runner.Target. It is called from one goroutine.
func (p *pacing) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	if p.closed {
		p.handed = a.Due // the instant at which it was handed over
	} else {
		p.handed = p.clock.Now()
		p.late.Record(p.handed - a.Due)
	}
	p.peak = max(p.peak, p.sent.Add(1)-p.done.Load())
	p.inner.Send(ctx, a, done)
}

// last is when the last request was handed over, on the clock.
func (p *pacing) last() time.Duration { return p.handed }

// eitherOf is a channel that closes once one of two does.
type eitherOf struct {
	c    chan struct{}
	quit chan struct{}
	wg   sync.WaitGroup
}

func either(a, b <-chan struct{}) *eitherOf {
	e := &eitherOf{c: make(chan struct{}), quit: make(chan struct{})}
	e.wg.Go(func() {
		select {
		case <-a:
			close(e.c)
		case <-b:
			close(e.c)
		case <-e.quit:
		}
	})
	return e
}

func (e *eitherOf) release() { close(e.quit); e.wg.Wait() }

// cores is how many processors there are for us.
func cores() int { return runtime.GOMAXPROCS(0) }
