package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"
)

// linger is how long a reply is watched after its response was read. A stream
// should end there; what still comes is a second response. It delays the
// caller, but no stamp.
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
}

// exchange posts a request and reads its reply.
func (l *httpLink) exchange(ctx context.Context, q request) answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := l.poster.now()
	var sent stamp
	resp, f := l.poster.send(ctx, http.MethodPost, *l.url.Load(), q.body, postHeader(q), &sent)
	a := answer{fault: f, received: l.poster.now()}
	if f == nil {
		c := &collector{want: q.id, issued: l.issued, strays: l.strays, respond: l.answers.answer}
		hold := holding{of: l.poster.memory}
		defer hold.free()
		a = readReply(ctx, cancel, resp, c, l.poster.now, &hold)
	}
	a.sent, a.wrote = sent.or(begin)
	return a
}

// notify posts a message and reads its status.
func (l *httpLink) notify(ctx context.Context, q request) answer {
	begin := l.poster.now()
	var sent stamp
	a := l.poster.status(ctx, http.MethodPost, *l.url.Load(), q.body, postHeader(q), &sent)
	a.sent, a.wrote = sent.or(begin)
	return a
}

// postHeader returns the headers of a POST.
func postHeader(q request) http.Header {
	header := q.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json, text/event-stream")
	return header
}

// readReply reads a reply into the collector, and closes it. It calls cancel,
// which ends ctx, where the reply doesn't end by itself.
func readReply(ctx context.Context, cancel func(), resp *http.Response, c *collector, now func() time.Duration, hold *holding) answer {
	defer resp.Body.Close() // nothing follows from how it ends
	a := answer{status: resp.StatusCode, header: resp.Header}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		kind = "" // none, or nonsense: the body tells
	}
	if kind == "text/event-stream" {
		a.fault = readEvents(ctx, cancel, resp.Body, c, now, hold)
		if a.received = c.at; c.reply == nil {
			a.received = now()
		}
	} else {
		in := &stampedReader{in: resp.Body, now: now, last: now()}
		a.body, a.fault = readAll(ctx, in, hold)
		if a.received = in.last; a.fault == nil {
			c.text(a.body, in.last)
		} else {
			a.received = now()
		}
	}
	c.close()
	a.reply, a.again, a.other = c.reply, c.again, c.other
	if a.reply != nil {
		a.body, a.fault = nil, nil
		return a
	}
	if a.fault != nil && a.fault.kind == Overfull {
		return a
	}
	if a.status/100 != 2 {
		// The status is the answer, whatever became of the body.
		a.fault = nil
		return a
	}
	if a.fault == nil {
		if a.fault = c.missing(); a.fault == nil {
			a.fault = &fault{kind: Garbage, detail: fmt.Sprintf("HTTP %d without a response", a.status)}
		} else if c.junk != nil && c.other == nil && kind != "application/json" {
			a.fault.detail = fmt.Sprintf("the reply is no MCP message but %s: %s", orUnnamed(kind), excerpt(a.body))
		}
	}
	return a
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

// readEvents reads a stream until it ends, or a while beyond the response.
func readEvents(ctx context.Context, cancel func(), body io.Reader, c *collector, now func() time.Duration, hold *holding) *fault {
	var (
		events eventReader
		in     = &stampedReader{in: body, now: now}
		buf    = make([]byte, 32<<10)
		total  int
		late   *time.Timer
		old    bool
	)
	for {
		n, err := in.Read(buf)
		total += n
		bad := events.feed(buf[:n], func(e event) {
			if e.message() {
				c.text(e.data, in.last)
			}
			old = old || e.kind == "endpoint"
		})
		full := events.takeRoom(hold, c.kept)
		if late == nil && c.reply != nil {
			late = time.AfterFunc(linger, cancel)
			defer late.Stop()
		}
		switch {
		case bad != nil:
			return &fault{Garbage, bad.Error(), bad}
		case old && c.reply == nil:
			return &fault{Garbage, errOldTransport.Error(), errOldTransport}
		case total > MaxMessage:
			return &fault{kind: Garbage, detail: fmt.Sprintf("a reply longer than %d bytes", MaxMessage)}
		case full != nil:
			return full
		case errors.Is(err, io.EOF) && events.pending():
			return &fault{kind: Lost, detail: "the stream ended inside an event"}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return netFault(ctx, err)
		}
	}
}

// readAll reads a body of bounded size.
func readAll(ctx context.Context, body io.Reader, hold *holding) ([]byte, *fault) {
	text, full, err := readBounded(body, MaxMessage, hold)
	switch {
	case full != nil:
		return nil, full
	case err != nil:
		return text, netFault(ctx, err)
	case len(text) > MaxMessage:
		return text[:MaxMessage], &fault{kind: Garbage, detail: fmt.Sprintf("a reply longer than %d bytes", MaxMessage)}
	}
	return text, nil
}

// reply posts an answer to a request by the server.
func (l *httpLink) reply(ctx context.Context, q request) answer {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errTimeout)
	defer cancel()
	return l.notify(ctx, q)
}

// close closes the connections. The session has been deleted by then.
func (l *httpLink) close(context.Context) error {
	l.poster.close()
	return nil
}
