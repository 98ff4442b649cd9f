package ratelimit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// DefaultMaxBody is the largest POST body where HandlerConfig says nothing.
const DefaultMaxBody = 4 << 20

// HandlerConfig says what a handler charges, whom, and how it refuses. The zero
// HandlerConfig charges every request to one bucket for all and answers 429.
type HandlerConfig struct {
	// PerClient gives each client its own bucket. Otherwise all share one. The limits
	// of a Stack say this themselves, in their Scope.
	PerClient bool
	// Identity tells clients apart, for PerClient and for limits of that scope; nil
	// means SessionOrAddress, whose documentation lists the pitfalls.
	Identity Identity
	// Charges reports if a request of this method costs a token; nil means that
	// every request does, initialize and ping too.
	Charges func(method string) bool
	// Refusal says how refused requests are answered. Where PerClient is set,
	// FastMCP's shapes name the client unless there is a Message.
	Refusal Refusal
	// MaxBody is the largest POST body in bytes; 0 means DefaultMaxBody. A
	// larger one is answered with status 413 and reaches nobody.
	MaxBody int64
	// Silent leaves out the RateLimit and RateLimit-Policy headers, which tell every
	// client the limit and what is left of it. Retry-After is part of a refusal, and
	// stays.
	Silent bool
}

// NewHandler returns a handler that charges the JSON-RPC requests in POST
// bodies to l, and passes what is admitted to next with its body whole.
//
// A request is a message with a method and an id. Notifications, responses,
// bodies that aren't JSON-RPC, and HTTP methods other than POST are free. Each
// request of a batch costs a token; a batch is admitted whole or refused whole,
// and one with more requests than the burst is refused forever. The reply to a
// refused batch has an error for each of its requests, charged or not.
//
// Bodies with a Content-Encoding are refused with status 415, because what they
// hold can't be counted. FastMCP's shapes are the response to the POST itself,
// so they reach clients of streamable HTTP, and not those of the older HTTP+SSE
// transport, which don't read it.
func NewHandler(next http.Handler, l *Limiter, c HandlerConfig) (http.Handler, error) {
	if l == nil {
		return nil, errors.New("ratelimit: a handler needs a next handler and a limiter")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	h, err := newHandler(next, c)
	if err != nil {
		return nil, err
	}
	bucket := &Limit{Kind: Bucket, Rate: l.rate, Burst: l.quota.burst}
	h.judge = func(r *http.Request, charged []message) (d Decision, at []Standing, who string, done func()) {
		if n := len(charged); !c.PerClient {
			d = l.allow(n)
		} else {
			who = h.config.Identity(r)
			d = l.allowKey(who, n)
		}
		if !c.Silent {
			at = []Standing{{Limit: bucket, Remaining: d.Remaining, Next: d.RetryAfter}}
		}
		return d, at, who, nothing
	}
	return h, nil
}

// NewStackHandler returns a handler that charges the JSON-RPC requests in POST bodies
// to s, as NewHandler does to a Limiter. A tools/call of one tool counts for the limits
// that count it: see Limit.Charges and Limit.Scope. Where the requests of a batch are
// counted by one key, they count together.
//
// A client chooses the name of the tool that it calls, also one that doesn't exist: a
// limit PerTool alone is kept by that name, so a limit PerClient beside it is what holds
// a client that makes names up.
//
// A request counts for a Cap until its answer is written, and a stream's until that ends.
func NewStackHandler(next http.Handler, s *Stack, c HandlerConfig) (http.Handler, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	h, err := newHandler(next, c)
	if err != nil {
		return nil, err
	}
	h.judge = func(r *http.Request, charged []message) (d Decision, at []Standing, who string, done func()) {
		if s.scopes&PerClient != 0 {
			who = h.config.Identity(r)
		}
		events := make([]Event, len(charged))
		for i, m := range charged {
			events[i] = Event{Client: who, Method: m.Method, Tool: Key(m.tool())}
		}
		d, at, done = s.judge(nil, events, !c.Silent)
		return d, at, who, done
	}
	return h, nil
}

// newHandler checks what does not depend on who judges.
func newHandler(next http.Handler, c HandlerConfig) (*handler, error) {
	if next == nil {
		return nil, errors.New("ratelimit: a handler needs a next handler and a limiter")
	}
	if err := c.Refusal.Validate(); err != nil {
		return nil, err
	}
	if c.MaxBody < 0 {
		return nil, fmt.Errorf("ratelimit: max body %d: want at least 1 byte, or 0 for %d", c.MaxBody, DefaultMaxBody)
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.Identity == nil {
		c.Identity = SessionOrAddress
	}
	if c.Charges == nil {
		c.Charges = func(string) bool { return true }
	}
	return &handler{next: next, config: c}, nil
}

type handler struct {
	next   http.Handler
	config HandlerConfig
	// judge takes what charged requests cost, all or none. It names the client where
	// it had to know; done ends what was admitted.
	judge func(r *http.Request, charged []message) (d Decision, at []Standing, who string, done func())
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Body == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		invalid(w, http.StatusUnsupportedMediaType,
			fmt.Sprintf("request body has content encoding %q, want none", encoding))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		invalid(w, http.StatusRequestEntityTooLarge,
			fmt.Sprintf("request body is larger than %d bytes", tooLarge.Limit))
		return
	}
	if err != nil {
		invalid(w, http.StatusBadRequest, "request body could not be read to its end")
		return
	}
	messages, batch := parse(body)
	if charged := h.charged(messages); len(charged) > 0 {
		d, at, who, done := h.judge(r, charged)
		defer done()
		SetHeaders(w.Header(), at)
		if !d.Allowed {
			refuse(w, h.refusal(who), messages, batch, d)
			return
		}
	}
	again := r.WithContext(r.Context()) // a handler must not change its caller's request
	again.Body = restored{bytes.NewReader(body), r.Body}
	again.ContentLength = int64(len(body))
	h.next.ServeHTTP(w, again)
}

// restored is a body that was read, to be read again.
type restored struct {
	io.Reader
	io.Closer
}

// charged returns the requests that cost something.
func (h *handler) charged(messages []message) []message {
	var list []message
	for _, m := range messages {
		if m.request() && h.config.Charges(m.Method) {
			list = append(list, m)
		}
	}
	return list
}

// refusal is how a client is refused; who is "" where no limit tells clients apart.
func (h *handler) refusal(who string) Refusal {
	r := h.config.Refusal
	if who != "" && r.fastMCP() && r.Message == "" {
		r.Message = "Rate limit exceeded for client: " + who
	}
	return r
}

// refuse answers a request, or each request of a batch.
func refuse(w http.ResponseWriter, refusal Refusal, messages []message, batch bool, d Decision) {
	var replies [][]byte
	for _, m := range messages {
		if m.request() {
			replies = append(replies, refusal.message(m.Method, m.ID, d))
		}
	}
	body := replies[0]
	if batch {
		body = slices.Concat([]byte("["), bytes.Join(replies, []byte(",")), []byte("]"))
	}
	answer(w, refusal.status(), refusal.header(d), body)
}

// invalid answers a POST whose body was not read, so that its id isn't known.
func invalid(w http.ResponseWriter, status int, text string) {
	const invalidRequest = -32600
	r := Refusal{Code: invalidRequest, Message: text}
	answer(w, status, http.Header{"Content-Type": {"application/json"}},
		r.message("", nil, Decision{RetryAfter: Never}))
}

func answer(w http.ResponseWriter, status int, header http.Header, body []byte) {
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails when the client is gone, and then there is nobody to tell
}
