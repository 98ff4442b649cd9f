package runner_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// Calls that may break for what they are don't end a run, however many there are; those
// among them that are like any others do.
func TestOddCallsThatBreakEndNoRun(t *testing.T) {
	for _, all := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := slowly{clock: runner.NewClock(), took: time.Millisecond, outcome: history.Broken}
			as := every(10*time.Millisecond, 40)
			as[20].Label = "plain"
			odd := func(a history.Arrival) bool { return all || a.Label == "plain" }
			calls, err := run(t.Context(), s, as, runner.Config{GiveUp: 5, Odd: odd})
			if !all {
				require.ErrorIs(t, err, runner.ErrGone)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 40, outcomes(calls)[history.Broken])
		})
	}
}
