//go:build performance

package probe_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSweepWide is TestSweep with every delay, and as many seeds as SWEEP_SEEDS says: one
// where it is not set, three every night.
func TestSweepWide(t *testing.T) {
	seeds := uint64(1)
	if text := os.Getenv("SWEEP_SEEDS"); text != "" {
		var err error
		seeds, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		require.NotZero(t, seeds)
	}
	t.Logf("%d seeds; SWEEP_SEEDS=3 says how many", seeds)
	for _, s := range sizes {
		for _, fault := range faults() {
			for _, w := range weathers {
				for seed := range seeds {
					t.Run(fmt.Sprintf("%g-%d-%s-%s-%d", s.rate, s.burst, fault, w.name, seed), func(t *testing.T) {
						t.Parallel()
						sweep(t, s, fault, w, seed+1)
					})
				}
			}
		}
	}
}
