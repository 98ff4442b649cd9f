package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// A Form is how one request differs from the session's others. The zero value is not at
// all.
type Form struct {
	Header http.Header              // in place of the session's own, or beside them
	ID     int64                    // the request's id; 0: the next one
	Spelt  string                   // the JSON value that is sent as the id in its place; over HTTP only. Empty: the id
	Body   func(body []byte) []byte // writes the same message in another way; over HTTP only. nil: as it is
	Method string                   // the HTTP method; empty: POST
	Chunks bool                     // the body goes in chunks, each in a segment of its own

	Without []string // headers that are left out, as net/http spells them
	Host    string   // in place of the URL's
	Old     bool     // it goes as HTTP/1.0, on a connection of its own
	// Carried has a result that isn't a tool's count as none: the message can be read as
	// another request too.
	Carried bool
	Cancels bool // once it is answered, the server is told that it is cancelled
	// once it is answered, the server is sent these notifications, which say nothing more
	Notes []string
	// the names of its headers are written in small letters, as most clients do, which has them
	// come in another order than net/http's
	Small  bool
	Recase string // a header whose value is in capitals, or in small letters where it is; empty: none is
}

// chunk is how many bytes of a body go at once that goes in chunks.
const chunk = 16

// web reports if only HTTP has requests of this form.
func (f Form) web() bool {
	return f.Spelt != "" || f.Body != nil || len(f.Header) > 0 || f.Cancels || f.Notes != nil || f.dresses()
}

// dresses reports if something has to be done to the HTTP request.
func (f Form) dresses() bool {
	return f.Method != "" || f.Chunks || f.Without != nil || f.Host != "" || f.Old || f.Small || f.Recase != ""
}

// dress changes an HTTP request that is ready but for its form.
func (f Form) dress(r *http.Request) {
	r.Method, r.Host = cmp.Or(f.Method, r.Method), cmp.Or(f.Host, r.Host)
	for _, name := range f.Without {
		if delete(r.Header, name); name == "User-Agent" {
			r.Header[name] = []string{""} // else net/http has one of its own
		}
	}
	if f.Old {
		r.Proto, r.ProtoMinor = "HTTP/1.0", 0
	}
	if value := r.Header.Get(f.Recase); value != "" {
		other := strings.ToUpper(value)
		if other == value {
			other = strings.ToLower(value)
		}
		r.Header[f.Recase] = []string{other}
	}
	if f.Small {
		small(r.Header)
	}
	if f.Chunks && r.Body != nil {
		r.Body, r.GetBody, r.ContentLength = io.NopCloser(&piecewise{r.Body}), nil, -1
	}
}

// small writes the names of headers in small letters.
func small(header http.Header) {
	for _, name := range slices.Collect(maps.Keys(header)) {
		values := header[name]
		if delete(header, name); name == "User-Agent" {
			header[name] = []string{""} // else net/http has one of its own
		}
		header[lowerASCII(name)] = values
	}
}

// piecewise reads a chunk at a time, so that each is sent by itself.
type piecewise struct{ from io.Reader }

func (p *piecewise) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), chunk)]) }

// ExchangeAs is Exchange for a request of another form. Over a transport without headers
// only the id can differ.
func (s *Session) ExchangeAs(ctx context.Context, a history.Arrival, f Form) history.Call {
	if _, web := s.link.(*httpLink); !web && f.web() {
		return s.notSent(a, "only HTTP has requests of this form")
	}
	id := f.ID
	if id == 0 {
		id = s.lastID.Add(1)
	}
	if a.Client == "" {
		a.Client = s.o.Client
	}
	q, err := s.encodeAs(id, a)
	if err != nil {
		return s.notSent(a, s.clean.finish(err.Error()))
	}
	if f.Spelt != "" {
		plain := strconv.AppendInt([]byte(`"id":`), id, 10)
		q.spelt = f.Spelt
		q.body = bytes.Replace(q.body, plain, []byte(`"id":`+f.Spelt), 1)
	}
	if f.Body != nil {
		q.body = f.Body(q.body)
	}
	for name, values := range f.Header {
		q.header[name] = values
	}
	if f.dresses() {
		q.dress = f.dress
	}
	timed, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errTimeout)
	defer cancel()
	call := history.Call{Arrival: a, ID: id, Outcome: history.Unsent}
	got := s.link.exchange(timed, q)
	s.judge(&call, got)
	if f.Carried && call.Outcome == history.OK && !toolsResult(got) {
		call.Outcome, call.Detail = history.Rejected, "it was read as another request than a tool's call"
	}
	if f.Cancels && call.Outcome.Answered() {
		s.cancelled(s.link.notify(timed, request{body: cancelledLine(id), header: s.era.Load().header("", "", nil)}))
	}
	for _, method := range f.Notes {
		if call.Outcome.Answered() {
			s.aside(history.Notification, method, s.link.notify(timed, request{body: bareNote(method),
				header: s.era.Load().header("", "", nil)}))
		}
	}
	return call
}

// bareNote is a notification that says nothing but its method.
func bareNote(method string) []byte {
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q}`, method)
}

// toolsResult reports if an answer is the result of a tool's call.
func toolsResult(a answer) bool {
	text := a.good
	if text == nil && a.reply != nil {
		text = a.reply.result
	}
	var result struct {
		Content    json.RawMessage `json:"content"`
		Structured json.RawMessage `json:"structuredContent"`
	}
	return json.Unmarshal(text, &result) == nil && (result.Content != nil || result.Structured != nil)
}

// encodeAs writes a request with a given id, with headers where the transport has them.
func (s *Session) encodeAs(id int64, a history.Arrival) (request, error) {
	e := s.era.Load()
	if _, web := s.link.(*httpLink); web {
		return e.encode(id, a.Method, a.Tool, a.Arguments)
	}
	return e.encodeLine(id, a.Method, a.Tool, a.Arguments)
}

// notSent is a call of which nothing left us.
func (s *Session) notSent(a history.Arrival, why string) history.Call {
	now := s.o.Now()
	return history.Call{Arrival: a, Outcome: history.Unsent, Sent: now, Received: now, Detail: why}
}

// ExchangeBatch sends requests as one JSON-RPC batch over HTTP, and returns what came of
// each, in order. All share the instants of the message. Where the reply answers only
// the message as a whole, that is the answer to each; a request that a batch of answers
// leaves out is Unknown.
func (s *Session) ExchangeBatch(ctx context.Context, list []history.Arrival) []history.Call {
	calls := make([]history.Call, len(list))
	l, web := s.link.(*httpLink)
	if !web {
		for i, a := range list {
			calls[i] = s.notSent(a, "batches are sent over HTTP only")
		}
		return calls
	}
	body := []byte("[")
	var q request
	byID := map[int64]int{}
	for i, a := range list {
		id := s.lastID.Add(1)
		one, err := s.era.Load().encode(id, a.Method, a.Tool, a.Arguments)
		if err != nil {
			calls[i] = s.notSent(a, s.clean.finish(err.Error()))
			continue
		}
		if q = one; len(body) > 1 {
			body = append(body, ',')
		}
		body = append(body, one.body...)
		byID[id] = i
		calls[i] = history.Call{Arrival: a, ID: id}
	}
	q.body = append(body, ']')
	timed, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errTimeout)
	defer cancel()
	a, messages := l.exchangeBatch(timed, q)
	for id, i := range byID {
		each := a
		if m := messages[id]; m != nil {
			each.reply, each.fault = m, nil
		} else if len(messages) > 0 {
			each.fault = &fault{kind: Overfull, detail: "the batch of answers holds none to it"}
		}
		s.judge(&calls[i], each)
	}
	return calls
}

// exchangeBatch posts a batch, and returns what came of the message, and its responses by
// their ids.
func (l *httpLink) exchangeBatch(ctx context.Context, q request) (answer, map[int64]*message) {
	begin := l.poster.now()
	var sent stamp
	life, end := outliving(ctx)
	defer end()
	defer context.AfterFunc(ctx, end)()
	resp, f := l.poster.send(ctx, life, posting(*l.url.Load(), q), &sent)
	a := answer{fault: f, received: l.poster.now()}
	messages := map[int64]*message{}
	if f == nil {
		a.status, a.header = resp.StatusCode, resp.Header
		in := &stampedReader{in: resp.Body, now: l.poster.now, last: l.poster.now()}
		hold := &holding{of: l.poster.memory}
		a.body, a.fault = readAll(ctx, in, l.most, hold)
		hold.free()
		a.received = in.last
		_ = resp.Body.Close() // nothing follows from how it ends
		take := func(text []byte) error {
			return readMessages(text, func(m *message) {
				if m.response() && m.id.number {
					messages[m.id.n] = m
				}
			})
		}
		l.takeBatch(&a, take)
	}
	a.sent, a.wrote = sent.or(begin)
	if a.reply == nil && a.fault == nil && a.status/100 == 2 && len(messages) == 0 {
		a.fault = &fault{kind: Garbage, detail: "a batch was not answered by messages"}
	}
	return a, messages
}

// takeBatch reads the messages of a reply to a batch: a JSON text, or events.
func (l *httpLink) takeBatch(a *answer, take func([]byte) error) {
	if replyType(a.header) != eventStream {
		if err := take(a.body); err != nil && a.status/100 == 2 && a.fault == nil {
			a.fault = &fault{Garbage, "the reply to a batch is no MCP message", err}
		}
		return
	}
	a.fault = nil // a stream need not end: what came until the time was up counts
	for _, line := range bytes.Split(a.body, []byte("\n")) {
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			_ = take(bytes.TrimSpace(data)) // what is no message answers nothing
		}
	}
}
