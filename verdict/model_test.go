package verdict

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// fixedTake and slidingTake are the simulated windows of the tests.
func fixedTake(number int, length, phase time.Duration) func(time.Duration) bool {
	window, used := time.Duration(-1), 0
	return func(at time.Duration) bool {
		if n := (at + phase) / length; n != window {
			window, used = n, 0
		}
		used++
		return used <= number
	}
}

func slidingTake(number int, length time.Duration) func(time.Duration) bool {
	var log []time.Duration
	return func(at time.Duration) bool {
		for len(log) > 0 && log[0]+length <= at {
			log = log[1:]
		}
		if len(log) >= number {
			return false
		}
		log = append(log, at)
		return true
	}
}

// patrol offers a volley that no limit lets through, and then twice as many calls
// as a window grants, for several windows: what a window does shows at its edges.
func patrol(r *rand.Rand, number int, length time.Duration, mean float64) []decision {
	delay := func() time.Duration { return time.Duration(r.ExpFloat64() * mean * 1e9) }
	var ds []decision
	add := func(sent time.Duration) {
		decided := sent + delay()
		ds = append(ds, decision{sent: sent, decided: decided, received: decided + delay()})
	}
	for window := range 4 {
		from := time.Duration(window) * 2 * length
		for i := range number + 2 {
			add(from + time.Duration(i)*length/1000)
		}
		looks := 2*number + 6
		for i := range looks * 3 / 2 {
			add(from + length/2 + time.Duration(i)*length/time.Duration(looks))
		}
	}
	return ds
}

func modelsOf(calls []history.Call) map[string]Model {
	found := map[string]Model{}
	for _, m := range Gather(testLimit(1, 1), calls).Models(DefaultTolerance) {
		found[m.Name] = m
	}
	return found
}

func TestWindowsAreNamedWithTheirNumberAndLength(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		number := 2 + r.IntN(20)
		length := time.Duration(1+r.IntN(40)) * 250 * time.Millisecond
		mean := []float64{0, 0.0005, 0.002}[r.IntN(3)]
		for name, take := range map[string]func(time.Duration) bool{
			FixedWindow:   fixedTake(number, length, time.Duration(r.Float64()*float64(length))),
			SlidingWindow: slidingTake(number, length),
		} {
			found := modelsOf(decide(patrol(r, number, length, mean), take))
			m, ok := found[name]
			require.True(t, ok, "seed %d: a %s of %d in %s is not among %v", seed, name, number, length, found)
			require.LessOrEqual(t, m.Number.Lo, float64(number))
			require.GreaterOrEqual(t, m.Number.Hi, float64(number))
			require.LessOrEqual(t, m.Length.Lo, length.Seconds())
			require.GreaterOrEqual(t, m.Length.Hi, length.Seconds())
			require.NotContains(t, found, TokenBucket)
			require.NotContains(t, found, map[string]string{FixedWindow: SlidingWindow,
				SlidingWindow: FixedWindow}[name])
		}
	}
}

// The same traffic against a bucket as big as the window: no window is named.
func TestABucketIsNoWindow(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 4))
		number := 4 + r.IntN(20)
		length := time.Duration(1+r.IntN(40)) * 250 * time.Millisecond
		bucket := newLevel(float64(number)/length.Seconds(), number)
		found := modelsOf(decide(patrol(r, number, length, 0.001), bucket.take))
		require.Len(t, found, 1, "seed %d: %v", seed, found)
		require.Contains(t, found, TokenBucket)
	}
}

func TestAConcurrencyCapIsAModelOnlyWhereRefusalsOverlap(t *testing.T) {
	at := func(sent, received int, o history.Outcome) history.Call {
		c := history.Call{Sent: time.Duration(sent) * time.Millisecond,
			Received: time.Duration(received) * time.Millisecond, Outcome: o}
		c.Method = "tools/call"
		return c
	}
	calls := []history.Call{at(0, 50, history.OK), at(1, 51, history.OK), at(2, 3, history.Limited),
		at(60, 110, history.OK)}
	require.Equal(t, 2.0, modelsOf(calls)[ConcurrencyCap].Number.Hi)
	calls = append(calls, at(200, 201, history.Limited)) // alone in the server
	require.NotContains(t, modelsOf(calls), ConcurrencyCap)
}

func TestWhatWasNeverRefusedHasNoLimit(t *testing.T) {
	found := modelsOf([]history.Call{{Outcome: history.OK}})
	require.Len(t, found, 1)
	require.Contains(t, found, NoLimit)
}

// Fixed windows are told by a clock that wanders, too: after a while its edges are
// further from where ours puts them than any edge is wide.
func TestFixedWindowsByAWanderingClock(t *testing.T) {
	const length = time.Second
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 5))
		number := 3 + r.IntN(10)
		var ds []decision
		for part := range 6 {
			for _, d := range patrol(r, number, length, 0.0005) {
				off := time.Duration(part) * 8 * length
				ds = append(ds, decision{sent: d.sent + off, decided: d.decided + off, received: d.received + off})
			}
		}
		clocks := Clocks{Drift: 0.005, Tick: DefaultTick}
		clock := newWanderer(r, clocks.Drift, clocks.Tick, 15*length)
		windows := fixedTake(number, length, 0)
		calls := decide(ds, func(at time.Duration) bool { return windows(clock.at(at)) })
		found := map[string]Model{}
		for _, m := range Gather(testLimit(1, 1), calls).Under(clocks).Models(DefaultTolerance) {
			found[m.Name] = m
		}
		m, ok := found[FixedWindow]
		require.True(t, ok, "seed %d: fixed windows of %d are not among %v", seed, number, found)
		require.LessOrEqual(t, m.Number.Lo, float64(number))
		require.GreaterOrEqual(t, m.Number.Hi, float64(number))
		require.LessOrEqual(t, m.Length.Lo, length.Seconds())
		require.GreaterOrEqual(t, m.Length.Hi, length.Seconds())
		require.NotContains(t, found, TokenBucket)
	}
}
