package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Refusals can't be held against a server that others use meanwhile, by no
// check: two clients that were promised a bucket each, and draw from one, are
// faulted only where nobody else can have taken the tokens.
func TestNoCheckHoldsRefusalsAgainstASharedServer(t *testing.T) {
	limit := testLimit(10, 5)
	limit.Scope = promise.Client
	bucket := newLevel(10, 5)
	var calls []history.Call
	for i := range 12 {
		at := time.Duration(i) * time.Millisecond
		c := history.Call{Arrival: history.Arrival{Due: at, Client: []string{"a", "b"}[i%2], Method: "ping",
			Label: "x"}, Sent: at, Received: at + 1, Outcome: history.Limited}
		if bucket.take(at) {
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	checks := append(LimitChecks(), Scope, Measure, Served, RetryHint)
	failed := func(shared bool) (ids []string) {
		court := NewCourt(promise.Terms{Limit: limit}, calls, Config{Shared: shared})
		for _, c := range checks {
			if c.Judge(court.Trial("x")).Verdict == Fail {
				ids = append(ids, c.ID)
			}
		}
		return ids
	}
	require.Equal(t, []string{"over-rejection", "scope", "measured", "served"}, failed(false))
	require.Empty(t, failed(true))
}
