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
		{name: "idle, where resets are refusals", rest: idleLeast + 100*time.Millisecond, resets: true, want: history.ClosedIdle},
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
			for path, c := range map[string]history.Call{"plain": plain.Exchange(t.Context(), echo), "fast": byLoop(t.Context(), t, fast, echo)[0]} {
				assert.Equal(t, row.want, c.Outcome, "%s: %s", path, c.Detail)
				if row.want == history.ClosedIdle {
					assert.Equal(t, "the connection was closed by the server while idle", c.Detail, path)
				}
			}
			require.Equal(t, history.OK, plain.Exchange(t.Context(), echo).Outcome, "the next one works")
		})
	}
}
