package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// A conn is a connection of a loop. It carries one call at a time.
type conn struct {
	watched
	call   *pending
	used   bool // it has carried a call before
	parted bool // the server has ended it, and may have said something before
	since  time.Duration
	idled  bool // it had been idle before this call
	writes bool // epoll watches for room to write
	beside bool // it carries no calls, and counts apart

	kept []byte // of a reply that isn't whole yet
	hold holding
	segs []segment

	stream   *stream // the reply, where that is one; nil elsewhere
	trailing bool    // that goes on after its response: there is no call any more
	turn     uint64  // of calls
}

// dispatch gives a call a connection, or has one opened, or lets it wait.
func (l *Loop) dispatch(p *pending) {
	if p.bare == http.MethodGet {
		l.dispatchBeside(p)
		return
	}
	if c := l.takeIdle(p.start); c != nil {
		l.carry(c, p, p.start)
		return
	}
	p.waiting = true
	l.queue = append(l.queue, p)
	if l.open < l.cfg.Conns {
		l.dial(p)
	}
}

// serve gives connections to calls that wait for one.
func (l *Loop) serve() {
	for l.queued < len(l.queue) {
		p := l.queue[l.queued]
		if p == nil || !p.waiting {
			l.pop()
			continue
		}
		now := l.now()
		c := l.takeIdle(now)
		if c == nil {
			if l.dials == 0 && l.open < l.cfg.Conns {
				l.dial(p)
			}
			return
		}
		l.pop()
		p.waiting = false
		l.carry(c, p, now)
	}
	l.queue, l.queued = l.queue[:0], 0
}

// pop takes the first one out of the queue.
func (l *Loop) pop() {
	l.queue[l.queued] = nil
	if l.queued++; l.queued > 4096 && l.queued > len(l.queue)/2 {
		l.queue = append(l.queue[:0], l.queue[l.queued:]...)
		l.queued = 0
	}
}

// dialled takes a new connection, or tells the call that asked for it that
// there is none.
func (l *Loop) dialled(p *pending, turn uint64, nc net.Conn, err error, took time.Duration) {
	l.dials--
	fd := -1
	if err == nil {
		fd, err = descriptor(nc)
	}
	if err == nil {
		err = l.adopt(fd)
	}
	if err != nil {
		l.open--
		if p.turn == turn && p.waiting {
			p.waiting = false
			l.fail(p, netFault(context.Background(), err))
		}
	} else if l.cfg.Phase != nil {
		l.cfg.Phase(Connecting, took)
	}
	l.serve()
}

// adopt makes a descriptor an idle connection.
func (l *Loop) adopt(fd int) error {
	c, err := l.adopted(fd)
	if err == nil {
		l.idle = append(l.idle, c)
	}
	return err
}

// adopted makes a descriptor a connection.
func (l *Loop) adopted(fd int) (*conn, error) {
	c := &conn{since: l.now(), hold: holding{of: l.memory}}
	if err := l.enrol(c, &c.watched, fd, l.news); err != nil {
		_ = unix.Close(fd) // nothing was sent on it
		return nil, err
	}
	return c, nil
}

// readable is what epoll tells of a connection. Of a TCP connection it tells
// each change once (EPOLLET), which spares it to look at each again after each
// reply. That is enough: a read that doesn't fill the buffer has taken all that
// there was (epoll(7)), unless there is more than data (the end of it, an error,
// urgent data), which the event says; and what comes after the read is another
// event. Where there may be more, attend asks to be told again.
const readable = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLPRI

// drop closes a connection.
func (l *Loop) drop(c *conn) {
	l.forget(c)
	_ = unix.Close(c.fd) // whatever it says, the descriptor is gone
}

// forget takes a connection out of the loop.
func (l *Loop) forget(c *conn) {
	if c.call != nil {
		c.call.conn, c.call = nil, nil
	} else if c.stream != nil {
		// It is no idle one.
	} else if i := slices.Index(*l.idleOf(c), c); i >= 0 {
		*l.idleOf(c) = slices.Delete(*l.idleOf(c), i, i+1)
	}
	l.leave(c)
	c.hold.free()
	l.strike(&c.watched)
	if !c.beside {
		l.open--
	}
}

// carry sends a call on a connection. Sent is stamped once, with the instant at
// which there was one: where it turns out to be dead before the first byte, the
// request moves to another one, and the stamp is early but not late.
func (l *Loop) carry(c *conn, p *pending, now time.Duration) {
	c.call, p.conn = p, c
	c.kept, c.segs = c.kept[:0], c.segs[:0]
	c.turn++
	p.reused = c.used
	early := p.then != nil && !p.lane.link.settled.Load() // of a handshake, of which nothing is judged
	p.written, c.idled = 0, c.used && (early || now-c.since >= idleLeast)
	if !p.stamped {
		p.call.Sent, p.stamped = now, true
	}
	l.write(c, p)
}

// write writes what is left of a request.
func (l *Loop) write(c *conn, p *pending) {
	n, errno := transmit(c.fd, p.out[p.written:])
	switch {
	case errno == 0:
		p.written += n
	case errno == unix.EAGAIN || errno == unix.EINTR:
	case errno == unix.ENOBUFS || errno == unix.ENOMEM:
		l.drop(c)
		l.fail(p, netFault(context.Background(), errno))
		l.serve()
		return
	case p.written == 0 && c.used:
		l.drop(c)
		l.dispatch(p)
		return
	default:
		// What is there to be read tells more, and be it the same error.
		p.written = max(p.written, 1)
		c.writes = false
		l.again(c)
		return
	}
	l.watch(c, p.written < len(p.out))
}

// watch has epoll tell of room to write, or not.
func (l *Loop) watch(c *conn, write bool) {
	if c.writes != write {
		c.writes = write
		l.again(c)
	}
}

// again has epoll tell of a connection, also of what it told before.
func (l *Loop) again(c *conn) {
	events := l.news
	if c.writes {
		events = readable | unix.EPOLLOUT
	}
	// It can't fail: the descriptor is in the set.
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, c.fd, c.interest(events))
}

// attend implements source.
func (c *conn) attend(l *Loop, events uint32) time.Duration {
	n, errno := receive(c.fd, l.buf)
	at := l.now()
	if n == len(l.buf) || n > 0 && events&^(unix.EPOLLIN|unix.EPOLLOUT) != 0 || errno == unix.EINTR {
		l.again(c)
	}
	if events&unix.EPOLLRDHUP != 0 {
		c.parted = true
	}
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		if c.call != nil && events&unix.EPOLLOUT != 0 {
			l.write(c, c.call)
		}
	case c.call == nil && c.stream == nil:
		l.ends(c, at) // closed, or what nobody asked for
		l.serve()
	case errno != 0:
		l.broke(c, &net.OpError{Op: "read", Net: l.network, Err: os.NewSyscallError("read", syscall.Errno(errno))}, at)
	case n == 0:
		l.broke(c, io.EOF, at)
	default:
		l.arrived(c, l.buf[:n], at)
	}
	return at
}

// arrived looks at what has come of a reply.
func (l *Loop) arrived(c *conn, data []byte, at time.Duration) {
	if c.stream != nil {
		l.streamed(c, data, at)
		return
	}
	p := c.call
	if l.cfg.Phase != nil && len(c.segs) == 0 && p.then == nil {
		l.cfg.Phase(FirstByte, at-p.call.Sent)
	}
	c.segs = append(c.segs, segment{len(c.kept) + len(data), at})
	if len(c.segs) > 1 {
		if f := c.hold.take(cap(c.kept) + len(data)); f != nil {
			l.drop(c)
			l.conclude(p, answer{received: at, fault: f})
			l.serve()
			return
		}
		c.kept = append(c.kept, data...)
		data = c.kept
	}
	h, state := l.readHead(data)
	if p.bare != "" {
		l.acknowledged(c, h, state, data, at)
		return
	}
	headed := state == whole
	var b body
	if headed {
		b, l.scratch, state = h.readBody(data[h.size:], l.scratch)
		if h.packed {
			if h.kind == eventBody && state == partial {
				state = strange
			}
			h.kind = otherBody // it says nothing before it is unpacked
		}
	}
	switch {
	case state == strange:
		c.keep(data)
		l.handOver(c, nil, nil)
	case state == partial && headed && h.kind == eventBody:
		l.beginStream(c, h, data, at)
	case state == partial:
		if c.keep(data); len(c.segs) == 1 {
			quickAck(c.fd)
		}
	default:
		l.complete(c, h, b, data, at)
	}
}

// readHead is readHead. Most heads are the bytes of the one before, and mean the
// same.
func (l *Loop) readHead(data []byte) (head, framing) {
	if len(l.headText) > 0 && bytes.HasPrefix(data, l.headText) {
		return l.head, whole
	}
	h, state := readHead(data)
	if state == whole {
		l.headText, l.head = append(l.headText[:0], data[:h.size]...), h
	}
	return h, state
}

// complete ends a call whose reply is whole.
func (l *Loop) complete(c *conn, h head, b body, data []byte, at time.Duration) {
	p := c.call
	reuse := !h.close && len(data) == h.size+b.size && p.written == len(p.out)
	if l.success(c, h, b, at) {
		l.release(c, reuse, at)
		l.finish(p)
		l.serve()
		return
	}
	if h.kind == eventBody {
		l.beginStream(c, h, data, at)
		return
	}
	a := p.lane.link.replay(l.ctx, &record{data: data[:h.size+b.size], segs: c.cutSegs(h.size + b.size)}, p.call.ID)
	l.release(c, reuse, at)
	if keepsMethod(a) {
		l.follow(p, a)
	} else {
		l.conclude(p, a)
	}
	l.serve()
}

// success fills in a call whose reply says that all went well, and reports if
// it is one.
func (l *Loop) success(c *conn, h head, b body, at time.Duration) bool {
	p := c.call
	if p.then != nil || h.status != 200 || h.sets || !p.lane.plainOK || h.claims && p.lane.wary {
		return false
	}
	result, _, ok := plainSuccess(h.kind, b.text, p.call.ID, p.call.Method, p.lane.modern, p.lane.soft)
	switch {
	case !ok:
		return false
	case len(c.segs) == 1:
	case h.kind == jsonBody:
		r := record{segs: c.segs, at: at}
		at = r.stamp(h.size + b.last)
	default:
		return false // when the response came is for the plain path to say
	}
	p.call.Received, p.call.Status, p.call.Outcome = at, 200, history.OK
	if l.cfg.Read != nil {
		l.cfg.Read(&p.call, result)
	}
	return true
}
