package wire

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// closesEverySecond answers every other call, and closes the connection in place
// of an answer to the rest, after so many bytes of one.
func closesEverySecond(t *testing.T, bytes string) string {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		id := between(string(body), `"id":`, ",")
		result := `{}`
		switch {
		case strings.Contains(string(body), `"initialize"`):
			result = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`
		case !strings.Contains(string(body), `"tools/call"`):
			w.WriteHeader(http.StatusAccepted)
			return
		case calls.Add(1)%2 == 0:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, bytes) // whoever reads it is gone, or not
				_ = conn.Close()
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

// TestClosedWhileIdle: only over a connection that was idle, and only where not a
// byte came, is a lost reply nobody's failure; a refusal by a reset it never is
// either. Both paths say the same.
func TestClosedWhileIdle(t *testing.T) {
	for _, row := range []struct {
		name   string
		bytes  string
		rest   time.Duration
		resets bool
		want   history.Outcome
	}{
		{name: "idle", rest: idleLeast + 100*time.Millisecond, want: history.ClosedIdle},
		{name: "idle, where resets are refusals", rest: idleLeast + 100*time.Millisecond, resets: true,
			want: history.ClosedIdle},
		{name: "busy", want: history.Broken},
		{name: "busy, where resets are refusals", resets: true, want: history.Limited},
		{name: "a byte came", bytes: "H", rest: idleLeast + 100*time.Millisecond, want: history.Broken},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", Refusal: Refusal{Resets: row.resets}}
			o.URL = closesEverySecond(t, row.bytes)
			plain := dial(t, o)
			o.URL = closesEverySecond(t, row.bytes)
			fast := newLoop(t, LoopConfig{}, dial(t, o))
			require.Equal(t, history.OK, plain.Exchange(t.Context(), echo).Outcome)
			require.Equal(t, history.OK, byLoop(t.Context(), t, fast, echo)[0].Outcome)
			time.Sleep(row.rest)
			for path, c := range map[string]history.Call{"plain": plain.Exchange(t.Context(), echo),
				"fast": byLoop(t.Context(), t, fast, echo)[0]} {
				assert.Equal(t, row.want, c.Outcome, "%s: %s", path, c.Detail)
				if row.want == history.ClosedIdle {
					assert.Equal(t, "the connection was closed by the server while idle", c.Detail, path)
				}
			}
			require.Equal(t, history.OK, plain.Exchange(t.Context(), echo).Outcome, "the next one works")
		})
	}
}

// TestCrossedCallsAreRepeatedOnce, if they may be: on either path, and no other ones.
// What was sent first is in the history.
func TestCrossedCallsAreRepeatedOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		may    bool
		bytes  string
		rest   time.Duration
		want   history.Outcome
		asides int
	}{
		{name: "one that may be", may: true, rest: idleLeast + 100*time.Millisecond, want: history.OK, asides: 1},
		{name: "one that may not", rest: idleLeast + 100*time.Millisecond, want: history.ClosedIdle},
		{name: "busy", may: true, want: history.Broken},
		{name: "a byte came", may: true, bytes: "H", rest: idleLeast + 100*time.Millisecond, want: history.Broken},
	} {
		for _, path := range []string{"plain", "fast"} {
			t.Run(row.name+"/"+path, func(t *testing.T) {
				t.Parallel()
				o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", URL: closesEverySecond(t,
					row.bytes)}
				o.Idempotent = func(tool string) bool { return row.may && tool == echo.Tool }
				s := dial(t, o)
				send := func() history.Call { return s.Exchange(t.Context(), echo) }
				if path == "fast" {
					l := newLoop(t, LoopConfig{}, s)
					send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
				}
				require.Equal(t, history.OK, send().Outcome)
				time.Sleep(row.rest)
				c := send()
				require.Equal(t, row.want, c.Outcome, c.Detail)
				asides := s.Asides()
				require.Len(t, asides, row.asides)
				if row.asides > 0 {
					require.Equal(t, history.ClosedIdle, asides[0].Outcome)
					require.Equal(t, echo.Tool, asides[0].Tool)
					require.Equal(t, c.Sent, asides[0].Sent, "the wait counts from the first one")
				}
			})
		}
	}
}

// TestWhatMayBeRepeated: what only reads, by the protocol or by what a tool says of
// itself.
func TestWhatMayBeRepeated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if p := read(t, r); !initializer(w, p) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"writes"},{"name":"reads","annotations":{"readOnlyHint":true}},
				{"name":"puts","annotations":{"readOnlyHint":false,"idempotentHint":true}},{"name":"no","annotations":{"idempotentHint":false}}]}}`, p.ID)
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", URL: server.URL, ListTools: true})
	for _, row := range []struct {
		method, tool string
		want         bool
	}{
		{"tools/call", "reads", true}, {"tools/call", "puts", true}, {"tools/call", "writes", false},
		{"tools/call", "no", false},
		{"tools/call", "unheard of", false}, {"ping", "", true}, {"tools/list", "", true}, {"initialize", "", false},
		{"own/method", "", false},
	} {
		assert.Equal(t, row.want, s.mayRepeat(row.method, row.tool), "%s %s", row.method, row.tool)
	}
	other := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", URL: server.URL, Idempotent: s.Idempotent})
	require.True(t, other.Idempotent("reads"), "another session goes by what the first one was told")
	require.False(t, other.Idempotent("writes"))
}
