package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
)

// A loading is a scenario of general load.
type loading struct {
	Facts  [][2]string
	Top    []chart // what decides, for the first screen
	Charts []chart
	Tables []table
	Stop   string
}

// loadings are a server's scenarios of general load.
func (v *server) loadings() {
	for i, sc := range v.Scenarios {
		if sc.Load == nil {
			continue
		}
		l := sc.Load
		one := loading{Stop: l.Stopped, Facts: [][2]string{
			{"shape", l.Shape}, {"arrivals", l.Arrivals}, {"sessions", grouped(l.Sessions)},
			{"in flight at most", grouped(l.Generator.Peak)},
		}}
		if l.Connections > 0 {
			one.Facts = append(one.Facts, [2]string{"connections at most", grouped(l.Connections)})
		}
		charts := loadCharts(fmt.Sprintf("%s-l%d", v.ID, i+1), l)
		one.Top, one.Charts = charts[:min(2, len(charts))], charts[min(2, len(charts)):]
		one.Tables = append(one.Tables, waits("Latency from the instant due, and service time",
			[]string{"from due", "from sent"}, []results.Quantiles{l.Waited, l.Service}))
		if len(l.Tools) > 1 {
			var names []string
			var all []results.Quantiles
			for _, t := range l.Tools {
				names, all = append(names, t.Tool), append(all, t.Waited)
			}
			one.Tables = append(one.Tables, waits("Latency by tool, from the instant due", names, all))
		}
		one.Tables = append(one.Tables, setUp(l.Setup)...)
		one.Tables = append(one.Tables, failures(l.Failures)...)
		one.Tables = append(one.Tables, trials(l.Capacity)...)
		v.Loads = append(v.Loads, one)
	}
}

// loadCharts are what is drawn of a load, what decides first.
func loadCharts(id string, l *results.Load) (list []chart) {
	if len(l.Series) > 1 {
		list = append(list, throughput(id+"-rate", l), loadLatency(id+"-wait", l.Series))
	}
	if c, ok := percentiles(id+"-hdr", l); ok {
		list = append(list, c)
	}
	if len(l.Series) > 1 {
		if slices.ContainsFunc(l.Series, func(i results.LoadInterval) bool { return i.InFlight > 0 }) {
			list = append(list, inFlight(id+"-flight", l.Series))
		}
		if c, ok := errorShare(id+"-errors", l.Series); ok {
			list = append(list, c)
		}
	}
	return append(list, serverUse(id, l.Server)...)
}

// waits is a table of quantiles, a row each.
func waits(caption string, names []string, all []results.Quantiles) table {
	t := table{Caption: caption, Head: []string{"", "calls", "p50", "p90", "p95", "p99", "p99.9", "max"}}
	for i, q := range all {
		row := []string{names[i], grouped(q.N)}
		for _, v := range []struct {
			ms    float64
			needs int
		}{{q.P50, 1}, {q.P90, 10}, {q.P95, 20}, {q.P99, fewest}, {q.P999, 1000}, {q.Max, 1}} {
			if q.N < v.needs {
				row = append(row, "~")
				continue
			}
			row = append(row, millis(v.ms))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// setUp is what it cost to get ready, which is in none of the calls' figures.
func setUp(s results.LoadSetup) []table {
	var names []string
	var all []results.Quantiles
	for _, part := range []struct {
		name string
		took results.Quantiles
	}{{"session", s.Handshake}, {"connection", s.Connect}, {"TLS", s.TLS}} {
		if part.took.N > 0 {
			names, all = append(names, part.name), append(all, part.took)
		}
	}
	if len(all) == 0 {
		return nil
	}
	caption := "Set-up, apart from the calls"
	if s.Failed > 0 {
		caption += fmt.Sprintf("; %s failed", counted(int(s.Failed), "session"))
	}
	if s.Reopened > 0 {
		caption += fmt.Sprintf("; %s forgotten and opened anew", counted(int(s.Reopened), "session"))
	}
	t := waits(caption, names, all)
	t.Head[1] = "times"
	return []table{t}
}

func failures(list []results.LoadFailure) []table {
	if len(list) == 0 {
		return nil
	}
	t := table{Caption: "The most frequent failures", Head: []string{"outcome", "calls", "why"}}
	for _, f := range list {
		t.Rows = append(t.Rows, []string{f.Outcome, grouped(f.Count), cut(f.Detail)})
	}
	return []table{t}
}

func trials(c *results.LoadCapacity) []table {
	if c == nil {
		return nil
	}
	t := table{Caption: "Trials of the search: " + c.Why, Head: []string{"rate", "phase", "verdict", "results/s", "p50",
		"p99", "errors", "why"}}
	for _, r := range c.Trials {
		t.Rows = append(t.Rows, []string{figure(r.Rate) + "/s", r.Phase, r.Verdict, figure(r.Achieved), millis(r.P50),
			millis(r.P99), figure(r.Errors*100) + " %", cut(r.Why)})
	}
	return []table{t}
}

// seriesAxis is the time that a series takes, and how its instants are written.
func seriesAxis(series []results.LoadInterval) (x axis, label func(float64) string) {
	last := series[len(series)-1]
	x = axis{series[0].At, last.At + last.Seconds}
	step := seconds(timeStep((x.hi - x.lo) / 5))
	return x, func(v float64) string { return clock(seconds(v), step) }
}

// A band of a series: what it is called, how it is drawn, and its value in an
// interval.
type strand struct {
	class, key, name string
	value            func(results.LoadInterval) float64
}

func perSecond(count func(results.LoadInterval) int64) func(results.LoadInterval) float64 {
	return func(i results.LoadInterval) float64 {
		if i.Seconds <= 0 {
			return 0
		}
		return float64(count(i)) / i.Seconds
	}
}

// throughput draws what came of the calls, a second.
func throughput(id string, l *results.Load) chart {
	series := l.Series
	asked := strand{"declared", "key-declared", "asked", func(i results.LoadInterval) float64 {
		if length := min(i.Seconds, l.Seconds-i.At); length > 0.001 {
			return float64(i.Due) / length
		}
		return 0
	}}
	if l.Arrivals == "closed" { // a reply asks for the next call: what is asked is what is achieved
		asked.value = func(results.LoadInterval) float64 { return 0 }
	}
	strands := []strand{
		asked,
		{"granted", "key-granted", "results", perSecond(func(i results.LoadInterval) int64 { return i.OK })},
		{"lost refused", "key-lost-refused", "refused",
			perSecond(func(i results.LoadInterval) int64 { return i.Refused })},
		{"lost failed", "key-lost-failed", "failed", perSecond(func(i results.LoadInterval) int64 { return i.Failed })},
		{"lost failed", "key-lost-failed", "closed while idle",
			perSecond(func(i results.LoadInterval) int64 { return i.ClosedIdle })},
		{"sent", "key-sent", "unsent", perSecond(func(i results.LoadInterval) int64 { return i.Unsent })},
	}
	strands = slices.DeleteFunc(strands, func(s strand) bool {
		return s.name != "results" && !slices.ContainsFunc(series,
			func(i results.LoadInterval) bool { return s.value(i) > 0 })
	})
	highest := 1.0
	for _, s := range strands {
		for _, i := range series {
			highest = max(highest, s.value(i))
		}
	}
	highest *= 1.08
	y := func(v float64) float64 { return latencyHeight - latencyHeight*v/highest }
	title, lead := "Calls a second", "What came of the calls, by when they ended."
	if strands[0].name == "asked" {
		title, lead = "Asked and achieved, calls a second", lead+" What was asked, by when it was due."
	}
	c := drawStrands(id, title, series, strands, y, axis{0, highest}.ticks(4), short, figure)
	c.Lead = lead
	return c
}

// loadLatency draws quantiles in every interval.
func loadLatency(id string, series []results.LoadInterval) chart {
	strands := []strand{
		{"granted", "key-granted", "p50", func(i results.LoadInterval) float64 { return i.P50 }},
		{"lost refused", "key-lost-refused", "p99", func(i results.LoadInterval) float64 { return i.P99 }},
		{"sent", "key-sent", "max", func(i results.LoadInterval) float64 { return i.Max }},
	}
	scale := axis{math.Inf(1), math.Inf(-1)}
	log := func(ms float64) float64 { return math.Log10(max(ms, 1e-3)) }
	for _, i := range series {
		if i.Max > 0 {
			scale = axis{min(scale.lo, log(i.P50)), max(scale.hi, log(i.Max))}
		}
	}
	if scale.lo >= scale.hi {
		scale = axis{-1, 1}
	}
	scale = scale.padded(0.06)
	y := func(ms float64) float64 { return latencyHeight - latencyHeight*scale.share(log(ms)) }
	var ticks []float64
	for _, v := range scale.decades() {
		ticks = append(ticks, math.Pow(10, v))
	}
	c := drawStrands(id, "Latency in each interval", series, strands, y, ticks, millis, millis)
	c.Lead = "What callers waited from the instant due, on a logarithmic scale."
	return c
}

// drawStrands draws lines over time. An interval in which nothing happened leaves
// a gap in a line that knows no 0.
func drawStrands(id, title string, series []results.LoadInterval, strands []strand, y func(float64) float64,
	ticks []float64, tick, cell func(float64) string) chart {
	x, label := seriesAxis(series)
	d := &drawing{height: latencyHeight}
	d.yTicks(ticks, y, tick)
	d.xTicks(x, x.every(timeStep((x.hi-x.lo)/5)), label)
	c := chart{ID: id, Title: title, Table: table{Caption: title, Head: []string{"from"}}}
	for k := len(strands) - 1; k >= 0; k-- { // the first lies on top
		var b strings.Builder
		verb := "M"
		for _, i := range series {
			if i.OK+i.Refused+i.Failed+i.Unsent+i.ClosedIdle == 0 && cell(0) != "0" {
				verb = "M"
				continue
			}
			fmt.Fprintf(&b, "%s%s %s", verb, unit(x.share(i.At+i.Seconds/2)), px(y(strands[k].value(i))))
			verb = "L"
		}
		d.path(strands[k].class, b.String())
	}
	for _, s := range strands {
		c.Legend = append(c.Legend, key{s.key, s.name})
		c.Table.Head = append(c.Table.Head, s.name)
	}
	for _, i := range series {
		row := []string{clock(seconds(i.At), 100*time.Millisecond)}
		for _, s := range strands {
			row = append(row, cell(s.value(i)))
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	d.level("axis", latencyHeight)
	c.SVG = d.svg(title)
	return c
}
