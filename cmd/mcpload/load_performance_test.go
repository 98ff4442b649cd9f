//go:build performance && linux

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// TestALeakingServerIsToldFromATightOne: the same load on two servers, of which
// one keeps memory and descriptors.
func TestALeakingServerIsToldFromATightOne(t *testing.T) {
	leaks := func(args ...string) map[string]results.LoadSlope {
		_, s := measured(t, append([]string{"--tool", "echo", "--rate", "100/s", "-d", "20s", "--"}, args...)...)
		require.NotNil(t, s.Load.Server)
		require.Len(t, s.Load.Server.Growth, 3, "it was long enough to tell")
		slopes := map[string]results.LoadSlope{}
		for _, g := range s.Load.Server.Growth {
			slopes[g.What] = g
		}
		return slopes
	}
	leaking := leaks("leaky")
	assert.True(t, leaking["rss"].Leak, "%+v", leaking["rss"])
	assert.InEpsilon(t, 600e6, leaking["rss"].PerMin, 0.5, "100 calls a second of 100 kB each")
	assert.True(t, leaking["fds"].Leak, "%+v", leaking["fds"])
	assert.InEpsilon(t, 600, leaking["fds"].PerMin, 0.2)
	assert.False(t, leaking["threads"].Leak, "%+v", leaking["threads"])

	tight := leaks("leaky", "tight")
	assert.False(t, tight["rss"].Leak, "%+v", tight["rss"])
	assert.False(t, tight["fds"].Leak, "%+v", tight["fds"])
}
