//go:build performance

package probe_test

import (
	"fmt"
	"testing"
)

// TestSweepWide is TestSweep with every delay and more seeds.
func TestSweepWide(t *testing.T) {
	for _, s := range sizes {
		for _, fault := range faults() {
			for _, w := range weathers {
				for seed := range uint64(3) {
					t.Run(fmt.Sprintf("%g-%d-%s-%s-%d", s.rate, s.burst, fault, w.name, seed), func(t *testing.T) {
						t.Parallel()
						sweep(t, s, fault, w, seed+1)
					})
				}
			}
		}
	}
}
