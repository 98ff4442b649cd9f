package drive

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
)

// A sessionPool is the sessions of one load, and what they cost to set up.
type sessionPool struct {
	names    []string
	target   runner.Sessions
	fetchers map[string]runner.Fetcher
	first    *wire.Session
	conns    *wire.Conns // nil where the transport has none

	options   wire.Options
	named     bool                   // sessions have ids, which a server may forget
	slots     map[string]*clientSlot // of clients whose sessions stay
	moved     func(s *wire.Session)  // told of a client's new session; nil where nobody is
	opening   chan struct{}          // sessions being opened anew
	reopening sync.WaitGroup
	ending    func(context.Context) (context.Context, context.CancelFunc) // how long the end of a session is waited for

	wanted   int           // sessions that were asked for
	starting time.Duration // how long a server's process may take for each step of a session's set-up; 0: there is none
	patient  bool          // what a step may take grows with what was seen

	mu         sync.Mutex
	slowest    time.Duration   // set-up so far
	missed     int             // sessions that could not be opened before the run
	why        string          // the first one
	sessions   []*wire.Session // open ones
	handshakes []history.Call
	setup      load.Histogram
	connect    load.Histogram
	secure     load.Histogram
	firstByte  load.Histogram
	delay      load.Histogram // from requests of the server to our answers
	streamEnd  load.Histogram
	streams    wire.StreamCount // of sessions that are closed
	twice      int64            // calls that were answered more than once
	repeated   int64            // calls that were made once more, since their connection was closed while idle
	shownAnew  int64            // requests that were sent once more with another token
	failed     int64
	reopened   int64
	record     func(history.Call)            // told of set-ups and asides from the run's begin on
	strays     map[wire.StrayKind]wire.Stray // of sessions that are closed, too
	renewed    []*runner.Renewed
	behind     int // processes that servers of ours had left running
}

// dialing is how many sessions are set up at a time: enough to be quick, and
// not so many that the set-up is the load.
const dialing = 32

// openPool opens the sessions, as many of them as can be, and says how far it is. The
// pool must be closed whatever the error is.
func (j *Job) openPool(ctx context.Context, clock runner.Clock, drain <-chan struct{},
	doing func(string)) (*sessionPool, error) {
	c := &sessionPool{names: j.Names(), target: runner.Sessions{}, fetchers: map[string]runner.Fetcher{},
		strays: map[wire.StrayKind]wire.Stray{},
		wanted: j.Part.Count(j.Sessions), patient: j.Patient, starting: j.Starting(), slots: map[string]*clientSlot{},
		opening: make(chan struct{}, dialing), ending: j.Ending}
	o := j.Options
	o.Now = clock.Now
	o.CancelHTTP, o.Aside = true, c.aside
	if o.Transport != wire.Stdio && o.Transport != wire.InProcess {
		c.conns = &wire.Conns{}
		o.Conns = c.conns
	}
	c.options = o
	soft, done := softly(ctx, drain)
	defer done()
	first, err := c.open(soft, o, c.names[0], true)
	if err != nil {
		return c, j.Interrupted(err)
	}
	c.first = first.Session
	o.Idempotent = c.first.Idempotent
	c.options = o
	if err := j.fits(c.first.Transport(), c.first.Listens(), boundsHere()); err != nil {
		return c, err
	}
	c.named = c.first.SessionID() != ""
	opened := c.openRest(soft, drain, doing)
	opened[0] = first
	if err := ctx.Err(); err != nil {
		return c, err
	}
	var names []string
	for i, name := range c.names {
		if opened[i].Session != nil {
			names = append(names, name)
			c.use(j, o, name, opened[i])
		}
	}
	c.names = names
	return c, nil
}

// use puts a client to work, with sessions that end after a number of calls
// where the plan says so.
func (c *sessionPool) use(j *Job, o wire.Options, name string, first pooledSession) {
	if j.Plan.Calls == 0 {
		s := &clientSlot{}
		s.now.Store(&first)
		c.target[name], c.fetchers[name], c.slots[name] = s, s, s
		return
	}
	o = c.renewing(o)
	begun := false
	r := &runner.Renewed{Calls: j.Plan.Calls, Spent: c.forgotten,
		Open: func(ctx context.Context) (runner.Session, error) {
			if !begun {
				begun = true
				return first, nil
			}
			return c.open(ctx, o, name, false)
		}}
	c.renewed = append(c.renewed, r)
	c.target[name], c.fetchers[name] = r, r
}

// renewing are the options of sessions that begin when the first one has found out how.
func (c *sessionPool) renewing(o wire.Options) wire.Options {
	o.Transport, o.Known = c.first.Transport(), !c.first.Stateless()
	return o
}

// renewal has a loop renew sessions, as use has it where there is none.
func (c *sessionPool) renewal(calls int) *wire.Renewal {
	o := c.renewing(c.options)
	return &wire.Renewal{Calls: calls, Spent: c.forgotten,
		Next: func(client string) (wire.Options, func(*wire.Session, error)) { return c.next(o, client, false) },
		Ended: func(s *wire.Session) {
			c.leave(s)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.behind += s.Left()
		}}
}

// A pooledSession is a session of a pool, which hears of its end.
type pooledSession struct {
	*wire.Session
	pool *sessionPool
}

// Close ends the session.
func (m pooledSession) Close(ctx context.Context) error {
	return m.pool.end(ctx, m.Session)
}

// end closes a session, and notes what its server left running.
func (c *sessionPool) end(ctx context.Context, s *wire.Session) error {
	c.leave(s)
	err := s.Close(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind += s.Left()
	return err
}

// open dials one session and notes what that cost.
func (c *sessionPool) open(ctx context.Context, o wire.Options, name string, list bool) (pooledSession, error) {
	o, told := c.next(o, name, list)
	s, err := wire.Dial(ctx, o)
	told(s, err)
	if err != nil {
		return pooledSession{}, err
	}
	return pooledSession{s, c}, nil
}

// next returns the options of one more session, and what is to be told of it.
func (c *sessionPool) next(o wire.Options, name string, list bool) (wire.Options, func(*wire.Session, error)) {
	o.Client, o.ListTools = name, list
	now := o.Now
	begin := now()
	var up atomic.Bool // how long replies to a set-up take is no figure of the load's
	o.Phase = func(p wire.Phase, took time.Duration) {
		if p != wire.FirstByte || up.Load() {
			c.phase(p, took)
		}
	}
	o.Patience = cmp.Or(c.starting, max(c.patience(), cmp.Or(o.Timeout, wire.DefaultTimeout)))
	return o, func(s *wire.Session, err error) {
		up.Store(true)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.keep(target.Opening(s, err)...)
		if err != nil {
			// A session that we gave up says nothing of the server, and the run's first ones
			// are counted elsewhere.
			dial, ok := errors.AsType[*wire.DialError](err)
			if c.record != nil && !(ok && dial.Kind == wire.Cancelled) {
				c.failed++
			}
			return
		}
		took := now() - begin
		c.setup.Record(took)
		c.slowest = max(c.slowest, took)
		c.sessions = append(c.sessions, s)
	}
}

// keep has calls recorded, or keeps them until they are. It needs mu.
func (c *sessionPool) keep(calls ...history.Call) {
	if c.record == nil {
		c.handshakes = append(c.handshakes, calls...)
		return
	}
	for _, call := range calls {
		c.record(call)
	}
}

// aside takes what leaves a session beside its calls.
func (c *sessionPool) aside(call history.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.Kind == history.Answer {
		c.delay.Record(call.Sent - call.Due)
	}
	// it went out once more, for one of two reasons
	if call.Kind == history.Request || call.Kind == history.Notification {
		if call.Outcome == history.ClosedIdle {
			c.repeated++
		} else if call.Status == http.StatusUnauthorized || call.Status == http.StatusForbidden {
			c.shownAnew++
		}
	}
	c.keep(call)
}

// leave takes a session off the list, with what it should not have got.
func (c *sessionPool) leave(s *wire.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, open := range c.sessions {
		if open == s {
			c.sessions[i] = c.sessions[len(c.sessions)-1]
			c.sessions = c.sessions[:len(c.sessions)-1]
			c.note(s)
			return
		}
	}
}

// note adds a session's strays up. It needs mu.
func (c *sessionPool) note(s *wire.Session) {
	c.streams.Add(s.Streams())
	c.twice += s.CallsAnsweredTwice()
	told := map[wire.StrayKind]bool{}
	for _, stray := range s.Strays() {
		if told[stray.Kind] {
			continue // each says how many there were of its kind
		}
		told[stray.Kind] = true
		sum, known := c.strays[stray.Kind]
		if !known {
			sum = wire.Stray{Kind: stray.Kind, Text: stray.Text}
		}
		sum.Count += stray.Count
		c.strays[stray.Kind] = sum
	}
}

// phase takes in how long a part of a request took.
func (c *sessionPool) phase(p wire.Phase, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch p {
	case wire.Connecting:
		c.connect.Record(took)
	case wire.Securing:
		c.secure.Record(took)
	case wire.FirstByte:
		c.firstByte.Record(took)
	case wire.StreamEnd:
		c.streamEnd.Record(took)
	}
}

// report is what it cost to get ready.
func (c *sessionPool) report() results.LoadSetup {
	c.mu.Lock()
	defer c.mu.Unlock()
	return results.LoadSetup{Handshake: c.setup.Quantiles(), Failed: c.failed, Reopened: c.reopened,
		Connect: c.connect.Quantiles(),
		TLS:     c.secure.Quantiles(), FirstByte: c.firstByte.Quantiles()}
}

// client is what was done beside the calls; nil where that is nothing.
func (c *sessionPool) client() *results.LoadClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	delay, n := c.delay.Quantiles(), c.streams
	l := results.LoadClient{Answers: int64(delay.N), Delay: delay, StreamEnd: c.streamEnd.Quantiles(),
		Listened: n.Listened, Ended: n.Ended, Broke: n.Broke, Resumed: n.Resumed, Repeated: c.repeated,
		ShownAnew: c.shownAnew}
	if l == (results.LoadClient{}) {
		return nil
	}
	return &l
}

// processes are those that are ours to speak to.
func (c *sessionPool) processes() []*wire.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*wire.Process
	for _, s := range c.sessions {
		if p := s.Process(); p != nil {
			list = append(list, p)
		}
	}
	return list
}

// close ends every session.
func (c *sessionPool) close() {
	c.reopening.Wait()
	patient, hung := context.WithCancel(context.Background())
	defer hung()
	ended := func(end func(context.Context) error) func() error {
		return func() error {
			ctx, done := c.ending(patient)
			defer done()
			if _ = end(ctx); ctx.Err() != nil { // as of target.End
				hung() // a server that is slow to end one isn't waited for once each
			}
			return nil
		}
	}
	var g errgroup.Group
	for _, r := range c.renewed {
		g.Go(ended(r.Close))
	}
	_ = g.Wait() // nobody returns an error
	c.mu.Lock()
	left := append([]*wire.Session{}, c.sessions...)
	c.mu.Unlock()
	g = errgroup.Group{}
	g.SetLimit(dialing)
	for _, s := range left {
		g.Go(ended(func(ctx context.Context) error { return c.end(ctx, s) }))
	}
	_ = g.Wait() // likewise
	if c.conns != nil {
		c.conns.Close()
	}
}
