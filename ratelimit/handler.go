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
	// PerClient gives each client its own bucket. Otherwise all share one.
	PerClient bool
	// Identity tells clients apart, for PerClient; nil means SessionOrAddress,
	// whose documentation lists the pitfalls.
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
	if next == nil || l == nil {
		return nil, errors.New("ratelimit: a handler needs a next handler and a limiter")
	}
	if err := errors.Join(l.Err(), c.Refusal.Validate()); err != nil {
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
	return &handler{next: next, limiter: l, config: c}, nil
}

type handler struct {
	next    http.Handler
	limiter *Limiter
	config  HandlerConfig
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Body == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		invalid(w, http.StatusUnsupportedMediaType, fmt.Sprintf("request body has content encoding %q, want none", encoding))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		invalid(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("request body is larger than %d bytes", tooLarge.Limit))
		return
	}
	if err != nil {
		invalid(w, http.StatusBadRequest, "request body could not be read to its end")
		return
	}
	messages, batch := parse(body)
	if refusal, d := h.charge(r, messages); !d.Allowed {
		refuse(w, refusal, messages, batch, d)
		return
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

// charge takes a token for each charged request, all or none. It returns how
// to refuse them if they aren't allowed.
func (h *handler) charge(r *http.Request, messages []message) (Refusal, Decision) {
	refusal, n := h.config.Refusal, 0
	for _, m := range messages {
		if m.request() && h.config.Charges(m.Method) {
			n++
		}
	}
	if n == 0 {
		return refusal, Decision{Allowed: true}
	}
	if !h.config.PerClient {
		return refusal, h.limiter.allow(n)
	}
	key := h.config.Identity(r)
	if refusal.fastMCP() && refusal.Message == "" {
		refusal.Message = "Rate limit exceeded for client: " + key
	}
	return refusal, h.limiter.allowKey(key, n)
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
	answer(w, status, http.Header{"Content-Type": {"application/json"}}, r.message("", nil, Decision{RetryAfter: Never}))
}

func answer(w http.ResponseWriter, status int, header http.Header, body []byte) {
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails when the client is gone, and then there is nobody to tell
}
