package runner_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// endless are arrivals that never end, one each step.
func endless(step time.Duration) iter.Seq[history.Arrival] {
	return func(yield func(history.Arrival) bool) {
		for due := time.Duration(0); yield(history.Arrival{Due: due, Client: "c"}); due += step {
		}
	}
}

// stream runs a stream and returns what was observed.
func stream(ctx context.Context, s slowly, as iter.Seq[history.Arrival], cfg runner.Config) (calls []history.Call,
	err error) {
	cfg.Observe = func(c history.Call) { calls = append(calls, c) }
	err = runner.Stream(ctx, s.clock, runner.Sessions{"c": s}, as, cfg)
	return calls, err
}

// A stream tells of the same calls that a run returns.
func TestStreamIsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: time.Second, outcome: history.OK}
		calls, err := stream(t.Context(), s, slices.Values(every(100*time.Millisecond, 20)),
			runner.Config{MaxInFlight: 5})
		require.NoError(t, err)
		require.Equal(t, map[history.Outcome]int{history.OK: 10, history.Unsent: 10}, outcomes(calls))
		for _, c := range calls {
			require.LessOrEqual(t, c.Late(), time.Duration(0))
		}
	})
}

// However a stream ends early, it takes no more arrivals and waits for what is
// in flight.
func TestAnEndlessStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		time.AfterFunc(950*time.Millisecond, func() { close(drain) })
		s := slowly{clock: runner.NewClock(), took: 2 * time.Second, outcome: history.OK}
		calls, err := stream(t.Context(), s, endless(100*time.Millisecond), runner.Config{Drain: drain})
		require.ErrorIs(t, err, runner.ErrDrained)
		require.Equal(t, map[history.Outcome]int{history.OK: 10}, outcomes(calls))
		require.Equal(t, 2900*time.Millisecond, s.clock.Now())

		s = slowly{clock: runner.NewClock(), took: time.Millisecond, outcome: history.Broken}
		calls, err = stream(t.Context(), s, endless(10*time.Millisecond), runner.Config{GiveUp: 7})
		require.ErrorIs(t, err, runner.ErrGone)
		require.Len(t, calls, 7)

		ctx, cancel := context.WithTimeout(t.Context(), 450*time.Millisecond)
		defer cancel()
		s = slowly{clock: runner.NewClock(), took: time.Hour, outcome: history.OK}
		calls, err = stream(ctx, s, endless(100*time.Millisecond), runner.Config{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, map[history.Outcome]int{history.Unknown: 5}, outcomes(calls))
	})
}

// A closed loop keeps the same number of calls in flight, leaves none out, and
// measures none from an instant before it was sent.
func TestAClosedLoopWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowly{clock: runner.NewClock(), took: time.Second, outcome: history.OK}
		calls, err := stream(t.Context(), s, slices.Values(every(0, 50)), runner.Config{MaxInFlight: 5, Closed: true})
		require.NoError(t, err)
		require.Equal(t, map[history.Outcome]int{history.OK: 50}, outcomes(calls))
		require.Equal(t, 10*time.Second, s.clock.Now(), "ten rounds of five")
		for _, c := range calls {
			require.Zero(t, c.Late())
		}

		drain := make(chan struct{})
		s.clock = runner.NewClock()
		time.AfterFunc(2500*time.Millisecond, func() { close(drain) })
		calls, err = stream(t.Context(), s, endless(0), runner.Config{MaxInFlight: 5, Closed: true, Drain: drain})
		require.ErrorIs(t, err, runner.ErrDrained)
		require.Len(t, calls, 15)
		require.Equal(t, 3*time.Second, s.clock.Now())
	})
}

type held struct {
	runner.Clock
	holds, releases int
}

func (h *held) Hold() func() { h.holds++; return func() { h.releases++ } }

func TestAClockIsHeldForTheRun(t *testing.T) {
	h := &held{Clock: runner.NewClock()}
	s := slowly{clock: h, outcome: history.OK}
	require.NoError(t, runner.Stream(t.Context(), h, runner.Sessions{"c": s}, slices.Values(every(0, 3)),
		runner.Config{}))
	_, err := run(t.Context(), s, every(0, 3), runner.Config{})
	require.NoError(t, err)
	require.Equal(t, 2, h.holds)
	require.Equal(t, 2, h.releases)
}

// instant answers at once, on the caller's goroutine.
type instant struct{ clock runner.Clock }

func (i instant) Send(_ context.Context, a history.Arrival, done func(history.Call)) {
	now := i.clock.Now()
	done(history.Call{Arrival: a, Sent: now, Received: now, Outcome: history.OK})
}

func TestAStreamAllocatesNothing(t *testing.T) {
	clock := runner.NewClock()
	as := slices.Values(every(0, 1000))
	total := testing.AllocsPerRun(5, func() {
		_ = runner.Stream(t.Context(), clock, instant{clock}, as, runner.Config{Observe: func(history.Call) {}})
	})
	require.Less(t, total, 40.0, "allocations of 1000 calls")
}
