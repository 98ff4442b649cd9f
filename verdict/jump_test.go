package verdict

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// steady is a log of a client that offers a fifth more than a limit, in the order
// of the answers.
func steady(r *rand.Rand, n int, rate float64, take func(time.Duration) bool) []history.Call {
	var ds []decision
	now := time.Second
	for range n {
		now += time.Duration((0.7 + 0.6*r.Float64()) / (1.2 * rate) * 1e9)
		d := decision{sent: now, decided: now + time.Duration(r.ExpFloat64()*1e6)}
		d.received = d.decided + time.Duration(r.ExpFloat64()*1e6)
		ds = append(ds, d)
	}
	calls := decide(ds, take)
	slices.SortStableFunc(calls, func(a, b history.Call) int { return int(a.Received - b.Received) })
	return calls
}

// jumped is the log as a clock wrote it that was set by so much at an instant.
func jumped(calls []history.Call, at, by time.Duration) (out []history.Call, before int) {
	for _, c := range calls {
		if c.Received <= at {
			before = len(out) + 1
		}
		if c.Sent > at {
			c.Sent += by
		}
		if c.Received > at {
			c.Received += by
		}
		out = append(out, c)
	}
	return out, before
}

// A jump needs twenty calls on either side, and no more.
func TestHowManyCallsAJumpNeeds(t *testing.T) {
	const rate, burst = 10.0, 2
	calls := steady(rand.New(rand.NewPCG(1, 52)), 300, rate, newLevel(rate, burst).take)
	for before, found := range map[int]bool{15: false, 23: true, 280 - 4: true, 285: false} {
		log, after := jumped(calls, calls[before-1].Received, 3*time.Second)
		require.Equal(t, before, after)
		ev := Gather(testLimit(rate, burst), log)
		require.Equal(t, Fail, ev.Check(testLimit(rate, burst), DefaultTolerance).Verdict)
		j, ok := ev.Jump(testLimit(rate, burst), DefaultTolerance)
		require.Equal(t, found, ok, "after %d calls", before)
		if ok {
			require.Equal(t, before, j.After)
		}
	}
}

// An honest log whose clock was set right in the middle is named as that, with
// about how much and where.
func TestAJumpOfTheClockIsNamed(t *testing.T) {
	named, silent := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 51))
		rate, burst := 5+r.Float64()*20, 10+r.IntN(20)
		calls := steady(r, 600, rate, newLevel(rate, burst).take)
		at := calls[200+r.IntN(200)].Received
		inFlight := func(c history.Call) bool { return c.Sent <= at && c.Received > at }
		for seed%2 == 0 && slices.ContainsFunc(calls, inFlight) { // its answer would come before its sending
			at += time.Millisecond
		}
		by := time.Duration((0.3 + 3*r.Float64()) * float64(burst) / rate / 2 * 1e9)
		if seed%2 == 0 {
			by = -by
		}
		log, before := jumped(calls, at, by)
		ev := Gather(testLimit(rate, burst), log)
		if ev.Check(testLimit(rate, burst), DefaultTolerance).Verdict != Fail {
			silent++
			continue
		}
		j, ok := ev.Jump(testLimit(rate, burst), DefaultTolerance)
		require.True(t, ok, "%s at %s, seed %d", by, at, seed)
		named++
		require.Equal(t, by < 0, j.Back(), "seed %d", seed)
		require.InDelta(t, before, j.After, 2, "seed %d", seed)
		require.LessOrEqual(t, j.By.Lo, by.Seconds()+0.02, "seed %d", seed)
		require.GreaterOrEqual(t, j.By.Hi, by.Seconds()-0.02, "seed %d", seed)
	}
	require.Greater(t, named, 40, "%d logs were explained anyway", silent)
}

// A server that breaks its limit isn't excused by a jump that nothing speaks for.
func TestNoJumpIsMadeUp(t *testing.T) {
	failed := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 52))
		rate, burst := 5+r.Float64()*20, 10+r.IntN(20)
		honest := newLevel(rate, burst)
		wrong := []func(time.Duration) bool{
			newLevel(rate*1.1, burst).take, newLevel(rate*0.9, burst).take, newLevel(rate, burst+3).take,
			newLevel(rate, burst-3).take,
			func(at time.Duration) bool { return honest.take(at) || r.IntN(30) == 0 },
			func(at time.Duration) bool { return honest.take(at) && r.IntN(30) != 0 },
			fixedTake(burst, time.Duration(float64(burst)/rate*1e9), 0),
			slidingTake(burst, time.Duration(float64(burst)/rate*1e9)),
			newLevel(rate, 3*burst).take,
			func(at time.Duration) bool { // one token is lost, once
				ok := honest.take(at)
				if at > 20*time.Second && !math.IsNaN(honest.burst) && honest.burst == float64(burst) {
					honest.burst, honest.tokens = honest.burst-1e-9, honest.tokens-2
				}
				return ok
			},
		}[seed%10]
		calls := steady(r, 600, rate, wrong)
		if seed%20 < 10 {
			calls = decide(randomPlan(r, 600, rate), wrong)
		}
		ev := Gather(testLimit(rate, burst), calls)
		if ev.Check(testLimit(rate, burst), DefaultTolerance).Verdict != Fail {
			continue
		}
		failed++
		j, ok := ev.Jump(testLimit(rate, burst), DefaultTolerance)
		require.False(t, ok, "%+v of fault %d, seed %d", j, seed%10, seed)
	}
	require.Greater(t, failed, 150)
}
