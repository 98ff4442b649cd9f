package drive_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// listed reports if a call has a list, or null, among its arguments.
func listed(m *conform.Message) bool {
	return m.Method == "tools/call" && (bytes.ContainsAny(m.Params, "[") || bytes.Contains(m.Params, []byte("null")))
}

// TestCrashesBehindSomething: what starts a crashed server again hides the crash from
// nobody, and what loses connections and sessions by itself is taken for none.
func TestCrashesBehindSomething(t *testing.T) {
	type answer = func(http.ResponseWriter, *http.Request, conform.Message) bool
	status := func(code int) answer {
		return func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
			if listed(&m) {
				w.WriteHeader(code)
			}
			return listed(&m)
		}
	}
	var calls atomic.Int64
	for _, c := range []struct {
		name   string
		state  conform.State
		answer func() answer
	}{
		{"503 until it is up again", conform.Fail, func() answer { return status(http.StatusServiceUnavailable) }},
		{"502 of a gateway", conform.Fail, func() answer { return status(http.StatusBadGateway) }},
		{"the connection breaks", conform.Fail, func() answer {
			return func(_ http.ResponseWriter, _ *http.Request, m conform.Message) bool {
				if listed(&m) {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}},
		{"sessions are gone with it", conform.Fail, func() answer { return forgetting(listed) }},
		{"long arguments crash it, and long requests don't", conform.Fail, func() answer {
			return func(_ http.ResponseWriter, _ *http.Request, m conform.Message) bool {
				if m.Method == "tools/call" && len(m.Raw) > 32<<10 {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}},
		{"a gateway that loses one call in seven", conform.Pass, func() answer {
			return func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
				if m.Method == "tools/call" && calls.Add(1)%7 == 0 {
					w.WriteHeader(http.StatusBadGateway)
					return true
				}
				return false
			}
		}},
		{"sessions of a few calls", conform.Pass, func() answer {
			return forgetting(func(m *conform.Message) bool { return m.Method == "tools/call" && calls.Add(1)%9 == 0 })
		}},
		{"503 to every call for its rate", conform.NotTestable, func() answer {
			return func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
				if m.Method == "tools/call" && calls.Add(1) > 3 {
					w.Header().Set("Retry-After", "0")
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}
				return false
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls.Store(0)
			got := fronted(t, front{answer: c.answer()}, conform.R2511, "F01")[0]
			assert.Equal(t, c.state, got.State, got.Saw)
		})
	}
}

// TestTheEndOfTheServer is no silence, also on a connection that was kept: nobody answers on
// another one then.
func TestTheEndOfTheServer(t *testing.T) {
	p := &peculiar{stateless: true}
	p.start(t)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		for _, m := range conform.ReadMessages(body) {
			if listed(&m) {
				assert.NoError(t, s.Listener.Close())
				panic(http.ErrAbortHandler)
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(s.CloseClientConnections)
	rows := conform.Rows()
	found, err := drive.Run(context.Background(), drive.Config{URL: s.URL + "/mcp", Revisions: []string{conform.R2511},
		Rows: rows[:1], Fuzz: time.Second, Timeout: 3 * time.Second})
	require.NoError(t, err)
	got := map[string]conform.State{}
	for _, f := range found.Reports[0].Findings {
		got[f.ID] = f.State
		t.Log(f.ID, f.State, f.Saw)
		if f.ID == "F01" { // on a connection that was kept nobody can tell which
			assert.Regexp(t, `connection refused, to "tool-\d" with .*, or to the call before, .*"tool-\d"`, f.Saw)
		}
	}
	assert.Equal(t, conform.Fail, got["F01"])
	assert.Equal(t, conform.NotTestable, got["F02"])
}

// forgetting forgets every session that there is when a message comes.
func forgetting(when func(*conform.Message) bool) func(http.ResponseWriter, *http.Request, conform.Message) bool {
	var mu sync.Mutex
	met, gone := map[string]bool{}, map[string]bool{}
	return func(w http.ResponseWriter, r *http.Request, m conform.Message) bool {
		mu.Lock()
		defer mu.Unlock()
		id := r.Header.Get("Mcp-Session-Id")
		met[id] = true
		if when(&m) {
			for id := range met {
				gone[id] = true
			}
		}
		if id != "" && gone[id] {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
}
