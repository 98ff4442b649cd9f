package ratelimit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func stackSite(t *testing.T, c HandlerConfig, now *time.Time, limits ...Limit) http.Handler {
	t.Helper()
	s, err := NewStack(StackConfig{Limits: limits, Now: func() time.Time { return *now }})
	require.NoError(t, err)
	h, err := NewStackHandler(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	}), s, c)
	require.NoError(t, err)
	return h
}

func send(h http.Handler, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body)))
	return w
}

// headersOf are a reply's, in the order policy, standing, Retry-After.
func headersOf(w *httptest.ResponseRecorder) []string {
	return []string{w.Header().Get("RateLimit-Policy"), w.Header().Get("RateLimit"), w.Header().Get("Retry-After")}
}

func TestHeadersSayWhereLimitsStand(t *testing.T) {
	now := t0
	h := stackSite(t, HandlerConfig{}, &now,
		Limit{Kind: Sliding, N: 3, Every: 10 * time.Second, Name: "short"},
		Limit{Kind: Fixed, N: 2, Every: time.Minute, Scope: PerTool,
			Charges: func(_, tool string) bool { return tool != "" }},
		Limit{Kind: Cap, N: 4})
	const policies = `"short";q=3;w=10, "fixed";q=2;w=60, "cap";q=4;qu="concurrent-requests"`
	w := send(h, call)
	require.Equal(t, http.StatusAccepted, w.Code)
	require.Equal(t, []string{policies, `"short";r=2;t=10, "fixed";r=1;t=60, "cap";r=3`, ""}, headersOf(w))
	now = now.Add(1500 * time.Millisecond)
	w = send(h, call)
	require.Equal(t, []string{policies, `"short";r=1;t=9, "fixed";r=0;t=59, "cap";r=3`, ""}, headersOf(w))
	w = send(h, call)
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, []string{policies, `"short";r=1;t=9, "fixed";r=0;t=59, "cap";r=4`, "59"}, headersOf(w))
	// Another tool, and another method, which "fixed" doesn't count.
	w = send(h, strings.Replace(call, "echo", "other", 1))
	require.Equal(t, []string{policies, `"short";r=0;t=9, "fixed";r=1;t=60, "cap";r=3`, ""}, headersOf(w))
	w = send(h, ping)
	require.Equal(t, []string{`"short";q=3;w=10, "cap";q=4;qu="concurrent-requests"`, `"short";r=0;t=9, "cap";r=4`,
		"9"}, headersOf(w))
	require.Equal(t, []string{"", "", ""}, headersOf(send(h, notification)), "what costs nothing says nothing")

	quiet := stackSite(t, HandlerConfig{Silent: true}, &now, Limit{Kind: Fixed, N: 1, Every: time.Second})
	require.Equal(t, []string{"", "", ""}, headersOf(send(quiet, ping)))
	require.Equal(t, []string{"", "", "1"}, headersOf(send(quiet, ping)))
}

func TestHeadersOfABucket(t *testing.T) {
	s := newSite(t, 15, 40, HandlerConfig{})
	require.Equal(t, []string{`"bucket";q=40;w=2`, `"bucket";r=39`, ""}, headersOf(s.post(ping, "")))
	for range 39 {
		s.post(ping, "")
	}
	require.Equal(t, []string{`"bucket";q=40;w=2`, `"bucket";r=0;t=1`, "1"}, headersOf(s.post(ping, "")))
	s = newSite(t, 15, 4, HandlerConfig{})
	require.Equal(t, `"bucket";q=4`, s.post(ping, "").Header().Get("RateLimit-Policy"), "a part of a second has no w")
	s = newSite(t, 15, 4, HandlerConfig{Silent: true})
	require.Equal(t, []string{"", "", ""}, headersOf(s.post(ping, "")))
}

// A call that a cap refuses says nothing of when: nobody knows.
func TestACapNamesNoWait(t *testing.T) {
	s, err := NewStack(StackConfig{Limits: []Limit{{Kind: Cap, N: 1}}})
	require.NoError(t, err)
	var inner *httptest.ResponseRecorder
	var h http.Handler
	h, err = NewStackHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if inner == nil {
			inner = send(h, ping)
		}
	}), s, HandlerConfig{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, send(h, ping).Code)
	require.Equal(t, http.StatusTooManyRequests, inner.Code)
	require.Equal(t, []string{`"cap";q=1;qu="concurrent-requests"`, `"cap";r=0`, ""}, headersOf(inner))
	var reply struct {
		Error struct{ Message, Data json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(inner.Body.Bytes(), &reply))
	require.Equal(t, `"Rate limit exceeded: too many calls at the same time"`, string(reply.Error.Message))
	require.Empty(t, reply.Error.Data)
	require.Equal(t, http.StatusOK, send(h, ping).Code,
		"the slot was given back, also where the handler panics: it is deferred")
}

// What a batch asks of several counters is taken whole, and a FastMCP refusal names the
// client only where limits tell clients apart.
func TestStackHandlerBatchesAndClients(t *testing.T) {
	now := t0
	h := stackSite(t, HandlerConfig{Refusal: Refusal{Shape: FastMCP4}}, &now,
		Limit{Kind: Fixed, N: 3, Every: time.Hour, Scope: PerClient})
	require.Equal(t, http.StatusAccepted, send(h, fmt.Sprintf("[%s,%s]", ping, call)).Code)
	w := send(h, fmt.Sprintf("[%s,%s]", ping, call))
	require.Equal(t, http.StatusOK, w.Code, "the shape's")
	require.Contains(t, w.Body.String(), "Rate limit exceeded for client: address:192.0.2.1")
	require.Equal(t, `"fixed";r=1;t=3600`, w.Header().Get("RateLimit"), "the batch took nothing")
	require.Equal(t, http.StatusAccepted, send(h, ping).Code)
	global := stackSite(t, HandlerConfig{Refusal: Refusal{Shape: FastMCP4}}, &now,
		Limit{Kind: Fixed, N: 1, Every: time.Hour})
	send(global, ping)
	require.Contains(t, send(global, ping).Body.String(), FastMCPMessage)
}
