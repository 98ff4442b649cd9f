package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A window's length is measured around the true one, narrowly where a reset was seen, and
// its kind is among those that explain the history.
func TestMeasureLaw(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	fill := func(at time.Duration, n, refused int) (calls []history.Call) {
		calls = callsAt(history.OK, every(at, ms, n)...)
		return append(calls, callsAt(history.Limited, every(at+time.Duration(n)*ms, ms, refused)...)...)
	}
	cfg := LawConfig{Clocks: DefaultClocks()}

	// Refused just before ten seconds are over, let in just after.
	calls := append(fill(0, 5, 2), callsAt(history.Limited, 9950*ms)...)
	calls = append(calls, fill(10050*ms, 5, 2)...)
	m, ok := MeasureLaw(parsed(t, "5 per 10s fixed"), 0, calls, cfg)
	require.True(t, ok)
	require.True(t, m.Exact)
	require.InDelta(t, 9.95, m.Every.Lo, 0.02)
	require.InDelta(t, 10.05, m.Every.Hi, 0.02)
	require.Contains(t, m.Kinds, promise.Fixed)
	require.Contains(t, m.Kinds, promise.Sliding, "all were taken at once")

	// Half, half, and all of it when the first one's window is over.
	calls = append(fill(0, 3, 0), fill(5*s, 2, 1)...)
	calls = append(calls, fill(10050*ms, 5, 1)...)
	m, ok = MeasureLaw(parsed(t, "5 per 10s fixed"), 0, calls, cfg)
	require.True(t, ok)
	require.NotContains(t, m.Kinds, promise.Sliding)

	// No reset was seen.
	m, ok = MeasureLaw(parsed(t, "5 per 10s fixed"), 0, fill(0, 5, 2), cfg)
	require.True(t, ok)
	require.True(t, math.IsInf(m.Every.Hi, 1))

	m, ok = MeasureLaw(parsed(t, "7 per 10s fixed"), 0, fill(0, 5, 0), cfg)
	require.True(t, ok)
	require.False(t, m.Exact, "nothing was refused")
	_, ok = MeasureLaw(parsed(t, "5/s burst 5"), 0, fill(0, 5, 2), cfg)
	require.False(t, ok, "a bucket is no window")
	_, ok = MeasureLaw(parsed(t, "4 per 10s fixed"), 0, fill(0, 5, 2), cfg)
	require.False(t, ok, "it isn't kept")
}

// The true length and kind of a server are never ruled out.
func TestMeasureLawKeepsTheTruth(t *testing.T) {
	for _, style := range []promise.Style{promise.Fixed, promise.Sliding, promise.Aligned} {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 21))
			p := parsed(t, "10 per 2s "+string(style))
			calls := newSimServer(r, p).traffic(80, []float64{0.0005, 0.02}[seed%2], []string{"a"})
			m, ok := MeasureLaw(p, 0, calls, LawConfig{Clocks: DefaultClocks()})
			require.True(t, ok)
			require.LessOrEqual(t, m.Every.Lo, 2.0)
			require.GreaterOrEqual(t, m.Every.Hi, 2.0)
			require.Contains(t, m.Kinds, style)
		}
	}
}
