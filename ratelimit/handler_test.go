package ratelimit

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A site is a handler in front of a server that keeps the bodies it gets.
type site struct {
	http.Handler
	limiter *Limiter
	got     []string
	now     time.Time
}

func newSite(t *testing.T, rate float64, burst int, c HandlerConfig) *site {
	t.Helper()
	s := &site{now: t0}
	l := mustNew(t, Config{Rate: rate, Burst: burst, Now: func() time.Time { return s.now }})
	h, err := NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		if r.Method == http.MethodPost {
			require.EqualValues(t, len(body), r.ContentLength)
		}
		require.NoError(t, r.Body.Close())
		s.got = append(s.got, string(body))
		w.WriteHeader(http.StatusAccepted)
	}), l, c)
	require.NoError(t, err)
	s.Handler, s.limiter = h, l
	return s
}

// post sends a body from an address, which may be "".
func (s *site) post(body, address string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/mcp", io.MultiReader(strings.NewReader(body))) // of unknown length
	if address != "" {
		r.RemoteAddr = address + ":1"
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	ping         = `{"jsonrpc":"2.0", "id":7, "method":"ping"}`
	call         = `{"jsonrpc":"2.0","id":"c-1","method":"tools/call","params":{"name":"echo"}}`
	notification = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	response     = `{"jsonrpc":"2.0","id":7,"result":{}}`
)

func TestHandlerChargesRequestsAndRestoresBodies(t *testing.T) {
	s := newSite(t, 10, 2, HandlerConfig{})
	free := []string{notification, response, `not JSON`, ``, `[` + notification + `,` + response + `]`}
	for _, body := range append([]string{ping, call}, free...) {
		require.Equal(t, http.StatusAccepted, s.post(body, "").Code, body)
	}
	require.Equal(t, append([]string{ping, call}, free...), s.got, "bodies arrive byte for byte")

	w := s.post(ping, "")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
	require.Equal(t,
		`{"jsonrpc":"2.0","id":7,"error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":100}}}`,
		w.Body.String())

	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodOptions} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, "/mcp", strings.NewReader(ping)))
		require.Equal(t, http.StatusAccepted, w.Code, method)
	}
	for _, body := range free {
		require.Equal(t, http.StatusAccepted, s.post(body, "").Code, body)
	}
	s.now = t1
	require.Equal(t, http.StatusAccepted, s.post(call, "").Code)
	require.Equal(t, http.StatusTooManyRequests, s.post(call, "").Code)
}

func TestHandlerCountsBatches(t *testing.T) {
	batch := `[` + ping + `,` + notification + `,` + call + `]`
	s := newSite(t, 10, 3, HandlerConfig{})
	require.Equal(t, http.StatusAccepted, s.post(batch, "").Code)
	w := s.post(batch, "")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	const rest = `,"error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":100}}}`
	require.Equal(t, `[{"jsonrpc":"2.0","id":7`+rest+`,{"jsonrpc":"2.0","id":"c-1"`+rest+`]`, w.Body.String())
	require.Equal(t, http.StatusAccepted, s.post(ping, "").Code, "the refused batch took nothing")
	require.Equal(t, http.StatusTooManyRequests, s.post(`[`+ping+`]`, "").Code)

	s.now = t9
	w = s.post(`[`+ping+`,`+ping+`,`+ping+`,`+ping+`]`, "")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Contains(t, w.Body.String(), "batch larger than the burst")
	require.Empty(t, w.Header().Get("Retry-After"))
}

func TestHandlerShapes(t *testing.T) {
	cases := map[string]struct {
		config HandlerConfig
		body   string
		status int
		want   string
	}{
		"fastmcp2 tool": {HandlerConfig{Refusal: Refusal{Shape: FastMCP2}}, call, 200,
			`{"jsonrpc":"2.0","id":"c-1","result":{"content":[{"type":"text","text":"Global rate limit exceeded"}],"isError":true}}`},
		"fastmcp2 other": {HandlerConfig{Refusal: Refusal{Shape: FastMCP2}}, ping, 200,
			`{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`},
		"fastmcp4 tool": {HandlerConfig{Refusal: Refusal{Shape: FastMCP4}}, call, 200,
			`{"jsonrpc":"2.0","id":"c-1","error":{"code":-32000,"message":"Global rate limit exceeded"}}`},
		"fastmcp per client": {
			HandlerConfig{PerClient: true, Identity: func(*http.Request) string { return `"me"` },
				Refusal: Refusal{Shape: FastMCP4}}, call, 200,
			`{"jsonrpc":"2.0","id":"c-1","error":{"code":-32000,"message":"Rate limit exceeded for client: \"me\""}}`,
		},
		"own code": {HandlerConfig{Refusal: Refusal{Code: 1001, Message: "slow down"}}, ping, 429,
			`{"jsonrpc":"2.0","id":7,"error":{"code":1001,"message":"slow down","data":{"retry_after_ms":100}}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, 10, 1, c.config)
			require.Equal(t, http.StatusAccepted, s.post(c.body, "").Code)
			w := s.post(c.body, "")
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.want, w.Body.String())
			require.Equal(t, c.status == 429, w.Header().Get("Retry-After") != "")
		})
	}
}

func TestHandlerChargesByMethodAndByClient(t *testing.T) {
	batches := newSite(t, 10, 3, HandlerConfig{PerClient: true})
	require.Equal(t, http.StatusAccepted, batches.post(`[`+ping+`,`+call+`]`, "10.0.0.1").Code)
	require.Equal(t, http.StatusTooManyRequests, batches.post(`[`+ping+`,`+call+`]`, "10.0.0.1").Code)
	require.Equal(t, http.StatusAccepted, batches.post(`[`+ping+`,`+call+`]`, "10.0.0.2").Code)

	s := newSite(t, 10, 1, HandlerConfig{
		PerClient: true,
		Charges:   func(method string) bool { return method == "tools/call" },
	})
	require.Equal(t, http.StatusAccepted, s.post(call, "10.0.0.1").Code)
	require.Equal(t, http.StatusTooManyRequests, s.post(call, "10.0.0.1").Code)
	require.Equal(t, http.StatusAccepted, s.post(ping, "10.0.0.1").Code, "ping is free")
	require.Equal(t, http.StatusAccepted, s.post(call, "10.0.0.2").Code, "another client")

	s.post(ping, "10.0.0.3")
	require.Equal(t, 2, s.limiter.Keys(), "a client holds no key before it is charged")

	global := newSite(t, 10, 1, HandlerConfig{})
	require.Equal(t, http.StatusAccepted, global.post(call, "10.0.0.1").Code)
	require.Equal(t, http.StatusTooManyRequests, global.post(call, "10.0.0.2").Code)
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestHandlerRefusesWhatItCannotRead(t *testing.T) {
	s := newSite(t, 10, 1, HandlerConfig{MaxBody: int64(len(ping))})
	require.Equal(t, http.StatusAccepted, s.post(ping, "").Code, "as large as allowed")
	w := s.post(ping+" ", "")
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Equal(t,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"request body is larger than 42 bytes"}}`,
		w.Body.String())

	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mcp", brokenBody{}))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "request body could not be read to its end")

	plain := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(response))
	plain.Header.Set("Content-Encoding", "identity")
	w = httptest.NewRecorder()
	s.ServeHTTP(w, plain)
	require.Equal(t, http.StatusAccepted, w.Code)

	zipped := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader("..."))
	zipped.Header.Set("Content-Encoding", "gzip")
	w = httptest.NewRecorder()
	s.ServeHTTP(w, zipped)
	require.Equal(t, http.StatusUnsupportedMediaType, w.Code)
	require.Contains(t, w.Body.String(), `content encoding \"gzip\", want none`)
	require.Equal(t, []string{ping, response}, s.got, "nothing else reached the server")
}

func TestHandlerLeavesTheCallersRequestAlone(t *testing.T) {
	s := newSite(t, 10, 1, HandlerConfig{})
	r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(ping))
	body, length := r.Body, r.ContentLength
	s.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, length, r.ContentLength)
	require.True(t, body == r.Body)
}

func TestNewHandlerRefuses(t *testing.T) {
	l, next := mustNew(t, Config{Rate: 1, Burst: 1}), http.NotFoundHandler()
	cases := map[string]struct {
		next   http.Handler
		l      *Limiter
		config HandlerConfig
		want   string
	}{
		"no next":      {nil, l, HandlerConfig{}, "ratelimit: a handler needs a next handler and a limiter"},
		"no limiter":   {next, nil, HandlerConfig{}, "ratelimit: a handler needs a next handler and a limiter"},
		"zero limiter": {next, &Limiter{}, HandlerConfig{}, ErrUnconfigured.Error()},
		"unknown shape": {next, l, HandlerConfig{Refusal: Refusal{Shape: "x"}},
			`ratelimit: shape "x": want "http429", "fastmcp2" or "fastmcp4"`},
		"negative length": {next, l, HandlerConfig{MaxBody: -1},
			"ratelimit: max body -1: want at least 1 byte, or 0 for 4194304"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, err := NewHandler(c.next, c.l, c.config)
			require.EqualError(t, err, c.want)
			require.Nil(t, h)
		})
	}
}
