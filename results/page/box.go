package page

import (
	"fmt"
	"math"

	"github.com/mcpload/mcpload/results"
)

const boxHeight = 240

// newBox draws the buckets that explain the calls, as a box of rates and bursts,
// against the declared one, if one was. A bucket outside can't have given the answers.
func newBox(id string, s *results.Server) chart {
	c := chart{ID: id, Title: "Measured against declared",
		Lead: "Every token bucket that can have given these answers lies in the box. If the declared point lies " +
			"outside, the server isn't what it says.",
		Legend: []key{{"key-box", "certified box"}, {"key-point", "declared"}}}
	m, declared := s.Measured, s.Limit.Rate > 0
	if m != nil && math.IsInf(m.Rate.Hi, 1) && math.IsInf(m.Burst.Hi, 1) {
		m = nil // where nothing was refused any bucket is in the box, also the one that was broken
	}
	if !declared {
		c.Title, c.Legend = "Measured rate and burst", c.Legend[:1]
		c.Lead = "Every token bucket that can have given these answers lies in the box."
	}
	c.Table = table{Caption: c.Title, Head: []string{"", "rate, per second", "burst, tokens"}}
	rate, burst := s.Limit.Rate, float64(s.Limit.Burst)
	if declared {
		c.Table.Rows = append(c.Table.Rows, []string{"declared", figure(rate), figure(burst)})
	}
	if m == nil {
		c.Lead = "There is no box: " + s.MeasuredWords() + "."
		if s.MeasuredWords() == "-" {
			c.Lead = "There is no box, as nothing was measured."
		}
		c.Legend = c.Legend[1:]
		c.Table.Rows = append(c.Table.Rows, []string{"measured", "–", "–"})
	}
	x, y := axis{rate, rate}, axis{burst, burst}
	if m != nil {
		if !declared {
			x, y = axis{m.Rate.Lo, m.Rate.Lo}, axis{m.Burst.Lo, m.Burst.Lo}
		}
		x, y = x.holding(m.Rate), y.holding(m.Burst)
		c.Table.Rows = append(c.Table.Rows, []string{"measured", m.Rate.String(), m.Burst.String()})
	}
	x, y = x.roomy(), y.roomy()
	d := &drawing{height: boxHeight}
	pixel := func(v float64) float64 { return boxHeight - boxHeight*y.share(v) }
	d.yTicks(y.ticks(5), pixel, figure)
	d.xTicks(x, x.ticks(4), func(v float64) string { return figure(v) + "/s" })
	d.text("tick", 0, -8, -4, "end", "burst")
	if m != nil {
		c.measured(d, m, x, pixel)
	}
	if declared {
		d.declared(x.share(rate), pixel(burst), "declared "+figure(rate)+"/s, "+figure(burst))
	}
	d.level("axis", boxHeight)
	c.SVG = d.svg(c.Title)
	return c
}

// measured draws the box, and says where it has no end.
func (c *chart) measured(d *drawing, m *results.Measured, x axis, pixel func(float64) float64) {
	d.box("box", m, x, pixel)
	if m.Or != nil {
		c.Notes = append(c.Notes, or(d, m.Or, x, pixel))
		c.Table.Rows = append(c.Table.Rows, []string{"or faster", m.Or.Rate.String(), m.Or.Burst.String()})
	}
	for _, r := range []struct {
		name string
		hi   float64
	}{{"rate", m.Rate.Hi}, {"burst", m.Burst.Hi}} {
		if math.IsInf(r.hi, 1) {
			c.Notes = append(c.Notes, "These calls give no upper bound of the "+r.name+": the box is open on "+
				"that side.")
		}
	}
}

// declared marks the point that was promised, at a share of the width.
func (d *drawing) declared(at, y float64, label string) {
	d.path("cross", fmt.Sprintf("M%s 0V%dM0 %sH%d", unit(at), boxHeight, px(y), across))
	d.path("point-halo", fmt.Sprintf("M%s %sv0", unit(at), px(y)))
	d.path("point", fmt.Sprintf("M%s %sv0", unit(at), px(y)))
	dx, anchor := 9.0, "start"
	if at > 0.6 {
		dx, anchor = -9, "end"
	}
	d.text("note strong", at, dx, y-8, anchor, label)
}

// holding widens an axis so that the known ends of a range lie on it.
func (a axis) holding(r results.Range) axis {
	out := axis{min(a.lo, r.Lo), max(a.hi, r.Lo)}
	if !math.IsInf(r.Hi, 1) {
		out.hi = max(out.hi, r.Hi)
	}
	return out
}

// roomy pads an axis, and gives it a length if it has none.
func (a axis) roomy() axis {
	if a.hi-a.lo < 1e-9+0.004*math.Abs(a.hi) {
		by := 0.004*math.Abs(a.hi) + 1e-9
		a = axis{a.lo - by, a.hi + by}
	}
	return a.padded(0.3)
}

// box draws a range of rates and bursts, open where it has no end.
func (d *drawing) box(class string, m *results.Measured, x axis, pixel func(float64) float64) {
	right, top := 1.1, -20.0
	if !math.IsInf(m.Rate.Hi, 1) {
		right = x.share(m.Rate.Hi)
	}
	if !math.IsInf(m.Burst.Hi, 1) {
		top = pixel(m.Burst.Hi)
	}
	d.path(class, rect(x.share(m.Rate.Lo), right, top, pixel(m.Burst.Lo)))
}

// or draws the faster buckets, where they lie in the picture, and says them.
func or(d *drawing, m *results.Measured, x axis, pixel func(float64) float64) string {
	says := fmt.Sprintf("Faster buckets can't be excluded either: rate %s/s with a burst of %s.", m.Rate, m.Burst)
	if m.Rate.Lo >= x.hi {
		return says + " They lie beyond the right edge."
	}
	d.box("box other", m, x, pixel)
	return says + " They are the dashed box."
}
