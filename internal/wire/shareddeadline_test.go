package wire

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type key struct{}

// Calls of one caller share a context for a little while, and it ends once they
// all have and another one is current.
func TestSharedDeadlinesAreShared(t *testing.T) {
	var s sharedDeadlines
	caller := context.WithValue(t.Context(), key{}, "v")
	a := s.join(caller, time.Minute, 0)
	b := s.join(caller, time.Minute, deadlineTime)
	require.Same(t, a, b)
	require.Equal(t, "v", a.Value(key{}))
	require.NotSame(t, a, s.join(caller, time.Minute, deadlineTime+1), "too late")
	s.leave(a)
	require.NoError(t, a.Err(), "one call is left")
	s.leave(b)
	require.ErrorIs(t, a.Err(), context.Canceled)
}

func TestSharedDeadlinesTakeSoManyCalls(t *testing.T) {
	var s sharedDeadlines
	first := s.join(t.Context(), time.Minute, 0)
	for range deadlineCalls - 1 {
		require.Same(t, first, s.join(t.Context(), time.Minute, 0))
	}
	require.NotSame(t, first, s.join(t.Context(), time.Minute, 0))
}

// pair is a context that can't be compared.
type pair struct {
	context.Context
	_ []int
}

func TestSharedDeadlinesKeepCallersApart(t *testing.T) {
	var s sharedDeadlines
	one := context.WithValue(t.Context(), key{}, 1)
	two := context.WithValue(t.Context(), key{}, 2)
	require.Equal(t, 1, s.join(one, time.Minute, 0).Value(key{}))
	require.Equal(t, 2, s.join(two, time.Minute, 0).Value(key{}))
	require.Equal(t, 1, s.join(one, time.Minute, 0).Value(key{}))
	require.NotSame(t, s.join(one, time.Minute, 0), s.join(one, time.Second, 0), "another time-out")
	require.NotSame(t, s.join(pair{Context: one}, time.Minute, 0), s.join(pair{Context: one}, time.Minute, 0))
}

// A call that hangs ends no later than a moment after its time-out, and with
// the caller's context at once.
func TestSharedDeadlinesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sharedDeadlines
		begin := time.Now()
		p := s.join(t.Context(), time.Second, 0)
		<-p.Done()
		require.Equal(t, time.Second+deadlineTime, time.Since(begin))
		require.ErrorIs(t, p.Err(), context.DeadlineExceeded)
		require.ErrorIs(t, context.Cause(p), errTimeout)

		caller, cancel := context.WithCancel(t.Context())
		p = s.join(caller, time.Second, 0)
		cancel()
		require.ErrorIs(t, p.Err(), context.Canceled)
	})
}

func TestSharedDeadlinesLeaveNothingBehind(t *testing.T) {
	var s sharedDeadlines
	idle := s.join(t.Context(), time.Minute, 0)
	s.leave(idle)
	require.NoError(t, idle.Err(), "the next call may take it")
	s.close()
	require.ErrorIs(t, idle.Err(), context.Canceled)

	busy := s.join(t.Context(), time.Minute, 0)
	s.close()
	require.NoError(t, busy.Err())
	s.leave(busy)
	require.ErrorIs(t, busy.Err(), context.Canceled)
}
