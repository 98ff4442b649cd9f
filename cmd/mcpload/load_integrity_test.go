package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A mixer remembers what each session sent last, so that it can mix them up.
type mixer struct {
	mu   sync.Mutex
	last map[string]string
}

func (m *mixer) saw(c fakeCall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last[c.session] = c.args
}

// another is what another session sent.
func (m *mixer) another(session string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, args := range m.last {
		if s != session {
			return args
		}
	}
	return "{}"
}

// events answers with each message as an event of its own.
func events(w http.ResponseWriter, messages ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, m := range messages {
		fmt.Fprintf(w, "data: %s\n\n", m)
	}
}

// sessioned gives out session ids.
func sessioned(h http.Handler) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") == "" {
			mu.Lock()
			n++
			w.Header().Set("Mcp-Session-Id", fmt.Sprint("session-", n))
			mu.Unlock()
		}
		h.ServeHTTP(w, r)
	})
}

// wrongReplies are ways to break the integrity of replies. Each is used another
// number of times, so that a sum tells which ones were seen.
var wrongReplies = []struct {
	times  int
	answer func(m *mixer, w http.ResponseWriter, c fakeCall)
}{
	{1, func(m *mixer, w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(m.another(c.session))) }},
	{2, func(_ *mixer, w http.ResponseWriter, c fakeCall) { events(w, c.under("987654321"), c.result(c.args)) }},
	{4, func(_ *mixer, w http.ResponseWriter, c fakeCall) { events(w, c.under("null"), c.result(c.args)) }},
	{8, func(_ *mixer, w http.ResponseWriter, c fakeCall) { events(w, c.result(c.args), c.result(c.args)) }},
	{5, func(*mixer, http.ResponseWriter, fakeCall) { time.Sleep(3 * time.Second) }},
	// in place of its own
	{16, func(_ *mixer, w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.under("987654321")) }},
	{3, func(_ *mixer, w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result("{}")) }},
}

// under is the reply under another id than the call's.
func (c fakeCall) under(id string) string { c.id = id; return c.result(c.args) }

// TestIntegrityUnderLoad: many a reply is wrong, at a rate that has calls
// of all sessions in flight at a time, and each is counted for what it is,
// whichever engine reads the replies.
func TestIntegrityUnderLoad(t *testing.T) {
	t.Parallel()
	type counts struct{ crossed, twice, lost, missing int64 }
	engines := []struct {
		name  string
		start func(s *httptest.Server)
		args  []string
	}{
		{"HTTP/1.1, the fast path", (*httptest.Server).Start, nil},
		{"TLS", (*httptest.Server).StartTLS, []string{"--insecure"}},
		{"HTTP/2 over TLS", func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, []string{"--insecure",
			"--http", "2"}},
		{"HTTP/2 by prior knowledge", func(s *httptest.Server) {
			s.Config.Protocols = &http.Protocols{}
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
		}, []string{"--http", "2"}},
	}
	for _, e := range engines {
		for _, honest := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, honest %t", e.name, honest), func(t *testing.T) {
				t.Parallel()
				const calls = 500
				status, sc := steady(func() (int, results.Scenario) {
					m := &mixer{last: map[string]string{}}
					s := httptest.NewUnstartedServer(sessioned(faulty(func(w http.ResponseWriter, c fakeCall) {
						m.saw(c)
						if answer := wrongReply(c.n); answer != nil && !honest {
							answer(m, w, c)
							return
						}
						fmt.Fprint(w, c.result(c.args))
					})))
					e.start(s)
					t.Cleanup(s.Close)
					return measured(t, append([]string{"--url", s.URL, "--tool", "echo", "--check", "echo",
						"--rate", "1000/s", "-d", "500ms", "--sessions", "16", "--timeout", "2s"}, e.args...)...)
				})
				require.Equal(t, calls, sc.Calls.Planned)
				i := sc.Load.Integrity
				got := counts{i.CrossTalk, i.Duplicates, i.Lost, i.Missing}
				if honest {
					assert.Equal(t, exitPass, status, "%+v", sc.Findings)
					assert.Zero(t, got)
					assert.EqualValues(t, calls, i.Checked)
					return
				}
				assert.Equal(t, exitFail, status)
				assert.Equal(t, counts{crossed: 1 + 2 + 4 + 16, twice: 8, lost: 5, missing: 3}, got)
				assert.EqualValues(t, calls-8-5-16, i.Checked, "all but those that are broken anyway")
				assert.Equal(t, verdict.Fail, found(t, sc, "echo").Verdict)
			})
		}
	}
}

// wrongReply is how the server answers its nth call; nil: rightly.
func wrongReply(n int) func(*mixer, http.ResponseWriter, fakeCall) {
	if n%10 != 0 || n < 50 { // by then every session has sent something
		return nil
	}
	turn := n/10 - 5
	for _, w := range wrongReplies {
		if turn < w.times {
			return w.answer
		}
		turn -= w.times
	}
	return nil
}
