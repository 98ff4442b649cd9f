package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Windows that refusals prolong, or that bar, are like others until something was refused.
func TestTooMuchBeforeTheFirstRefusal(t *testing.T) {
	for _, law := range []string{"5 per 2s fixed elastic", "5 per 2s fixed lockout 10s"} {
		for n, want := range map[int]LawState{5: NotObserved, 6: Broken, 10: Broken} {
			calls := make([]history.Call, n)
			for i := range calls {
				calls[i] = history.Call{Sent: time.Duration(i) * time.Millisecond, Outcome: history.OK}
				calls[i].Method, calls[i].Received = "tools/call", calls[i].Sent+time.Millisecond
			}
			require.Equal(t, want, JudgeLaws(parsed(t, law), calls, LawConfig{}).Laws[0].State, "%d of %s", n, law)
		}
	}
}

// A call is under pressure where much was let through lately, and not where that is long ago.
func TestWhatWasLetThroughLongAgoIsNoPressure(t *testing.T) {
	var calls []history.Call
	for _, sent := range []time.Duration{0, 1, 2, 3, 4, 5, 6, 7, 900, 60_000} {
		c := history.Call{Outcome: history.OK, Sent: sent * time.Millisecond}
		c.Received = c.Sent + time.Millisecond/2
		calls = append(calls, c)
	}
	got := pressure(promise.Limit{Rate: 10, Burst: 10}, calls)
	require.Equal(t, []bool{false, false, false, false, true, true, true, true, true, false}, got)
}

// A session that couldn't be opened counts as refused only where a law of sessions is shown by
// it: not beside another law that is, where sessions of before may be open.
func TestUnopenedSessionsBesideAnotherLaw(t *testing.T) {
	for lingering, doubted := range map[bool]bool{true: false, false: true} {
		var calls []history.Call
		for i := range 3 {
			c := history.Call{Sent: time.Duration(i) * time.Millisecond, Outcome: history.OK}
			c.Method, c.Label, c.Client, c.Received = "initialize", "laws", string(rune('a'+i)), c.Sent+time.Millisecond/2
			if i == 2 {
				c.Outcome, c.Status, c.Detail = history.Rejected, 500, "HTTP 500"
			} else {
				c.Session = c.Client
			}
			calls = append(calls, c)
		}
		for _, c := range fixed(40, as429, nil) {
			c.Sent, c.Received = c.Sent+time.Second, c.Received+time.Second
			calls = append(calls, c)
		}
		p := parsed(t, "2 sessions at a time", "5 per 2s fixed methods tools/call")
		laws := &Laws{Said: p, Held: p, Hasty: true, Lingering: lingering}
		court := NewCourt(promise.Terms{Promise: p}, calls, Config{Laws: laws})
		require.Equal(t, doubted, court.Doubted() != "", court.Doubted())
	}
}
