package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// sampled is a minute of a process whose memory is what fn says.
func sampled(fn func(second float64) float64) *results.LoadServer {
	var r Resources
	for i := range 120 {
		at := time.Duration(i) * 500 * time.Millisecond
		r.Add(Sample{At: at, CPU: at / 4, RSS: fn(at.Seconds()), FDs: 12, Threads: 5})
	}
	return r.Report()
}

func rss(t *testing.T, s *results.LoadServer) results.LoadSlope {
	t.Helper()
	require.Len(t, s.Growth, 3)
	require.Equal(t, "rss", s.Growth[0].What)
	return s.Growth[0]
}

func TestALeakIsTold(t *testing.T) {
	const mib = 1 << 20
	noise := rand.New(rand.NewPCG(1, 1))
	s := sampled(func(x float64) float64 { return 50*mib + 0.2*mib*x + noise.NormFloat64()*mib })
	g := rss(t, s)
	require.True(t, g.Leak)
	require.InDelta(t, 12*mib, g.PerMin, 3*mib)
	require.Less(t, g.Lo, 12.0*mib)
	require.Greater(t, g.Hi, 12.0*mib)
	require.InDelta(t, 0.25, s.CPU, 1e-9)
	require.False(t, s.Growth[1].Leak, "descriptors stay")
}

// TestNoLeakIsClaimed: of noise, of a saw tooth as garbage collection makes
// it, and of a warm-up that ends.
func TestNoLeakIsClaimed(t *testing.T) {
	const mib = 1 << 20
	false1 := 0
	for seed := range uint64(300) {
		noise := rand.New(rand.NewPCG(seed, 2))
		if rss(t, sampled(func(float64) float64 { return 50*mib + 10*mib*noise.NormFloat64() })).Leak {
			false1++
		}
	}
	require.LessOrEqual(t, false1, 6, "of 300, at 99 % on both sides")
	require.False(t, rss(t, sampled(func(x float64) float64 { return 50*mib + 20*mib*math.Mod(x/7, 1) })).Leak)
	require.False(t, rss(t, sampled(func(x float64) float64 { return 50*mib + 30*mib*min(1, x/15) })).Leak)
	require.False(t, rss(t, sampled(func(x float64) float64 { return 50*mib + 100*x })).Leak, "a few KiB")
}

func TestTooShortToTell(t *testing.T) {
	var r Resources
	require.Nil(t, r.Report())
	for i := range 15 {
		r.Add(Sample{At: time.Duration(i) * time.Second, RSS: float64(i) * 1e9})
	}
	require.Empty(t, r.Report().Growth)
}

func TestSamplesAreBounded(t *testing.T) {
	var r Resources
	for i := range 5 * maxSamples {
		r.Add(Sample{At: time.Duration(i) * time.Second, RSS: float64(i) * 1e6})
	}
	require.Less(t, len(r.samples), maxSamples)
	require.InEpsilon(t, 6e7, r.Report().Growth[0].PerMin, 1e-6)
	require.EqualValues(t, float64(5*maxSamples-1)*1e6, r.Report().RSS.Last)
}
