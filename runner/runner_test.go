package runner_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowly answers after a fixed time, or breaks once the context ends.
type slowly struct {
	clock   runner.Clock
	took    time.Duration
	outcome history.Outcome
}

func (s slowly) Exchange(ctx context.Context, a history.Arrival) history.Call {
	c := history.Call{Arrival: a, Sent: s.clock.Now(), Outcome: s.outcome}
	select {
	case <-time.After(s.took):
	case <-ctx.Done():
		c.Outcome, c.Detail = history.Unknown, "cancelled"
	}
	c.Received = s.clock.Now()
	return c
}

// every returns n arrivals, one each step, from client c.
func every(step time.Duration, n int) []history.Arrival {
	var as []history.Arrival
	for i := range n {
		as = append(as, history.Arrival{Due: time.Duration(i) * step, Client: "c", Label: "x"})
	}
	return as
}

func run(ctx context.Context, s slowly, as []history.Arrival, cfg runner.Config) ([]history.Call, error) {
	return runner.Run(ctx, s.clock, runner.Sessions{"c": s}, slices.Values(as), cfg)
}

func outcomes(calls []history.Call) map[history.Outcome]int {
	n := map[history.Outcome]int{}
	for _, c := range calls {
		n[c.Outcome]++
	}
	return n
}

func TestASlowServerDoesNotSlowTheTrafficDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: 10 * time.Second, outcome: history.OK}
		calls, err := run(t.Context(), s, every(100*time.Millisecond, 30), runner.Config{})
		require.NoError(t, err)
		require.Len(t, calls, 30)
		for i, c := range calls {
			require.Equal(t, time.Duration(i)*100*time.Millisecond, c.Due, "calls stand in the order of the plan")
			require.Zero(t, c.Late())
			require.Equal(t, 10*time.Second, c.Service())
		}
	})
}

func TestBeyondMaxInFlightACallIsUnsentAndNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: time.Second, outcome: history.OK}
		calls, err := run(t.Context(), s, every(100*time.Millisecond, 20), runner.Config{MaxInFlight: 5})
		require.NoError(t, err)
		require.Equal(t, map[history.Outcome]int{history.OK: 10, history.Unsent: 10}, outcomes(calls))
		for _, c := range calls {
			require.LessOrEqual(t, c.Late(), time.Duration(0))
		}
		require.Contains(t, calls[5].Detail, "in flight")
	})
}

func TestDrainSendsNothingMoreAndWaitsForReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: 2 * time.Second, outcome: history.OK}
		drain := make(chan struct{})
		time.AfterFunc(950*time.Millisecond, func() { close(drain) })
		calls, err := run(t.Context(), s, every(100*time.Millisecond, 50), runner.Config{Drain: drain})
		require.ErrorIs(t, err, runner.ErrDrained)
		require.Equal(t, map[history.Outcome]int{history.OK: 10, history.Unsent: 40}, outcomes(calls))
		require.Equal(t, 2900*time.Millisecond, s.clock.Now(), "drained when the last reply was there, and at once")
	})
}

func TestCancelEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: time.Hour, outcome: history.OK}
		ctx, cancel := context.WithTimeout(t.Context(), 450*time.Millisecond)
		defer cancel()
		calls, err := run(ctx, s, every(100*time.Millisecond, 50), runner.Config{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, map[history.Outcome]int{history.Unknown: 5, history.Unsent: 45}, outcomes(calls))
		require.Equal(t, 450*time.Millisecond, s.clock.Now())
	})
}

func TestGivesUpOnAServerThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: time.Millisecond, outcome: history.Broken}
		calls, err := run(t.Context(), s, every(10*time.Millisecond, 100), runner.Config{GiveUp: 7})
		require.ErrorIs(t, err, runner.ErrGone)
		require.Equal(t, map[history.Outcome]int{history.Broken: 7, history.Unsent: 93}, outcomes(calls))
	})
}

func TestOneAnswerResetsTheCountOfBrokenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		n := 0
		var mu sync.Mutex
		alternate := exchange(func(_ context.Context, a history.Arrival) history.Call {
			mu.Lock()
			defer mu.Unlock()
			n++
			o := history.Broken
			if n%3 == 0 {
				o = history.Limited
			}
			return history.Call{Arrival: a, Sent: clock.Now(), Received: clock.Now(), Outcome: o}
		})
		calls, err := runner.Run(t.Context(), clock, runner.Sessions{"c": alternate},
			slices.Values(every(time.Millisecond, 30)), runner.Config{GiveUp: 3})
		require.NoError(t, err)
		require.Equal(t, map[history.Outcome]int{history.Broken: 20, history.Limited: 10}, outcomes(calls))
	})
}

type exchange func(context.Context, history.Arrival) history.Call

func (f exchange) Exchange(ctx context.Context, a history.Arrival) history.Call { return f(ctx, a) }

func TestEveryCallIsObservedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: 30 * time.Millisecond, outcome: history.OK}
		seen := 0
		calls, err := run(t.Context(), s, every(time.Millisecond, 200),
			runner.Config{MaxInFlight: 10, Observe: func(history.Call) { seen++ }})
		require.NoError(t, err)
		require.Equal(t, len(calls), seen)
		require.Positive(t, outcomes(calls)[history.Unsent])
	})
}

func TestAnUnknownClientIsAnInternalError(t *testing.T) {
	require.PanicsWithValue(t, `runner: internal error: no session for client "stranger"`, func() {
		runner.Sessions{}.Send(t.Context(), history.Arrival{Client: "stranger"}, nil)
	})
}
