package wire

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// The label of the calls that set a session up.
const handshakeLabel = history.Handshake

// How a handshake that is refused for its rate is repeated.
const (
	maxAttempts  = 5                // of one request
	defaultWait  = time.Second      // where the refusal doesn't say
	maxWait      = 30 * time.Second // what asks for more is given up at once
	maxRedirects = 3
)

// Dial starts or connects to a server and settles the protocol. Where the
// error is not nil it is a *DialError, which holds the handshake so far; what
// was started is stopped again. The context bounds the dialling only.
//
// A handshake request that a rate limit refuses is repeated after the time
// that the refusal names, or a second, up to five times in all. Each attempt
// is in the handshake.
func Dial(ctx context.Context, o Options) (*Session, error) {
	s, err := newSession(o)
	if err != nil {
		return nil, err
	}
	s.overhear()
	e := s.token(ctx)
	if e == nil {
		e = s.connect(ctx)
	}
	if e == nil && o.ListTools {
		e = s.listTools(ctx)
	}
	if e != nil {
		return nil, s.undialled(ctx, e)
	}
	s.dialled()
	s.listen()
	return s, nil
}

// newSession returns a session without a link.
func newSession(o Options) (*Session, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	s := &Session{o: o, transport: o.Transport, url: o.URL, clean: newRedactor(o.Redact, o.Header, o.URL)}
	s.strays.clean = s.clean
	if o.Trace {
		s.trace = newTracer()
	}
	s.era.Store(&era{trace: s.trace})
	return s, nil
}

// dialled says that the session is set up.
func (s *Session) dialled() {
	s.server = s.clean.finish(s.server)
	if l, ok := s.link.(*httpLink); ok {
		l.settled.Store(true)
	}
}

// undialled closes a session that couldn't be set up, and completes the error.
func (s *Session) undialled(ctx context.Context, e *DialError) *DialError {
	e.Target = s.o.target()
	if e.Stderr = s.Stderr(); e.Hint == "" {
		e.Hint = hint(e, s.o)
	}
	e.Detail = s.clean.finish(e.Detail)
	// A server that couldn't be dialled may not be closed politely either;
	// how that ends adds nothing to why it couldn't.
	_ = s.Close(ctx)
	e.Calls = append(s.Handshake(), s.Asides()...)
	return e
}

// connect opens a link and settles the protocol on it.
func (s *Session) connect(ctx context.Context) *DialError {
	switch s.transport {
	case Stdio:
		if e := s.useStdio(ctx); e != nil {
			return e
		}
		return s.negotiate(ctx)
	case InProcess:
		s.link = &inProcessLink{handler: s.o.Handler, client: s.o.Client, now: s.o.Now, timeout: s.o.Timeout,
			issued: s.issued, strays: &s.strays, respond: s.respond, aside: s.answered,
			modern: func() bool { return s.era.Load().stateless }, soft: s.o.Refusal.softness()}
		return s.negotiate(ctx)
	case SSE:
		if e := s.useSSE(ctx); e != nil {
			return e
		}
		return s.negotiate(ctx)
	}
	auto := s.transport == Auto
	s.transport = HTTP
	s.useHTTP()
	first := s.negotiate(ctx)
	if first == nil || !auto || !first.mayBeSSE() || isStateless(s.o.Protocol) && s.o.Protocol != autoProtocol {
		return first
	}
	if e := s.closeLink(ctx); e != nil {
		return e
	}
	s.era.Store(&era{trace: s.trace})
	if e := s.useSSE(ctx); e != nil {
		return first // it is no older server either: what came first tells more
	}
	s.transport = SSE
	return s.negotiate(ctx)
}

// mayBeSSE reports if the way that streamable HTTP failed is how a server of
// the older transport answers a POST.
func (e *DialError) mayBeSSE() bool {
	return errors.Is(e.Err, errOldTransport) || e.Status/100 == 4 && e.Kind != Auth && e.Kind != Limited &&
		e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// closeLink closes the link, to make place for another one.
func (s *Session) closeLink(ctx context.Context) *DialError {
	s.answers.close()
	err := s.link.close(ctx)
	s.link = nil
	if err != nil {
		return &DialError{Kind: Lost, Detail: excerpt([]byte(err.Error())), Err: err}
	}
	return nil
}

// useHTTP makes streamable HTTP the link.
func (s *Session) useHTTP() {
	l := &httpLink{poster: newPoster(s.o), issued: s.issued, strays: &s.strays, answers: s.newAnswerer(maxAnswering),
		timeout: s.o.Timeout, most: s.o.MaxMessage}
	l.answers.carry, l.poster.aside = l.reply, s.aside
	l.stateless = func() bool { return s.era.Load().stateless }
	l.again = resumption{count: &s.streams, aside: s.aside, header: func() http.Header {
		return s.era.Load().header("", "", nil)
	}}
	at := s.url
	l.url.Store(&at)
	s.link = l
}

// useSSE makes HTTP+SSE the link.
func (s *Session) useSSE(ctx context.Context) *DialError {
	o, posts := s.o, newPoster(s.o)
	// The stream takes a connection for as long as the session lasts: out of those
	// that are shared it would take them from everybody's posts.
	o.Conns, o.MaxConns = nil, 1
	p := newPoster(o)
	p.cookies, p.aside, posts.aside = posts.cookies, s.aside, s.aside
	e := s.openStream(ctx, p, posts)
	if e != nil {
		p.close()
		posts.close()
	}
	return e
}

// openStream opens the stream of HTTP+SSE, and repeats that as ask does. It
// notes every attempt.
func (s *Session) openStream(ctx context.Context, p, posts *poster) *DialError {
	redirects, attempts := 0, 0
	for {
		opening, cancel := context.WithTimeoutCause(ctx, s.o.Patience, errTimeout)
		box := &mailbox{issued: s.issued, strays: &s.strays}
		due := s.o.Now()
		l, a := openSSE(opening, p, posts, s.url, box, s.o.Timeout, s.newAnswerer(maxAnswering))
		cancel()
		call := history.Call{Arrival: history.Arrival{Due: due, Client: s.o.Client, Method: http.MethodGet,
			Label: handshakeLabel}, Kind: history.Stream}
		s.judge(&call, a)
		if a.wrote {
			s.calls = append(s.calls, call)
		}
		if l != nil {
			s.link = l
			return nil
		}
		if to, f := redirect(s.url, a); f != nil {
			return s.failure(http.MethodGet, call, answer{fault: f})
		} else if to != "" && redirects < maxRedirects {
			redirects++
			s.url = to
			continue
		}
		if call.Outcome != history.Limited {
			return s.failure(http.MethodGet, call, a)
		}
		attempts++
		if e := s.pause(ctx, attempts, call, a); e != nil {
			return e
		}
	}
}

// useStdio starts the command and makes its pipes the link.
func (s *Session) useStdio(ctx context.Context) *DialError {
	p, err := startProcess(ctx, ProcessOptions{Command: s.o.Command, Env: s.o.Env, Dir: s.o.Dir}, true)
	if err != nil {
		var e *DialError
		if !errors.As(err, &e) {
			e = &DialError{Kind: NotStarted, Detail: innermost(err), Err: err}
		}
		return e
	}
	s.process = p
	box := &mailbox{issued: s.issued, strays: &s.strays}
	// One answer at a time, so that they keep their order.
	s.link = newStdioLink(p, box, s.o, s.newAnswerer(1), s.cancelled)
	return nil
}

// redirect returns where an answer redirects to, "" where it doesn't. It must
// stay with the same server.
func redirect(base string, a answer) (string, *fault) {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resolveSame(base, a.header.Get("Location"))
	}
	return "", nil
}

// An exchanged is a request that a loop has sent, and what came of it.
type exchanged struct {
	call history.Call
	got  answer
}

// ask sends one request of the handshake and notes it. It repeats it while a
// rate limit refuses it, and follows redirects; the error says that this or
// the caller came to an end, and nothing else.
func (s *Session) ask(ctx context.Context, method string, arguments []byte, timeout time.Duration) (history.Call,
	answer, *DialError) {
	redirects, attempts := 0, 0
	for {
		a := history.Arrival{Due: s.o.Now(), Client: s.o.Client, Method: method,
			Arguments: slices.Clone(arguments), Label: handshakeLabel}
		var call history.Call
		var got answer
		if g := s.given; g != nil {
			s.given, call, got = nil, g.call, g.got
		} else {
			call, got = s.do(ctx, a, timeout)
		}
		call = s.asked(call, got)
		if l, ok := s.link.(*httpLink); ok && got.fault == nil && redirects < maxRedirects {
			to, f := redirect(s.url, got)
			if f != nil {
				e := s.failure(method, call, answer{fault: f})
				e.Hint = "use the address that it leads to"
				return call, got, e
			}
			if to != "" {
				redirects++
				s.url = to
				l.url.Store(&to)
				continue
			}
		}
		attempts++
		if s.o.Once || !mayBeLimited(call, got, attempts) {
			return call, got, nil
		}
		if e := s.pause(ctx, attempts, call, got); e != nil {
			return call, got, e
		}
	}
}

// asked notes a request of the handshake, and what came of it. Where that came twice the
// handshake goes on by the first response, as clients do: in the history it is broken.
func (s *Session) asked(call history.Call, got answer) history.Call {
	s.calls = append(s.calls, call)
	if got.again != nil {
		got.again = nil
		s.judge(&call, got)
	}
	if s.o.Hear && call.Outcome == history.OK {
		s.results = append(s.results, Result{Method: call.Method, Text: bytes.Clone(got.result())})
	}
	return call
}

// waits is how long to wait before a refused request of the handshake is repeated.
// The error says that it isn't worth it.
func (s *Session) waits(attempts int, call history.Call, got answer) (time.Duration, *DialError) {
	wait := call.RetryAfter
	if wait == 0 {
		wait = defaultWait
	}
	if attempts >= maxAttempts || wait > maxWait {
		return 0, s.failure(call.Method, call, got)
	}
	return wait, nil
}

// pause waits as long. The error says that it isn't worth it, or that the caller
// came to an end.
func (s *Session) pause(ctx context.Context, attempts int, call history.Call, got answer) *DialError {
	wait, e := s.waits(attempts, call, got)
	if e != nil {
		return e
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &DialError{Kind: Cancelled, Detail: "while waiting to repeat " + call.Method, Err: context.Cause(ctx)}
	}
}

// mayBeLimited reports if a handshake request is worth repeating. FastMCP 2.13
// refuses initialize for its rate as if the parameters were wrong; since they
// may be, that is tried less often, and stays Rejected.
func mayBeLimited(call history.Call, got answer, attempts int) bool {
	disguised := call.Method == methodInitialize && call.Outcome == history.Rejected && attempts < 3 &&
		got.reply != nil && got.reply.code == -32602 && got.reply.text == "Invalid request parameters"
	return call.Outcome == history.Limited || disguised
}
