package compare

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A Trend is one figure of one server over many runs.
type Trend struct {
	Schema string  `json:"schema"`
	Server string  `json:"server"`
	Metric string  `json:"metric"`
	Target string  `json:"target"`          // how it was reached: that of the newest run
	Label  string  `json:"label,omitempty"` // what it is known by: that of the newest run
	Unit   string  `json:"unit,omitempty"`
	Points []Point `json:"points"` // the oldest first

	LeftOut int `json:"left_out,omitempty"` // runs of another target, or that reached it in another way
	Empty   int `json:"empty,omitempty"`    // points without a value
	Open    int `json:"open,omitempty"`     // points with one bound only, which have no value
}

// A Point is one run. A certified figure has two bounds; one that is only known to be at
// most or at least something (0–92, or 15 and up) has no value, and breaks no series.
type Point struct {
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
	Verdict string    `json:"verdict"`
	Value   *float64  `json:"value,omitempty"` // a latency; the middle of a box that has one
	Lo      *float64  `json:"lo,omitempty"`
	Hi      *float64  `json:"hi,omitempty"`
	N       int       `json:"n,omitempty"`      // admitted calls behind a latency
	Change  string    `json:"change,omitempty"` // what changed here; empty where nothing is known to have
	Law     string    `json:"law,omitempty"`    // that the server was held to, of a law's number

	box region
}

// A Past is a server in one run.
type Past struct {
	Run     string
	Started time.Time
	Server  *results.Server
}

// Metrics are what a trend can show; of further laws the number is law2, law3 and so on.
func Metrics() []string {
	return []string{"p50", "p90", "p95", "p99", "p999", "max", "rate", "burst", "law1", "verdict"}
}

// IsMetric reports if a trend can show it.
func IsMetric(name string) bool { return slices.Contains(Metrics(), name) || lawPlace(name) >= 0 }

// lawPlace is the place, from 0, of the law that a metric is about; -1 where it is about none.
func lawPlace(metric string) int {
	n, found := strings.CutPrefix(metric, "law")
	k, err := strconv.Atoi(n)
	if !found || err != nil || k < 1 || k > promise.MaxLaws {
		return -1
	}
	return k - 1
}

// Trends follows a metric through a server's runs, the oldest first, and marks its
// change points: of a latency by the e-divisive method (Matteson and James 2014);
// of the certified rate and burst where no token bucket fits all boxes since the
// last change, which is proven; of the verdict where it is another.
func Trends(past []Past, metric string, seed uint64) (*Trend, error) {
	if !IsMetric(metric) {
		return nil, fmt.Errorf("no metric is named %q: there are %s", metric, strings.Join(Metrics(), ", "))
	}
	if len(past) == 0 {
		return nil, fmt.Errorf("there is no run to show")
	}
	newest := past[len(past)-1].Server
	t := &Trend{Schema: "mcpload.history/v1", Server: newest.Server, Metric: metric, Target: newest.Target.String(),
		Label: newest.Target.Label, Points: []Point{}}
	for _, p := range past {
		if p.Server.Target.Identity() != newest.Target.Identity() {
			t.LeftOut++
			continue
		}
		t.Points = append(t.Points, point(p, metric))
	}
	kind := metric
	if lawPlace(metric) >= 0 {
		kind = "law"
	}
	switch kind {
	case "verdict":
		t.markVerdicts()
	case "rate", "burst":
		t.Unit = map[string]string{"rate": "tokens/s", "burst": "tokens"}[metric]
		t.markBoxes(region.String, "no token bucket fits both")
	case "law":
		t.Unit = "units"
		t.markBoxes(func(r region) string { return r[0].Burst.String() }, "no number fits both")
	default:
		t.Unit = "ms"
		t.markLatencies(seed)
	}
	for _, p := range t.Points {
		switch {
		case metric == "verdict" || p.Value != nil:
		case p.Lo == nil:
			t.Empty++
		default:
			t.Open++
		}
	}
	return t, nil
}

// point takes a metric out of a run.
func point(p Past, metric string) Point {
	out := Point{Run: p.Run, Started: p.Started, Verdict: p.Server.Verdict.String()}
	if x := lawPlace(metric); x >= 0 {
		if x < len(p.Server.Laws) {
			out.Law = p.Server.Laws[x].Law
			out.bounds(p.Server.Laws[x].Units)
			out.box = region{{Burst: p.Server.Laws[x].Units}} // of no rate
		}
		return out
	}
	switch metric {
	case "verdict":
	case "rate", "burst":
		m := p.Server.Measured
		if m == nil {
			break
		}
		out.box = regionOf(m)
		r := m.Rate
		if metric == "burst" {
			r = m.Burst
		}
		out.bounds(r)
	default:
		if q := p.Server.Waited(); q.N > 0 {
			value := map[string]float64{"p50": q.P50, "p90": q.P90, "p95": q.P95, "p99": q.P99, "p999": q.P999,
				"max": q.Max}[metric]
			out.Value, out.N = &value, q.N
		}
	}
	return out
}

// bounds takes a certified figure in.
func (p *Point) bounds(r results.Range) {
	p.Lo = &r.Lo
	if !math.IsInf(r.Hi, 1) {
		p.Hi = &r.Hi
	}
	if r.Bounded() {
		middle := (r.Lo + r.Hi) / 2
		p.Value = &middle
	}
}

func (t *Trend) markVerdicts() {
	for i := 1; i < len(t.Points); i++ {
		if was, is := t.Points[i-1].Verdict, t.Points[i].Verdict; was != is {
			t.Points[i].Change = was + " → " + is
		}
	}
}

// markBoxes marks the fewest changes that the boxes prove: a series that fits one
// bucket is one, however its boxes wander.
func (t *Trend) markBoxes(says func(region) string, proof string) {
	var since region
	law := ""
	for i := range t.Points {
		p := &t.Points[i]
		if len(p.box) == 0 {
			continue
		}
		if since == nil || p.Law != law {
			if since != nil {
				p.Change = "another law is promised: " + p.Law
			}
			since, law = p.box, p.Law
			continue
		}
		both := intersect(since, p.box)
		if len(both) == 0 {
			p.Change = fmt.Sprintf("proven: %s before, %s now: %s", says(since), says(p.box), proof)
			both = p.box
		}
		since = both
	}
}

func (t *Trend) markLatencies(seed uint64) {
	var values []float64
	var at []int
	for i, p := range t.Points {
		if p.Value != nil {
			values, at = append(values, *p.Value), append(at, i)
		}
	}
	found := changePoints(values, seed)
	for i, c := range found {
		from, to := 0, len(values)
		if i > 0 {
			from = found[i-1].at
		}
		if i+1 < len(found) {
			to = found[i+1].at
		}
		t.Points[at[c.at]].Change = fmt.Sprintf("median %s before, %s since (p=%.3f)", ms(median(values[from:c.at])),
			ms(median(values[c.at:to])), c.p)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return quantile(sorted, 0.5)
}

// Rows are the trend's points, a row a run; a terminal is shown a line of them.
func (t *Trend) Rows(ascii bool) export.Rows {
	sheet := screen.Sheet{Header: []string{"run", "started", "server", "target", "verdict", "metric", "value", "lo",
		"hi", "n", "change", "label"}}
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	for _, p := range t.Points {
		sheet.Add(p.Run, p.Started.UTC().Format(time.RFC3339), t.Server, t.Target, p.Verdict, t.Metric,
			number(p.Value), number(p.Lo), number(p.Hi), p.N, p.Change, t.Label)
	}
	return export.Rows{Document: t, Sheets: []screen.Sheet{sheet},
		Text: func(w io.Writer) error { return t.Sparkline(w, ascii) }}
}
