package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
)

// A loadReport is what came of a load.
type loadReport struct {
	server results.Server
	waited *load.Histogram
	spool  *history.Spool // the calls; nil where they aren't kept
	nodata string         // a threshold that no call matched
}

// explain turns why nothing could be measured into what a user is told.
func (l *loadJob) explain(err error) error {
	var dial *wire.DialError
	if !errors.As(err, &dial) {
		return err
	}
	advice := dial.Hint
	if l.Options.HTTP2 && (dial.Kind == wire.Lost || dial.Kind == wire.Protocol || advice == "") {
		advice = "does the server speak HTTP/2? --http 1.1 is the default"
	}
	if dial.Kind == wire.Auth {
		advice = "give credentials with --bearer-env NAME, or a header such as --header 'Authorization: Bearer $NAME'"
	}
	if l.Options.Proxy != nil && advice == "" {
		advice = "is the proxy there that --proxy names, and may it reach the server?"
	}
	return hint.New(errors.New(dial.Sentence()), advice)
}

// A loadRun is one run of a load, while it goes on.
type loadRun struct {
	*loadJob
	clock   runner.Clock
	crew    *crew
	seqs    *load.Sequences
	metrics *load.Metrics
	begin   time.Duration // on the clock
	ended   time.Duration // when sending ended, likewise
	watch   *loadWatch
	self    self
	tape    *tape
	board   func(history.Call)
	window  *loadWindow

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
	crossed   atomic.Int64
	missing   atomic.Int64
	stopped   string // why it ended before its time
	gone      bool   // because the server was
}

// carryOut makes the server ready, and runs the load, or a search of many.
func (l *loadJob) carryOut(ctx context.Context, p *progress, drain <-chan struct{}) (loadReport, error) {
	process, stop, err := l.Ready(ctx)
	defer stop()
	if err != nil {
		return loadReport{}, err
	}
	if l.find != nil {
		return l.search(ctx, process, p, drain)
	}
	r, err := l.once(ctx, process, p, drain)
	if err != nil {
		return loadReport{}, err
	}
	return r.report()
}

// once runs the load one time.
func (l *loadJob) once(ctx context.Context, process *wire.Process, p *progress, drain <-chan struct{}) (*loadRun, error) {
	clock := runner.NewClock()
	note := func(text string) { p.board.Note(l.Profile.Name, text) }
	note("connecting")
	c, err := l.hire(ctx, clock, drain, note)
	defer c.dismiss()
	if err != nil {
		return nil, err
	}
	if err := l.knowsTools(c.first); err != nil {
		return nil, err
	}
	r := &loadRun{loadJob: l, clock: clock, crew: c, seqs: l.plan.Sequences(l.Seed), metrics: load.NewMetrics(l.shape),
		board: func(call history.Call) { p.board.Saw(l.Profile.Name, call) }}
	if r.tape, err = newTape(l.history, l.keep, l.sample, l.redact); err != nil {
		return nil, err
	}
	c.recordTo(r.tape.add)
	const breath = 20 * time.Millisecond
	r.begin = clock.Now() + breath
	p.board.Expect(live.Server{Name: l.Profile.Name, Began: time.Now().Add(-clock.Now()),
		Stages: []live.Stage{{Name: load.Label, Calls: l.expected(), End: r.begin + l.length}}})
	processes := c.processes()
	if process != nil {
		processes = append(processes, process)
	}
	r.watch = watchServer(clock, r.begin, processes)
	err = r.stream(ctx, drain)
	r.watch.end()
	err = r.endedBy(err)
	c.dismiss() // that is recorded too
	if closeErr := r.tape.close(); closeErr != nil {
		return nil, closeErr
	}
	return r, err
}

// knowsTools refuses tools that the server doesn't have, before any load.
func (l *loadJob) knowsTools(s *wire.Session) error {
	for _, e := range l.plan.Entries {
		for _, step := range e.Steps {
			if err := l.KnowsTool(s, step.Tool); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream sends everything, and waits for the replies.
func (r *loadRun) stream(ctx context.Context, drain <-chan struct{}) error {
	abort := make(chan struct{})
	stop := either(drain, abort)
	defer stop.release()
	r.window = newLoadWindow(r, abort)
	defer r.window.end()
	clock, target, done := r.engine(stop.c)
	defer done()
	cfg := runner.Config{MaxInFlight: r.maxInFlight, GiveUp: r.patience(), Drain: stop.c, Observe: r.saw}
	dues := r.endless
	if r.shape.Max {
		cfg.Closed, cfg.MaxInFlight = true, r.connections
	} else {
		dues = r.dues()
	}
	arrivals := r.plan.Arrivals(dues, r.crew.names, r.Seed)
	opening, quit := context.WithCancel(ctx)
	defer func() { quit(); r.crew.reopening.Wait() }()
	r.forgotten = func(client string) { r.crew.reopen(opening, client) }
	r.machine = watchMachine(r.clock)
	defer r.machine.end()
	r.self.begin(r.clock)
	err := runner.Stream(ctx, clock, target, runner.From(r.begin, arrivals), cfg)
	r.self.end(r.clock)
	return err
}

// endless are the due instants of a closed loop: now, until the time is up.
func (r *loadRun) endless(yield func(time.Duration) bool) {
	for r.clock.Now() < r.begin+r.length {
		if !yield(0) {
			return
		}
	}
}

// patience is how many calls in a row must break for the server to be gone:
// about two seconds' worth, so that one that restarts is still there.
func (r *loadRun) patience() int {
	const least = 100
	if r.shape.Max {
		return 10 * max(least, r.connections)
	}
	return max(least, int(2*r.shape.Peak(r.length)))
}

// echoed looks if a reply is its own request's.
func (r *loadRun) echoed(c *history.Call, result []byte) {
	if !r.echo || c.Outcome != history.OK || !load.HasNonce(c.Arguments) {
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
func (r *loadRun) saw(c history.Call) {
	r.pacing.done.Add(1)
	if r.echo && c.Outcome == history.OK && load.HasNonce(c.Arguments) {
		r.asked.Add(1)
	}
	if c.Outcome == history.Unsent && c.Detail == runner.Full {
		r.full.Add(1)
	}
	r.blame(&c)
	if r.crew.forgotten(&c) {
		r.forgotten(c.Client)
	}
	r.tape.add(c)
	r.board(c)
	if c.Outcome == history.Unknown && strings.HasPrefix(c.Detail, wire.OurLimit) || r.lacked.saw(&c) {
		c.Outcome = history.Unsent // for what is measured: nothing came of it for a reason of ours
	}
	c.Due, c.Sent, c.Received = c.Due-r.begin, c.Sent-r.begin, c.Received-r.begin
	r.metrics.Add(c)
	r.window.add(c)
}

// blame notes what of a call that has ended may be our own doing.
func (r *loadRun) blame(c *history.Call) {
	if r.shape.Max && c.Outcome != history.Unsent {
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
func (r *loadRun) endedBy(err error) error {
	r.ended = r.begin + r.length
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
		r.ended = min(r.ended, r.pacing.last())
	}
	if status, exited := r.watch.exited(); exited {
		r.gone, r.stopped = true, "the server's process ended during the run: "+status
	}
	return nil
}

// seconds is how long requests were due.
func (r *loadRun) seconds() float64 { return (r.ended - r.begin).Seconds() }

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
