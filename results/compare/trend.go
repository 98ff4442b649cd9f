package compare

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
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

	box region
}

// A Past is a server in one run.
type Past struct {
	Run     string
	Started time.Time
	Server  *results.Server
}

// Metrics are what a trend can show.
func Metrics() []string {
	return []string{"p50", "p90", "p95", "p99", "p999", "max", "rate", "burst", "verdict"}
}

// Trends follows a metric through a server's runs, the oldest first, and marks its
// change points: of a latency by the e-divisive method (Matteson and James 2014);
// of the certified rate and burst where no token bucket fits all boxes since the
// last change, which is proven; of the verdict where it is another.
func Trends(past []Past, metric string, seed uint64) (*Trend, error) {
	if !slices.Contains(Metrics(), metric) {
		return nil, fmt.Errorf("compare: no metric is named %q: there are %s", metric, strings.Join(Metrics(), ", "))
	}
	if len(past) == 0 {
		return nil, fmt.Errorf("compare: there is no run to show")
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
	switch metric {
	case "verdict":
		t.markVerdicts()
	case "rate", "burst":
		t.Unit = map[string]string{"rate": "tokens/s", "burst": "tokens"}[metric]
		t.markBoxes()
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
		out.Lo = &r.Lo
		if !math.IsInf(r.Hi, 1) {
			out.Hi = &r.Hi
		}
		if r.Bounded() {
			middle := (r.Lo + r.Hi) / 2
			out.Value = &middle
		}
	default:
		if q := p.Server.Waited(); q.N > 0 {
			value := map[string]float64{"p50": q.P50, "p90": q.P90, "p95": q.P95, "p99": q.P99, "p999": q.P999, "max": q.Max}[metric]
			out.Value, out.N = &value, q.N
		}
	}
	return out
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
func (t *Trend) markBoxes() {
	var since region
	for i := range t.Points {
		p := &t.Points[i]
		if len(p.box) == 0 {
			continue
		}
		if since == nil {
			since = p.box
			continue
		}
		both := intersect(since, p.box)
		if len(both) == 0 {
			p.Change = fmt.Sprintf("proven: %s before, %s now: no token bucket fits both", since, p.box)
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
		t.Points[at[c.at]].Change = fmt.Sprintf("median %s before, %s since (p=%.3f)", ms(median(values[from:c.at])), ms(median(values[c.at:to])), c.p)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return quantile(sorted, 0.5)
}

// CSV writes a line a run.
func (t *Trend) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"run", "started", "server", "target", "verdict", "metric", "value", "lo", "hi", "n", "change", "label"}}
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	for _, p := range t.Points {
		rows = append(rows, []string{p.Run, p.Started.UTC().Format(time.RFC3339), t.Server, t.Target, p.Verdict, t.Metric, number(p.Value), number(p.Lo), number(p.Hi), strconv.Itoa(p.N), p.Change, t.Label})
	}
	return out.WriteAll(rows)
}
