package page

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// A range that begins at 0 is in the table and not in the picture, and one without an
// upper bound is on no line.
func TestTrendDrawsNoHalfABox(t *testing.T) {
	drawn := func(ranges ...results.Range) string {
		trend := Trend{ID: "rate", Title: "Measured rate", Unit: "/s"}
		for i := range ranges {
			trend.Points = append(trend.Points, TrendPoint{Run: "run", Started: time.Unix(0, 0), Value: &ranges[i]})
		}
		html, err := TrendHTML(trend)
		require.NoError(t, err)
		return string(html)
	}
	whole, below, above := results.Range{Lo: 14, Hi: 16}, results.Range{Lo: 0, Hi: 92.5},
		results.Range{Lo: 15, Hi: math.Inf(1)}
	marks := func(text, class string) int {
		_, rest, found := strings.Cut(text, `class="`+class+`"`)
		if !found {
			return 0
		}
		path, _, _ := strings.Cut(rest, ">")
		return strings.Count(path, "M") + strings.Count(path, "L")
	}
	text := drawn(whole, below, whole)
	assert.Contains(t, text, "0–92.5")
	assert.Contains(t, text, "bounded from above only")
	assert.Equal(t, 2, marks(text, "run pass")+marks(text, "run fail")+marks(text, "run inconclusive"))
	assert.Equal(t, 2, marks(text, "trend"))
	text = drawn(whole, above, whole)
	assert.Equal(t, 3, marks(text, "run pass")+marks(text, "run fail")+marks(text, "run inconclusive"))
	assert.Equal(t, 2, marks(text, "trend"))
	assert.NotContains(t, drawn(whole), "bounded from above only")
}
