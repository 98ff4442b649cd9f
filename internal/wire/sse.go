package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
)

// An sseLink speaks the HTTP+SSE transport of revision 2024-11-05: one GET
// whose stream brings every message of the server, and a POST for each
// message of ours, to the address that the stream's first event names.
type sseLink struct {
	poster  *poster // of the stream
	posts   *poster // of messages
	post    string  // where to post
	box     *mailbox
	timeout time.Duration
	answers *answerer

	life   context.Context // of the stream, and of what is sent beside it
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// openSSE opens the stream, over a connection of its own, and waits for its endpoint event, until ctx ends.
// Where that fails the answer says why.
func openSSE(ctx context.Context, p, posts *poster, target string, box *mailbox, timeout time.Duration,
	answers *answerer) (*sseLink, answer) {
	l := &sseLink{poster: p, posts: posts, box: box, timeout: timeout, answers: answers}
	l.life, l.cancel = context.WithCancel(context.Background())
	answers.carry, box.respond = l.reply, answers.answer
	// Until the endpoint is known the stream must end with ctx.
	opening, opened := context.WithCancelCause(l.life)
	stop := context.AfterFunc(ctx, func() { opened(context.Cause(ctx)) })
	defer stop()

	sent := stamp{kind: history.Stream, method: http.MethodGet}
	begin := p.now()
	header := http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-cache"}}
	resp, f := p.send(opening, opening, sending{method: http.MethodGet, url: target, header: header}, &sent)
	a := answer{fault: f}
	if f == nil {
		a = l.begin(opening, resp, target)
	}
	a.sent, a.wrote = sent.or(begin)
	a.received, a.denied = p.now(), sent.denied
	if a.fault != nil || a.status != http.StatusOK {
		l.cancel()
		l.wg.Wait()
		return nil, a
	}
	return l, a
}

// begin starts to read the stream and waits for its endpoint event.
func (l *sseLink) begin(ctx context.Context, resp *http.Response, target string) answer {
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.status != http.StatusOK {
		hold := holding{of: l.poster.memory}
		a.body, _ = readAll(ctx, resp.Body, l.poster.most, &hold) // as much of it as there is
		hold.free()
		_ = resp.Body.Close() // nothing follows from how it ends
		return a
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		_ = resp.Body.Close() // nothing follows from how it ends
		a.fault = &fault{kind: Garbage, detail: "a reply to GET that is no event stream but " + orUnnamed(kind)}
		return a
	}
	endpoint := make(chan string, 1)
	ended := make(chan *fault, 1)
	l.wg.Go(func() {
		f := l.readStream(ctx, resp.Body, endpoint)
		_ = resp.Body.Close() // nothing follows from how it ends
		l.box.shut(f, l.poster.now())
		ended <- f
	})
	select {
	case where := <-endpoint:
		l.post, a.fault = resolveSame(target, where)
	case a.fault = <-ended:
	}
	return a
}

// resolveSame resolves an address against another one. It must stay with the
// same server: our headers may hold credentials.
func resolveSame(base, where string) (string, *fault) {
	from, err := url.Parse(base)
	if err != nil {
		return "", &fault{Protocol, "the URL cannot be parsed", err}
	}
	to, err := from.Parse(where)
	if err != nil || where == "" {
		return "", &fault{Protocol, "the address that it names for posting cannot be parsed", err}
	}
	if to.Scheme != from.Scheme || to.Host != from.Host {
		return "", &fault{kind: Protocol, detail: "it leads to another server: " + publicURL(to.String())}
	}
	return to.String(), nil
}

// readStream reads the stream until it ends, and says why it did.
func (l *sseLink) readStream(ctx context.Context, body io.Reader, endpoint chan<- string) *fault {
	var events eventReader
	events.begin(l.poster.most)
	in := &stampedReader{in: body, now: l.poster.now}
	buf := make([]byte, 32<<10)
	named := false
	hold := holding{of: l.poster.memory}
	defer hold.free()
	for {
		n, err := in.Read(buf)
		bad := events.feed(buf[:n], func(e event) {
			switch {
			case e.kind == "endpoint" && !named:
				named = true
				endpoint <- string(e.data)
			case e.message():
				l.box.text(bytes.Clone(e.data), in.last)
			}
		})
		full := events.takeRoom(&hold, 0)
		switch {
		case bad != nil:
			return &fault{Garbage, bad.Error(), bad}
		case full != nil:
			return full // there is no other way to stop reading
		case errors.Is(err, io.EOF):
			return &fault{Lost, "the server ended the event stream", err}
		case err != nil && ctx.Err() == nil:
			f := netFault(ctx, err)
			f.detail = "the event stream broke: " + f.detail
			return f
		case err != nil:
			return gaveUp(ctx)
		}
	}
}

// exchange posts a request and waits for its response on the stream, or for a
// status that says that none will come.
func (l *sseLink) exchange(ctx context.Context, q request) answer {
	begin := l.poster.now()
	slot, down := l.box.expect(q.id)
	if down != nil {
		return answer{sent: begin, received: begin, fault: down}
	}
	sent := stamp{method: q.method, tool: q.tool}
	// The post may outlive the call: the response can overtake its status,
	// and breaking it off then could take the request back.
	life, cancel := context.WithTimeoutCause(l.life, l.timeout, errTimeout)
	posted := make(chan answer, 1)
	l.wg.Go(func() {
		defer cancel()
		posted <- l.send(life, q, &sent)
	})
	a := l.await(ctx, cancel, q, slot, posted)
	a.sent, a.wrote = sent.or(begin)
	a.denied = sent.denied
	return a
}

// await waits for what comes first: the response, a refusal of the post, or
// the end of ctx, which it answers with cancel.
func (l *sseLink) await(ctx context.Context, cancel func(), q request, slot <-chan delivery,
	posted <-chan answer) answer {
	status := 0
	for {
		select {
		case d := <-slot:
			return answer{status: status, received: d.at, reply: d.reply, fault: d.fault}
		case p := <-posted:
			if status = p.status; p.fault == nil && status/100 == 2 {
				posted = nil
				continue
			}
			l.box.forget(q.id)
			if p.fault == nil {
				c := &collector{want: q.id, issued: l.box.issued, strays: l.box.strays, respond: func(*message) {}}
				c.text(p.body, p.received)
				p.reply, p.again, p.other = c.reply, c.again, c.other
			}
			return p
		case <-ctx.Done():
			cancel()
			l.box.forget(q.id)
			if posted != nil {
				<-posted // so that the stamp tells if anything was written
			}
			return answer{status: status, received: l.poster.now(), fault: gaveUp(ctx)}
		}
	}
}

// send posts a message and reads its status.
func (l *sseLink) send(ctx context.Context, q request, sent *stamp) answer {
	a := l.posts.status(ctx, posting(l.post, q), sent)
	if q.again && crossedIdle(a) {
		a.sent, a.wrote = sent.or(a.received)
		a.tool = q.tool
		l.posts.noted(q.method, a)
		a = l.posts.status(ctx, posting(l.post, q), sent)
	}
	return l.follow(ctx, q, a, sent)
}

// follow posts a message again where its answer says that the same server takes it
// elsewhere, as many do whose endpoint lacks a slash.
func (l *sseLink) follow(ctx context.Context, q request, a answer, sent *stamp) answer {
	at := l.post
	for n := 0; n < maxRedirects && keepsMethod(a); n++ {
		to, f := redirect(at, a)
		if f != nil || to == "" || ctx.Err() != nil {
			break
		}
		if sent.kind == history.Request {
			a.sent, a.wrote = sent.or(a.received)
			a.tool = q.tool
			l.posts.noted(q.method, a)
		}
		a, at = l.posts.status(ctx, posting(to, q), sent), to
	}
	return a
}

// notify posts a message and reads its status.
func (l *sseLink) notify(ctx context.Context, q request) answer {
	begin := l.poster.now()
	sent := stamp{kind: q.kind(), method: q.method}
	a := l.send(ctx, q, &sent)
	a.sent, a.wrote = sent.or(begin)
	a.denied = sent.denied
	return a
}

// reply posts an answer to a request by the server.
func (l *sseLink) reply(ctx context.Context, q request) answer {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errTimeout)
	defer cancel()
	return l.notify(ctx, q)
}

// close ends the stream and the connections.
func (l *sseLink) close(context.Context) error {
	l.cancel()
	l.wg.Wait()
	l.poster.close()
	l.posts.close()
	return nil
}
