package runner_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// A precise clock is early for nobody, and hears of what wakes it.
func TestAPreciseClockWaits(t *testing.T) {
	clock := runner.NewClock()
	precise := runner.Precise(clock)
	if h, ok := precise.(runner.Holder); ok {
		defer h.Hold()()
	}
	for _, d := range []time.Duration{0, 50 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
		until := clock.Now() + d
		for precise.Now() < until { // a wait may end early, as the runner knows
			require.NoError(t, precise.Wait(t.Context(), until, nil))
		}
		require.GreaterOrEqual(t, clock.Now(), until)
	}

	wake := make(chan struct{}, 1)
	for _, far := range []time.Duration{time.Millisecond, time.Hour} {
		wake <- struct{}{}
		require.NoError(t, precise.Wait(t.Context(), clock.Now()+far, wake))
		require.Empty(t, wake)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, far := range []time.Duration{time.Millisecond, time.Hour} {
		require.ErrorIs(t, precise.Wait(ended, clock.Now()+far, nil), context.Canceled)
	}
}

func TestARunOnAPreciseClock(t *testing.T) {
	clock := runner.NewClock()
	var calls []history.Call
	err := runner.Stream(t.Context(), runner.Precise(clock), instant{clock},
		slices.Values(every(300*time.Microsecond, 100)),
		runner.Config{Observe: func(c history.Call) { calls = append(calls, c) }})
	require.NoError(t, err)
	require.Len(t, calls, 100)
	for _, c := range calls {
		require.GreaterOrEqual(t, c.Late(), time.Duration(0), "nothing is sent before it is due")
	}
}
