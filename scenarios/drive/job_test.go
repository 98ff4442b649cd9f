package drive

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios"
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
	require.Equal(t, "the run spent 4 calls in 4s, which cost 1 to 3 tokens of the limit",
		spent(calls, profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1}).Loading("x", nil).Limit))
	require.Equal(t, "the run spent 1 call in 1s, which cost 1 token of the limit",
		spent(calls[1:2], profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1}).Loading("x", nil).Limit))
	require.Equal(t, "the run spent 0 calls in 0s, which cost 0 tokens of the limit", spent(nil, profiles.Limit{}))
}

// A server is fresh once: whoever asks it again has used it.
func TestOnlyTheFirstFindsAServerFresh(t *testing.T) {
	law := promise.Law{Kind: promise.Window, N: 2, Every: time.Minute}
	j := Job{Target: target.Target{Kind: target.URL}, Laws: &Laws{Promise: promise.Promise{law}}}
	require.Greater(t, j.lawRest(), time.Minute)
	j.Laws.Fresh = true
	require.Zero(t, j.lawRest())
	j.Laws.Again = true
	require.Greater(t, j.lawRest(), time.Minute)
}

// TestFitsChangesNothing: what follows from laws is Complete's to make.
func TestFitsChangesNothing(t *testing.T) {
	j := auditOfLaws(t, "", 1, nil, "30 per 10s fixed per session")
	j.Profile.Limit, j.Options.Protocol = profiles.Limit{Rate: 5, Burst: 10}, "auto"
	before := j
	require.NoError(t, j.Fits())
	require.Equal(t, before.Profile.Limit, j.Profile.Limit)
	require.Equal(t, before.Options.Protocol, j.Options.Protocol)
	require.False(t, j.Mock.Laws)

	j.Complete()
	require.NoError(t, j.Fits())
	require.Equal(t, judge.Permissive(), j.Profile.Limit)
	require.NotEqual(t, "auto", j.Options.Protocol, "sessions are needed")
	require.True(t, j.Mock.Laws)

	other := before
	other.Laws = nil
	other.Complete()
	require.Equal(t, before.Profile.Limit, other.Profile.Limit, "a bucket is held against it")
}

// A plan fits a screen of 100 columns, whatever is sent.
func TestAPlanFitsAScreen(t *testing.T) {
	j := Job{Scenarios: scenarios.All()}
	var b strings.Builder
	require.NoError(t, j.planSheet(nil).Table(&b))
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 101, line)
	}
}
