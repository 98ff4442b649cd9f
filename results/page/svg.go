package page

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The horizontal resolution of a chart over time. What lies in one column is
// drawn by its extremes: see trace and cloud.
const (
	columns = 2000
	across  = columns * 10 // units of a viewBox; a tenth of a column
)

// A drawing is the SVG of one chart. Its data layer is stretched to whatever
// width the page has, while strokes and text keep their size; so a chart is as
// sharp on a phone as on paper, and zooming is a change of the viewBox.
//
// Only numbers and what text escapes gets in.
type drawing struct {
	height      int
	data, front strings.Builder // stretched; in pixels and percent
}

// path adds a line to the data layer.
func (d *drawing) path(class, data string) {
	if data != "" {
		fmt.Fprintf(&d.data, `<path class="%s" d="%s"/>`, class, data)
	}
}

// level adds a horizontal line.
func (d *drawing) level(class string, y float64) {
	d.path(class, fmt.Sprintf("M%d %sH%d", -across, px(y), 2*across))
}

// text adds a label at a share of the width, in pixels from there and from the
// top.
func (d *drawing) text(class string, share, dx, y float64, anchor, text string) {
	if anchor == "middle" && share > 0.95 { // half of it would be beyond the edge of a narrow screen
		anchor, dx = "end", 10
	}
	fmt.Fprintf(&d.front, `<text class="%s" x="%s%%" dx="%s" y="%s" text-anchor="%s">%s</text>`,
		class, px(share*100), px(dx), px(y), anchor, html.EscapeString(text))
}

// yTicks adds grid lines and their values.
func (d *drawing) yTicks(values []float64, y func(float64) float64, label func(float64) string) {
	for _, v := range values {
		d.level("grid", y(v))
		d.text("tick", 0, -8, y(v)+4, "end", label(v))
	}
}

// xTicks adds grid lines and values under the plot. The script makes them anew
// for another width or zoom.
func (d *drawing) xTicks(x axis, values []float64, label func(float64) string) {
	var grid strings.Builder
	d.front.WriteString(`<g class="xticks">`)
	for _, v := range values {
		fmt.Fprintf(&grid, "M%s 0V%d", unit(x.share(v)), d.height)
		d.text("tick", x.share(v), 0, float64(d.height)+17, "middle", label(v))
	}
	d.front.WriteString(`</g>`)
	d.path("grid xgrid", grid.String())
}

// svg is the finished drawing, with a description for those who don't see it.
func (d *drawing) svg(label string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="plot" height="%d" role="group" aria-label="%s">`+
		`<svg class="data" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none">%s</svg>%s</svg>`,
		d.height, html.EscapeString(label), d.height, across, d.height, d.data.String(), d.front.String()))
}

// px writes a length to a tenth of a pixel.
func px(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// unit writes a share of the width in units of the data layer.
func unit(share float64) string { return strconv.Itoa(int(math.Round(share * across))) }

// A trace thins a line: of what falls into one column it keeps the first, the
// lowest, the highest and the last point, which draws the very same pixels as
// all of them would (Jugel and others, "M4: a visualization-oriented time series
// data aggregation", 2014). Points come in the order of their shares.
type trace struct {
	points [][2]float64 // units, pixels
	column int
	n      int // points in this column
	cell   [4][2]float64
}

func (t *trace) add(share, y float64) {
	x := share * across
	p := [2]float64{math.Round(x), math.Round(y*10) / 10}
	if c := int(math.Floor(share * columns)); t.n == 0 || c != t.column {
		t.flush()
		t.column, t.n = c, 1
		t.cell = [4][2]float64{p, p, p, p}
		return
	}
	t.n++
	if p[1] < t.cell[1][1] {
		t.cell[1] = p
	}
	if p[1] > t.cell[2][1] {
		t.cell[2] = p
	}
	t.cell[3] = p
}

func (t *trace) flush() {
	if t.n == 0 {
		return
	}
	middle := t.cell[1:3]
	if middle[0][0] > middle[1][0] {
		middle[0], middle[1] = middle[1], middle[0]
	}
	for _, p := range t.cell {
		if k := len(t.points); k == 0 || t.points[k-1] != p {
			t.points = append(t.points, p)
		}
	}
	t.n = 0
}

// line is the trace as a path.
func (t *trace) line() string {
	t.flush()
	return polyline(t.points)
}

// between is the area from one trace down to another.
func between(upper, lower *trace) string {
	upper.flush()
	lower.flush()
	back := slices.Clone(lower.points)
	slices.Reverse(back)
	return polyline(append(slices.Clone(upper.points), back...)) + "Z"
}

func polyline(points [][2]float64) string {
	var b strings.Builder
	for i, p := range points {
		if i == 0 {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		b.WriteString(px(p[0]))
		b.WriteByte(' ')
		b.WriteString(px(p[1]))
	}
	return b.String()
}

// A cloud thins marks: a few are all kept, of many the highest and the lowest of
// each column. It counts all.
type cloud struct {
	total int
	marks []mark
}

type mark struct{ share, y float64 }

// everyMark is how many marks are kept, whatever there are.
const everyMark = columns

func (c *cloud) add(share, y float64) {
	c.total++
	c.marks = append(c.marks, mark{share, y})
}

// kept are the marks to draw.
func (c *cloud) kept() []mark {
	if len(c.marks) <= everyMark {
		return c.marks
	}
	var lowest, highest [columns + 1]mark
	var seen [columns + 1]bool
	for _, m := range c.marks {
		k := min(max(int(m.share*columns), 0), columns)
		if !seen[k] || m.y > lowest[k].y {
			lowest[k] = m
		}
		if !seen[k] || m.y < highest[k].y {
			highest[k] = m
		}
		seen[k] = true
	}
	var out []mark
	for k := range seen {
		if seen[k] {
			out = append(out, lowest[k])
			if highest[k] != lowest[k] {
				out = append(out, highest[k])
			}
		}
	}
	return out
}

// path draws each mark as a stroke that goes so many pixels down. One of no
// length is a dot, by its round ends.
func (c *cloud) path(down float64) string {
	var b strings.Builder
	for _, m := range c.kept() {
		fmt.Fprintf(&b, "M%s %sv%s", unit(m.share), px(m.y-down/2), px(down))
	}
	return b.String()
}
