package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Bearer has the token that requests show (RFC 6750), where that changes. Its
// methods are called from several goroutines.
type Bearer interface {
	// Ready is called before the first request of a session. It gets a token where that
	// needs no refusal first, and says why it can't.
	Ready(ctx context.Context) error
	// Token is the one to show now; empty where there is none yet.
	Token() string
	// Renew returns once there is another token than the one that a server refused,
	// with a reply with this header, or says why none can be had.
	Renew(ctx context.Context, refused string, refusal http.Header) error
}

// An Asking is a Bearer that makes HTTP requests for tokens, and tells of them: a
// limiter before the server may charge those that it sees.
type Asking interface {
	Tell(func(method, url string, status int, sent, received time.Time))
}

// refusesToken reports if a reply may be another one with another token.
func refusesToken(status int, header http.Header) bool {
	switch status {
	case http.StatusUnauthorized:
		return true
	case http.StatusForbidden:
		return strings.Contains(header.Get("WWW-Authenticate"), "insufficient_scope")
	}
	return false
}

// shown is the token that the next request shows; empty where there is none.
func (p *poster) shown() string {
	if p.bearer == nil {
		return ""
	}
	return p.bearer.Token()
}

// anew gets another token in place of one that a reply refused, and reports if the
// request is to be sent again. It notes the one that was refused, which has left us.
func (p *poster) anew(ctx context.Context, token string, resp *http.Response, sent *stamp) bool {
	hold := holding{of: p.memory}
	body, _ := readAll(ctx, resp.Body, p.most, &hold) // as much of it as there is
	hold.free()
	_ = resp.Body.Close() // nothing follows from how it ends
	a := answer{tool: sent.tool, received: p.now(), status: resp.StatusCode, header: resp.Header, body: body}
	a.sent, a.wrote = sent.or(a.received)
	if sent.denied = p.bearer.Renew(ctx, token, resp.Header); sent.denied != nil {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return false
	}
	if p.aside != nil {
		p.aside(sent.kind, sent.method, a)
	}
	return true
}

// anew is that for a request that was sent elsewhere, whose answer refused a token.
func (l *httpLink) anew(ctx context.Context, q request, a answer, token string) answer {
	if a.denied = l.poster.bearer.Renew(ctx, token, a.header); a.denied != nil {
		return a
	}
	return l.repeat(ctx, q, a)
}

// repeat posts a request again whose first answer counts for nothing but the history.
func (l *httpLink) repeat(ctx context.Context, q request, first answer) answer {
	first.tool = q.tool
	l.again.aside(history.Request, q.method, first)
	life, end := outliving(ctx)
	a, rest := l.post(ctx, life, end, *l.url.Load(), q)
	a.sent, a.wrote = first.sent, true
	if rest == nil {
		end()
		return a
	}
	l.rests.Go(func() { defer end(); rest() })
	return a
}

// tokenless reports if another token may make an answer another one.
func (l *httpLink) tokenless(a answer) bool {
	return l != nil && l.poster.bearer != nil && a.denied == nil && a.fault == nil && refusesToken(a.status, a.header)
}

// overhear has the requests for tokens in the history that the server's own host got.
func (s *Session) overhear() {
	asking, ok := s.o.Bearer.(Asking)
	own, err := url.Parse(s.o.URL)
	if !ok || err != nil {
		return
	}
	asking.Tell(func(method, to string, status int, sent, received time.Time) {
		if at, err := url.Parse(to); err != nil || at.Host != own.Host {
			return
		}
		a := answer{wrote: true, status: status, received: s.o.Now() - time.Since(received),
			sent: s.o.Now() - time.Since(sent)}
		if status == 0 {
			a.fault = &fault{Lost, "no reply", errors.New("no reply to a request for a token")}
		}
		s.aside(history.Stream, method, a)
	})
}

// token gets the token that the first request shows, where there is one to be had.
func (s *Session) token(ctx context.Context) *DialError {
	if s.o.Bearer == nil {
		return nil
	}
	err := s.o.Bearer.Ready(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &DialError{Kind: Cancelled, Detail: "while waiting for a token", Err: err}
	}
	if err != nil {
		return &DialError{Kind: Auth, Detail: "there is no token: " + excerpt([]byte(err.Error())), Err: err}
	}
	return nil
}

// denial says why a request that was rejected could not show another token.
func (a answer) denial(outcome history.Outcome) string {
	if a.denied == nil || outcome != history.Rejected {
		return ""
	}
	return "; there is no other token: " + excerpt([]byte(a.denied.Error()))
}
