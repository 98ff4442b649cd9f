package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// idleConn is how long an unused connection is kept. It is just below the
// five seconds after which uvicorn and Node close theirs: a request that
// meets a closing connection is lost, and would be blamed on the server.
const idleConn = 4 * time.Second

// Conns are the connections of several sessions with one server. The first
// session decides by its options how they are made, and how many there may be.
// The zero value is ready, and must not be copied.
type Conns struct {
	once      sync.Once
	transport connector
}

func (c *Conns) of(o Options) connector {
	c.once.Do(func() { c.transport = newTransport(o) })
	return c.transport
}

// Close closes the connections that are idle. The sessions should be closed by
// then.
func (c *Conns) Close() {
	c.once.Do(func() { c.transport = &http.Transport{} })
	c.transport.CloseIdleConnections()
}

// dialerOf makes TCP connections from an address, or from any where it is empty.
func dialerOf(timeout time.Duration, source string) *net.Dialer {
	d := &net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}
	if ip := net.ParseIP(source); ip != nil {
		d.LocalAddr = &net.TCPAddr{IP: ip}
	}
	return d
}

// promptly makes connections with one server whose pieces are acknowledged at once.
func promptly(d *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	p := &partings{}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return prompt(c, p), nil
	}
}

// newTransport makes connections as checked options say.
func newTransport(o Options) connector {
	t := &http.Transport{
		DisableCompression: true,

		MaxResponseHeaderBytes: maxReplyHead,

		MaxIdleConns:        0,
		MaxIdleConnsPerHost: o.MaxConns,
		MaxConnsPerHost:     o.MaxConns,
		IdleConnTimeout:     idleConn,
	}
	ConnectAs(t, o)
	if o.HTTP2 {
		return &streamPool{transport: t, most: o.MaxConns}
	}
	return t
}

// ConnectAs has a transport make its connections as options say: with their
// certificates, through their proxy, to their socket, from their address, and in
// their version of HTTP. It takes nothing else of them.
func ConnectAs(t *http.Transport, o Options) {
	t.DialContext = promptly(dialerOf(o.Timeout, o.Source))
	t.TLSClientConfig, t.TLSHandshakeTimeout = o.TLS.Clone(), o.Timeout
	t.Protocols, t.Proxy = &http.Protocols{}, nil
	// One of the two only: over HTTP/2 a stream may wait after the stamp, and be
	// repeated without a word, so that nobody should get it unasked.
	t.Protocols.SetHTTP1(!o.HTTP2)
	t.Protocols.SetHTTP2(o.HTTP2)
	t.Protocols.SetUnencryptedHTTP2(o.HTTP2)
	if !o.HTTP2 {
		t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	if o.Proxy != nil {
		t.Proxy = http.ProxyURL(o.Proxy)
	}
	if o.Socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialerOf(o.Timeout, "").DialContext(ctx, "unix", o.Socket) // there is nothing to acknowledge
		}
	}
}

// trace stamps the sending, and tells the phases where anybody wants to know.
func (p *poster) trace(sent *stamp) *httptrace.ClientTrace {
	t := &httptrace.ClientTrace{
		GotConn: func(on httptrace.GotConnInfo) {
			sent.set(p.now())
			sent.idled.Store(on.Reused && (sent.early || on.WasIdle && on.IdleTime >= idleLeast))
			if sent.on = witnessOf(on.Conn); sent.on != nil {
				sent.on.begin(on.Reused)
			}
		},
		GotFirstResponseByte: sent.replied,
		PutIdleConn: func(err error) {
			if err == nil && sent.on != nil {
				sent.on.rest()
			}
		},
	}
	if p.phase == nil {
		return t
	}
	// A connection is opened on goroutines of its own, several at a time where
	// a name has several addresses.
	var connect, secure stamp
	t.ConnectStart = func(string, string) { connect.set(p.now()) }
	t.ConnectDone = func(_, _ string, err error) { p.passed(Connecting, &connect, err) }
	t.TLSHandshakeStart = func() { secure.set(p.now()) }
	t.TLSHandshakeDone = func(_ tls.ConnectionState, err error) { p.passed(Securing, &secure, err) }
	t.GotFirstResponseByte = func() {
		sent.replied()
		if sent.call {
			p.passed(FirstByte, sent, nil)
		}
	}
	return t
}

// passed tells of a phase that ended well.
func (p *poster) passed(phase Phase, since *stamp, err error) {
	if begin, ok := since.get(); ok && err == nil {
		p.phase(phase, p.now()-begin)
	}
}
