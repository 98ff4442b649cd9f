package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

func TestRoundNumbersArePreferred(t *testing.T) {
	for _, c := range []struct{ lo, hi, want float64 }{
		{14.91, 15.08, 15}, {0.495, 0.505, 0.5}, {0.0165, 0.0168, 1.0 / 60}, {12.34, 12.36, 12.35}, {99, 101, 100},
		{2.49, 2.51, 2.5},
	} {
		require.InDelta(t, c.want, probe.RoundRate(verdict.Interval{Lo: c.lo, Hi: c.hi}), 1e-9)
	}
}

// What is promised is one number: none, where several are as round.
func TestOneRate(t *testing.T) {
	for _, c := range []struct {
		lo, hi, want float64 // 0: none
	}{
		{11.9, 12.1, 12}, {7.25, 7.36, 0}, {0.330, 0.3366, 1.0 / 3}, {0.2475, 0.2525, 0.25}, {990, 1010, 1000},
		{1.65, 1.683, 5.0 / 3}, {135.7, 138.3, 0}, {7.29, 7.31, 7.3}, {24.8, 25.2, 25}, {2.45, 2.55, 2.5},
		{0.0831, 0.0836, 5.0 / 60}, {3.141, 3.142, 0},
	} {
		got, ok := probe.OneRate(verdict.Interval{Lo: c.lo, Hi: c.hi})
		require.Equal(t, c.want > 0, ok, "%v", c)
		require.InDelta(t, c.want, got, 1e-9, "%v", c)
	}
	for _, c := range []struct {
		lo, hi float64
		want   int
	}{{15.7, 16.3, 16}, {10.4, 10.9, 0}, {19.9, 21, 0}, {0.9, 1.4, 1}} {
		got, ok := probe.OneBurst(verdict.Interval{Lo: c.lo, Hi: c.hi})
		require.Equal(t, c.want > 0, ok, "%v", c)
		if ok {
			require.Equal(t, c.want, got)
		}
	}
}
