package wire

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Pipeline carries the calls of sessions over stdio without a goroutine, a
// timer or a channel for each: requests that are there at the same time are
// written together, and the goroutine that reads a reply ends its call. It
// implements runner.Target, and says of a call what Exchange says.
type Pipeline struct {
	lanes map[string]*pipe
	quit  chan struct{}
	wg    sync.WaitGroup
}

// sweepEvery is how often calls are looked at that may have timed out.
const sweepEvery = 5 * time.Millisecond

// A pipe is a session of a pipeline.
type pipe struct {
	s        *Session
	link     *stdioLink
	template *template
	late     context.Context
	read     func(c *history.Call, result []byte) // may be nil

	mu    sync.Mutex
	ctx   context.Context // of the latest call
	order []*piped        // in the order of their time-outs, as far as not swept
}

// A piped is a call under way.
type piped struct {
	pipe  *pipe
	call  history.Call
	done  func(history.Call)
	start time.Duration
	sent  atomic.Int64 // 0: not written yet
	ended atomic.Bool
	line  []byte
}

// NewPipeline returns a pipeline for sessions over stdio, at least one. For
// others the error is errors.ErrUnsupported. Of the configuration Read counts,
// which is called on the goroutines that read, one a session.
func NewPipeline(sessions []*Session, cfg LoopConfig) (*Pipeline, error) {
	p := &Pipeline{lanes: map[string]*pipe{}, quit: make(chan struct{})}
	late, lapse := context.WithCancelCause(context.Background())
	lapse(errTimeout)
	for _, s := range sessions {
		link, ok := s.link.(*stdioLink)
		if !ok {
			return nil, unsuited("the transport is " + string(s.transport))
		}
		link.plain.Store(&plainLook{modern: s.era.Load().stateless, soft: s.o.Refusal.Text != nil})
		t := newTemplate(s, &url.URL{Path: "/"}, nil)
		p.lanes[s.o.Client] = &pipe{s: s, link: link, template: t, late: late, read: cfg.Read}
	}
	p.wg.Go(p.sweep)
	return p, nil
}

// Send implements runner.Target. It is called from one goroutine.
func (p *Pipeline) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	ln, ok := p.lanes[a.Client]
	if !ok {
		panic(fmt.Sprintf("wire: internal error: no session for client %q", a.Client))
	}
	if a.Method == "" && a.Tool != "" {
		a.Method = methodCall
	}
	if strings.HasPrefix(a.Method, "notifications/") || ln.s.closed.Load() || ctx.Err() != nil {
		p.wg.Go(func() { done(ln.s.Exchange(ctx, a)) })
		return
	}
	c := &piped{pipe: ln, call: history.Call{Arrival: a, ID: ln.s.lastID.Add(1)}, done: done, start: ln.link.now()}
	var err error
	if c.line, err = ln.template.line(make([]byte, 0, 256), c.call.ID, a.Method, a.Tool, a.Arguments); err != nil {
		c.call.Sent, c.call.Received, c.call.Outcome = c.start, c.start, history.Unsent
		c.call.Detail = ln.s.clean.clean(excerpt([]byte(err.Error())))
		done(c.call)
		return
	}
	if down := ln.link.box.await(c.call.ID, waiter{call: c.arrived}); down != nil {
		c.end(answer{received: c.start, fault: down})
		return
	}
	ln.mu.Lock()
	ln.ctx = ctx
	ln.order = append(ln.order, c)
	ln.mu.Unlock()
	ln.link.pile.add(c)
}

// arrived ends a call with what came for it.
func (c *piped) arrived(d delivery) {
	if d.plain {
		c.ended.Store(true)
		c.call.Sent, c.call.Received, c.call.Outcome = cmp.Or(time.Duration(c.sent.Load()), c.start), d.at, history.OK
		if c.pipe.read != nil {
			c.pipe.read(&c.call, d.result)
		}
		c.done(c.call)
		return
	}
	c.end(answer{reply: d.reply, received: d.at, fault: d.fault})
}

// end judges a call and tells what came of it.
func (c *piped) end(a answer) {
	c.ended.Store(true)
	a.sent = c.start
	if at := c.sent.Load(); at != 0 {
		a.sent, a.wrote = time.Duration(at), true
	}
	c.pipe.s.judge(&c.call, a, false)
	if a.reply != nil && c.pipe.read != nil {
		c.pipe.read(&c.call, a.reply.result)
	}
	c.done(c.call)
}

// sweep ends calls that have timed out, or whose context has ended.
func (p *Pipeline) sweep() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
		}
		for _, ln := range p.lanes {
			for _, c := range ln.overdue() {
				c.giveUp()
			}
		}
	}
}

// overdue takes the calls that are to be given up out of the order, and those
// that have ended at its front.
func (ln *pipe) overdue() (list []*piped) {
	now := ln.link.now()
	ln.mu.Lock()
	defer ln.mu.Unlock()
	n := 0
	for n < len(ln.order) {
		c := ln.order[n]
		if !c.ended.Load() {
			if ln.ctx.Err() == nil && now < c.start+ln.s.o.Timeout {
				break
			}
			list = append(list, c)
		}
		n++
	}
	ln.order = append(ln.order[:0], ln.order[n:]...)
	return list
}

// giveUp ends a call that got no reply, and tells the server so.
func (c *piped) giveUp() {
	ln := c.pipe
	if !ln.link.box.forget(c.call.ID) {
		return // the reply was faster
	}
	why := ln.late
	ln.mu.Lock()
	if ln.ctx.Err() != nil && ln.link.now() < c.start+ln.s.o.Timeout {
		why = ln.ctx
	}
	ln.mu.Unlock()
	f := gaveUp(why)
	c.ended.Store(true) // see writePile
	wrote := c.sent.Load() != 0
	if f.kind == TimedOut && !wrote {
		f.detail = neverWritten
	}
	method, id := c.call.Method, c.call.ID
	c.end(answer{received: ln.link.now(), fault: f})
	if wrote && method != methodInitialize {
		ln.link.wg.Go(func() { ln.link.hand(cancelledLine(id)) })
	}
}

// Close ends the pipeline, but not its sessions. Calls must have ended.
func (p *Pipeline) Close() {
	close(p.quit)
	p.wg.Wait()
}

// A pile holds calls that are to be written together.
type pile struct {
	mu    sync.Mutex
	calls []*piped
	spare []*piped
	text  []byte
	ready chan struct{}
}

func newPile() pile { return pile{ready: make(chan struct{}, 1)} }

func (p *pile) add(c *piped) {
	p.mu.Lock()
	p.calls = append(p.calls, c)
	first := len(p.calls) == 1
	p.mu.Unlock()
	if first {
		select {
		case p.ready <- struct{}{}:
		default:
		}
	}
}

// writePile writes what has piled up, in one piece.
func (l *stdioLink) writePile() error {
	p := &l.pile
	p.mu.Lock()
	calls := p.calls
	p.calls = p.spare[:0]
	p.mu.Unlock()
	p.text = p.text[:0]
	at := max(int64(l.now()), 1)
	for _, c := range calls {
		// In this order, as giveUp has the other one: either it knows that the
		// call was sent, or we that it was given up.
		c.sent.Store(at)
		if !c.ended.Load() {
			p.text = append(p.text, c.line...)
		}
	}
	clear(calls)
	p.spare = calls
	if len(p.text) == 0 {
		return nil
	}
	_, err := l.process.stdin.Write(p.text)
	return err
}
