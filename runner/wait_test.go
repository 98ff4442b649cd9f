package runner_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		ctx, cancel := runner.Until(t.Context(), closed)
		defer cancel()
		synctest.Wait()
		require.NoError(t, ctx.Err())
		close(closed)
		synctest.Wait()
		require.ErrorIs(t, ctx.Err(), context.Canceled)

		ctx, cancel = runner.Until(t.Context(), nil)
		cancel()
		require.ErrorIs(t, ctx.Err(), context.Canceled)
	})
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		runner.Sleep(t.Context(), time.Minute)
		require.Equal(t, time.Minute, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		runner.Sleep(ctx, time.Hour)
		require.Equal(t, time.Minute+time.Second, time.Since(began))
	})
}

func TestFrom(t *testing.T) {
	plan := []history.Arrival{{Due: 0}, {Due: time.Second}, {Due: 2 * time.Second}}
	moved := slices.Collect(runner.From(time.Minute, slices.Values(plan)))
	require.Equal(t, []history.Arrival{{Due: time.Minute}, {Due: 61 * time.Second}, {Due: 62 * time.Second}}, moved)
	for a := range runner.From(0, slices.Values(plan)) {
		require.Zero(t, a.Due)
		break
	}
	require.Zero(t, plan[0].Due, "the plan stays as it is")
}

func TestUnless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed, release := make(chan struct{}), make(chan struct{})
		did := false
		require.True(t, runner.Unless(closed, func() { did = true }))
		require.True(t, did)
		go func() { time.Sleep(time.Second); close(closed) }()
		began := time.Now()
		require.False(t, runner.Unless(closed, func() { <-release }))
		require.Equal(t, time.Second, time.Since(began))
		close(release)
	})
}

// TestInterrupts: the first one is another than those behind it, from wherever they come.
func TestInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals, keys := make(chan int), make(chan struct{})
		var said []string
		end := runner.Interrupts(signals, keys, func(s int) { said = append(said, fmt.Sprint("first ", s)) },
			func() { said = append(said, "again") })
		signals <- 7
		signals <- 2
		keys <- struct{}{}
		synctest.Wait()
		end()
		assert.Equal(t, []string{"first 7", "again", "again"}, said)
	})
}
