package page

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

const (
	latencyHeight = 220
	half          = 105 // of the distribution: up for admitted calls, down for refused ones
	bins          = 60
	fewest        = 100 // calls that a p99 needs
)

// A waiting is how long calls waited for their answers, from the instants at
// which they were due.
type waiting struct {
	calls []history.Call
	x     axis // seconds of the run
	y     axis // powers of ten of milliseconds
}

// newWaiting is false where no call was answered.
func newWaiting(calls []history.Call, x axis) (*waiting, bool) {
	w := &waiting{calls: calls, x: x, y: axis{math.Inf(1), math.Inf(-1)}}
	for i := range calls {
		if c := &calls[i]; answered(c) {
			v := power(c)
			w.y.lo, w.y.hi = min(w.y.lo, v), max(w.y.hi, v)
		}
	}
	if w.y.lo > w.y.hi {
		return nil, false
	}
	if w.y.hi-w.y.lo < 0.5 {
		w.y = axis{w.y.lo - 0.25, w.y.hi + 0.25}
	}
	w.y = w.y.padded(0.04)
	return w, true
}

// answered is a planned call that a caller waited for; handshakes are nobody's wait.
func answered(c *history.Call) bool {
	return c.Planned() && (c.Outcome == history.OK || c.Outcome == history.Limited)
}

// power is a call's latency as a power of ten of a millisecond; what is under a
// microsecond counts as one.
func power(c *history.Call) float64 {
	return math.Log10(max(c.Response(), time.Microsecond).Seconds() * 1e3)
}

func (w *waiting) pixel(v float64) float64 { return latencyHeight - latencyHeight*w.y.share(v) }

// overTime draws every call where it was due.
func (w *waiting) overTime(id string, label func(float64) string) chart {
	d := &drawing{height: latencyHeight}
	d.yTicks(w.y.decades(), w.pixel, func(v float64) string { return millis(math.Pow(10, v)) })
	d.xTicks(w.x, w.x.every(timeStep((w.x.hi-w.x.lo)/5)), label)
	var clouds [3]cloud // admitted, refused, neither
	worst := [2][]int{filled(readoutColumns, -1), filled(readoutColumns, -1)}
	waits := [2][slices24][]time.Duration{}
	for i := range w.calls {
		c := &w.calls[i]
		share := w.x.share(c.Due.Seconds())
		switch {
		case odds(c):
			clouds[2].add(share, 5)
			continue
		case !answered(c):
			continue
		}
		which := 0
		if c.Outcome == history.Limited {
			which = 1
		}
		clouds[which].add(share, w.pixel(power(c)))
		k := min(max(int(share*readoutColumns), 0), readoutColumns-1)
		worst[which][k] = max(worst[which][k], int(c.Response()/time.Microsecond))
		k = k * slices24 / readoutColumns
		waits[which][k] = append(waits[which][k], c.Response())
	}
	d.path("mark admitted", clouds[0].path(0))
	d.path("mark refused", clouds[1].path(9))
	d.path("mark odd", clouds[2].path(7))
	d.level("axis", latencyHeight)
	out := chart{
		ID: id, Title: "Latency over time", SVG: d.svg("Latency over time"),
		Lead: "What callers waited, from the instant at which each call was due. Refused calls stand apart: quick " +
			"refusals say nothing of the service.",
		Legend: []key{{"key-admitted", "admitted"}, {"key-refused", "refused"}},
		Readout: &readout{From: int64(seconds(w.x.lo)), To: int64(seconds(w.x.hi)), Names: []string{"slowest admitted",
			"slowest refused"}, Format: []string{"ms", "ms"}, Rows: worst[:]},
		Table: table{Caption: "Latency over time", Head: []string{"due from", "admitted", "median", "slowest",
			"refused", "median", "slowest"}},
	}
	if clouds[2].total > 0 {
		out.Legend = append(out.Legend, key{"key-odd", "failed or unknown, at the top"})
	}
	for k := range slices24 {
		row := []string{label(w.x.lo + (w.x.hi-w.x.lo)*float64(k)/slices24)}
		for which := range waits {
			row = append(row, middle(waits[which][k])...)
		}
		out.Table.Rows = append(out.Table.Rows, row)
	}
	for i, name := range []string{"admitted", "refused", "other"} {
		if kept := len(clouds[i].kept()); kept < clouds[i].total {
			out.Notes = append(out.Notes, fmt.Sprintf("%s of %s %s calls are drawn: the slowest and the quickest in "+
				"each of %s columns.", grouped(kept), grouped(clouds[i].total), name, grouped(columns)))
		}
	}
	return out
}

// middle is how many there are, the median and the greatest.
func middle(d []time.Duration) []string {
	if len(d) == 0 {
		return []string{"0", "–", "–"}
	}
	slices.Sort(d)
	ms := func(v time.Duration) string { return millis(v.Seconds() * 1e3) }
	return []string{grouped(len(d)), ms(d[(len(d)+1)/2-1]), ms(d[len(d)-1])}
}

// decades are the powers of ten on an axis of them, with halves between where
// there are few.
func (a axis) decades() []float64 {
	parts := []float64{0}
	switch whole := a.hi - a.lo; {
	case whole < 1.2:
		parts = []float64{0, math.Log10(1.5), math.Log10(2), math.Log10(3), math.Log10(5), math.Log10(7)}
	case whole < 2.2:
		parts = []float64{0, math.Log10(2), math.Log10(5)}
	case whole < 3.2:
		parts = []float64{0, math.Log10(3)}
	}
	var out []float64
	for k := math.Floor(a.lo); k <= a.hi; k++ {
		for _, p := range parts {
			if v := k + p; v >= a.lo && v <= a.hi {
				out = append(out, v)
			}
		}
	}
	return out
}

// distribution draws how latencies spread, admitted calls upwards and refused
// ones downwards, each as shares of their own number.
func (w *waiting) distribution(id string) chart {
	l := results.Measure(slices.DeleteFunc(slices.Clone(w.calls), func(c history.Call) bool { return !c.Planned() }))
	var counts [2][bins]int
	var n [2]int
	for i := range w.calls {
		if c := &w.calls[i]; answered(c) {
			which := 0
			if c.Outcome == history.Limited {
				which = 1
			}
			n[which]++
			counts[which][min(int(w.y.share(power(c))*bins), bins-1)]++
		}
	}
	highest := 0.0
	for which := range counts {
		for _, v := range counts[which] {
			highest = max(highest, float64(v)/float64(max(n[which], 1)))
		}
	}
	d := &drawing{height: half}
	says := counted(n[0], "admitted call")
	if n[1] > 0 {
		d.height = 2 * half
		says += " upwards, " + counted(n[1], "refused call") + " downwards, each as shares of their own number"
	}
	for _, v := range w.y.decades() {
		d.path("grid", fmt.Sprintf("M%s 0V%d", unit(w.y.share(v)), d.height))
		class := "tick"
		if v != math.Round(v) {
			class = "tick minor" // narrow screens do without
		}
		d.text(class, w.y.share(v), 0, float64(d.height)+17, "middle", millis(math.Pow(10, v)))
	}
	bars(d, counts, n, highest)
	d.level("axis", half)
	for which, q := range []results.Quantiles{l.Admitted, l.Limited} {
		w.quantiles(d, q, which)
	}
	d.text("tick", 0, 4, 12, "start", "admitted")
	if n[1] > 0 {
		d.text("tick", 0, 4, 2*half-4, "start", "refused")
	}
	return chart{
		ID: id, Title: "Latency distribution", SVG: d.svg("Latency distribution"),
		Lead: "From the instant due, on a logarithmic scale: " + says + ".",
		Table: waits("Latency from the instant due", []string{"admitted", "refused"}, []results.Quantiles{l.Admitted,
			l.Limited}),
		Notes: tooFew(l),
	}
}

// bars draws the shares of both distributions.
func bars(d *drawing, counts [2][bins]int, n [2]int, highest float64) {
	for which, class := range []string{"bar admitted", "bar refused"} {
		shape := ""
		for k, v := range counts[which] {
			if v == 0 {
				continue
			}
			tall := max(1.5, (half-30)*float64(v)/float64(n[which])/highest)
			top, end := half-tall, float64(half)
			if which == 1 {
				top, end = half, half+tall
			}
			shape += rect(float64(k)/bins, float64(k+1)/bins, top, end)
		}
		d.path(class, shape)
	}
}

// quantiles marks the median and the 99th percentile, or where there are too few
// calls for one the maximum.
func (w *waiting) quantiles(d *drawing, q results.Quantiles, which int) {
	if q.N == 0 {
		return
	}
	name, value := "p99", q.P99
	if q.N < fewest {
		name, value = "max", q.Max
	}
	top, y := 0.0, 11.0
	if which == 1 {
		top, y = half, 2*half-3
	}
	at := func(ms float64) float64 { return w.y.share(math.Log10(max(ms, 1e-3))) }
	marks := []quantileLabel{labelled("p50 "+millis(q.P50), at(q.P50), labelRoom+wordRoom),
		labelled(name+" "+millis(value), at(value), 1-labelRoom)}
	rows := labelRows(marks)
	for i, m := range marks {
		anchor, dx := "start", 4.0
		if m.before {
			anchor, dx = "end", -4
		}
		d.path("quantile", fmt.Sprintf("M%s %sV%s", unit(m.at), px(top), px(top+half)))
		d.text("note", m.at, dx, y+float64(15*rows[i])*(1-2*float64(which)), anchor, m.text)
	}
}

// The room that a quantile's label and the word for a half of a distribution take of a
// chart's width where that is narrowest.
const labelRoom, wordRoom = 0.34, 0.21

// labelRows are the rows of two labels, so that neither touches the other or what the half
// is of, which stands at the left of row 0.
func labelRows(marks []quantileLabel) (rows [2]int) {
	if lo, _ := marks[0].spans(); lo < wordRoom {
		rows[0] = 1
	}
	if lo, hi := marks[0].spans(); marks[1].touches(lo, hi) {
		rows[1] = rows[0] + 1
	} else if lo, _ := marks[1].spans(); lo < wordRoom {
		rows[1] = 1
	}
	return rows
}

// A quantileLabel is a quantile's label.
type quantileLabel struct {
	text   string
	at     float64 // as a part of the chart's width
	before bool    // it stands to the left of its line
}

// labelled is a label to the left of its line from some place on.
func labelled(text string, at, from float64) quantileLabel {
	return quantileLabel{text, at, at >= from}
}

// spans is where the label stands, as parts of the chart's width.
func (m quantileLabel) spans() (lo, hi float64) {
	if m.before {
		return m.at - labelRoom, m.at
	}
	return m.at, m.at + labelRoom
}

// touches reports if the label may touch what stands there.
func (m quantileLabel) touches(lo, hi float64) bool {
	l, h := m.spans()
	return l < hi && h > lo
}

func tooFew(l results.Latencies) []string {
	if (l.Admitted.N > 0 && l.Admitted.N < 1000) || (l.Limited.N > 0 && l.Limited.N < 1000) {
		return []string{"~ in the table: too few calls for that quantile."}
	}
	return nil
}
