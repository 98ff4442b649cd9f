package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
)

// A run that didn't come to its end says what it has cost.
func TestSpent(t *testing.T) {
	call := func(method string, o history.Outcome, sent, received time.Duration) history.Call {
		return history.Call{Arrival: history.Arrival{Method: method}, Outcome: o, Sent: sent, Received: received}
	}
	calls := []history.Call{
		call("initialize", history.OK, time.Second, 2*time.Second),
		call("tools/call", history.OK, 2*time.Second, 3*time.Second),
		call("tools/call", history.Limited, 3*time.Second, 4*time.Second),
		call("tools/call", history.TimedOut, 4*time.Second, 5*time.Second),
		call("tools/call", history.Unsent, 9*time.Second, 9*time.Second),
	}
	require.Equal(t, "the run spent 4 calls in 4s, which cost 1 to 3 tokens of the limit", spent(calls, profiles.ForURL(1, 1).Loading("x", nil).Limit))
	require.Equal(t, "the run spent 1 call in 1s, which cost 1 token of the limit", spent(calls[1:2], profiles.ForURL(1, 1).Loading("x", nil).Limit))
	require.Equal(t, "the run spent 0 calls in 0s, which cost 0 tokens of the limit", spent(nil, profiles.Limit{}))
}
