package wire

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestLoopReadsBeforeItGivesUp: the reply came in time, and it was us who
// stood still until the time was over. That is no time-out of the server's.
func TestLoopReadsBeforeItGivesUp(t *testing.T) {
	const patience = 150 * time.Millisecond
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	})
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1", Timeout: patience})
	l := newLoop(t, LoopConfig{}, s)
	// The connection is there; what follows takes one step.
	for byLoop(t.Context(), t, l, echo)[0].Outcome != history.OK {
	}
	for range 3 {
		var got *history.Call
		l.Send(t.Context(), echo, func(c history.Call) { got = &c })
		time.Sleep(2 * patience) // nobody reads
		for got == nil {
			require.NoError(t, l.Wait(t.Context(), l.Now()+time.Millisecond, nil))
		}
		require.Equal(t, history.OK, got.Outcome, got.Detail)
		require.GreaterOrEqual(t, got.Service(), 2*patience, "it was read that late")
	}
}
