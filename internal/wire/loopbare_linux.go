package wire

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/history"
)

// acknowledged looks at what has come of a reply whose status is all that counts.
func (l *Loop) acknowledged(c *conn, h head, state framing, data []byte, at time.Duration) {
	p := c.call
	listens := p.bare == http.MethodGet
	headed := state == whole
	var b body
	if headed {
		b, l.scratch, state = h.readBody(data[h.size:], l.scratch)
	} else if state == strange && noContent(data) {
		h, headed, state = head{size: len(data), status: http.StatusNoContent, sets: true}, true, whole
	}
	switch {
	case !headed && state == partial:
		c.keep(data)
	case !headed, listens && h.status == http.StatusOK, !listens && state != whole:
		// There is a stream, or what comes may never end.
		c.keep(data)
		l.handOver(c, nil, nil)
	default:
		a := answer{status: h.status, received: at}
		reuse := !h.close && state == whole && len(data) == h.size+b.size && p.written == len(p.out)
		if h.status/100 != 2 || h.sets {
			var closes bool
			a, closes = p.lane.link.replayStatus(&record{data: data, segs: c.cutSegs(len(data)), at: at}, p.bare)
			reuse = reuse && !closes
		}
		l.release(c, reuse, at)
		l.conclude(p, a)
		l.serve()
	}
}

// noContent reports if a reply is a head that says that there is no more.
func noContent(data []byte) bool {
	end := []byte("\r\n\r\n")
	return bytes.HasPrefix(data, []byte("HTTP/1.1 204 ")) && bytes.Index(data, end) == len(data)-len(end)
}

// handOverBare has the plain path go on with the reply to a message that gets no
// response.
func (l *Loop) handOverBare(p *pending, r *record, nc net.Conn) {
	ln, verb, q := p.lane, p.bare, p.q
	link := ln.link
	if verb != http.MethodGet {
		l.aside(p, func(ctx context.Context, tell func(answer)) { tell(link.takeStatus(ctx, r, nc, verb, q)) })
		return
	}
	sent, life := p.call.Sent, ln.life
	ln.get = nil
	l.recycle(p)
	l.hearOn(ln, func(*poster) (*http.Response, *fault) {
		taken := link.taker(r, nc)
		resp, f := taken.send(life, life, sending{method: verb, url: *link.url.Load()}, &stamp{})
		a := answer{fault: f, received: taken.now(), sent: sent, wrote: true}
		if f == nil {
			a.status, a.header = resp.StatusCode, resp.Header
		}
		ln.s.aside(history.Stream, verb, a)
		return resp, f
	})
}
