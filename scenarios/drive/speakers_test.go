package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
)

// TestAsManySessionsAsItTakes: a law that all sessions share is reached by so many of them
// that one per session beside it doesn't refuse before.
func TestAsManySessionsAsItTakes(t *testing.T) {
	for _, row := range []struct {
		laws []string
		want int
	}{
		{[]string{"10/s burst 20"}, 0},
		{[]string{"10/s burst 20 per session"}, 0},
		{[]string{"4/s burst 6 per session", "9/s burst 10"}, 3},
		{[]string{"9/s burst 10", "4/s burst 6 per session"}, 3},
		{[]string{"10 per 2s per session", "20 per 10s"}, 0}, // one session reaches it
		{[]string{"20 per 10s per session", "100 per 10s per address"}, 6},
		{[]string{"20 per 10s per session", "1000 per 10s"}, 8},
		{[]string{"20 per 10s per credential", "100 per 10s"}, 0}, // whose credentials?
	} {
		l := &Laws{}
		for _, text := range row.laws {
			law, err := promise.Parse(text)
			require.NoError(t, err)
			l.Promise = append(l.Promise, law)
		}
		require.Equal(t, row.want, l.speakers(), row.laws)
	}
}

// TestLawsAreAskedAgainWithinTheBudget: what was disturbed is asked once more where all
// attempts fit the budget, and no quota is used up twice.
func TestLawsAreAskedAgainWithinTheBudget(t *testing.T) {
	const length = 40 * time.Second
	for _, row := range []struct {
		law      string
		attempts int
		budget   time.Duration
		want     bool
	}{
		{"20 per 10s fixed", 1, 103 * time.Second, true}, // each takes 51.2 s, with what it takes to forget
		{"20 per 10s fixed", 1, 102 * time.Second, false},
		{"20 per 10s fixed", 2, 103 * time.Second, false},
		{"20 per 10s fixed lockout 30s", 1, 103 * time.Second, false},
		{"quota 20 per day", 1, 1000 * time.Hour, false},
		{"20 per 1h fixed", 1, 1000 * time.Hour, false},
	} {
		law, err := promise.Parse(row.law)
		require.NoError(t, err)
		l := &Laws{Promise: promise.Promise{law}, Budget: row.budget}
		require.Equal(t, row.want, l.again(row.attempts, length), row.law)
	}
}

// TestWhatCameBeforeThePlanIsAskedForUnlessItIsForgotten: requests of the handshake count, and
// nothing does where the server rests first.
func TestWhatCameBeforeThePlanIsAskedForUnlessItIsForgotten(t *testing.T) {
	before := []history.Call{{Arrival: history.Arrival{Method: "initialize"}},
		{Arrival: history.Arrival{Method: "notifications/initialized"}, Kind: history.Notification},
		{Arrival: history.Arrival{Method: "tools/call", Tool: "echo"}}}
	law, err := promise.Parse("20 per 1m")
	require.NoError(t, err)
	for fresh, want := range map[bool][]history.Arrival{false: nil, true: {before[0].Arrival, before[2].Arrival}} {
		j := Job{Target: target.Target{Kind: target.URL}, Laws: &Laws{Promise: promise.Promise{law}, Fresh: fresh}}
		j.began(before)
		require.Equal(t, want, j.Laws.before)
	}
}
