package wire

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// How a loop waits.
const (
	maxNap    = 5 * time.Millisecond   // after which it looks if somebody ended the run
	pollEvery = 100 * time.Microsecond // at least, also while every arrival is overdue
	spinFor   = 80 * time.Microsecond  // before an instant that was slept for: the kernel wakes us that late at times
	maxEvents = 64

	// A goroutine that never yields makes Go's watcher of such ones wake 2,000
	// times a second, which costs more than to yield. That is done only where no
	// instant is waited for: where others keep the processors, it takes long.
	yieldEvery = 5 * time.Millisecond
	readBuffer = readSize
)

// A Loop is a fast path for the calls of sessions whose handshake is over. It
// implements runner.Clock and runner.Target, for one run at a time: Wait, Poll
// and Send are called on one goroutine, which Hold gives a thread of its own.
// Replies are read, and done is called, in any of the three. Calls end with
// the context of the latest Send.
type Loop struct {
	route
	cfg    LoopConfig
	lanes  map[string]*lane
	forms  map[string]*template // of requests, by what they depend on
	latest [2]*template         // of those
	ctx    context.Context      // of the latest Send
	late   context.Context      // has ended, because of a time-out

	epoll, bell int // descriptors
	events      [maxEvents]unix.EpollEvent
	news        uint32 // what epoll tells of a connection
	ready, next int    // events that were got, and the next one to be handled
	polled      time.Duration
	yielded     time.Duration
	noPwait2    bool
	spec        unix.Timespec
	alone       bool // there is one processor for all goroutines
	spins       bool // the instant waited for is near
	asleep      atomic.Bool
	buf         []byte
	scratch     []byte
	head        head // of the latest reply
	headText    []byte

	sources []source // by the number that epoll knows them by; nil where there is none
	vacant  []int    // numbers in sources without one
	ages    int32    // of the newest source

	idle     []*conn // the one used last is the last
	open     int     // connections, and those being opened; without those beside
	beside   []*conn // idle ones that carry no calls
	parts    bool    // the server ends connections, so that each is looked at before it is used again
	partings partings
	dials    int // those being opened

	pipes []*pipe
	full  []*pipe // those with something to write

	free   *pending   // calls to be used again
	calls  dueList    // in flight, by their time-out
	queue  []*pending // waiting for a connection, from queued on
	queued int

	clients map[string]*loopClient // whose sessions are renewed; nil: none are
	moving  int                    // sessions that are being opened or ended
	over    bool                   // no session is needed any more

	streams  *stream   // to be used again
	trailing []trailer // streams that go on after their response, from trailed on
	trailed  int

	life   context.Context
	end    context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	inbox  []func() // from goroutines, to be called on the loop's
	closed bool
}

// A source is what epoll tells of: a connection, or an end of a pipe.
type source interface {
	// attend handles an event, and returns an instant at its end.
	attend(l *Loop, events uint32) time.Duration
	// born is the age of the source, which tells those of one number apart.
	born() int32
}

// A watched is how epoll knows a source.
type watched struct {
	fd     int
	number int // in Loop.sources
	age    int32
}

func (w *watched) born() int32 { return w.age }

// NewLoop returns a loop for sessions with one server, at least one. Where it
// is errors.ErrUnsupported, their Exchange is the way to go.
func NewLoop(sessions []*Session, cfg LoopConfig) (*Loop, error) {
	r, err := routeOf(sessions)
	if err != nil {
		return nil, err
	}
	if cfg.Conns <= 0 {
		cfg.Conns = DefaultMaxConns
	}
	l := &Loop{route: r, cfg: cfg, lanes: make(map[string]*lane, len(sessions)), forms: map[string]*template{},
		ctx: context.Background(), buf: make([]byte, readBuffer),
		alone: runtime.GOMAXPROCS(0) == 1}
	l.news = readable
	if r.network == "tcp" {
		l.news |= unix.EPOLLET
	}
	late, lapse := context.WithCancelCause(context.Background())
	lapse(errTimeout)
	l.late = late
	l.life, l.end = context.WithCancel(context.Background())
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("wire: no epoll: %w", err)
	}
	if l.bell, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err == nil {
		err = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.bell, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1})
	}
	if err != nil {
		_ = unix.Close(l.epoll) // nothing was done with it
		return nil, fmt.Errorf("wire: no eventfd: %w", err)
	}
	if sessions[0].transport != Stdio {
		l.addLanes(sessions)
		if cfg.Renew == nil {
			return l, nil
		}
		if err := l.addClients(); err != nil {
			l.Close()
			return nil, err
		}
		return l, nil
	}
	if cfg.Renew != nil {
		l.Close()
		return nil, unsuited("a session is a process")
	}
	if err := l.addPipes(sessions); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Hold implements runner.Holder.
func (l *Loop) Hold() (release func()) { return HoldThread() }

// HoldThread locks the goroutine to its thread, and has the kernel wake that as
// exactly as it can, until it is released. Linux only.
func HoldThread() (release func()) {
	runtime.LockOSThread()
	// Where it isn't granted, wake-ups are 50 µs later.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // 0: the default
		runtime.UnlockOSThread()
	}
}

// Now implements runner.Clock.
func (l *Loop) Now() time.Duration { return l.now() }

// Wait implements runner.Clock. It reads replies until an instant.
func (l *Loop) Wait(ctx context.Context, until time.Duration, wake <-chan struct{}) error {
	l.spins = false
	for {
		l.flush()
		now := l.now()
		l.expire(now)
		if until == math.MaxInt64 && now-l.yielded > yieldEvery {
			runtime.Gosched()
			l.yielded = now
		}
		if l.next == l.ready {
			l.poll(now, l.nap(now, until), wake)
		}
		l.handle(until)
		select {
		case <-wake:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if l.now() >= until {
			return nil
		}
	}
}

// nap is how long the kernel may let us sleep. It is none for a little while
// before an instant, if there was time to sleep until then: that costs less than
// a tenth of a processor at a thousand instants a second, and nothing where they
// come too close for it.
func (l *Loop) nap(now, until time.Duration) time.Duration {
	d := min(until-now, maxNap)
	switch {
	case until-now > 2*spinFor:
		d, l.spins = min(until-now-spinFor, maxNap), true
	case l.spins:
		return 0
	}
	if p := l.calls.first; p != nil {
		d = min(d, p.due-now)
	}
	if at, ok := l.trailEnds(); ok {
		d = min(d, at-now)
	}
	return max(d, 0)
}

// Poll implements runner.Poller: it writes what there is to write and reads what
// replies there are, if that is due.
func (l *Loop) Poll(now time.Duration) (took bool) {
	if now-l.polled < pollEvery {
		return false
	}
	l.flush()
	l.expire(now)
	if l.next == l.ready {
		l.poll(now, 0, nil)
	}
	l.handle(now + pollEvery)
	return true
}

// Wake implements runner.Poller. It costs next to nothing while nobody sleeps.
func (l *Loop) Wake() {
	if l.asleep.Load() {
		l.ring(func() {})
	}
}

// poll asks the kernel for events, and waits for them for at most d. While it
// waits, Go may use the processor for other goroutines.
func (l *Loop) poll(now, d time.Duration, wake <-chan struct{}) {
	l.polled = now
	l.ready, l.next = 0, 0
	if n := l.pollNow(); n > 0 || d <= 0 {
		l.ready = n
		return
	}
	// Whoever makes wake ready looks at asleep after that, we before.
	l.asleep.Store(true)
	if len(wake) == 0 {
		l.ready = l.pollFor(d)
	}
	l.asleep.Store(false)
	l.polled = l.now()
}

// handle handles events until an instant, or all.
func (l *Loop) handle(until time.Duration) {
	for l.next < l.ready {
		e := &l.events[l.next]
		l.next++
		if e.Fd < 0 {
			l.answerBell()
			continue
		}
		// A number may have a new source by now.
		if s := l.sources[e.Fd]; s != nil && s.born() == e.Pad {
			if s.attend(l, e.Events) >= until {
				return
			}
		}
	}
}

// ring has a function called on the loop's goroutine. It may be called from
// any goroutine. It reports if the loop is still there.
func (l *Loop) ring(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.inbox = append(l.inbox, f)
	// It fails only where the counter is full, and then the bell rings anyhow.
	_, _ = unix.Write(l.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return true
}

// Do has a function called on the goroutine on which Send may be called. It may
// be called from any goroutine, and reports if the function will be called.
func (l *Loop) Do(f func()) bool { return l.ring(f) }

// answerBell calls what was left in the inbox.
func (l *Loop) answerBell() {
	var count [8]byte
	_, _ = unix.Read(l.bell, count[:]) // how often it was rung doesn't matter
	l.mu.Lock()
	calls := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// Close closes the connections. Calls under way must have ended.
func (l *Loop) Close() {
	l.settle()
	l.seeTrails()
	l.end()
	l.wg.Wait()
	l.answerBell() // what others want to be written
	for _, p := range l.pipes {
		p.giveBack()
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.answerBell() // connections that were still being opened, and what came too late
	for _, s := range l.sources {
		if c, ok := s.(*conn); ok {
			l.drop(c)
		}
	}
	_, _ = unix.Close(l.epoll), unix.Close(l.bell) // nothing is left in them
}

// Send implements runner.Target.
func (l *Loop) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	l.ctx = ctx
	if l.clients != nil {
		l.sendRenewed(a, done)
		return
	}
	ln, ok := l.lanes[a.Client]
	if !ok {
		panic(fmt.Sprintf("wire: internal error: no session for client %q", a.Client))
	}
	l.sendOn(ln, a, done)
}

// dial opens a connection on the side, in a way that gives the same errors as
// the plain path's. It is for a call, which hears of it if there is none.
func (l *Loop) dial(p *pending) {
	l.open++
	l.dials++
	turn := p.turn
	l.wg.Go(func() {
		begin := l.now()
		c, err := dialerOf(l.timeout, l.source).DialContext(l.life, l.network, l.addr)
		took := l.now() - begin
		l.ring(func() { l.dialled(p, turn, c, err, took) })
	})
}
