package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A poster sends HTTP requests exactly once each, but those whose token was
// refused: it follows no redirect, repeats nothing that may have been read, and
// asks for no compression unless it is told to.
type poster struct {
	transport connector
	header    http.Header // of every request
	now       func() time.Duration
	phase     func(Phase, time.Duration) // may be nil
	shared    bool                       // the transport is others' too
	memory    *ReplyMemory
	most      int       // bytes of a reply
	cookies   *cookies  // nil: none are kept
	tap       io.Writer // gets a copy of what is read; nil: nobody
	bearer    Bearer    // nil: the header says all
	aside     func(kind history.Kind, method string, a answer)
}

// newPoster returns a poster for checked options.
func newPoster(o Options) *poster {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", o.Name+"/"+o.Version)
	}
	// net/http repeats a POST that carries this header, even one that the
	// server may have read: one id would be spent twice. It looks for the
	// canonical spelling only.
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if v, ok := header[name]; ok {
			delete(header, name)
			header[lowerASCII(name)] = v
		}
	}
	if u, err := url.Parse(o.URL); err == nil && u.User != nil && header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(u.User.Username(), password)
		header.Set("Authorization", r.Header.Get("Authorization"))
	}
	p := &poster{header: header, now: o.Now, phase: o.Phase, shared: o.Conns != nil, tap: o.Tap, memory: o.Memory,
		most: o.MaxMessage}
	if o.Compressed && header.Get("Accept-Encoding") == "" {
		header.Set("Accept-Encoding", offered)
	}
	p.cookies, p.bearer = newCookies(header), o.Bearer
	if p.shared {
		p.transport = o.Conns.of(o)
	} else {
		p.transport = newTransport(o)
	}
	return p
}

// lowerASCII returns a header name in lower case.
func lowerASCII(name string) string { return string(bytes.ToLower([]byte(name))) }

// A sending is one HTTP request, but for what all of a poster's have.
type sending struct {
	method, url string
	body        []byte // nil: none
	header      http.Header
}

// send sends one request. It sets sent when a connection is ready and the
// request is about to be written on it; if the connection turns out to be
// dead before the first byte, the request moves to another one and the stamp
// stays, which is early but never late.
//
// ctx says why the caller gave up, and life ends the request and the reply.
func (p *poster) send(ctx, life context.Context, s sending, sent *stamp) (*http.Response, *fault) {
	token := p.shown()
	resp, f := p.once(ctx, life, s, token, sent)
	if f != nil || p.bearer == nil || !refusesToken(resp.StatusCode, resp.Header) || !p.anew(ctx, token, resp, sent) {
		return resp, f
	}
	return p.once(ctx, life, s, p.shown(), sent)
}

// once is send with one token.
func (p *poster) once(ctx, life context.Context, s sending, token string, sent *stamp) (*http.Response, *fault) {
	trace := p.trace(sent)
	var reader io.Reader
	if s.body != nil {
		reader = bytes.NewReader(s.body)
	}
	q, err := http.NewRequestWithContext(httptrace.WithClientTrace(life, trace), s.method, s.url, reader)
	if err != nil {
		return nil, &fault{Protocol, "the URL cannot be requested", err}
	}
	for name, values := range p.header {
		q.Header[name] = values
	}
	for name, values := range s.header {
		q.Header[name] = values
	}
	if host := p.header.Get("Host"); host != "" {
		q.Host = host
	}
	if token != "" && s.header["Authorization"] == nil {
		q.Header["Authorization"] = []string{"Bearer " + token}
	}
	if line := p.cookies.line(q.URL); line != "" && q.Header["Cookie"] == nil {
		q.Header["Cookie"] = []string{line}
	}
	if sent.dress != nil {
		sent.dress(q)
	}
	resp, err := p.carry(q)
	for err != nil && sent.on != nil && sent.on.untouched() && life.Err() == nil {
		// The connection ended just before: net/http gives up where it was no error of writing.
		sent.on = nil
		if q.GetBody != nil {
			q.Body, _ = q.GetBody() // it is in memory
		}
		resp, err = p.carry(q)
	}
	if err != nil {
		return nil, netFault(ctx, err).crossed(sent.unseen())
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close() // it is the bare connection, which no context would end
		return nil, &fault{kind: Garbage, detail: "HTTP 101: the server switches protocols, which was not asked for"}
	}
	p.cookies.keep(q.URL, resp.Header)
	unpack(resp, p.most)
	if p.tap != nil {
		resp.Body = tapped{io.TeeReader(resp.Body, p.tap), resp.Body}
	}
	return resp, nil
}

// carry sends a request over the transport, which writes nothing older than HTTP/1.1.
func (p *poster) carry(q *http.Request) (*http.Response, error) {
	if q.ProtoMinor == 0 {
		return carryOld(p.transport, q, p.most)
	}
	return p.transport.RoundTrip(q)
}

// A tapped body is read through a tee.
type tapped struct {
	io.Reader
	io.Closer
}

// status sends one request of whose reply only the status counts, and the
// body where that is no success. The answer's sent is left to the caller.
func (p *poster) status(ctx context.Context, s sending, sent *stamp) answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, f := p.send(ctx, ctx, s, sent)
	if f != nil {
		return answer{fault: f, received: p.now()}
	}
	// A body may stay open for ever; reading it to its end keeps the
	// connection alive, no more, and what is cut short is still a body.
	defer time.AfterFunc(linger, cancel).Stop()
	return p.statusOf(ctx, resp, &holding{of: p.memory}, p.now)
}

// statusOf reads a reply of which only the status counts.
func (p *poster) statusOf(ctx context.Context, resp *http.Response, hold *holding, now func() time.Duration) answer {
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, _ = readAll(ctx, resp.Body, p.most, hold)
	hold.free()
	if a.status/100 == 2 {
		a.body = nil
	}
	_ = resp.Body.Close() // nothing follows from how it ends
	a.received = now()
	return a
}

// close closes the idle connections, unless others use them too.
func (p *poster) close() {
	if !p.shared {
		p.transport.CloseIdleConnections()
	}
}
