package page

import (
	"fmt"
	"math"
	"slices"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/mcpload/mcpload/results"
)

// nines are the percentiles that are marked, as far as there are calls enough to tell.
var nines = []float64{0, 50, 90, 99, 99.9, 99.99, 99.999}

// percentiles draws the distribution of what callers waited as HdrHistogram's plotter
// does: each further nine of a percentile takes as much room as the one before. False
// where there is no distribution.
func percentiles(id string, l *results.Load) (chart, bool) {
	h, err := hdr.Decode([]byte(l.HDR))
	if err != nil || h.TotalCount() < 2 {
		return chart{}, false
	}
	n := float64(h.TotalCount())
	place := func(percentile float64) float64 { return -math.Log10(1 - percentile/100) } // the number of nines
	last := place(100 - 100/n)
	x := axis{0, max(last, place(90)) * 1.04}
	at := func(percentile float64) float64 { return float64(h.ValueAtQuantile(percentile)) / 1e6 }
	log := func(ms float64) float64 { return math.Log10(max(ms, 1e-3)) }
	scale := axis{log(at(0)), log(float64(h.Max()) / 1e6)}
	if scale.hi-scale.lo < 0.2 {
		scale = axis{scale.lo - 0.1, scale.hi + 0.1}
	}
	scale = scale.padded(0.06)
	y := func(ms float64) float64 { return latencyHeight - latencyHeight*scale.share(log(ms)) }
	d := &drawing{height: latencyHeight}
	d.yTicks(latencyTicks(scale), y, millis)
	var grid, line strings.Builder
	c := chart{ID: id, Title: "Latency by percentile", Lead: "What callers waited from the instant due, " +
		counted(int(n), "call") + ".",
		Table: table{Caption: "Latency by percentile", Head: []string{"percentile", "at most", "calls above"}}}
	for _, p := range nines {
		if place(p) > last {
			break
		}
		fmt.Fprintf(&grid, "M%s 0V%d", unit(x.share(place(p))), latencyHeight)
		d.text("tick", x.share(place(p)), 0, latencyHeight+17, "middle", trimmed(p, 3)+" %")
		c.Table.Rows = append(c.Table.Rows, []string{trimmed(p, 3) + " %", millis(at(p)),
			grouped(int64(n * (1 - p/100)))})
	}
	c.Table.Rows = append(c.Table.Rows, []string{"100 %", millis(float64(h.Max()) / 1e6), "0"})
	d.path("grid xgrid", grid.String())
	const steps = 300
	for k := range steps + 1 {
		nines := last * float64(k) / steps
		verb := "L"
		if k == 0 {
			verb = "M"
		}
		fmt.Fprintf(&line, "%s%s %s", verb, unit(x.share(nines)), px(y(at(100*(1-math.Pow(10, -nines))))))
	}
	d.path("granted", line.String())
	d.level("axis", latencyHeight)
	c.SVG = d.svg("Latency by percentile")
	return c, true
}

// latencyTicks are powers of ten of a millisecond on a scale of such, with what lies
// between them where there is but one.
func latencyTicks(scale axis) (ticks []float64) {
	for _, m := range []float64{1, 2, 5} {
		if m > 1 && len(ticks) > 1 {
			break
		}
		for k := math.Floor(scale.lo); k <= scale.hi; k++ {
			if v := k + math.Log10(m); v >= scale.lo && v <= scale.hi {
				ticks = append(ticks, m*math.Pow(10, k))
			}
		}
	}
	return ticks
}

// plain draws strands from 0 up.
func plain(id, title, lead string, series []results.LoadInterval, strands []strand, tick,
	cell func(float64) string) chart {
	highest := 0.0
	for _, s := range strands {
		for _, i := range series {
			highest = max(highest, s.value(i))
		}
	}
	if highest *= 1.08; highest == 0 {
		highest = 1
	}
	y := func(v float64) float64 { return latencyHeight - latencyHeight*v/highest }
	c := drawStrands(id, title, series, strands, y, axis{0, highest}.ticks(4), tick, cell)
	c.Lead = lead
	return c
}

// inFlight draws how many calls waited for a reply.
func inFlight(id string, series []results.LoadInterval) chart {
	return plain(id, "Calls in flight", "Calls without a reply, on average over each interval.", series,
		[]strand{{"granted", "key-granted", "in flight", func(i results.LoadInterval) float64 { return i.InFlight }}},
		short, figure)
}

// errorShare draws how many of the calls came to no result; false where all did.
func errorShare(id string, series []results.LoadInterval) (chart, bool) {
	of := func(count func(results.LoadInterval) int64) func(results.LoadInterval) float64 {
		return func(i results.LoadInterval) float64 {
			if all := i.OK + i.Refused + i.Failed + i.Unsent + i.ClosedIdle; all > 0 {
				return 100 * float64(count(i)) / float64(all)
			}
			return 0
		}
	}
	strands := []strand{
		{"lost failed", "key-lost-failed", "failed", of(func(i results.LoadInterval) int64 {
			return i.Failed + i.ClosedIdle
		})},
		{"lost refused", "key-lost-refused", "refused", of(func(i results.LoadInterval) int64 { return i.Refused })},
		{"sent", "key-sent", "unsent", of(func(i results.LoadInterval) int64 { return i.Unsent })},
	}
	strands = slices.DeleteFunc(strands, func(s strand) bool {
		return !slices.ContainsFunc(series, func(i results.LoadInterval) bool { return s.value(i) > 0 })
	})
	percent := func(v float64) string { return figure(v) + " %" }
	return plain(id, "Calls without a result", "Of those that ended in each interval.", series, strands, percent,
		percent), len(strands) > 0
}

// serverUse draws what the server's processes used, where they are ours.
func serverUse(id string, s *results.LoadServer) []chart {
	if s == nil || len(s.Series) < 2 {
		return nil
	}
	series := make([]results.LoadInterval, len(s.Series))
	from := 0.0
	for k, u := range s.Series { // the strands look the rest up by the instant
		series[k] = results.LoadInterval{At: from, Seconds: u.At - from, OK: int64(k) + 1}
		from = u.At
	}
	use := func(get func(results.LoadUsage) float64) func(results.LoadInterval) float64 {
		return func(i results.LoadInterval) float64 { return get(s.Series[i.OK-1]) }
	}
	cores := func(v float64) string { return figure(v) + " cores" }
	memory := func(v float64) string { return figure(v) + " MiB" }
	return []chart{
		plain(id+"-cpu", "The server's CPU", "Of its process and those that it started.", series,
			[]strand{{"granted", "key-granted", "cores in use",
				use(func(u results.LoadUsage) float64 { return u.CPU })}}, figure, cores),
		plain(id+"-memory", "The server's memory", "What is resident of its process and those that it started.", series,
			[]strand{{"granted", "key-granted", "resident",
				use(func(u results.LoadUsage) float64 { return u.RSS / (1 << 20) })}}, memory, memory),
	}
}
