package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// linger is how long a stream is watched after its response was read. It should
// end there; what still comes is a second response. The call is over by then.
const linger = 250 * time.Millisecond

// An httpLink speaks streamable HTTP: each message is one POST, whose reply is
// a JSON text or a stream of events.
type httpLink struct {
	poster *poster
	url    atomic.Pointer[string] // a redirect during the handshake moves it
	issued func(id int64) bool
	strays *strayLog

	answers *answerer
	timeout time.Duration
	most    int            // bytes of a reply
	rests   sync.WaitGroup // streams that go on after their response, and the standalone one
	deaf    func()         // ends the standalone stream; nil where there is none

	elsewhere elsewhere
	settled   atomic.Bool // the handshake, which follows redirects for good, is over
	again     resumption
	stateless func() bool // the era is
}

// exchange posts a request and reads its reply.
func (l *httpLink) exchange(ctx context.Context, q request) answer {
	life, end := outliving(ctx)
	a, rest := l.post(ctx, life, end, *l.url.Load(), q)
	if rest == nil {
		end()
		for first := true; crossedIdle(a) && (q.again && first || !l.settled.Load()); first = false {
			a = l.repeat(ctx, q, a) // in a handshake, until it is on a new connection
		}
		if a = l.follow(ctx, q, a); l.answersElsewhere(a) {
			a = l.await(ctx, q.id, a)
		}
		return a
	}
	l.rests.Go(func() { defer end(); rest() })
	return a
}

// follow posts a request again where its answer says that the same server takes
// it elsewhere (307 and 308 keep the method and the body; the others don't), and
// has not read it. Another server gets nothing of ours.
func (l *httpLink) follow(ctx context.Context, q request, a answer) answer {
	at := *l.url.Load()
	for n := 0; n < maxRedirects && keepsMethod(a) && l.settled.Load(); n++ {
		to, f := redirect(at, a)
		if f != nil || to == "" || ctx.Err() != nil {
			return a
		}
		a.tool = q.tool
		l.again.aside(history.Request, q.method, a)
		first := a
		life, end := outliving(ctx)
		var rest func()
		if a, rest = l.post(ctx, life, end, to, q); rest != nil {
			rest()
		}
		end()
		a.sent, a.wrote, at = first.sent, true, to
	}
	return a
}

// keepsMethod reports if an answer is a redirect that keeps the method.
func keepsMethod(a answer) bool {
	return a.fault == nil && a.reply == nil && (a.status == http.StatusTemporaryRedirect ||
		a.status == http.StatusPermanentRedirect)
}

// outliving returns a context that ends with another one, until detached: what
// comes after a response is read when the call is over.
func outliving(ctx context.Context) (life context.Context, end context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(ctx))
}

// post posts a request and reads its reply up to the response. Where that is a
// stream that goes on, rest reads what comes after it; it is nil elsewhere. ctx
// ends the call, and life, which end ends, all of it.
func (l *httpLink) post(ctx, life context.Context, end context.CancelFunc, to string, q request) (a answer,
	rest func()) {
	defer context.AfterFunc(ctx, end)()
	begin := l.poster.now()
	sent := stamp{call: true, method: q.method, tool: q.tool, dress: q.dress, early: !l.settled.Load()}
	resp, f := l.poster.send(ctx, life, posting(to, q), &sent)
	a = answer{fault: f, received: l.poster.now()}
	if f == nil {
		in := l.reader(ctx, end)
		in.resume = func(s *eventSink) (io.ReadCloser, *fault) { return l.resume(ctx, life, s) }
		sink := l.newSink(q.id)
		sink.c.spelt = q.spelt
		a, rest = in.read(resp, sink)
	}
	a.sent, a.wrote = sent.or(begin)
	a.denied = sent.denied
	return a, rest
}

// newSink returns what takes the events of a reply.
func (l *httpLink) newSink(id int64) *eventSink {
	s := &eventSink{}
	s.begin(&collector{want: id, issued: l.issued, strays: l.strays, respond: l.answers.answer}, l.most)
	return s
}

// reader returns what reads a reply that comes over this link.
func (l *httpLink) reader(ctx context.Context, cancel func()) replyReader {
	return replyReader{link: l, ctx: ctx, cancel: cancel, now: l.poster.now, hold: &holding{of: l.poster.memory},
		phase: l.poster.phase}
}

// notify posts a message and reads its status.
func (l *httpLink) notify(ctx context.Context, q request) answer {
	begin := l.poster.now()
	sent := stamp{kind: q.kind(), method: q.method, early: !l.settled.Load()}
	at := *l.url.Load()
	a := l.poster.status(ctx, posting(at, q), &sent)
	for sent.early && crossedIdle(a) {
		a = l.poster.status(ctx, posting(at, q), &sent)
	}
	for n := 0; n < maxRedirects && keepsMethod(a) && l.settled.Load(); n++ {
		to, f := redirect(at, a)
		if f != nil || to == "" || ctx.Err() != nil {
			break
		}
		a, at = l.poster.status(ctx, posting(to, q), &sent), to
	}
	a.sent, a.wrote = sent.or(begin)
	a.denied = sent.denied
	return a
}

// kind is what is posted without a response.
func (q request) kind() history.Kind {
	if q.id != 0 || q.asked != 0 {
		return history.Answer
	}
	return history.Notification
}

// posting is the POST of a request.
func posting(url string, q request) sending {
	return sending{method: http.MethodPost, url: url, body: q.body, header: postHeader(q)}
}

// postHeader returns the headers of a POST.
func postHeader(q request) http.Header {
	header := q.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" { // a Form may say another
		header.Set("Content-Type", "application/json")
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json, text/event-stream")
	}
	return header
}

// A replyReader reads one reply.
type replyReader struct {
	link   *httpLink
	ctx    context.Context
	cancel func() // ends the reply where it doesn't end by itself
	now    func() time.Duration
	hold   *holding
	phase  func(Phase, time.Duration) // may be nil
	alone  bool                       // it is no reply, but a stream of the server's own

	// resume gets the rest of a stream that ended before its response. Nil: that is
	// for somebody else to do.
	resume func(s *eventSink) (io.ReadCloser, *fault)
}

// read reads a reply up to its response. Where that came on a stream that hasn't
// ended, rest reads on, for a while; else all has been read, and rest is nil.
func (r replyReader) read(resp *http.Response, s *eventSink) (a answer, rest func()) {
	a = answer{status: resp.StatusCode, header: resp.Header}
	kind := replyType(resp.Header)
	if e := packing(resp.Header); e != "" && r.link.poster.header.Get("Accept-Encoding") == "" {
		s.c.strays.add(Packed, r.now(), s.c.want, []byte(e))
	}
	if kind == eventStream {
		return r.stream(resp.Body, s, a)
	}
	in := &stampedReader{in: resp.Body, now: r.now, last: r.now()}
	a.body, a.fault = readAll(r.ctx, in, s.most, r.hold)
	if a.received = in.last; a.fault == nil {
		s.c.text(a.body, in.last)
	} else {
		a.received = r.now()
	}
	s.answer(&a, kind)
	r.hold.free()
	_ = resp.Body.Close() // nothing follows from how it ends
	return a, nil
}

// stream reads a reply of events, whose head is in the answer.
func (r replyReader) stream(body io.ReadCloser, s *eventSink, a answer) (answer, func()) {
	var open bool
	a.fault, open, body = r.events(body, s)
	if a.received = s.c.at; !s.replied() {
		a.received = r.now()
	}
	s.answer(&a, eventStream)
	if open {
		return a, func() { r.readRest(body, s) }
	}
	r.hold.free()
	_ = body.Close() // nothing follows from how it ends
	return a, nil
}

// eventStream is the media type of streams.
const eventStream = "text/event-stream"

// replyType is the media type that a reply's head names.
func replyType(header http.Header) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return "" // none, or nonsense: the body tells
	}
	return kind
}

// answer ends what the sink took, and fills in what it comes to: the response, or
// why there is none.
func (s *eventSink) answer(a *answer, kind string) {
	c := s.c
	s.close()
	a.reply, a.again, a.other = c.reply, c.again, c.other
	switch {
	case a.reply != nil:
		a.body, a.fault = nil, nil
	case a.fault != nil && a.fault.kind == Overfull:
	case a.status/100 != 2:
		// The status is the answer, whatever became of the body.
		a.fault = nil
	case a.fault != nil:
	default:
		if a.fault = c.missing(); a.fault == nil {
			a.fault = &fault{kind: Garbage, detail: fmt.Sprintf("HTTP %d without a response", a.status)}
		} else if c.junk != nil && c.other == nil && kind != "application/json" {
			a.fault.detail = fmt.Sprintf("the reply is no MCP message but %s: %s", orUnnamed(kind), excerpt(a.body))
		}
	}
}

// mediaType returns the media type that a header gives a body: in lower case and
// without parameters, or as much of it as can be quoted where it is nonsense.
func mediaType(header http.Header) string {
	given := header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	if err != nil {
		return excerpt([]byte(given))
	}
	return kind
}

// orUnnamed names a media type.
func orUnnamed(kind string) string {
	if kind == "" {
		return "of no type"
	}
	return excerpt([]byte(kind))
}

// errOldTransport says that a POST was answered as HTTP+SSE answers a GET.
var errOldTransport = errors.New("the server speaks the older HTTP+SSE transport")

// events reads a stream up to its response, and reports if it may go on, and where:
// one that ended too early is resumed.
func (r replyReader) events(from io.ReadCloser, s *eventSink) (f *fault, open bool, body io.ReadCloser) {
	buf := make([]byte, 32<<10)
	for body = from; ; {
		n, err := body.Read(buf)
		at := r.now()
		if r.alone {
			s.total = 0 // it may go on for ever
		}
		if n > 0 || err == nil {
			f = s.feed(buf[:n], at, r.hold)
		}
		switch {
		case f != nil:
			return f, false, body
		case s.replied() && !r.alone:
			return nil, err == nil, body
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			f = s.end(err)
		default:
			f = netFault(r.ctx, err)
		}
		if r.resume == nil || !r.link.resumable(s) {
			return f, false, body
		}
		next, lost := r.resume(s)
		if lost != nil {
			return lost, false, body
		}
		_ = body.Close() // nothing follows from how it ends
		body, f = next, nil
	}
}

// goOn gets the rest of a stream that ended before its response. The answer holds
// what its head said.
func (r replyReader) goOn(s *eventSink, a answer) (answer, func()) {
	body, f := r.resume(s)
	if f != nil {
		a.fault, a.received = f, r.now()
		s.answer(&a, eventStream)
		return a, nil
	}
	return r.stream(body, s, a)
}

// readRest reads what a stream brings after the response: for a while only, since
// it should bring nothing but its end.
func (r replyReader) readRest(body io.ReadCloser, s *eventSink) {
	begin := r.now()
	late := time.AfterFunc(linger, r.cancel)
	defer late.Stop()
	buf := make([]byte, 4<<10)
	for {
		n, err := body.Read(buf)
		if f := s.feed(buf[:n], r.now(), r.hold); f != nil || err != nil {
			break
		}
	}
	if r.phase != nil {
		r.phase(StreamEnd, r.now()-begin)
	}
	s.close()
	r.hold.free()
	_ = body.Close() // nothing follows from how it ends
}

// readAll reads a body of bounded size.
func readAll(ctx context.Context, body io.Reader, most int, hold *holding) ([]byte, *fault) {
	text, full, err := readBounded(body, most, hold)
	switch {
	case full != nil:
		return nil, full
	case err != nil:
		return text, netFault(ctx, err)
	case len(text) > most:
		return text[:most], tooLong("a reply", most)
	}
	return text, nil
}

// reply posts an answer to a request by the server.
func (l *httpLink) reply(ctx context.Context, q request) answer {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errTimeout)
	defer cancel()
	return l.notify(ctx, q)
}

// unheard ends the standalone stream.
func (l *httpLink) unheard() {
	if l.deaf != nil {
		l.deaf()
	}
}

// close closes the connections. The session has been deleted by then.
func (l *httpLink) close(context.Context) error {
	l.unheard()
	l.rests.Wait()
	l.poster.close()
	return nil
}
