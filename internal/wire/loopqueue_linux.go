package wire

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// flushAt is how many bytes are written without waiting for more.
const flushAt = 32 << 10

// An outgoing is a line to be written: a call's, or one that the link's writer
// was given.
type outgoing struct {
	call  *pending
	frame *carried
}

// A carried is a line of the link's writer, which waits for it to be written.
type carried struct {
	frame
	gone    chan struct{} // closed once it is, or never will be
	refused bool          // because the loan had ended
}

// A room is a full stdin, which epoll watches for room to write.
type room struct {
	watched
	pipe *pipe
	open bool
}

// push puts a line into the queue. It is written when the loop has nothing else
// to do, or enough to write.
func (p *pipe) push(o outgoing) {
	if p.deaf || p.stdin < 0 {
		if o.frame != nil {
			o.frame.refused = !p.deaf
		}
		o.end()
		return
	}
	p.queue = append(p.queue, o)
	switch {
	case p.bytes >= flushAt && !p.room.open:
		p.write()
	case !p.listed:
		p.listed = true
		p.loop.full = append(p.loop.full, p)
	}
}

// flush writes what is there to be written.
func (l *Loop) flush() {
	for _, p := range l.full {
		p.listed = false
		if !p.room.open {
			p.write()
		}
	}
	l.full = l.full[:0]
}

// write writes the queue, until the pipe is full.
func (p *pipe) write() {
	for !p.deaf && (p.queued < len(p.queue) || len(p.rest) > 0) {
		text, lines := p.gather()
		if len(text) == 0 {
			break
		}
		at := p.loop.now()
		n, errno := writePipe(p.stdin, text)
		if errno != 0 {
			n = 0
		}
		p.wrote(n, lines, at)
		switch {
		case errno == unix.EAGAIN || errno == 0 && n < len(text):
			p.awaitRoom()
			return
		case errno != 0 && errno != unix.EINTR:
			p.deaf = true
			p.dropQueue()
			p.link.wg.Go(func() { p.link.unheard(os.NewSyscallError("write", errno)) })
		}
	}
	p.dropQueue() // there are empty places at most
	p.roomed()
}

// gather returns the text to be written next, and how many lines of the queue
// it holds. They come after the rest of one that was begun.
func (p *pipe) gather() (text []byte, lines int) {
	text = append(p.text[:0], p.rest...)
	for _, o := range p.queue[p.queued:] {
		line := o.line()
		lines++
		if len(text) == 0 && len(line) >= flushAt {
			return line, lines // without a copy
		}
		if text = append(text, line...); len(text) >= flushAt {
			break
		}
	}
	if p.text = text; cap(text) > 2*readBuffer {
		p.text = nil
	}
	return text, lines
}

// wrote takes note of how much of the text that was gathered is written. A call
// was sent if anything of it is written, or if the pipe was full just before it:
// the plain path's writer, too, would be about to write it. The given instant is
// from before that.
func (p *pipe) wrote(n, lines int, at time.Duration) {
	if n < len(p.rest) {
		p.rest = p.rest[:copy(p.rest, p.rest[n:])]
		return
	}
	n -= len(p.rest)
	p.endRest()
	for range lines {
		o := p.queue[p.queued]
		line := o.line()
		o.stamp(at)
		if n < len(line) {
			if n > 0 {
				p.begin(o, line[n:])
				p.pop()
			}
			return
		}
		n -= len(line)
		o.end()
		p.pop()
	}
}

// begin has the rest of a line written next, whatever becomes of its call.
func (p *pipe) begin(o outgoing, rest []byte) {
	p.rest = append(p.rest, rest...)
	if o.call != nil {
		o.call.waiting = false
	}
	p.begun = o.frame
}

// endRest tells that there is no such line.
func (p *pipe) endRest() {
	outgoing{frame: p.begun}.end()
	p.rest, p.begun = p.rest[:0], nil
}

// pop takes the first place out of the queue.
func (p *pipe) pop() {
	p.bytes -= len(p.queue[p.queued].line())
	p.queue[p.queued] = outgoing{}
	if p.queued++; p.queued > 4096 && p.queued > len(p.queue)/2 {
		p.queue = append(p.queue[:0], p.queue[p.queued:]...)
		p.queued = 0
	}
}

// dropQueue empties the queue.
func (p *pipe) dropQueue() {
	for ; p.queued < len(p.queue); p.pop() {
		p.queue[p.queued].end()
	}
	p.queue, p.queued = p.queue[:0], 0
	if p.deaf {
		p.endRest()
	}
}

// withdraw takes a call out of the queue that has ended. If its line is the one
// that the pipe has no room for, that will be written nevertheless.
func (p *pipe) withdraw(q *pending) {
	for i := p.queued; q.waiting; i++ {
		if o := p.queue[i]; o.call == q {
			if q.stamped {
				p.begin(o, q.out)
			}
			q.waiting = false
			p.bytes -= len(q.out)
			p.queue[i] = outgoing{}
		}
	}
	for p.queued < len(p.queue) && p.queue[p.queued] == (outgoing{}) {
		p.pop()
	}
}

// awaitRoom has epoll tell when the pipe has room again.
func (p *pipe) awaitRoom() {
	if !p.room.open {
		// It can't fail: the pipe has just been there.
		p.room.open = p.loop.enrol(&p.room, &p.room.watched, p.stdin, unix.EPOLLOUT) == nil
	}
}

// roomed has it tell no more.
func (p *pipe) roomed() {
	if p.room.open {
		p.room.open = false
		p.loop.strike(&p.room.watched)
		// It can't fail: the descriptor is in the set.
		_ = unix.EpollCtl(p.loop.epoll, unix.EPOLL_CTL_DEL, p.stdin, nil)
	}
}

// attend implements source.
func (r *room) attend(l *Loop, _ uint32) time.Duration {
	r.pipe.write()
	return l.now()
}

// line is what is to be written; nil where it was withdrawn.
func (o outgoing) line() []byte {
	switch {
	case o.call != nil:
		return o.call.out
	case o.frame != nil:
		return o.frame.frame.line
	}
	return nil
}

// stamp notes when the line was sent.
func (o outgoing) stamp(at time.Duration) {
	switch {
	case o.call != nil && !o.call.stamped:
		o.call.call.Sent, o.call.stamped, o.call.written = at, true, len(o.call.out)
	case o.frame != nil:
		o.frame.sent.set(at)
	}
}

// end tells whoever waits that the line has left the queue.
func (o outgoing) end() {
	switch {
	case o.call != nil:
		o.call.waiting = false
	case o.frame != nil:
		close(o.frame.gone)
	}
}
