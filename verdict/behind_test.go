package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A lower limit behind the promised one is tried at the rate that was measured.
func TestALowerLimitBehindIsTriedAtItsRate(t *testing.T) {
	front, back := newLevel(10, 20), newLevel(4, 8)
	var calls []history.Call
	for i := range 200 {
		at := time.Duration(max(0, i-15)) * 97 * time.Millisecond // more than are let in first
		c := history.Call{Arrival: history.Arrival{Due: at, Client: "c1", Method: "ping"}, Sent: at, Received: at,
			Outcome: history.Limited}
		if front.take(at) && back.take(at) {
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	l := testLimit(10, 20)
	list := newPast(l, DefaultTolerance, Gather(l, calls)).behind()
	require.Len(t, list, 1)
	s, ok := list[0].model().(*serial)
	require.True(t, ok)
	behind := s.second.(*flow).l
	require.InDelta(t, 4, behind.Rate, 0.1)
	require.Equal(t, 8, behind.Burst)
	require.Equal(t, l, s.first.(*flow).l)
}
