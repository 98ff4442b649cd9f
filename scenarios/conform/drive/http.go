package drive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// maxBody is how much of a reply is kept, in bytes.
const maxBody = 4 << 20

// What is done about a rate limit that refuses us.
const (
	mostTries   = 4
	shortPause  = 250 * time.Millisecond
	longestWait = 5 * time.Second
)

// lateEnd is how long a stream may stay open behind the answer, to see if it ends.
const lateEnd = 50 * time.Millisecond

// An httpLine speaks streamable HTTP. Every request is one of its own.
type httpLine struct {
	ctx    context.Context
	config *Config
	client *http.Client

	tired atomic.Bool // a limit didn't give way, so that no more is waited for it

	mu       sync.Mutex
	sessions map[string]minted // by their ids, those that were given on this line
}

func newHTTPLine(ctx context.Context, c *Config) *httpLine {
	t := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}
	wire.ConnectAs(t, c.Wire)
	return &httpLine{ctx: ctx, config: c, sessions: map[string]minted{},
		client: &http.Client{Transport: t, CheckRedirect: func(*http.Request,
			[]*http.Request) error {
			return http.ErrUseLastResponse
		}}}
}

// Open implements conform.Line.
func (l *httpLine) Open() (conform.Line, error) { return newHTTPLine(l.ctx, l.config), nil }

// Close ends the sessions that were begun on this line.
func (l *httpLine) Close() {
	for id, m := range l.sessions {
		r := conform.Request{Verb: http.MethodDelete, Header: m.first.Header.Clone(), Within: time.Second}
		r.Header.Set("Mcp-Session-Id", id)
		l.once(r)
	}
	l.client.CloseIdleConnections()
}

// Do implements conform.Line. What a limit refused is sent again, after the pause
// that the server asks for.
func (l *httpLine) Do(r conform.Request) conform.Reply {
	renewed := false
	for try := 1; ; try++ {
		token := l.config.token()
		reply := l.once(r)
		switch {
		case reply.Status == http.StatusUnauthorized && token != "" && !r.Bare && !r.Other && !renewed:
			renewed = true
			if l.config.Bearer.Renew(l.ctx, token, reply.Header) != nil {
				return reply // it says why itself
			}
			continue
		case r.Once, !reply.Limited():
			return reply
		case try == mostTries:
			l.tired.Store(true)
			return reply
		case l.tired.Load() || !sleep(l.ctx, pauseFor(&reply, try)):
			return reply
		}
	}
}

// pauseFor is how long to wait after a refusal.
func pauseFor(r *conform.Reply, try int) time.Duration {
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && s >= 0 {
		return min(time.Duration(s)*time.Second+shortPause, longestWait)
	}
	return shortPause << try
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var errLate = errors.New("no answer in time")

// once sends a request once.
func (l *httpLine) once(r conform.Request) conform.Reply {
	ctx, cancel := context.WithCancelCause(l.ctx)
	defer cancel(nil)
	timer := time.AfterFunc(r.Within, func() { cancel(errLate) })
	defer timer.Stop()
	began := time.Now()
	resp, err := l.exchange(ctx, r)
	if err != nil {
		return broken(ctx, r, err, time.Since(began))
	}
	defer resp.Body.Close() // nothing follows from how it ends
	reply := conform.Reply{Status: resp.StatusCode, Header: resp.Header}
	l.note(&r, resp.Header.Get("Mcp-Session-Id"))
	if reply.Media() == "text/event-stream" {
		answered := func() { timer.Reset(min(lateEnd, r.Within)) }
		err = readStream(&reply, r, resp.Body, answered, l.answering(&r))
		for more := true; more && err == nil && l.resumes(&reply, &r); {
			more, err = l.resume(ctx, &reply, &r, answered)
		}
	} else {
		reply.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody))
		if r.Verb == "" { // what else is got by other verbs is no message
			reply.Messages = conform.ReadMessages(reply.Body)
		}
	}
	reply.Took = time.Since(began)
	if err != nil {
		b := broken(ctx, r, err, reply.Took)
		reply.Open = b.Silent
		if !b.Silent || !r.Streams && reply.Answer(r.Await) == nil {
			reply.Broken, reply.Silent = b.Broken, b.Silent
		}
	}
	return reply
}

// exchange sends a request. A connection that was kept may have been closed by the server
// meanwhile, and not every one says so before: then the request goes out once more on a
// new one, and from there on each has its own.
func (l *httpLine) exchange(ctx context.Context, r conform.Request) (*http.Response, error) {
	kept := false
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		kept = c.Reused
	}})
	for {
		kept = false
		q, err := l.request(traced, r)
		if err != nil {
			return nil, err
		}
		if l.config.hangsUp.Load() {
			l.client.CloseIdleConnections()
		}
		resp, err := l.client.Do(q)
		if err == nil || !kept || r.Once || ctx.Err() != nil {
			return resp, err
		}
		l.config.hangsUp.Store(true)
	}
}

// resumes reports if the answer is still to be fetched: a server may close the stream of
// a response before that, once it has given an event's id.
func (l *httpLine) resumes(reply *conform.Reply, r *conform.Request) bool {
	return lastID(reply.Events) != "" && r.Await != "" && r.Verb == "" && !r.Streams && reply.Answer(r.Await) == nil
}

// lastID is the id that a stream is taken up again by. An event without one leaves it.
func lastID(events []conform.Event) (id string) {
	for _, e := range events {
		id = cmp.Or(e.ID, id)
	}
	return id
}

// resume fetches what follows the last event of a stream that had an id, after the pause that
// the server asks for. more reports if that brought anything.
func (l *httpLine) resume(ctx context.Context, reply *conform.Reply, r *conform.Request, answered func()) (more bool,
	err error) {
	n := len(reply.Events)
	pause := shortPause
	for _, e := range reply.Events {
		if e.Retry > 0 {
			pause = e.Retry
		}
	}
	if !sleep(ctx, pause) {
		return false, context.Cause(ctx)
	}
	next := conform.Request{Verb: http.MethodGet, Header: http.Header{"Accept": {"text/event-stream"},
		"Last-Event-Id": {lastID(reply.Events)}}, Bare: r.Bare, Other: r.Other}
	for _, name := range []string{"Mcp-Session-Id", "Mcp-Protocol-Version"} {
		if value := cmp.Or(r.Header.Get(name), reply.Header.Get(name)); value != "" {
			next.Header.Set(name, value)
		}
	}
	q, err := l.request(ctx, next)
	if err != nil {
		return false, err
	}
	resp, err := l.client.Do(q)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close() // nothing follows from how it ends
	if resp.StatusCode == http.StatusOK {
		err = readStream(reply, *r, resp.Body, answered, l.answering(r))
	}
	return len(reply.Events) > n, err
}

// note remembers which request a session was given for, and what was done to it since.
func (l *httpLine) note(r *conform.Request, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := r.Header.Get("Mcp-Session-Id")
	m, known := l.sessions[own]
	switch {
	case id != "" && id != own && r.Verb == "":
		l.sessions[id] = minted{first: *r}
	case known && (r.Verb == http.MethodDelete || begins(r.Body)):
		m.then = append(slices.Clip(m.then), *r)
		l.sessions[own] = m
	}
}

// broken says why a reply isn't whole.
func broken(ctx context.Context, r conform.Request, err error, took time.Duration) conform.Reply {
	if errors.Is(context.Cause(ctx), errLate) {
		return conform.Reply{Broken: fmt.Sprintf("no answer within %s", r.Within), Silent: true, Took: took}
	}
	if ctx.Err() != nil {
		return conform.Reply{Broken: conform.Interrupted, Took: took}
	}
	cause := err
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return conform.Reply{Broken: err.Error(), Cause: cause, Took: took}
}

// request is what goes out: the headers as they are, and the user's own.
func (l *httpLine) request(ctx context.Context, r conform.Request) (*http.Request, error) {
	target, err := l.target(r)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, cmp.Or(r.Verb, http.MethodPost), target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body == nil {
		q.Body, q.ContentLength = nil, 0
	}
	q.Host = r.Host
	q.Header = http.Header{}
	maps.Copy(q.Header, r.Header)
	if _, ok := q.Header["User-Agent"]; !ok {
		q.Header.Set("User-Agent", "mcpload")
	}
	for name, values := range l.own(r) {
		if _, ok := q.Header[name]; !ok {
			q.Header[name] = values
		}
	}
	return q, nil
}

// own is the user's headers that go with a request.
func (l *httpLine) own(r conform.Request) http.Header {
	switch {
	case r.Bare:
		return nil
	case r.Other:
		return l.config.Other
	}
	return l.config.authorized()
}

// target is the URL of a request. Credentials go to the server's own host only.
func (l *httpLine) target(r conform.Request) (string, error) {
	if r.Path == "" {
		return l.config.URL, nil
	}
	base, err := url.Parse(l.config.URL)
	if err != nil {
		return "", errors.New("the URL cannot be parsed")
	}
	to, err := base.Parse(r.Path)
	if err != nil || to.Host != base.Host && !r.Bare {
		return "", fmt.Errorf("%q is not on the same host", r.Path)
	}
	return to.String(), nil
}
