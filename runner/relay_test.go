package runner_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// showing answers on one goroutine of its own, in 10 ms, and shows each reply
// before it ends the call.
type showing struct {
	clock runner.Clock
	do    chan func()
	read  func(*history.Call, []byte)
	n     int64
}

func (s *showing) Send(_ context.Context, a history.Arrival, done func(history.Call)) {
	s.n++
	c := history.Call{Arrival: a, ID: s.n, Sent: s.clock.Now(), Outcome: history.OK}
	time.AfterFunc(10*time.Millisecond, func() {
		s.do <- func() {
			c.Received = s.clock.Now()
			s.read(&c, fmt.Appendf(nil, `{"n":%d}`, c.ID))
			done(c)
		}
	})
}

// relayed runs chains of three calls, with what their results were.
func relayed(t *testing.T, drain chan struct{}, refuse bool) (calls []history.Call, results []string) {
	t.Helper()
	clock := runner.NewClock()
	s := &showing{clock: clock, do: make(chan func())}
	quit := make(chan struct{})
	defer close(quit)
	go func() {
		for {
			select {
			case f := <-s.do:
				f()
			case <-quit:
				return
			}
		}
	}()
	see := func(c history.Call) { calls = append(calls, c) }
	r := &runner.Relay{Clock: clock, Target: s, Drain: drain, Observe: see,
		Do:      func(f func()) bool { go func() { s.do <- f }(); return !refuse },
		Follows: func(a history.Arrival) bool { return a.Label == "chain" },
		Next: func(c *history.Call, result []byte) (history.Arrival, bool) {
			results = append(results, string(result))
			return three(c, nil)
		}}
	if refuse {
		r.Do = func(func()) bool { return false }
	}
	s.read = r.Read
	as := []history.Arrival{{Client: "c", Tool: "a", Label: "chain"}, {Client: "c", Tool: "single"}}
	require.NoError(t, runner.Stream(t.Context(), clock, r, slices.Values(as), runner.Config{Observe: see}))
	return calls, results
}

func TestARelayFollowsAChainToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, results := relayed(t, nil, false)
		require.Equal(t, []string{`{"n":1}`, `{"n":3}`, `{"n":4}`}, results, "of the chain's calls alone")
		tools := ""
		for _, c := range calls {
			tools += c.Tool + " "
			require.Zero(t, c.Late())
		}
		require.Equal(t, "single a b c ", tools)
		require.Equal(t, 2020*time.Millisecond, calls[3].Due)
	})
}

func TestARelayEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		time.AfterFunc(500*time.Millisecond, func() { close(drain) })
		calls, _ := relayed(t, drain, false)
		require.Len(t, calls, 2, "while it thinks: nothing more is sent, and its call is told")

		drain = make(chan struct{})
		close(drain)
		calls, _ = relayed(t, drain, false)
		require.Len(t, calls, 2)

		calls, _ = relayed(t, nil, true)
		require.Len(t, calls, 2, "the target is gone")
	})
}
