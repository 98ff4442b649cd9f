package wire

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// How long to wait before a stream is asked for again whose server doesn't say
// (as the official clients do), and at least.
const (
	defaultRetry = time.Second
	leastRetry   = 10 * time.Millisecond
)

// resumeTries is how often a stream is asked for again whose server is not there, or
// is busy, as it may be while it restarts. The official clients try twice.
const resumeTries = 3

// A StreamCount is what became of the streams of a session.
type StreamCount struct {
	Listened int64 // standalone streams (GET) that were open
	Ended    int64 // those that the server ended
	Broke    int64 // those whose connection broke
	Resumed  int64 // streams of calls that ended before the response, and were asked for again
}

// Add adds another count.
func (c *StreamCount) Add(o StreamCount) {
	c.Listened += o.Listened
	c.Ended += o.Ended
	c.Broke += o.Broke
	c.Resumed += o.Resumed
}

// streamCount counts streams, from several goroutines.
type streamCount struct{ listened, ended, broke, resumed atomic.Int64 }

// Streams says what became of the session's streams.
func (s *Session) Streams() StreamCount {
	c := &s.streams
	return StreamCount{c.listened.Load(), c.ended.Load(), c.broke.Load(), c.resumed.Load()}
}

// A resumption asks for streams again that ended too early.
type resumption struct {
	count  *streamCount
	header func() http.Header // of the session's requests
	aside  func(kind history.Kind, method string, a answer)
}

// resumable reports if a stream that has ended without a response can be asked
// for again: the server has given its events names, and it is of an era with such
// streams.
func (l *httpLink) resumable(s *eventSink) bool {
	return s.events.id != "" && !s.replied() && !l.stateless()
}

// rest is how long a stream that ended isn't asked for again: as long as the server wants. A
// standalone one that was asked for in vain is given longer, as nobody listens after some of these.
func (s *eventSink) rest(faults int) time.Duration {
	wait := max(cmp.Or(s.events.retry, defaultRetry), leastRetry)
	if faults > 0 {
		wait = max(wait, defaultRetry)
	}
	return wait
}

// resume asks for what comes after the last event of a stream (revision
// 2025-11-25, Transports, Resumability and Redelivery), after as long as the
// server wants.
func (l *httpLink) resume(ctx, life context.Context, s *eventSink) (io.ReadCloser, *fault) {
	for try := 1; ; try++ {
		if !pauseFor(ctx, s.rest(0)) {
			return nil, gaveUp(ctx)
		}
		resp, f := l.get(ctx, life, l.poster, s.events.id)
		if f == nil && resp.StatusCode == http.StatusOK && replyType(resp.Header) == eventStream {
			l.again.count.resumed.Add(1)
			s.events.resumed()
			return resp.Body, nil
		}
		passing := f != nil && f.kind != TimedOut
		if f == nil {
			_ = resp.Body.Close() // nothing follows from how it ends
			passing = resp.StatusCode/100 == 5 || resp.StatusCode == http.StatusTooManyRequests
			f = &fault{kind: Garbage, detail: resp.Status}
		}
		if ctx.Err() != nil {
			return nil, gaveUp(ctx)
		}
		if !passing || try == resumeTries {
			f.detail = "the stream ended without a response, and it is not resumed: " + f.detail
			return nil, f
		}
	}
}

// get asks for a stream, from after an event where there is one, and notes that.
func (l *httpLink) get(ctx, life context.Context, p *poster, lastEvent string) (*http.Response, *fault) {
	header := l.again.header()
	header["Accept"] = []string{eventStream}
	if lastEvent != "" {
		header["Last-Event-Id"] = []string{lastEvent}
	}
	begin := p.now()
	sent := stamp{kind: history.Stream, method: http.MethodGet}
	resp, f := p.send(ctx, life, sending{method: http.MethodGet, url: *l.url.Load(), header: header}, &sent)
	a := answer{fault: f, received: p.now()}
	a.sent, a.wrote = sent.or(begin)
	if f == nil {
		a.status, a.header = resp.StatusCode, resp.Header
	}
	l.again.aside(history.Stream, http.MethodGet, a)
	return resp, f
}

// resumed makes the reader ready for the rest of its stream.
func (r *eventReader) resumed() {
	id, retry := r.id, r.retry
	r.begin(r.most)
	r.id, r.nextID, r.retry = id, id, retry
}
