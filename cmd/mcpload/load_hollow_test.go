package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// TestNoHollowPass: without a threshold, a load doesn't pass while calls fail, or
// where what it says wasn't measured.
func TestNoHollowPass(t *testing.T) {
	t.Parallel()
	honest := func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) }
	for _, row := range []struct {
		name   string
		answer func(w http.ResponseWriter, c fakeCall)
		args   []string
		status int
		check  string
		saw    string
		cause  string
	}{
		{name: "honest", answer: honest, status: exitPass, check: load.Implied, saw: "0% (0 of 50)"},
		{name: "a token that expires", status: exitFail, check: "answers", saw: "the 40 calls since then got none",
			cause: "stopped giving results",
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n > 10 {
					http.Error(w, `{"error":"invalid_token"}`, http.StatusUnauthorized)
					return
				}
				honest(w, c)
			}},
		{name: "one in ten", status: exitFail, check: load.Implied, saw: "10.0% (5 of 50)",
			cause: "5× protocol error: HTTP 500",
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n%10 == 0 {
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				honest(w, c)
			}},
		{name: "nobody waits for the answers", status: exitFail, check: load.Implied, saw: "(4",
			cause: "timed out: no reply in time", args: []string{"--timeout", "100ms"},
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n > 1 {
					time.Sleep(300 * time.Millisecond)
				}
				honest(w, c)
			}},
		{name: "refusals are no failures", status: exitPass, check: load.Implied, saw: "0% (0 of 50), beside 25 that " +
			"were refused",
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n%2 == 0 {
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				honest(w, c)
			}},
		{name: "a quota that is used up", status: exitInconclusive, check: "answers", saw: "40 of them were refused",
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n > 10 {
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				honest(w, c)
			}},
		{name: "a capacity of nothing but refusals", status: exitInconclusive, check: "capacity", saw: "every call was " +
			"refused, even at 0.1/s", args: []string{"--find", "capacity", "--rate", "0.1/s", "--threshold", "p99<1s"},
			answer: func(w http.ResponseWriter, _ fakeCall) { w.WriteHeader(http.StatusTooManyRequests) }},
		{name: "our own bound", status: exitInconclusive, check: "generator", saw: "since 2 were in flight: raise " +
			"--max-in-flight", args: []string{"--max-in-flight", "2"},
			answer: func(w http.ResponseWriter, c fakeCall) { time.Sleep(100 * time.Millisecond); honest(w, c) }},
		{name: "a stream that ends late", status: exitInconclusive, check: "generator", saw: "of 4 calls at a time; " +
			"most of the time", args: []string{"--rate", "max", "--connections", "4"},
			answer: func(w http.ResponseWriter, c fakeCall) {
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, "data: %s\n\n", c.result(c.args))
				assert.NoError(t, http.NewResponseController(w).Flush())
				time.Sleep(60 * time.Millisecond)
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, s := steady(func() (int, results.Scenario) {
				return measured(t, append([]string{"--url", served(t, row.answer), "--tool", "echo", "--rate", "100/s",
					"-d", "500ms"}, row.args...)...)
			})
			f := found(t, s, row.check)
			assert.Equal(t, row.status, status, "%+v", s.Findings)
			assert.Contains(t, f.Saw, row.saw)
			assert.Contains(t, f.Cause, row.cause)
		})
	}
}

// TestSessionsThatCouldBeOpenedAreUsed: a server that opens so many sessions and
// no more is loaded with those, and the verdict says that it isn't what was asked.
func TestSessionsThatCouldBeOpenedAreUsed(t *testing.T) {
	t.Parallel()
	limited := func(most int64) string {
		var open atomic.Int64
		inner := faulty(func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Mcp-Session-Id") == "" && r.Method == http.MethodPost {
				n := open.Add(1)
				if n > most {
					http.Error(w, "Maximum number of sessions reached", http.StatusServiceUnavailable)
					return
				}
				w.Header().Set("Mcp-Session-Id", fmt.Sprint("s", n))
			}
			inner.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	status, s := measured(t, "--url", limited(3), "--tool", "echo", "--rate", "100/s", "-d", "300ms", "--sessions", "5",
		"--threshold", "errors<1%")
	assert.Equal(t, exitInconclusive, status)
	assert.Equal(t, 3, s.Load.Sessions)
	f := found(t, s, "sessions")
	assert.Equal(t, verdict.Inconclusive, f.Verdict)
	assert.Contains(t, f.Saw, "3 of 5 sessions could be opened: initialize was answered with HTTP 503: Maximum "+
		"number of sessions reached")
	assert.Equal(t, verdict.Pass, found(t, s, "threshold errors<1%").Verdict, "what was measured stands")
	assert.Zero(t, s.Load.Setup.Failed, "that is about the run")

	status, s = steady(func() (int, results.Scenario) {
		return measured(t, "--url", limited(5), "--tool", "echo", "--rate", "100/s", "-d", "300ms", "--sessions", "5")
	})
	assert.Equal(t, exitPass, status)
	assert.Equal(t, 5, s.Load.Sessions)

	// A server that has had enough isn't asked a thousand times more.
	began := time.Now()
	_, s = measured(t, "--url", limited(2), "--tool", "echo", "--rate", "100/s", "-d", "300ms", "--sessions", "5000")
	assert.Contains(t, found(t, s, "sessions").Saw, "2 of 5000 sessions")
	assert.Less(t, time.Since(began), time.Minute)
}

// TestACallAnsweredTwiceFails, however its bytes are cut: where the second answer comes later
// the call is over by then, and counts as a result.
func TestACallAnsweredTwiceFails(t *testing.T) {
	for _, gap := range []time.Duration{0, 5 * time.Millisecond} {
		status, s := measured(t, "--url", served(t, func(w http.ResponseWriter, c fakeCall) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: %s\n\n", c.result(c.args))
			if gap > 0 {
				assert.NoError(t, http.NewResponseController(w).Flush())
				time.Sleep(gap)
			}
			fmt.Fprintf(w, "data: %s\n\n", c.result(c.args))
		}), "--tool", "echo", "--rate", "50/s", "-d", "600ms")
		assert.Equal(t, exitFail, status, "%s between them", gap)
		assert.Equal(t, verdict.Fail, found(t, s, "answered-once").Verdict)
	}
}

// TestAHandshakeAnsweredTwiceIsNoCall: FastMCP refuses initialize twice with one id, and every
// call once. A session that is begun twice, in one piece or in two, is used.
func TestAHandshakeAnsweredTwiceIsNoCall(t *testing.T) {
	for _, gap := range []time.Duration{0, 5 * time.Millisecond} {
		t.Run(gap.String(), func(t *testing.T) { handshakeTwice(t, gap) })
	}
}

func handshakeTwice(t *testing.T, gap time.Duration) {
	inner := faulty(func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })
	url := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(`"initialize"`)) {
			inner.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		inner.ServeHTTP(rec, r)
		maps.Copy(w.Header(), rec.Header())
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\n", bytes.TrimSpace(rec.Body.Bytes()))
		if gap > 0 {
			assert.NoError(t, http.NewResponseController(w).Flush())
		}
		time.Sleep(gap)
		fmt.Fprintf(w, "data: %s\n\n", bytes.TrimSpace(rec.Body.Bytes()))
	}))
	t.Cleanup(url.Close)
	status, s := measured(t, "--url", url.URL, "--tool", "echo", "--protocol", "2025-06-18", "--rate", "50/s",
		"-d", "400ms")
	assert.Equal(t, exitPass, status)
	assert.NotEmpty(t, s.Findings)
	for _, f := range s.Findings {
		assert.NotEqual(t, "answered-once", f.Check, f.Saw)
	}
}
