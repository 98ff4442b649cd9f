package page

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"strings"
)

// An Overlay is two distributions of latencies in one chart, in milliseconds, each in order.
type Overlay struct {
	ID, Title string
	Base, New []float64
}

const overlayHeight = 180

// OverlayHTML draws both distributions over each other, with its table behind it. It is
// empty where one of them is.
func OverlayHTML(o Overlay) (template.HTML, error) {
	if len(o.Base) == 0 || len(o.New) == 0 {
		return "", nil
	}
	var b bytes.Buffer
	if err := execute(&b, "trend", o.draw()); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

// decade is a latency as a power of ten of a millisecond; what is under a microsecond
// counts as one.
func decade(ms float64) float64 { return math.Log10(max(ms, 1e-3)) }

func (o Overlay) draw() chart {
	least, most := min(o.Base[0], o.New[0]), max(o.Base[len(o.Base)-1], o.New[len(o.New)-1])
	x := axis{decade(least), decade(most)}
	if x.hi-x.lo < 0.5 {
		x = axis{x.lo - 0.25, x.hi + 0.25}
	}
	x = x.padded(0.04)
	base, baseTop := shares(o.Base, x)
	now, nowTop := shares(o.New, x)
	d := &drawing{height: overlayHeight}
	highest := 1.08 * max(baseTop, nowTop)
	y := func(share float64) float64 { return overlayHeight - overlayHeight*share/highest }
	d.yTicks(axis{0, 100 * highest}.ticks(4), func(v float64) float64 { return y(v / 100) },
		func(v float64) string { return figure(v) + " %" })
	for _, v := range x.decades() {
		d.path("grid", fmt.Sprintf("M%s 0V%d", unit(x.share(v)), overlayHeight))
		class := "tick"
		if v != math.Round(v) {
			class = "tick minor" // narrow screens do without
		}
		d.text(class, x.share(v), 0, overlayHeight+17, "middle", millis(math.Pow(10, v)))
	}
	outline := steps(base, y)
	d.path("before-area", outline+fmt.Sprintf("V%dH0Z", overlayHeight))
	d.path("before", outline)
	d.path("granted", steps(now, y))
	d.level("axis", overlayHeight)
	return chart{ID: o.ID, Title: o.Title, SVG: d.svg("Latency of base and new, overlaid: " + o.Title),
		Lead: fmt.Sprintf("What admitted callers waited, on a logarithmic scale: %s of base and %s of new, "+
			"each as shares of their own number.", grouped(len(o.Base)), grouped(len(o.New))),
		Legend: []key{{"key-before", "base"}, {"key-granted", "new"}},
		Table: table{Caption: o.Title, Head: []string{"", "calls", "p50", "p90", "p99", "max"},
			Rows: [][]string{quantileRow("base", o.Base), quantileRow("new", o.New)}}}
}

// shares are what part of the calls lies in each bin, and the most of one.
func shares(sorted []float64, x axis) (list [bins]float64, most float64) {
	for _, v := range sorted {
		list[min(max(int(x.share(decade(v))*bins), 0), bins-1)] += 1 / float64(len(sorted))
	}
	for _, v := range list {
		most = max(most, v)
	}
	return list, most
}

// steps is the outline of a histogram.
func steps(list [bins]float64, y func(float64) float64) string {
	var b strings.Builder
	for k, v := range list {
		verb := "V"
		if k == 0 {
			verb = "M0 "
		}
		fmt.Fprintf(&b, "%s%sH%s", verb, px(y(v)), unit(float64(k+1)/bins))
	}
	return b.String()
}

// quantileRow is a side in figures; ~ is a p99 of too few calls.
func quantileRow(name string, sorted []float64) []string {
	n := len(sorted)
	at := func(q float64) string { return millis(sorted[max(int(math.Ceil(q*float64(n)-1e-9)), 1)-1]) }
	p99 := "~"
	if n >= fewest {
		p99 = at(0.99)
	}
	return []string{name, grouped(n), at(0.5), at(0.9), p99, at(1)}
}
