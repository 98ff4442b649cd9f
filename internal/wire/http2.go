package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"
)

// A connector carries requests over connections of its own.
type connector interface {
	http.RoundTripper
	CloseIdleConnections()
}

// A streamPool carries requests over HTTP/2, on a bounded number of connections to
// one server. A request waits until one of them has a stream for it. (A Transport by
// itself opens more connections than MaxConnsPerHost says where the server's streams
// run out, and with StrictMaxConcurrentRequests leaves requests waiting for good:
// golang/go#34941.)
type streamPool struct {
	transport *http.Transport
	most      int // connections; 0: as many as it takes

	mu      sync.Mutex
	conns   []*streams
	dialing int
	queue   []chan struct{} // requests that wait, each for its turn to look again
}

// streams is one connection.
type streams struct {
	*http.ClientConn
	pool *streamPool
	// settled is set once a reply has come, and the server's settings with it. Until
	// then nobody knows how many streams it takes, and there is one.
	settled, first bool // guarded by the pool's mu
	begun          int  // requests that have, or are to get, a stream and no head of a reply; likewise
	retired        bool // no request begins any more; likewise
	last           time.Time
}

// RoundTrip carries a request. What the server says that it has not looked at is sent
// again, as any client does (RFC 9113, section 8.7).
func (p *streamPool) RoundTrip(q *http.Request) (*http.Response, error) {
	for {
		c, err := p.stream(q)
		if err != nil {
			return nil, err
		}
		resp, err := c.carry(q)
		if err == nil || !unprocessed(err) || q.Context().Err() != nil {
			return resp, err
		}
		if q.Body != nil && q.Body != http.NoBody {
			if q.GetBody == nil {
				return nil, err
			}
			body, again := q.GetBody()
			if again != nil {
				return nil, err
			}
			q = q.Clone(q.Context())
			q.Body = body
		}
	}
}

// stream waits for a connection with a stream that is free, and reserves it.
func (p *streamPool) stream(q *http.Request) (*streams, error) {
	var turn chan struct{}
	for {
		if c := p.take(turn != nil); c != nil {
			p.wake() // there may be more
			return c, nil
		}
		if p.mayDial() {
			c, err := p.dial(q)
			p.wake()
			return c, err
		}
		turn = p.wait(turn != nil)
		if c := p.take(true); c != nil { // what became free before we waited
			p.leave(turn)
			p.wake()
			return c, nil
		}
		select {
		case <-turn:
		case <-q.Context().Done():
			p.leave(turn)
			return nil, context.Cause(q.Context())
		}
	}
}

// take reserves a stream. Nobody gets one ahead of those that wait, unless it is their turn.
func (p *streamPool) take(mine bool) *streams {
	p.mu.Lock()
	if !mine && len(p.queue) > 0 {
		p.mu.Unlock()
		return nil
	}
	conns := slices.Clone(p.conns)
	p.mu.Unlock()
	for _, c := range conns { // not under the lock: it calls the hook
		switch {
		case c.Err() != nil:
			p.forget(c) // it ends by itself, and says why to what is in flight
		case c.begin():
			return c
		case c.retire():
			if c.Reserve() != nil { // it carries nothing and takes nothing: it is of no more use
				p.drop(c)
				continue
			}
			c.Release()
			c.retain()
		}
	}
	return nil
}

// begin reserves a stream.
func (c *streams) begin() bool {
	c.pool.mu.Lock()
	if c.retired || !c.settled && c.first {
		c.pool.mu.Unlock()
		return false
	}
	c.first = true
	c.begun++
	c.pool.mu.Unlock()
	if c.Reserve() == nil {
		return true
	}
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.begun--
	return false
}

// retire has no request begin on a connection any more if it carries none, and reports if
// that is so. Else somebody could begin one just as it is closed.
func (c *streams) retire() bool {
	c.pool.mu.Lock()
	free := c.begun == 0 && !c.retired
	c.retired = c.retired || free
	c.pool.mu.Unlock()
	if free && c.InFlight() > 0 { // a reply that isn't read to its end
		c.retain()
		return false
	}
	return free
}

// retain lets requests begin again.
func (c *streams) retain() {
	c.pool.mu.Lock()
	c.retired = false
	c.pool.mu.Unlock()
	c.pool.wake()
}

// forget takes a connection out.
func (p *streamPool) forget(c *streams) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = slices.DeleteFunc(p.conns, func(k *streams) bool { return k == c })
}

// drop takes a connection out that is retired, and closes it.
func (p *streamPool) drop(c *streams) {
	p.forget(c)
	_ = c.Close() // it has nothing of ours
}

// mayDial reports if another connection may be opened, and notes that one is.
func (p *streamPool) mayDial() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.most > 0 && len(p.conns)+p.dialing >= p.most {
		return false
	}
	p.dialing++
	return true
}

// dial opens a connection, and reserves a stream on it.
func (p *streamPool) dial(q *http.Request) (*streams, error) {
	address := q.URL.Host
	if q.URL.Port() == "" {
		address = net.JoinHostPort(q.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[q.URL.Scheme])
	}
	cc, err := p.transport.NewClientConn(q.Context(), q.URL.Scheme, address)
	p.mu.Lock()
	p.dialing--
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	c := &streams{ClientConn: cc, pool: p, first: true, begun: 1}
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	cc.SetStateHook(func(*http.ClientConn) { p.wake() })
	return c, cc.Reserve() // which fails where it has ended, and then it is forgotten
}

// carry carries a request on a stream that it has.
func (c *streams) carry(q *http.Request) (*http.Response, error) {
	c.pool.mu.Lock()
	on := httptrace.GotConnInfo{Reused: c.settled, WasIdle: c.settled && c.InFlight() <= 1}
	if on.WasIdle {
		on.IdleTime = time.Since(c.last)
	}
	c.pool.mu.Unlock()
	if t := httptrace.ContextClientTrace(q.Context()); t != nil && t.GotConn != nil {
		t.GotConn(on)
	}
	resp, err := c.RoundTrip(q)
	c.pool.mu.Lock()
	c.begun--
	c.settled, c.last = c.settled || err == nil, time.Now()
	c.first = c.first && err == nil
	c.pool.mu.Unlock()
	c.pool.wake()
	return resp, err
}

// wait has a request wait for its turn, as the first or the last.
func (p *streamPool) wait(first bool) chan struct{} {
	turn := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	if first {
		p.queue = slices.Insert(p.queue, 0, turn)
	} else {
		p.queue = append(p.queue, turn)
	}
	return turn
}

// leave has a request wait no more. If it was its turn, it is the next one's.
func (p *streamPool) leave(turn chan struct{}) {
	p.mu.Lock()
	i := slices.Index(p.queue, turn)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 {
		p.wake()
	}
}

// wake has the request that waits longest look again.
func (p *streamPool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		close(p.queue[0])
		p.queue = p.queue[1:]
	}
}

// CloseIdleConnections closes those that carry nothing.
func (p *streamPool) CloseIdleConnections() {
	p.mu.Lock()
	conns := slices.Clone(p.conns)
	p.mu.Unlock()
	for _, c := range conns {
		if c.retire() {
			p.drop(c)
		}
	}
}

// A streamError is net/http's error of a stream, which it makes one of ours of
// whose fields are the same.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "a stream was ended" }

// refusedStream is the code of a stream that the server has not looked at (RFC 9113,
// section 7).
const refusedStream = 7

// unprocessed reports if a request failed in a way that tells that the server has not
// looked at it: the connection was going away before it, or the stream was refused.
func unprocessed(err error) bool {
	var e streamError
	if errors.As(err, &e) {
		return e.Code == refusedStream
	}
	// net/http has no names for these.
	return strings.HasSuffix(err.Error(), "http2: client conn not usable") ||
		strings.HasSuffix(err.Error(), "http2: Transport received Server's graceful shutdown GOAWAY")
}
