package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Session is a settled connection to one server as one client. Its methods
// may be called from several goroutines; Close comes last.
type Session struct {
	o         Options
	transport Transport
	link      link
	process   *Process            // stdio: the child; nil elsewhere
	era       atomic.Pointer[era] // replaced during the handshake only
	lastID    atomic.Int64
	closed    atomic.Bool
	clean     redactor
	strays    strayLog
	asides    asideLog
	streams   streamCount
	answers   *answerer // to the server's requests; nil in process
	trace     *tracer   // nil: requests carry no trace context
	templates sync.Pool // of *template, for transports without headers

	cancelling atomic.Int64   // cancellations under way
	cancels    sync.WaitGroup // likewise

	given    *exchanged     // the next request of the handshake, where it has been sent already
	calls    []history.Call // the handshake
	server   string
	versions []string // that the server says it speaks
	tools    []string
	// described is the tools as the server describes them.
	described []json.RawMessage
	results   []Result // of the set-up, where they are kept
	// repeatable are the names of those that may be called again, sorted.
	repeatable []string
	url        string // where requests go; a redirect may have moved it
}

// Exchange sends one arrival now, whatever its due instant, and waits for what
// comes of it. It never fails: what went wrong is the call's outcome.
//
// Sent is stamped when the request is about to be written, on HTTP when its
// connection is ready, so that connecting counts as lateness and not as
// service; it is never later than the first byte. Received is stamped when the
// read that brought the response's last byte returned, or when we gave up.
// What could not be written at all carries the instant of the attempt.
//
// A call that ends with ctx is Unsent where nothing can have been written,
// and Unknown otherwise: the server may have seen it. A notification has no
// reply that could tell, so that it is Unknown unless HTTP rejects it.
func (s *Session) Exchange(ctx context.Context, a history.Arrival) history.Call {
	call, _ := s.Fetch(ctx, a)
	return call
}

// Fetch is Exchange that also returns the result of the reply, a JSON object,
// for calls whose values are of use later. It is nil where there was none.
func (s *Session) Fetch(ctx context.Context, a history.Arrival) (history.Call, json.RawMessage) {
	if a.Client == "" {
		a.Client = s.o.Client
	}
	if a.Method == "" && a.Tool != "" {
		a.Method = methodCall
	}
	call, got := s.do(ctx, a, s.o.Timeout)
	return call, got.result()
}

// result is that of the reply; nil where there was none.
func (a answer) result() json.RawMessage {
	if a.reply == nil {
		return json.RawMessage(a.good)
	}
	return json.RawMessage(a.reply.result)
}

// do sends one arrival, and returns also what the link got back.
func (s *Session) do(ctx context.Context, a history.Arrival, timeout time.Duration) (history.Call, answer) {
	call := history.Call{Arrival: a, Outcome: history.Unsent}
	refuse := func(why string) (history.Call, answer) {
		call.Sent = s.o.Now()
		call.Received, call.Detail = call.Sent, why
		return call, answer{fault: &fault{kind: Cancelled, detail: why, err: context.Cause(ctx)}}
	}
	switch {
	case s.closed.Load():
		return refuse("the session is closed")
	case ctx.Err() != nil:
		return refuse("cancelled")
	}
	notification := strings.HasPrefix(a.Method, "notifications/")
	if notification {
		call.Kind = history.Notification
	} else {
		s.number(&call)
	}
	q, err := s.encode(call.ID, a)
	if err != nil {
		return refuse(s.clean.finish(err.Error()))
	}
	if l, ok := s.link.(*inProcessLink); ok {
		shared := l.deadlines.join(ctx, timeout, l.now())
		defer l.deadlines.leave(shared)
		ctx = shared.Context
	} else {
		timed, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
		defer cancel()
		ctx = timed
	}
	q.tool, q.again = a.Tool, !notification && s.mayRepeat(a.Method, a.Tool)
	var got answer
	if notification {
		got = s.link.notify(ctx, q)
	} else {
		got = s.exchange(ctx, &call, q)
	}
	s.judge(&call, got)
	return call, got
}

// number gives a call its id, and its place in a trace.
func (s *Session) number(call *history.Call) {
	call.ID = s.lastID.Add(1)
	if s.trace != nil {
		call.Trace = s.trace.parent(call.ID)
	}
}

// encode writes the request of an arrival.
func (s *Session) encode(id int64, a history.Arrival) (request, error) {
	e := s.era.Load()
	switch {
	case s.transport != InProcess && s.transport != Stdio:
		return e.encode(id, a.Method, a.Tool, a.Arguments)
	case id == 0:
		return e.encodeLine(id, a.Method, a.Tool, a.Arguments)
	}
	// A template serves one call at a time.
	t, ok := s.templates.Get().(*template)
	if !ok || t.of != e {
		t = newTemplate(s, &url.URL{Path: "/"}, nil)
	}
	defer s.templates.Put(t)
	line, err := t.line(nil, id, a.Method, a.Tool, a.Arguments)
	return request{id: id, method: a.Method, body: bytes.TrimSuffix(line, []byte("\n"))}, err
}

// begun says what had come of a reply that wasn't whole in time.
func (a answer) begun() string {
	if a.fault.kind != TimedOut || a.status == 0 {
		return ""
	}
	return ": HTTP " + strconv.Itoa(a.status) + " came, and no response"
}

// judge fills in what came of a call.
func (s *Session) judge(call *history.Call, got answer) {
	call.Sent, call.Received, call.Status = got.sent, got.received, got.status
	switch {
	case got.good != nil:
		call.Outcome = history.OK
		return
	case got.fault == nil && call.Kind != history.Request && (got.status == 0 || got.status/100 == 2):
		judgeAside(call)
		return
	}
	defer func() { call.Detail = s.clean.finish(call.Detail) }()
	defer s.cancel(call, got)
	if f := got.fault; f != nil {
		call.Detail = f.detail + got.begun()
		if got.other != nil {
			call.Code = got.other.code
		}
		switch {
		case errors.Is(f.err, errClosedIdle):
			call.Outcome = history.ClosedIdle
		case f.kind == Lost && s.o.Refusal.Resets && got.wrote && got.status == 0 && s.transport != Stdio &&
			s.transport != InProcess:
			call.Outcome = history.Limited
		case f.kind == TimedOut:
			call.Outcome = history.TimedOut
		case f.kind == Overfull:
			call.Outcome = history.Unknown
		case (f.kind == Cancelled || f.kind == RanOut) && got.wrote:
			call.Outcome = history.Unknown
		case f.kind == Cancelled, f.kind == RanOut:
			call.Outcome = history.Unsent
		default:
			call.Outcome = history.Broken
		}
		return
	}
	r := s.o.Refusal.classify(response{
		method: call.Method, status: got.status, header: got.header, body: got.body,
		reply: got.reply, other: got.other, modern: s.era.Load().stateless, now: time.Now(), clean: s.clean,
	})
	call.Outcome, call.Code, call.Detail = r.outcome, r.code, r.detail+got.denial(r.outcome)
	call.RetryAfter, call.Hints = asked(r.hints), history.FormatHints(r.hints)
	if call.Outcome == history.OK && s.o.Refusal.Wary {
		call.Hints = history.FormatHints(readClaims(got.header, s.clean))
	}
	if call.Outcome == history.Limited {
		call.Media = s.clean.finish(mediaType(got.header))
	}
	if f := got.reply; f != nil && f.flaw != "" && (call.Outcome == history.OK || call.Outcome == history.ToolError) {
		call.Outcome, call.Detail = history.Broken, f.flaw
	}
	if got.again == nil {
		return
	}
	s.strays.add(Duplicate, got.received, call.ID, []byte(got.again.words()))
	if !refusedHandshake(*call) {
		call.Outcome = history.Broken
		call.Detail = "two responses to one request: " + got.reply.words() + ", then " + got.again.words()
	}
}

// judgeAside says what is known of a message that nothing is answered to.
func judgeAside(call *history.Call) {
	switch call.Outcome = history.OK; call.Kind {
	case history.Notification:
		call.Outcome, call.Detail = history.Unknown, "a notification: no reply tells what came of it"
	case history.Answer:
		call.Outcome, call.Detail = history.Unknown, "an answer: no reply tells what came of it"
	}
}

// refusedHandshake reports if a call is an initialize that was refused.
// FastMCP 2.14 to 3.1 answers that twice with one id; that it refused is no
// less certain for it.
func refusedHandshake(c history.Call) bool {
	return c.Method == methodInitialize && c.Outcome == history.Limited
}

// Handshake returns every message that was sent to set the session up, with
// the label "handshake": servers charge them.
func (s *Session) Handshake() []history.Call {
	calls := slices.Clone(s.calls)
	s.Amend(calls)
	return calls
}

// Amend makes calls Broken whose response turned out to come twice after
// Exchange had returned. It looks at the calls of this session only: those of
// its client whose id was answered again.
func (s *Session) Amend(calls []history.Call) {
	for i := range calls {
		c := &calls[i]
		if c.ID == 0 || c.Client != s.o.Client || !c.Outcome.Answered() || refusedHandshake(*c) {
			continue
		}
		if s.strays.answeredTwice(c.ID) {
			c.Detail = "two responses to one request; the first was " + c.Outcome.String()
			c.Outcome = history.Broken
		}
	}
}

// issued reports if a request with this id has been sent.
func (s *Session) issued(id int64) bool { return 0 < id && id <= s.lastID.Load() }

// respond says what to answer to a request by the server, if anything.
func (s *Session) respond(m *message) (request, bool) {
	q, ok := s.era.Load().respond(m, s.o.Answers)
	switch {
	case !ok:
		s.strays.add(Uncalled, s.o.Now(), 0, []byte(m.method))
	case len(m.id.raw) > maxAnswerID || s.o.Aside == nil && !s.asides.room():
		s.unanswered(m)
		return q, false
	}
	return q, ok
}

// unanswered notes a request by the server that gets no answer.
func (s *Session) unanswered(m *message) {
	s.strays.add(Unanswered, s.o.Now(), 0, []byte(m.method))
}

// Protocol is the revision that was settled on.
func (s *Session) Protocol() string { return s.era.Load().revision }

// Stateless reports if that is one without sessions.
func (s *Session) Stateless() bool { return s.era.Load().stateless }

// Revisions are those that the server says it speaks and that we do too, the newest
// first; nil where it doesn't say.
func (s *Session) Revisions() []string {
	var list []string
	for _, r := range slices.Concat(statelessRevisions, sessionRevisions) {
		if slices.Contains(s.versions, r) {
			list = append(list, r)
		}
	}
	return list
}

// Transport is the transport in use, never Auto.
func (s *Session) Transport() Transport { return s.transport }

// Client is the name of the client that the session is of, as it was given.
func (s *Session) Client() string { return s.o.Client }

// ServerName is what the server calls itself; empty where it doesn't say.
func (s *Session) ServerName() string { return s.server }

// Tools returns the names of the server's tools, sorted; nil unless
// Options.ListTools was set and the server has a list.
func (s *Session) Tools() []string { return slices.Clone(s.tools) }

// SessionID is what the server assigned over HTTP; empty where it didn't.
func (s *Session) SessionID() string { return s.era.Load().sessionID }

// URL is where HTTP requests go, without credentials and query. It differs
// from the one dialled where the server redirected the handshake.
func (s *Session) URL() string { return publicURL(s.url) }

// Strays returns what should not have come: the first ones of each kind.
func (s *Session) Strays() []Stray { return s.strays.all() }

// Stderr returns the last 64 KiB of what a child wrote on stderr.
func (s *Session) Stderr() []byte {
	if s.process == nil {
		return nil
	}
	_, stderr := s.process.Output()
	return stderr
}

// Exited reports if the child is gone, and how: "exit status 1",
// "signal: killed".
func (s *Session) Exited() (status string, ok bool) {
	if s.process == nil {
		return "", false
	}
	return s.process.Exited()
}

// Close ends the session: over HTTP it deletes it, a child gets its stdin
// closed, then SIGTERM, then SIGKILL, with everything it started. Calls under
// way should have ended by then. The context cuts the waiting short, never
// the cleaning up.
func (s *Session) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	s.cancels.Wait()
	if s.answers != nil {
		s.answers.close()
	}
	if l, ok := s.link.(*httpLink); ok {
		l.unheard()
		if s.SessionID() != "" {
			s.delete(ctx, l)
		}
	}
	if s.link == nil {
		return nil
	}
	return s.link.close(ctx)
}

// delete asks the server to delete the session. It need not allow it, and a dead
// one can't.
func (s *Session) delete(ctx context.Context, l *httpLink) {
	ctx, cancel := context.WithTimeoutCause(ctx, min(s.o.Timeout, closeTimeout), errTimeout)
	defer cancel()
	sent := stamp{kind: history.Deletion, method: http.MethodDelete}
	a := l.poster.status(ctx, sending{method: http.MethodDelete, url: s.url,
		header: s.era.Load().header("", "", nil)}, &sent)
	a.sent, a.wrote = sent.or(a.received)
	s.aside(history.Deletion, http.MethodDelete, a)
}

// How long a server may take to delete a session, and where we are in a hurry.
const (
	closeTimeout = 5 * time.Second
	closeSoon    = time.Second
)
