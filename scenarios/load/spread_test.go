package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestSeriesSaysWhatWasAskedAndInFlight: calls count where they were due, and for as
// long as they were under way in each interval, however late they are handed over.
func TestSeriesSaysWhatWasAskedAndInFlight(t *testing.T) {
	s := newSeries()
	call := func(due, sent, received float64, outcome history.Outcome) {
		at := func(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }
		c := history.Call{Sent: at(sent), Received: at(received), Outcome: outcome}
		c.Due = at(due)
		s.add(c)
	}
	call(0.1, 0.25, 0.75, history.OK)
	call(0.2, 0.5, 2.25, history.OK) // half of the first, all of the second, a quarter of the third
	call(1.5, 1.5, 2.5, history.Limited)
	call(2.4, 2.4, 2.4, history.Unsent)
	points := s.points()
	require.Len(t, points, 3)
	for k, want := range []struct {
		due      int64
		inFlight float64
	}{{2, 1}, {1, 1.5}, {1, 0.75}} {
		require.Equal(t, want.due, points[k].Due, k)
		require.InDelta(t, want.inFlight, points[k].InFlight, 1e-9, k)
	}
	both := points[0].With(points[1])
	require.EqualValues(t, 3, both.Due)
	require.InDelta(t, 1.25, both.InFlight, 1e-9, "a mean over the longer interval")
}
