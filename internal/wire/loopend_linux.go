package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// broke ends a call whose connection ended before its reply was whole.
func (l *Loop) broke(c *conn, err error, at time.Duration) {
	if c.stream != nil {
		l.streamBroke(c, err, at)
		return
	}
	p := c.call
	if len(c.segs) == 0 {
		f := netFault(context.Background(), err).crossed(c.idled || l.unseen(c, err))
		l.drop(c)
		l.conclude(p, answer{received: at, fault: f})
		l.serve()
		return
	}
	if _, state := readHead(c.kept); state != whole {
		l.handOver(c, err, nil)
		return
	}
	r := &record{data: c.kept, segs: c.cutSegs(len(c.kept)), end: err, at: at}
	a := p.lane.link.replay(context.Background(), r, p.call.ID)
	l.drop(c)
	l.conclude(p, a)
	l.serve()
}

// unseen is what a witness says of a request on a connection that has ended.
func (l *Loop) unseen(c *conn, err error) bool {
	switch {
	case !c.used:
		return false
	case l.network == "tcp" && errors.Is(err, io.EOF) && unacknowledged(c.fd) >= c.call.written:
		l.parts = true
		return true
	}
	return l.partings.explain()
}

// repeat sends a request once more whose first answer counts for nothing but the
// history.
func (l *Loop) repeat(p *pending, first answer) {
	first.tool = p.call.Tool
	p.lane.s.aside(history.Request, p.call.Method, first)
	p.written = 0
	l.dispatch(p)
}

// ended says what has come of a call by the time that a context ended.
func (l *Loop) ended(c *conn, why context.Context, err error) answer {
	none := answer{received: l.now(), fault: gaveUp(why)}
	if c.stream != nil {
		return c.stream.answer(none.fault, none.received)
	}
	if len(c.segs) == 0 {
		return none
	}
	if _, state := readHead(c.kept); state != whole {
		return none
	}
	r := &record{data: c.kept, segs: c.cutSegs(len(c.kept)), end: err, at: none.received}
	return c.call.lane.link.replay(why, r, c.call.call.ID)
}

// request is the request of a call as the plain path writes it.
func (p *pending) request() request {
	if p.then != nil {
		return p.q
	}
	q, err := p.lane.s.supplied(&p.call, p.more)
	if err != nil {
		panic("internal error: wire: a request that was sent can't be written: " + err.Error())
	}
	q.tool = p.call.Tool
	return q
}

// handOver has the plain path go on with a connection. Where its end is known
// already, the error says which. The rest is what a stream brought last that it
// has not taken.
func (l *Loop) handOver(c *conn, end error, rest []byte) {
	p := c.call
	r := &record{data: append([]byte(nil), c.kept...), segs: c.cutSegs(len(c.kept)), end: end, at: l.now()}
	var sink *eventSink
	if st := c.stream; st != nil {
		r.data, r.skip = st.record(rest)
		r.segs = []segment{{len(r.data), r.at}}
		sink, st.sink = st.sink, &eventSink{c: &collector{}}
	}
	var nc net.Conn
	if end == nil {
		// It has its own duplicate of the descriptor.
		f := os.NewFile(uintptr(c.fd), "connection")
		var err error
		if nc, err = net.FileConn(f); err != nil {
			r.end = err
		}
		l.forget(c)
		// It is in the set, and would stay there: the duplicate is the same socket.
		_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, c.fd, nil)
		_ = f.Close() // the duplicate is the one that counts
	} else {
		l.drop(c)
	}
	if p.bare != "" {
		l.handOverBare(p, r, nc)
		l.serve()
		return
	}
	q := p.request()
	l.aside(p, func(ctx context.Context, tell func(answer)) { p.lane.link.takeOver(ctx, r, nc, q, sink, tell) })
	l.serve()
}

// follow has the plain path follow a redirect.
func (l *Loop) follow(p *pending, a answer) {
	a.sent, a.wrote, p.anew = p.call.Sent, true, true
	l.aside(p, func(ctx context.Context, tell func(answer)) {
		tell(p.lane.link.follow(ctx, p.request(), a))
	})
}

// cutSegs returns the segments of the first bytes.
func (c *conn) cutSegs(size int) []segment {
	segs := append([]segment(nil), c.segs...)
	for i := range segs {
		segs[i].end = min(segs[i].end, size)
	}
	return segs
}

// keep keeps what has come, until there is more.
func (c *conn) keep(data []byte) {
	if len(c.segs) == 1 {
		c.kept = append(c.kept[:0], data...)
	}
}
