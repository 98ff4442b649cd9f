package page

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

const trendHeight = 160

// A Trend is a figure of one server from run to run, the oldest first.
type Trend struct {
	ID, Title, Lead string
	Unit            string // behind every value, such as " ms"
	Points          []TrendPoint
}

// A TrendPoint is the figure in one run.
type TrendPoint struct {
	Run      string // its id
	Started  time.Time
	Verdict  verdict.Verdict
	Value    *results.Range // nil where the run has none; both ends are the same where it is one value
	Declared float64        // what was promised; 0 where nothing was
}

// TrendHTML draws a trend, with its table behind it.
func TrendHTML(t Trend) (template.HTML, error) {
	var b bytes.Buffer
	if err := execute(&b, "trend", t.draw()); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

func (t Trend) draw() chart {
	c := chart{ID: t.ID, Title: t.Title, Lead: t.Lead, Small: false, Table: table{
		Caption: t.Title, Head: []string{"run", "started", "verdict", "value", "declared"},
	}}
	y := axis{math.Inf(1), math.Inf(-1)}
	declared, open, below := false, false, false
	for _, p := range t.Points {
		value := "–"
		if p.Value != nil {
			if below = below || p.Value.Lo <= 0 && p.Value.Hi > 0; p.Value.Lo > 0 || p.Value.Hi <= 0 {
				y = y.holding(*p.Value)
			}
			value = p.Value.String()
			if p.Value.Lo == p.Value.Hi {
				value = figure(p.Value.Lo)
			}
			value += t.Unit
			open = open || math.IsInf(p.Value.Hi, 1)
		}
		promise := "–"
		if p.Declared > 0 {
			declared, promise = true, figure(p.Declared)+t.Unit
			y = axis{min(y.lo, p.Declared), max(y.hi, p.Declared)}
		}
		c.Table.Rows = append(c.Table.Rows, []string{p.Run, p.Started.UTC().Format("2006-01-02 15:04"),
			p.Verdict.String(), value, promise})
	}
	if y.lo > y.hi {
		y = axis{0, 1}
	}
	y = y.roomy()
	y.lo = max(y.lo, 0)
	d := &drawing{height: trendHeight}
	pixel := func(v float64) float64 { return trendHeight - trendHeight*y.share(min(v, y.hi)) }
	d.yTicks(y.ticks(4), pixel, func(v float64) string { return figure(v) + t.Unit })
	t.marks(d, pixel)
	d.level("axis", trendHeight)
	if n := len(t.Points); n > 0 {
		first, last := t.Points[0].Started.UTC(), t.Points[n-1].Started.UTC()
		layout := tellsApart(first, last)
		d.text("tick", 0, 0, trendHeight+17, "start", first.Format(layout))
		d.text("tick", 1, 0, trendHeight+17, "end", last.Format(layout))
	}
	c.Legend = []key{{"key-pass", "pass"}, {"key-fail", "fail"}, {"key-unsure", "inconclusive"}}
	if declared {
		c.Legend = append(c.Legend, key{"key-promise", "declared"})
	}
	if open {
		c.Notes = append(c.Notes, "A range that leaves the picture at the top has no upper bound.")
	}
	if below {
		c.Notes = append(c.Notes, "A range that begins at 0 is bounded from above only, and is in the table, not in "+
			"the picture.")
	}
	c.SVG = d.svg(t.Title + " from run to run")
	return c
}

// tellsApart is a layout in which two instants don't look the same, where one does that.
func tellsApart(first, last time.Time) string {
	layouts := []string{"2 Jan 2006", "2 Jan 2006, 15:04 UTC", "2 Jan, 15:04:05 UTC"}
	for _, layout := range layouts {
		if first.Format(layout) != last.Format(layout) {
			return layout
		}
	}
	return layouts[1]
}

// marks draws each run at its place in the order, ranges as bars, values as dots
// on a line.
func (t Trend) marks(d *drawing, pixel func(float64) float64) {
	var line, promise strings.Builder
	dots := map[verdict.Verdict]string{}
	at := func(k int) string { return unit((float64(k) + 0.5) / float64(len(t.Points))) }
	verb := "M"
	for k, p := range t.Points {
		if p.Declared > 0 {
			fmt.Fprintf(&promise, "M%s %sH%s", unit(float64(k)/float64(len(t.Points))), px(pixel(p.Declared)),
				unit(float64(k+1)/float64(len(t.Points))))
		}
		if p.Value == nil || p.Value.Lo <= 0 && p.Value.Hi > 0 {
			verb = "M"
			continue
		}
		lo, hi := pixel(p.Value.Lo), -10.0
		if !math.IsInf(p.Value.Hi, 1) {
			hi = pixel(p.Value.Hi)
		}
		dots[p.Verdict] += fmt.Sprintf("M%s %sV%s", at(k), px(lo), px(hi))
		if math.IsInf(p.Value.Hi, 1) { // its middle says nothing
			verb = "M"
			continue
		}
		fmt.Fprintf(&line, "%s%s %s", verb, at(k), px((lo+hi)/2))
		verb = "L"
	}
	d.path("promise", promise.String())
	d.path("trend", line.String())
	for _, v := range []verdict.Verdict{verdict.Pass, verdict.Fail, verdict.Inconclusive} {
		d.path("run "+v.String(), dots[v])
	}
}
