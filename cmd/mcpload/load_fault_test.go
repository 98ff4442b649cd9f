package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A fakeCall is a tools/call as a faulty server gets it.
type fakeCall struct {
	n       int // from 1
	id      string
	args    string
	session string // empty where the server gives out none
}

// result is the reply that gives the arguments back.
func (c fakeCall) result(args string) string {
	text, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%s}]}}`, c.id, text)
}

// served serves one tool, echo, whose calls a handler answers.
func served(t *testing.T, answer func(w http.ResponseWriter, c fakeCall)) string {
	t.Helper()
	s := httptest.NewServer(faulty(answer))
	t.Cleanup(s.Close)
	return s.URL
}

// faulty has one tool, echo, whose calls a handler answers.
func faulty(answer func(w http.ResponseWriter, c fakeCall)) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct{ Arguments json.RawMessage }
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch m.Method {
		case "initialize":
			fmt.Fprintf(w,
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"faulty","version":"1"}}}`, m.ID)
		case "notifications/initialized":
			w.WriteHeader(http.StatusAccepted)
		case "tools/call":
			mu.Lock()
			n++
			c := fakeCall{n, string(m.ID), string(m.Params.Arguments), r.Header.Get("Mcp-Session-Id")}
			mu.Unlock()
			answer(w, c)
		default:
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`, m.ID)
		}
	})
}

// measured runs load and returns the exit status and the load's part of the
// document.
func measured(t *testing.T, args ...string) (int, results.Scenario) {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(append([]string{"load", "--no-store", "--format", "json", "--protocol", "2025-06-18"}, args...),
		strings.NewReader(""), &out, &errs)
	doc, err := results.Decode(&out)
	require.NoError(t, err, errs.String())
	require.Len(t, doc.Servers, 1)
	require.Len(t, doc.Servers[0].Scenarios, 1)
	s := doc.Servers[0].Scenarios[0]
	require.NotNil(t, s.Load)
	return status, s
}

// steady measures anew, four times at most, where load says itself that this
// machine was too busy for it: such a run tells nothing about the server.
func steady(measure func() (int, results.Scenario)) (status int, s results.Scenario) {
	for range 5 {
		status, s = measure()
		if status != exitInconclusive || !strings.Contains(s.Load.Generator.Limited, "handed over") {
			break
		}
	}
	return status, s
}

func found(t *testing.T, s results.Scenario, check string) results.Finding {
	t.Helper()
	for _, f := range s.Findings {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no check %s in %+v", check, s.Findings)
	return results.Finding{}
}

// TestEveryCheckOfLoadCanFail has a faulty server a check, and an honest one.
func TestEveryCheckOfLoadCanFail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	last := ""
	honest := func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) }
	for _, row := range []struct {
		name   string
		answer func(w http.ResponseWriter, c fakeCall)
		check  string
		saw    string
		args   []string
	}{
		{name: "honest", answer: honest},
		{name: "cross-talk", check: "echo", saw: "49 crossed", answer: func(w http.ResponseWriter, c fakeCall) {
			mu.Lock()
			before := last
			last = c.args
			mu.Unlock()
			if before == "" {
				before = c.args
			}
			fmt.Fprint(w, c.result(before))
		}},
		{name: "no nonce now and then", check: "echo", saw: "5 without a nonce", answer: func(w http.ResponseWriter,
			c fakeCall) {
			if c.n%10 == 0 {
				c.args = "{}"
			}
			fmt.Fprint(w, c.result(c.args))
		}},
		{name: "duplicates", check: "echo", saw: "5 answered twice", answer: func(w http.ResponseWriter, c fakeCall) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: %s\n\n", c.result(c.args))
			if c.n%10 == 0 {
				fmt.Fprintf(w, "data: %s\n\n", c.result(c.args))
			}
		}},
		{name: "lost", check: "echo", saw: "5 never answered", args: []string{"--timeout", "300ms"},
			answer: func(w http.ResponseWriter, c fakeCall) {
				if c.n%10 == 0 {
					time.Sleep(600 * time.Millisecond)
				}
				honest(w, c)
			}},
		{name: "slow", check: "threshold p90<150ms", saw: "n=50", answer: func(w http.ResponseWriter, c fakeCall) {
			time.Sleep(250 * time.Millisecond)
			honest(w, c)
		}},
		{name: "errors", check: "threshold errors<5%", saw: "10.0% (5 of 50)", answer: func(w http.ResponseWriter,
			c fakeCall) {
			if c.n%10 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			honest(w, c)
		}},
		{name: "nothing but errors", check: "answers", saw: "0 results of 50 calls", answer: func(w http.ResponseWriter,
			_ fakeCall) {
			w.WriteHeader(http.StatusInternalServerError)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, s := steady(func() (int, results.Scenario) {
				last = ""
				return measured(t, append([]string{"--url", served(t, row.answer), "--tool", "echo", "--check", "echo",
					"--rate", "100/s", "-d", "500ms",
					"--threshold", "p90<150ms", "--threshold", "errors<5%"}, row.args...)...)
			})
			assert.Equal(t, 50, s.Calls.Planned)
			if row.check == "" {
				assert.Equal(t, exitPass, status, "%+v", s.Findings)
				assert.EqualValues(t, 50, s.Load.Integrity.Checked)
				return
			}
			assert.Equal(t, exitFail, status)
			f := found(t, s, row.check)
			assert.Equal(t, verdict.Fail, f.Verdict, f.Saw)
			assert.Contains(t, f.Saw, row.saw)
			assert.NotEmpty(t, f.Cause)
		})
	}
}

// TestAKilledServerIsSaidPlainly: half-way through it closes, and every later
// connection is refused.
func TestAKilledServerIsSaidPlainly(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.NewDecoder(r.Body).Decode(&m) != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if m.Method == "initialize" {
			fmt.Fprintf(w,
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`, m.ID)
			return
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
	}))
	time.AfterFunc(400*time.Millisecond, func() { s.Listener.Close(); s.CloseClientConnections() })
	status, sc := measured(t, "--url", s.URL, "--method", "ping", "--rate", "200/s", "-d", "20s", "--sessions", "1")
	assert.Equal(t, exitFail, status)
	f := found(t, sc, "answers")
	assert.Equal(t, verdict.Fail, f.Verdict)
	assert.Contains(t, f.Saw, "the server stopped answering: 400 calls in a row broke")
	assert.Less(t, sc.Load.Seconds, 10.0, "it doesn't go on for the whole time")
	assert.Positive(t, sc.Calls.Admitted)
	assert.NotEmpty(t, sc.Load.Failures)
}

// TestWaitingForAConnectionIsNotOurLateness: one connection, and a server that
// takes 20 ms, at a rate that needs two. That is the server's to answer for:
// the requests were handed over in time.
func TestWaitingForAConnectionIsNotOurLateness(t *testing.T) {
	t.Parallel()
	url := served(t, func(w http.ResponseWriter, c fakeCall) {
		time.Sleep(20 * time.Millisecond)
		fmt.Fprint(w, c.result(c.args))
	})
	_, s := measured(t, "--url", url, "--tool", "echo", "--rate", "100/s", "-d", "600ms", "--connections", "1",
		"--sessions", "1")
	assert.Greater(t, s.Load.Waited.P90, 300.0, "the queue is waited in")
	assert.Less(t, s.Load.Service.P50, 100.0)
	assert.Less(t, s.Load.Generator.Pacing.P50, 50.0)
}

// TestConnectionsAreBounded: neither the set-up's connections nor those of
// sequences, or of sessions that come and go, come on top of --connections.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]string{
		"plain":     `mix: [{call: echo}]`,
		"sequences": `mix: [{call: echo}, {sequence: s, steps: [{call: echo}, {call: echo, think: 1ms}, {call: echo}]}]`,
		"churn":     "sessions: {count: 8, calls: 3}\nmix: [{call: echo}]",
	} {
		t.Run(name, func(t *testing.T) {
			var open, most, calls atomic.Int64
			s := httptest.NewUnstartedServer(faulty(func(w http.ResponseWriter, c fakeCall) {
				if calls.Add(1) > 40 { // by then the server knows that the set-up's are closed
					most.Store(max(most.Load(), open.Load()))
				}
				fmt.Fprint(w, c.result(c.args))
			}))
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					open.Add(1)
				case http.StateClosed, http.StateHijacked:
					open.Add(-1)
				}
			}
			s.Start()
			t.Cleanup(s.Close)
			file := filepath.Join(t.TempDir(), "plan.yaml")
			require.NoError(t, os.WriteFile(file, []byte(plan), 0o600))
			status, sc := steady(func() (int, results.Scenario) {
				return measured(t, "--url", s.URL, "--mix", file, "--rate", "200/s", "-d", "800ms", "--connections",
					"2", "--sessions", "8")
			})
			require.Equal(t, exitPass, status, "%+v", sc.Findings)
			require.Positive(t, most.Load())
			require.LessOrEqual(t, most.Load(), int64(2))
		})
	}
}

func TestUnsentCallsSpoilAPass(t *testing.T) {
	t.Parallel()
	url := served(t, func(w http.ResponseWriter, c fakeCall) {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprint(w, c.result(c.args))
	})
	status, s := measured(t, "--url", url, "--tool", "echo", "--rate", "100/s", "-d", "500ms", "--max-in-flight", "2",
		"--threshold", "p90<5s")
	assert.Equal(t, exitInconclusive, status)
	assert.Contains(t, s.Load.Generator.Limited, "raise --max-in-flight")
	assert.Equal(t, verdict.Inconclusive, found(t, s, "threshold p90<5s").Verdict)
	assert.Positive(t, s.Calls.Unsent())
}

// TestCapacityOfAQueue: a server with two workers of 10 ms each can do 200/s
// and no more.
func TestCapacityOfAQueue(t *testing.T) {
	t.Parallel()
	workers := make(chan struct{}, 2)
	url := served(t, func(w http.ResponseWriter, c fakeCall) {
		workers <- struct{}{}
		time.Sleep(10 * time.Millisecond)
		<-workers
		fmt.Fprint(w, c.result(c.args))
	})
	status, s := measured(t, "--url", url, "--tool", "echo", "--find", "capacity", "--rate", "60/s", "-d", "300ms",
		"--cool-down", "0s",
		"--precision", "100%", "--threshold", "p90<150ms")
	c := s.Load.Capacity
	require.NotNil(t, c)
	assert.Contains(t, []int{exitPass, exitInconclusive}, status, c.Why) // a busy machine is the limit itself
	if status == exitPass {
		assert.GreaterOrEqual(t, c.Rate, 60.0)
		assert.Less(t, c.Rate, 260.0)
		assert.Greater(t, c.Above, c.Rate)
		assert.Equal(t, 3, c.Confirmed)
	}
	assert.GreaterOrEqual(t, len(c.Trials), 3)
}
