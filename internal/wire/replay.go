package wire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A segment is what one read of a connection brought: the bytes up to an
// offset, and the instant just after the read.
type segment struct {
	end int
	at  time.Duration
}

// A record is all that was read of a reply, and how it ended.
type record struct {
	data []byte
	segs []segment // at least one
	end  error     // what the read after them returned; nil where the reply is whole
	skip int       // bytes of the body that stand for others
	at   time.Duration

	read int
	seg  int
	told bool
}

// Read hands the bytes out in the pieces in which they came.
func (r *record) Read(p []byte) (int, error) {
	for r.seg < len(r.segs) && r.read >= r.segs[r.seg].end {
		r.seg++
	}
	if r.seg == len(r.segs) {
		if r.end != nil && !r.told {
			r.told = true // once, as a socket does
			return 0, r.end
		}
		return 0, io.EOF
	}
	n := copy(p, r.data[r.read:r.segs[r.seg].end])
	r.read += n
	return n, nil
}

// now is when the bytes read last had come.
func (r *record) now() time.Duration {
	if r.seg < len(r.segs) {
		return r.segs[r.seg].at
	}
	if r.end == nil {
		return r.segs[len(r.segs)-1].at
	}
	return r.at
}

// stamp returns when the byte before an offset had come.
func (r *record) stamp(offset int) time.Duration {
	for _, s := range r.segs {
		if offset <= s.end {
			return s.at
		}
	}
	return r.at
}

// reader returns a reader for net/http that is no larger than it need be.
func (r *record) reader() *bufio.Reader { return bufio.NewReaderSize(r, min(len(r.data), 4096)) }

// replay has the plain path read a record. Its head must have been read whole.
// The context has ended where that is why the record ends.
func (l *httpLink) replay(ctx context.Context, r *record, id int64) answer {
	resp, err := http.ReadResponse(r.reader(), &http.Request{Method: http.MethodPost})
	if err != nil {
		return answer{received: r.now(), fault: netFault(ctx, err)}
	}
	l.keepCookies(resp.Header)
	unpack(resp, l.most)
	in := l.reader(ctx, func() {})
	in.now, in.hold, in.phase = r.now, &holding{}, nil // it is in memory, and counted there
	a, rest := in.read(resp, l.newSink(id))
	if rest != nil {
		rest() // it is in memory too
	}
	return a
}

// keepCookies keeps what a reply that a loop read sets.
func (l *httpLink) keepCookies(header http.Header) {
	if len(header["Set-Cookie"]) == 0 {
		return
	}
	if at, err := url.Parse(*l.url.Load()); err == nil { // it was requested
		l.poster.cookies.keep(at, header)
	}
}

// takeOver has the plain path read a reply from its first byte, on the
// connection on which the request has been sent already. The bytes in the
// record come first, then what its end says, or where that is nil, conn. Where
// a sink is given, it has taken events already, and goes on. told is told of the
// answer, before what may still come after it is read.
func (l *httpLink) takeOver(ctx context.Context, r *record, conn net.Conn, q request, s *eventSink, told func(answer)) {
	life, end := outliving(ctx)
	defer end()
	p := l.taker(r, conn)
	defer p.close()
	stop := context.AfterFunc(ctx, end)
	defer stop()
	resp, f := p.send(ctx, life, posting(*l.url.Load(), q), &stamp{})
	if f != nil {
		told(answer{fault: f, received: p.now()})
		return
	}
	if s == nil {
		s = l.newSink(q.id)
	}
	// What stands for bytes that the sink has had already.
	_, _ = io.CopyN(io.Discard, resp.Body, int64(r.skip)) // it is in memory
	in := l.reader(ctx, end)
	in.resume = func(s *eventSink) (io.ReadCloser, *fault) { return l.resume(ctx, life, s) }
	a, rest := in.read(resp, s)
	stop()
	told(a)
	if rest != nil {
		rest()
	}
}

// taker returns a poster that makes of the next request what has come of one that was
// sent already: the bytes in the record, and then what its end says or conn.
func (l *httpLink) taker(r *record, conn net.Conn) *poster {
	once := make(chan net.Conn, 1)
	once <- &sentConn{Conn: conn, record: r, sent: make(chan struct{}), closed: make(chan struct{})}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true,
		MaxResponseHeaderBytes: maxReplyHead,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-once:
				return c, nil
			default:
				return nil, errors.New("a request was about to be repeated")
			}
		}}
	return &poster{transport: transport, header: l.poster.header, now: l.poster.now, most: l.most,
		cookies: l.poster.cookies}
}

// takeStatus is takeOver for what gets no response.
func (l *httpLink) takeStatus(ctx context.Context, r *record, conn net.Conn, verb string, q request) answer {
	p := l.taker(r, conn)
	defer p.close()
	return p.status(ctx, sending{method: verb, url: *l.url.Load(), body: q.body, header: q.header}, &stamp{})
}

// replayStatus has the plain path read a record of such a reply, and reports if the
// connection ends with it. Its head must have been read whole.
func (l *httpLink) replayStatus(r *record, verb string) (a answer, closes bool) {
	resp, err := http.ReadResponse(r.reader(), &http.Request{Method: verb})
	if err != nil {
		return answer{received: r.now(), fault: netFault(context.Background(), err)}, true
	}
	l.keepCookies(resp.Header)
	unpack(resp, l.most)
	return l.poster.statusOf(context.Background(), resp, &holding{}, r.now), resp.Close
}

// A sentConn is a connection on which a request has been sent: it takes the
// request again and drops it.
type sentConn struct {
	net.Conn // nil where the record tells how it ends
	record   *record
	once     sync.Once
	sent     chan struct{} // closed once the request was written
	shut     sync.Once
	closed   chan struct{}
}

// Write drops the request.
func (c *sentConn) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.sent) })
	return len(p), nil
}

// Read waits for the request: net/http takes what comes before for nobody's.
func (c *sentConn) Read(p []byte) (int, error) {
	select {
	case <-c.sent:
	case <-c.closed:
		return 0, net.ErrClosed
	}
	if n, err := c.record.Read(p); n > 0 || c.Conn == nil {
		return n, err
	}
	return c.Conn.Read(p)
}

// Close closes the connection.
func (c *sentConn) Close() error {
	c.shut.Do(func() { close(c.closed) })
	if c.Conn != nil {
		return c.Conn.Close()
	}
	return nil
}

// LocalAddr and the others have nobody who asks, but net/http's tracing.

func (c *sentConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *sentConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *sentConn) SetDeadline(time.Time) error      { return nil }
func (c *sentConn) SetReadDeadline(time.Time) error  { return nil }
func (c *sentConn) SetWriteDeadline(time.Time) error { return nil }
