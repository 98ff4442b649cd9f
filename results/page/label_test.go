package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Wherever two quantiles lie, their labels stand clear of each other and of the word at the
// left, and within the chart.
func TestLabelsOfQuantilesStandClear(t *testing.T) {
	for p50 := 0.0; p50 <= 1; p50 += 0.02 {
		for p99 := p50; p99 <= 1; p99 += 0.02 {
			marks := []quantileLabel{labelled("p50", p50, labelRoom+wordRoom), labelled("p99", p99, 1-labelRoom)}
			rows := labelRows(marks)
			for i, m := range marks {
				lo, hi := m.spans()
				require.GreaterOrEqual(t, lo, 0.0)
				require.LessOrEqual(t, hi, 1.0001)
				require.True(t, rows[i] > 0 || lo >= wordRoom-0.0001, "%g and %g: label %d is on the word", p50, p99, i)
			}
			lo, hi := marks[0].spans()
			require.True(t, rows[0] != rows[1] || !marks[1].touches(lo, hi), "%g and %g: the labels touch", p50, p99)
		}
	}
}
