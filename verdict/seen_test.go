package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// Waits that refusals ask for are told where they differ much: the shortest and the
// longest.
func TestWaitsThatDifferAreTold(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		waits []time.Duration
		want  []string
	}{
		{[]time.Duration{s, 20 * s, 4 * s}, []string{"refusals asked to wait from 1s to 20s"}},
		{[]time.Duration{20 * s, s, 4 * s}, []string{"refusals asked to wait from 1s to 20s"}},
		{[]time.Duration{s, 3 * s}, nil},
		{[]time.Duration{100 * time.Millisecond, 1900 * time.Millisecond}, nil},
		{[]time.Duration{0, 20 * s}, nil},
		{nil, nil},
	} {
		p := &past{}
		for _, w := range row.waits {
			p.calls = append(p.calls, history.Call{Outcome: history.Limited, RetryAfter: w})
		}
		p.calls = append(p.calls, history.Call{Outcome: history.OK, RetryAfter: 100 * s})
		require.Equal(t, row.want, p.hints(), row.waits)
	}
}

// TestWhatIsSeenOfAnyLimiter: its numbers are those of the calls.
func TestWhatIsSeenOfAnyLimiter(t *testing.T) {
	limit := testLimit(1, 1)
	var calls []history.Call
	for i, ms := range []time.Duration{0, 1000, 1500, 2300, 5000, 6000} {
		outcome := history.Limited
		if i == 0 || i == 4 {
			outcome = history.OK
		}
		calls = append(calls, at(ms*time.Millisecond, outcome, ""))
	}
	require.Equal(t, []string{"2 of 6 calls let through in 6s", "the first refused at 1.0s after 1",
		"up to 1.3s without one let through"}, newPast(limit, 0, Gather(limit, calls)).seen()[:3])
}
