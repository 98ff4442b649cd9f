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
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	sessions map[string]http.Header // minted on this line, with the headers of their first request
}

func newHTTPLine(ctx context.Context, c *Config) *httpLine {
	t := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16, Proxy: nil}
	return &httpLine{ctx: ctx, config: c, sessions: map[string]http.Header{},
		client: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Open implements conform.Line.
func (l *httpLine) Open() (conform.Line, error) { return newHTTPLine(l.ctx, l.config), nil }

// Close ends the sessions that were begun on this line.
func (l *httpLine) Close() {
	for id, h := range l.sessions {
		r := conform.Request{Verb: http.MethodDelete, Header: h.Clone(), Within: time.Second}
		r.Header.Set("Mcp-Session-Id", id)
		l.once(r)
	}
	l.client.CloseIdleConnections()
}

// minted reports if the server gave us that session id on this line.
func (l *httpLine) minted(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.sessions[id]
	return ok
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
		case !reply.Limited():
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
	q, err := l.request(ctx, r)
	if err != nil {
		return conform.Reply{Broken: err.Error()}
	}
	resp, err := l.client.Do(q)
	if err != nil {
		return broken(ctx, r, err, time.Since(began))
	}
	defer resp.Body.Close() // nothing follows from how it ends
	reply := conform.Reply{Status: resp.StatusCode, Header: resp.Header}
	if id := resp.Header.Get("Mcp-Session-Id"); id != "" && r.Verb == "" {
		l.mu.Lock()
		l.sessions[id] = r.Header
		l.mu.Unlock()
	}
	if reply.Media() == "text/event-stream" {
		err = readStream(&reply, r, resp.Body, func() { timer.Reset(min(lateEnd, r.Within)) })
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

// broken says why a reply isn't whole.
func broken(ctx context.Context, r conform.Request, err error, took time.Duration) conform.Reply {
	if errors.Is(context.Cause(ctx), errLate) {
		return conform.Reply{Broken: fmt.Sprintf("no answer within %s", r.Within), Silent: true, Took: took}
	}
	if ctx.Err() != nil {
		return conform.Reply{Broken: "interrupted", Took: took}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return conform.Reply{Broken: err.Error(), Took: took}
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

// Repeat implements conform.Line. A credential is not in it.
func (l *httpLine) Repeat(r conform.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "curl -isS -X %s", cmp.Or(r.Verb, http.MethodPost))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, v := range r.Header[name] {
			if name == "Mcp-Session-Id" && l.minted(v) {
				b.WriteString(` -H "Mcp-Session-Id: $SESSION"`) // ours is closed by then
				continue
			}
			fmt.Fprintf(&b, " -H %s", quoted(name+": "+v))
		}
	}
	if r.Host != "" {
		fmt.Fprintf(&b, " -H %s", quoted("Host: "+r.Host))
	}
	for _, name := range slices.Sorted(maps.Keys(l.own(r))) {
		if r.Header[name] == nil {
			fmt.Fprintf(&b, " -H %s", quoted(name+": ["+map[bool]string{false: "yours", true: "the other's"}[r.Other]+"]"))
		}
	}
	if len(r.Body) > 0 {
		fmt.Fprintf(&b, " --data-binary %s", quoted(shortened(r.Body)))
	}
	target, err := l.target(r)
	if err != nil {
		target = l.config.URL
	}
	if u, err := url.Parse(target); err == nil && u.User != nil {
		u.User = nil
		target = u.String()
	}
	return b.String() + " " + quoted(target)
}

// longestBody is how much of a body a line shows, in bytes.
const longestBody = 4 << 10

func shortened(body []byte) string {
	if len(body) > longestBody {
		return fmt.Sprintf("%s… (%d bytes)", body[:longestBody], len(body))
	}
	return string(body)
}

// quoted is a word as a shell takes it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
