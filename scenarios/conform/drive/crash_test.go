package drive_test

import (
	"bytes"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/scenarios/conform"
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
