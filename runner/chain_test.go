package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// counting answers each call with a number, in 10 ms.
type counting struct {
	clock  runner.Clock
	n      atomic.Int64
	closed atomic.Bool
}

func (s *counting) Fetch(_ context.Context, a history.Arrival) (history.Call, json.RawMessage) {
	c := history.Call{Arrival: a, Sent: s.clock.Now(), Outcome: history.OK}
	time.Sleep(10 * time.Millisecond)
	c.Received = s.clock.Now()
	return c, fmt.Appendf(nil, `{"n":%d}`, s.n.Add(1))
}

func (s *counting) Exchange(ctx context.Context, a history.Arrival) history.Call {
	c, _ := s.Fetch(ctx, a)
	return c
}

func (s *counting) Close(context.Context) error { s.closed.Store(true); return nil }

// three is a chain of three calls with a second between them.
func three(c *history.Call, _ json.RawMessage) (history.Arrival, bool) {
	next := map[string]string{"a": "b", "b": "c"}[c.Tool]
	return history.Arrival{Due: c.Received + time.Second, Client: c.Client, Tool: next, Label: "chain"}, next != ""
}

func TestAChainIsFollowedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		var mu sync.Mutex
		var got []history.Call
		see := func(c history.Call) { mu.Lock(); got = append(got, c); mu.Unlock() }
		ch := &runner.Chain{Clock: clock, Clients: map[string]runner.Fetcher{"c": &counting{clock: clock}},
			Next: three, Observe: see}
		as := []history.Arrival{{Client: "c", Tool: "a", Label: "chain"}}
		require.NoError(t, runner.Stream(t.Context(), clock, ch, slices.Values(as), runner.Config{Observe: see}))
		require.Len(t, got, 3)
		for i, c := range got {
			require.Equal(t, string("abc"[i]), c.Tool)
			require.Equal(t, time.Duration(i)*1010*time.Millisecond, c.Due)
			require.Zero(t, c.Late())
		}
	})
}

func TestDrainEndsAChainWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		drain := make(chan struct{})
		time.AfterFunc(500*time.Millisecond, func() { close(drain) })
		n := 0
		ch := &runner.Chain{Clock: clock, Clients: map[string]runner.Fetcher{"c": &counting{clock: clock}},
			Next: three, Drain: drain, Observe: func(history.Call) { n++ }}
		as := []history.Arrival{{Client: "c", Tool: "a", Label: "chain"}}
		require.NoError(t, runner.Stream(t.Context(), clock, ch, slices.Values(as),
			runner.Config{Observe: func(history.Call) { n++ }}))
		require.Equal(t, 1, n)
		require.Equal(t, 500*time.Millisecond, clock.Now())
	})
}

func TestWhatNobodyReadsGoesThePlainWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		plain := slowly{clock: clock, outcome: history.Limited}
		ch := &runner.Chain{Clock: clock, Plain: runner.Sessions{"c": plain},
			Reads: func(a history.Arrival) bool { return a.Label == "chain" }}
		var got history.Call
		require.NoError(t, runner.Stream(t.Context(), clock, ch, slices.Values(every(0, 1)),
			runner.Config{Observe: func(c history.Call) { got = c }}))
		require.Equal(t, history.Limited, got.Outcome)
	})
}

func TestStreamTakesAnEndlessPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		drain := make(chan struct{})
		time.AfterFunc(9950*time.Millisecond, func() { close(drain) })
		endless := func(yield func(history.Arrival) bool) {
			for i := 0; yield(history.Arrival{Due: time.Duration(i) * 100 * time.Millisecond, Client: "c",
				Label: "x"}); i++ {
			}
		}
		n := map[history.Outcome]int{}
		err := runner.Stream(t.Context(), clock, runner.Sessions{"c": slowly{clock: clock,
			took: 950 * time.Millisecond, outcome: history.OK}}, endless,
			runner.Config{Drain: drain, MaxInFlight: 5, Observe: func(c history.Call) { n[c.Outcome]++ }})
		require.ErrorIs(t, err, runner.ErrDrained)
		require.Equal(t, map[history.Outcome]int{history.OK: 50, history.Unsent: 50}, n)
	})
}

func TestStreamGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		n := 0
		err := runner.Stream(t.Context(), clock, runner.Sessions{"c": slowly{clock: clock, outcome: history.Broken}},
			slices.Values(every(10*time.Millisecond, 100)),
			runner.Config{GiveUp: 7, Observe: func(history.Call) { n++ }})
		require.ErrorIs(t, err, runner.ErrGone)
		require.Equal(t, 7, n)
	})
}

func TestSessionsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		var opened []*counting
		r := &runner.Renewed{Calls: 4, Open: func(context.Context) (runner.Session, error) {
			time.Sleep(20 * time.Millisecond) // a set-up
			s := &counting{clock: clock}
			opened = append(opened, s)
			return s, nil
		}}
		n := 0
		err := runner.Stream(t.Context(), clock, runner.Sessions{"c": r},
			slices.Values(every(100*time.Millisecond, 10)), runner.Config{Observe: func(c history.Call) {
				require.Equal(t, history.OK, c.Outcome)
				if n++; n > 1 {
					require.Zero(t, c.Late(), "the next session is there in time")
				}
			}})
		require.NoError(t, err)
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, 10, n)
		require.Len(t, opened, 4, "the fourth in advance")
		for i, want := range []int64{4, 4, 2, 0} {
			require.Equal(t, want, opened[i].n.Load())
			require.True(t, opened[i].closed.Load())
		}
	})
}

func TestASessionThatCannotBeOpenedBreaksItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		tries := 0
		r := &runner.Renewed{Calls: 2, Open: func(context.Context) (runner.Session, error) {
			if tries++; tries == 2 {
				return nil, errors.New("nobody there")
			}
			return &counting{clock: clock}, nil
		}}
		n := map[history.Outcome]int{}
		err := runner.Stream(t.Context(), clock, runner.Sessions{"c": r},
			slices.Values(every(100*time.Millisecond, 5)),
			runner.Config{Observe: func(c history.Call) { n[c.Outcome]++ }})
		require.NoError(t, err)
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, map[history.Outcome]int{history.OK: 4, history.Broken: 1}, n)
	})
}
