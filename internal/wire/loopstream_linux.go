package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// A stream is a reply of events that comes bit by bit. What comes is looked at
// once: nothing is kept of it but the response. The call ends with that, and the
// connection carries another one when the stream has ended, too.
type stream struct {
	head    []byte // of the reply
	h       head
	cut     bodyCutter
	sink    *eventSink
	quick   bool          // the one reply that nearly all calls get ends this one
	replied time.Duration // when the response was there; 0: it isn't
	sound   bool          // the request is written: the connection may go on
	next    *stream       // in the list of free ones
}

// hurried is how long a stream is watched after its response while calls wait for
// connections, and there may be no more of them.
const hurried = 5 * time.Millisecond

// beginStream begins to read a reply bit by bit. The data is what has come of it.
func (l *Loop) beginStream(c *conn, h head, data []byte, at time.Duration) {
	st := l.streams
	if st == nil {
		st = &stream{sink: &eventSink{c: &collector{}}}
	} else {
		l.streams = st.next
	}
	p := c.call
	st.next, st.replied = nil, 0
	st.head = append(st.head[:0], data[:h.size]...)
	st.h = h
	st.cut.begin(h)
	*st.sink.c = collector{want: p.call.ID, issued: p.lane.link.issued, strays: p.lane.link.strays,
		respond: p.lane.link.answers.answer}
	st.sink.begin(st.sink.c, p.lane.link.most)
	st.quick = p.then == nil && h.status == http.StatusOK && p.lane.plainOK && !h.sets
	st.sink.quick, st.sink.look = st.quick, look{p.call.Method, p.lane.modern, p.lane.soft}
	if h.sets {
		if a, err := st.reply(); err == nil { // it was read whole before
			p.lane.link.keepCookies(a.header)
		}
	}
	c.stream = st
	c.kept = c.kept[:0]
	quickAck(c.fd)
	l.streamed(c, data[h.size:], at)
}

// streamed takes what has come of a stream.
func (l *Loop) streamed(c *conn, data []byte, at time.Duration) {
	st := c.stream
	var f *fault
	var state framing
	for f == nil {
		var text []byte
		if text, data, state = st.cut.next(data); len(text) == 0 {
			break
		}
		f = st.sink.feed(text, at, &c.hold)
	}
	switch {
	case c.call == nil:
		l.trail(c, data, state, f, at)
	case f != nil && !st.sink.replied():
		p, a := c.call, st.answer(f, at)
		l.drop(c)
		l.conclude(p, a)
		l.serve()
	case st.sink.replied():
		l.reply(c, data, state, f, at)
	case state == strange:
		l.handOver(c, nil, data)
	case state == partial:
		// More will come.
	case c.call.lane.link.resumable(st.sink):
		l.resume(c, st.reusable(c, data), at)
	default:
		p, a := c.call, st.answer(st.sink.end(io.EOF), at)
		l.release(c, st.reusable(c, data), at)
		l.conclude(p, a)
		l.serve()
	}
}

// resume has the plain path ask for the rest of a stream that ended before its
// response.
func (l *Loop) resume(c *conn, reuse bool, at time.Duration) {
	p, st := c.call, c.stream
	head, _ := st.reply() // it was read whole before
	sink := st.sink
	st.sink = &eventSink{c: &collector{}}
	l.release(c, reuse, at)
	l.aside(p, func(ctx context.Context, tell func(answer)) {
		life, end := outliving(ctx)
		defer end()
		stop := context.AfterFunc(ctx, end)
		defer stop()
		link := p.lane.link
		in := link.reader(ctx, end)
		in.resume = func(s *eventSink) (io.ReadCloser, *fault) { return link.resume(ctx, life, s) }
		a, rest := in.goOn(sink, head)
		stop()
		if tell(a); rest != nil {
			rest()
		}
	})
	l.serve()
}

// aside has a call concluded by what the plain path makes of it, on a goroutine.
func (l *Loop) aside(p *pending, carry func(ctx context.Context, tell func(answer))) {
	l.calls.remove(p)
	p.conn = nil
	ctx, cancel := context.WithTimeoutCause(l.ctx, p.due-l.now(), errTimeout)
	l.wg.Go(func() {
		defer cancel()
		carry(ctx, func(a answer) { l.ring(func() { l.conclude(p, a) }) })
	})
}

// reply ends a call whose response is there. Its connection carries on with the
// stream, or with other calls where that has ended as well.
func (l *Loop) reply(c *conn, rest []byte, state framing, f *fault, at time.Duration) {
	p, st := c.call, c.stream
	st.sound = p.written == len(p.out)
	quick := st.quick && st.sink.c.reply == nil && len(st.sink.c.odd) == 0
	var a answer
	if quick {
		p.call.Received, p.call.Status, p.call.Outcome = at, http.StatusOK, history.OK
		if l.cfg.Read != nil {
			l.cfg.Read(&p.call, st.sink.result())
		}
		st.sink.c.over = true
	} else {
		a = st.answer(nil, at)
	}
	st.replied = at
	c.call = nil
	l.trail(c, rest, state, f, at)
	p.conn = nil
	if quick {
		l.finish(p)
	} else {
		l.conclude(p, a)
	}
	l.serve()
}

// trail takes what has come after a response.
func (l *Loop) trail(c *conn, rest []byte, state framing, f *fault, at time.Duration) {
	st := c.stream
	switch {
	case f == nil && state == partial && st.sound:
		if !c.trailing {
			c.trailing = true
			l.trailing = append(l.trailing, trailer{c, c.turn, at})
		}
		return
	case f == nil && state == whole && st.sound && st.reusable(c, rest):
		l.endTrail(c, at)
		l.release(c, true, at)
	default:
		l.endTrail(c, at)
		l.drop(c)
	}
	l.serve()
}

// reusable reports if a connection may carry another call once its stream has
// ended.
func (st *stream) reusable(c *conn, rest []byte) bool {
	return !st.h.close && len(rest) == 0 && (c.call == nil || c.call.written == len(c.call.out))
}

// endTrail takes note of the end of a stream whose response has been there.
func (l *Loop) endTrail(c *conn, at time.Duration) {
	if st := c.stream; c.trailing {
		c.trailing = false
		if l.cfg.Phase != nil {
			l.cfg.Phase(StreamEnd, at-st.replied)
		}
		st.sink.c.close() // where anything came beside the response, that is a message by now
	}
}

// A trailer is a connection whose stream goes on after the response, in the order
// of those.
type trailer struct {
	c    *conn
	turn uint64
	at   time.Duration
}

// trailEnds is when the oldest stream that goes on has been watched for long
// enough.
func (l *Loop) trailEnds() (at time.Duration, ok bool) {
	for ; l.trailed < len(l.trailing); l.trailed++ {
		t := l.trailing[l.trailed]
		if !t.c.trailing || t.c.turn != t.turn {
			continue
		}
		if l.queued < len(l.queue) && l.open >= l.cfg.Conns {
			return t.at + hurried, true
		}
		return t.at + linger, true
	}
	l.trailing, l.trailed = l.trailing[:0], 0
	return 0, false
}

// expireTrails ends the streams that have been watched for long enough.
func (l *Loop) expireTrails(now time.Duration) {
	for {
		at, ok := l.trailEnds()
		if !ok || at > now {
			return
		}
		c := l.trailing[l.trailed].c
		l.endTrail(c, now)
		l.drop(c)
		l.serve()
	}
}

// seeTrails watches the streams that go on to their end.
func (l *Loop) seeTrails() {
	for {
		at, ok := l.trailEnds()
		if !ok {
			return
		}
		now := l.now()
		l.expireTrails(now)
		if l.next == l.ready {
			l.poll(now, min(max(at-now, 0), maxNap), nil)
		}
		l.handle(math.MaxInt64)
	}
}

// answer ends what a stream brought.
func (st *stream) answer(f *fault, at time.Duration) answer {
	a, err := st.reply()
	if err != nil {
		return answer{received: at, fault: netFault(context.Background(), err)}
	}
	a.received, a.fault = at, f
	if st.sink.replied() {
		a.received = st.sink.c.at
	}
	st.sink.answer(&a, eventStream)
	return a
}

// reply is what the head of a stream says.
func (st *stream) reply() (answer, error) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(st.head)), &http.Request{Method: http.MethodPost})
	if err != nil {
		return answer{}, err
	}
	return answer{status: resp.StatusCode, header: resp.Header}, nil
}

// streamBroke ends a stream whose connection has ended.
func (l *Loop) streamBroke(c *conn, err error, at time.Duration) {
	st := c.stream
	switch {
	case c.call == nil:
		l.endTrail(c, at)
		l.drop(c)
		l.serve()
	case st.cut.chunked:
		l.handOver(c, err, nil)
	case c.call.lane.link.resumable(st.sink):
		l.resume(c, false, at)
	default:
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // there should be more, by the head
		}
		p, a := c.call, st.answer(netFault(context.Background(), err), at)
		l.drop(c)
		l.conclude(p, a)
		l.serve()
	}
}

// record is what net/http is to read of a stream, and from whom the events go on.
func (st *stream) record(rest []byte) (data []byte, skip int) {
	before, skip := st.cut.resume()
	data = append(append(append(data, st.head...), before...), rest...)
	return data, skip
}

// leave takes a stream off its connection.
func (l *Loop) leave(c *conn) {
	st := c.stream
	if st == nil {
		return
	}
	c.stream, c.trailing = nil, false
	*st.sink.c = collector{}
	st.next, l.streams = l.streams, st
}

// quickAck has what came acknowledged at once. A server whose connection has
// Nagle's algorithm on sends the next small piece only then, and the kernel would
// wait 40 ms for something to send along. It holds until we send again, so that
// each reply that comes in pieces asks for it once.
func quickAck(fd int) {
	// On a unix socket there is nothing to acknowledge.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
}
