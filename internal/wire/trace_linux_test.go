package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A traceReader notes the trace context of each request, by its place in _meta.
type traceReader struct {
	next http.Handler

	mu      sync.Mutex
	parents map[string]int
}

func (r *traceReader) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body) // of a test
	var m struct {
		ID     json.Number
		Params struct {
			Meta struct{ Traceparent string } `json:"_meta"`
		}
	}
	if json.Unmarshal(body, &m) == nil && m.ID != "" {
		r.mu.Lock()
		r.parents[m.Params.Meta.Traceparent]++
		r.mu.Unlock()
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	r.next.ServeHTTP(w, q)
}

func (r *traceReader) times(parent string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.parents[parent]
}

// A trace context of its own is in every request, where the specification has it, and
// the calls say which; without Trace there is none.
func TestTraceContextIsSent(t *testing.T) {
	for _, traced := range []bool{true, false} {
		for _, protocol := range []string{"2025-11-25", "2026-07-28"} {
			reader := &traceReader{next: server.NewStreamableHTTPServer(newMCPGo()), parents: map[string]int{}}
			s := httptest.NewServer(reader)
			t.Cleanup(s.Close)
			onBothPaths(t, Options{URL: s.URL + "/mcp", Protocol: protocol, Trace: traced, ListTools: true,
				Client: "c1"}, func(t *testing.T, _ *Session, send func() history.Call) {
				for range 3 {
					c := send()
					require.True(t, c.Outcome.Answered(), c.Detail)
					if !traced {
						require.Empty(t, c.Trace)
						continue
					}
					require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`, c.Trace)
					require.Equal(t, 1, reader.times(c.Trace))
					require.Zero(t, reader.times(""), "of the handshake too")
				}
			})
			if !traced {
				continue
			}
			other := echo
			other.Client = "c2"
			o := Options{URL: s.URL + "/mcp", Protocol: protocol, Trace: true, Client: "c1"}
			first := dial(t, o)
			o.Client = "c2"
			for _, c := range byLoop(t.Context(), t, newLoop(t, LoopConfig{}, first, dial(t, o)), echo, other) {
				require.Equal(t, 1, reader.times(c.Trace), "%s shares its requests' template with another session",
					c.Client)
			}
		}
	}
}
