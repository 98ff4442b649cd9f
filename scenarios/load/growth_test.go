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
		r.Add(Sample{At: at, CPU: at / 4, RSS: fn(at.Seconds()), FDs: 12, Threads: 5,
			Calls: 100 * at.Seconds()})
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
	s := sampled(func(x float64) float64 { return 20*mib + 2*mib*x + noise.NormFloat64()*mib })
	g := rss(t, s)
	require.True(t, g.Leak, g.Untold)
	require.InDelta(t, 120*mib, g.PerMin, 3*mib)
	require.Less(t, g.Lo, 120.0*mib)
	require.Greater(t, g.Hi, 120.0*mib)
	require.InEpsilon(t, 2*mib/100, g.PerCall, 0.05, "of 100 calls a second")
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

// TestGrowthThatMayEndIsNoLeak: what a server without any leak does in a run that ends before
// its heap is collected, its cache full or its pool wide enough, and what a load that rises asks
// of one. Each grows, and that is said with why it can't be told.
func TestGrowthThatMayEndIsNoLeak(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		why   string
		rss   func(x float64) float64
		calls func(x float64) float64
	}{
		"a Go heap of 4 MiB before its first collection": {why: "collected yet",
			rss: func(x float64) float64 { return 8*mib + 4*mib*x/60 }},
		"a heap of 300 MiB that may double": {why: "collected yet",
			rss: func(x float64) float64 { return 300*mib + 200*mib*x/60 }},
		"a model that is loaded in the middle": {why: "whole run",
			rss: func(x float64) float64 { return 20*mib + 400*mib*min(1, max(0, (x-35)/10)) }},
		"a cache that fills slower and slower": {why: "whole run",
			rss: func(x float64) float64 { return 20*mib + 400*mib*(1-math.Exp(-x/10)) }},
		"buffers of a load that rises": {why: "steady", rss: func(x float64) float64 { return 20*mib + 3*mib*x },
			calls: func(x float64) float64 { return 100 * x * x }},
	} {
		var r Resources
		for i := range 120 {
			at := time.Duration(i) * 500 * time.Millisecond
			x := at.Seconds()
			s := Sample{At: at, RSS: c.rss(x), FDs: 12, Threads: 5, Calls: 100 * x}
			if c.calls != nil {
				s.Calls = c.calls(x)
			}
			r.Add(s)
		}
		g := rss(t, r.Report())
		require.False(t, g.Leak, name)
		require.Positive(t, g.Lo, name)
		require.Regexp(t, c.why, g.Untold, name)
	}
}

// TestDescriptorsOfOurConnectionsAreNoLeak: each connection that we open is a descriptor there.
func TestDescriptorsOfOurConnectionsAreNoLeak(t *testing.T) {
	for connections, leak := range map[int]bool{0: true, 100: false} {
		r := Resources{Connections: connections}
		for i := range 120 {
			at := time.Duration(i) * 500 * time.Millisecond
			r.Add(Sample{At: at, RSS: 1 << 24, FDs: 12 + float64(2*i), Threads: 5, Calls: 100 * at.Seconds()})
		}
		g := r.Report().Growth[1]
		require.Equal(t, "fds", g.What)
		require.Equal(t, leak, g.Leak, "%d connections: %s", connections, g.Untold)
	}
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
