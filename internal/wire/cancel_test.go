package wire

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestCancelOverHTTP: a call that timed out is cancelled by a notification in
// the session era, on both paths, and only where that is asked for. In the
// stateless era its stream is closed.
func TestCancelOverHTTP(t *testing.T) {
	for _, row := range []struct {
		name  string
		asked bool
		loop  bool
		want  int
	}{
		{"plain", true, false, 1},
		{"fast", true, true, 1},
		{"not asked", false, false, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			var mu sync.Mutex
			var cancelled []int64
			release := make(chan struct{})
			server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
				if p.Method != "notifications/cancelled" {
					select {
					case <-release:
					case <-r.Context().Done():
					}
					return
				}
				var params struct {
					RequestID int64 `json:"requestId"`
				}
				require.NoError(t, json.Unmarshal(p.Params, &params))
				require.Equal(t, "s-1", r.Header.Get("Mcp-Session-Id"))
				mu.Lock()
				cancelled = append(cancelled, params.RequestID)
				mu.Unlock()
				w.WriteHeader(http.StatusAccepted)
			})
			defer close(release)
			s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1",
				Timeout: 200 * time.Millisecond, CancelHTTP: row.asked})
			var c history.Call
			if row.loop {
				c = onLoop(t, s, history.Arrival{Client: "c1", Method: "tools/call", Tool: "x"})
			} else {
				c = s.Exchange(t.Context(), history.Arrival{Tool: "x"})
			}
			require.Equal(t, history.TimedOut, c.Outcome)
			s.cancels.Wait()
			mu.Lock()
			defer mu.Unlock()
			require.Len(t, cancelled, row.want)
			if row.want > 0 {
				require.Equal(t, c.ID, cancelled[0])
			}
		})
	}
}

// onLoop sends one call on the fast path; where there is none, on the other.
func onLoop(t *testing.T, s *Session, a history.Arrival) (got history.Call) {
	t.Helper()
	l, err := NewLoop([]*Session{s}, LoopConfig{})
	if err != nil {
		return s.Exchange(t.Context(), a)
	}
	defer l.Close()
	wake := make(chan struct{}, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ended := false
	l.Send(ctx, a, func(c history.Call) { got, ended = c, true })
	for !ended {
		require.NoError(t, l.Wait(ctx, l.Now()+10*time.Millisecond, wake))
	}
	return got
}
