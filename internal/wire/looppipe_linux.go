package wire

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// A pipe is a child's stdin and stdout on a loop. Many calls share it: requests
// that are there at the same time are written together, and replies that have
// come are read together. The plain path's mailbox knows who waits for what,
// and takes every line that isn't the reply that nearly all calls get.
type pipe struct {
	watched // stdout, until it ends
	loop    *Loop
	link    *stdioLink
	lane    *lane
	room    room // stdin, while it is full
	stdin   int  // descriptor
	over    bool // stdout has ended
	deaf    bool // stdin is closed
	listed  bool // in Loop.full

	queue  []outgoing // to be written, from queued on; what is gone is left empty
	queued int
	bytes  int      // of the calls in the queue
	text   []byte   // what is being written
	rest   []byte   // of a line that was begun
	begun  *carried // that line, where it isn't a call's
}

// attend implements source: it reads what the child has written.
func (p *pipe) attend(l *Loop, _ uint32) time.Duration {
	n, errno := readPipe(p.fd, l.buf)
	at := l.now()
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
	case errno != 0:
		p.ended(at, os.NewSyscallError("read", errno))
	case n == 0:
		p.ended(at, io.EOF)
	default:
		p.took(l.buf[:n], at)
	}
	return at
}

// took takes what was read.
func (p *pipe) took(data []byte, at time.Duration) {
	for len(data) > 0 {
		line, rest, whole := p.link.lines.next(data)
		if !whole {
			return
		}
		data = rest
		if id, result, ok := anySuccess(line, p.lane.modern, p.lane.soft); ok {
			if q := p.link.box.pick(id); q != nil {
				p.success(q, result, at)
				continue
			}
		}
		p.link.line(line, at)
	}
}

// success ends a call whose reply says that all went well.
func (p *pipe) success(q *pending, result []byte, at time.Duration) {
	p.withdraw(q)
	if !q.stamped {
		q.call.Sent = q.start
	}
	q.call.Received, q.call.Outcome = at, history.OK
	if p.loop.cfg.Read != nil {
		p.loop.cfg.Read(&q.call, result)
	}
	p.loop.finish(q)
}

// pick returns the call of a loop that waits for the response to a request,
// and then waits no more. It is nil where there is none.
func (b *mailbox) pick(id int64) *pending {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.waiting[id].(*pending)
	if ok {
		delete(b.waiting, id)
	}
	return p
}

// take implements waiter. A fault comes from a goroutine, a reply from the loop
// itself.
func (p *pending) take(d delivery) {
	a := answer{reply: d.reply, received: d.at, fault: d.fault}
	if d.fault == nil {
		p.lane.pipe.conclude(p, a)
		return
	}
	// It is there: it is closed only once all calls have ended.
	p.lane.pipe.loop.ring(func() { p.lane.pipe.conclude(p, a) })
}

// conclude ends a call with what came of it.
func (p *pipe) conclude(q *pending, a answer) {
	p.withdraw(q)
	p.loop.conclude(q, a)
}

// giveUp ends a call that got no reply, for the reason of a context that has
// ended, and tells the server so.
func (p *pipe) giveUp(q *pending, why context.Context) {
	if !p.link.box.forget(q.call.ID) {
		p.loop.calls.remove(q) // what came of it is in the inbox
		return
	}
	f := p.link.gaveUp(why, q.stamped)
	id, tell := q.call.ID, q.stamped && q.call.Method != methodInitialize
	p.conclude(q, answer{received: p.loop.now(), fault: f})
	if tell {
		p.link.wg.Go(func() { p.link.hand(cancelledLine(id), p.link.aside) })
	}
}

// ended takes the end of stdout.
func (p *pipe) ended(at time.Duration, err error) {
	p.stop()
	p.link.line(p.link.lines.end(), at)
	p.link.eof.reached()
	// On the side: it waits for the child's exit.
	p.link.wg.Go(func() { p.link.shut(&fault{Lost, "the server closed its stdout", err}) })
}

// send has a call's line written, and its reply awaited.
func (p *pipe) send(q *pending) {
	if down := p.link.box.await(q.call.ID, q); down != nil {
		p.loop.conclude(q, answer{received: q.start, fault: down})
		return
	}
	q.waiting = true
	p.bytes += len(q.out)
	p.push(outgoing{call: q})
}
