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

// The axis says when the first run and the last one were, as closely as tells them apart.
func TestTrendSaysWhen(t *testing.T) {
	at := func(text string) time.Time {
		instant, err := time.Parse(time.DateTime, text)
		require.NoError(t, err)
		return instant
	}
	for _, c := range []struct{ first, last, wantFirst, wantLast string }{
		{"2026-11-28 09:00:00", "2026-11-29 09:00:00", ">28 Nov 2026<", ">29 Nov 2026<"},
		{"2026-11-29 09:00:00", "2026-11-29 17:30:00", ">29 Nov 2026, 09:00 UTC<", ">29 Nov 2026, 17:30 UTC<"},
		{"2026-11-29 09:00:01", "2026-11-29 09:00:40", ">29 Nov, 09:00:01 UTC<", ">29 Nov, 09:00:40 UTC<"},
		{"2026-11-29 09:00:01", "2026-11-29 09:00:01", ">29 Nov 2026, 09:00 UTC<", ">29 Nov 2026, 09:00 UTC<"},
	} {
		html, err := TrendHTML(Trend{ID: "p99", Points: []TrendPoint{{Started: at(c.first)}, {Started: at(c.last)}}})
		require.NoError(t, err)
		assert.Contains(t, string(html), c.wantFirst)
		assert.Contains(t, string(html), c.wantLast)
	}
}
