package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forgetful is a server with sessions that forgets all of them once, after so
// many calls. It counts the calls on sessions that it gave out later.
type forgetful struct {
	status int // with which it says so; 0: 404
	after  int // 0: never

	mu     sync.Mutex
	given  int
	known  map[string]bool
	calls  int
	anew   int // calls on sessions that were given out after it forgot the others
	forgot bool
}

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if m.Method == "initialize" {
		f.given++
		id := fmt.Sprint("session-", f.given)
		f.known[id] = true
		w.Header().Set("Mcp-Session-Id", id)
		fmt.Fprintf(w,
			`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`, m.ID)
		return
	}
	if !f.known[r.Header.Get("Mcp-Session-Id")] {
		http.Error(w, "no such session", cmp.Or(f.status, http.StatusNotFound))
		return
	}
	switch {
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
		return
	case m.Method != "ping":
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`, m.ID)
		return
	}
	if f.calls++; f.calls == f.after {
		f.known, f.forgot = map[string]bool{}, true
	} else if f.forgot {
		f.anew++
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
}

// TestForgottenSessionsAreOpenedAnew: a client that gets a 404 for its session
// starts a new one, on the fast path, on the plain one (TLS), and where sessions
// come and go anyway.
func TestForgottenSessionsAreOpenedAnew(t *testing.T) {
	t.Parallel()
	churn := filepath.Join(t.TempDir(), "plan.yaml")
	require.NoError(t, os.WriteFile(churn, []byte("sessions: {calls: 1000}\nmix: [{method: ping}]"), 0o600))
	for name, args := range map[string][]string{"fast": {"--method", "ping"}, "plain": {"--method", "ping",
		"--insecure"}, "400": {"--method", "ping"}, "401": {"--method", "ping"}, "churn": {"--mix", churn}} {
		t.Run(name, func(t *testing.T) {
			f := &forgetful{after: 50, known: map[string]bool{}}
			f.status, _ = strconv.Atoi(name) // others say 404
			s := httptest.NewUnstartedServer(f)
			if s.Start(); name == "plain" {
				s.Close()
				s = httptest.NewTLSServer(f)
			}
			t.Cleanup(s.Close)
			file := filepath.Join(t.TempDir(), "calls.jsonl")
			_, sc := measured(t, append(args, "--url", s.URL, "--rate", "100/s", "-d", "1500ms", "--sessions", "3",
				"--save-history", file)...)
			assert.Positive(t, f.anew, "calls on new sessions")
			assert.Positive(t, sc.Load.Outcomes["rejected"], "the calls that were told so")
			assert.Equal(t, 6, f.given, "each client opened one more, and no more")
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, 6, strings.Count(string(text), `"method":"initialize"`), "set-ups in the history")
			if name != "churn" {
				assert.EqualValues(t, 3, sc.Load.Setup.Reopened)
				assert.Zero(t, sc.Load.Setup.Failed)
			}
		})
	}
}

// TestA404IsNoReasonWithoutSessions: where the server gave out no session id,
// there is none to be forgotten.
func TestA404IsNoReasonWithoutSessions(t *testing.T) {
	t.Parallel()
	url := served(t, func(w http.ResponseWriter, _ fakeCall) { w.WriteHeader(http.StatusNotFound) })
	_, s := measured(t, "--url", url, "--tool", "echo", "--rate", "100/s", "-d", "300ms", "--sessions", "2")
	assert.EqualValues(t, 30, s.Load.Outcomes["rejected"])
	assert.Zero(t, s.Load.Setup.Reopened)
	assert.EqualValues(t, 2, s.Load.Setup.Handshake.N)
}

// TestWhatToDoWithoutCredentials: the hint names the flag that load has for it.
func TestWhatToDoWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	for hint, args := range map[string][]string{
		"--bearer-env NAME":   {"--url", s.URL},
		"is the proxy there ": {"--url", s.URL, "--proxy", "http://127.0.0.1:1"},
	} {
		var out, errs bytes.Buffer
		status := run(append([]string{"load", "--no-store", "--method", "ping", "--rate", "1/s", "-d", "1s"}, args...),
			strings.NewReader(""), &out, &errs)
		assert.Equal(t, exitUsage, status)
		assert.Contains(t, errs.String(), hint)
		assert.Empty(t, out.String())
	}
}
