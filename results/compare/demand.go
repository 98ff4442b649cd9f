package compare

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
)

// A Demand is the most that a figure may change: p99=+20%, overload:p50=+25ms,
// rate=-5%, burst=-1, failed=+0.5pp.
type Demand struct {
	Scenario string  // of a latency or a share; "" is all scenarios together
	Metric   string  // p50 … p999, rate, burst, failed or refused
	Limit    float64 // with its sign: what grows must not grow by more, what falls not fall by more
	Unit     string  // "%", "ms", "pp" (hundredths of all calls), or "" (tokens, tokens a second)
	text     string
}

// A Decision is what came of a demand for one server.
type Decision struct {
	Demand  string  `json:"demand"`
	Server  string  `json:"server"`
	Outcome Outcome `json:"outcome"`
	Saw     string  `json:"saw"`
}

// String is the demand as it was written.
func (d Demand) String() string { return d.text }

var demandForm = regexp.MustCompile(`^(?:([^:=]+):)?([a-z0-9]+)=([+-])(\d+(?:\.\d+)?)(%|pp|ms|s|us|µs)?$`)

// units are those that a kind of metric takes.
var units = map[string][]string{"latency": {"%", "ms"}, "share": {"%", "pp"}, "limit": {"%", ""}}

func kindOf(metric string) string {
	switch {
	case levels[metric] > 0:
		return "latency"
	case metric == "failed" || metric == "refused":
		return "share"
	case metric == "rate" || metric == "burst":
		return "limit"
	}
	return ""
}

// ParseDemands reads several demands.
func ParseDemands(list []string) (demands []Demand, err error) {
	for _, text := range list {
		d, err := ParseDemand(text)
		if err != nil {
			return nil, err
		}
		demands = append(demands, d)
	}
	return demands, nil
}

// ParseDemand reads a demand.
func ParseDemand(s string) (Demand, error) {
	m := demandForm.FindStringSubmatch(s)
	if m == nil {
		return Demand{}, fmt.Errorf("%q is no demand such as p99=+20%%, overload:p50=+25ms, rate=-5%%, burst=-1 or "+
			"failed=+0.5pp", s)
	}
	d := Demand{Scenario: m[1], Metric: m[2], Unit: m[5], text: s}
	kind := kindOf(d.Metric)
	if kind == "" {
		return Demand{}, fmt.Errorf("%q: no metric is named %q: there are p50, p90, p95, p99, p999, rate, burst, "+
			"failed and refused", s, d.Metric)
	}
	value, err := strconv.ParseFloat(m[4], 64)
	if err != nil {
		return Demand{}, fmt.Errorf("%q: %w", s, err)
	}
	if kind == "latency" && strings.HasSuffix(d.Unit, "s") {
		length, err := time.ParseDuration(m[4] + d.Unit)
		if err != nil {
			return Demand{}, fmt.Errorf("%q: %w", s, err)
		}
		value, d.Unit = length.Seconds()*1e3, "ms"
	}
	if !slices.Contains(units[kind], d.Unit) {
		return Demand{}, fmt.Errorf("%q: %s takes %s", s, d.Metric,
			map[string]string{"latency": "% or ms", "share": "% or pp", "limit": "% or a plain number"}[kind])
	}
	if kind == "limit" && d.Scenario != "" {
		return Demand{}, fmt.Errorf("%q: a server's %s has no scenario", s, d.Metric)
	}
	d.Limit = value
	if m[3] == "-" {
		d.Limit = -value
	}
	return d, nil
}

// judge decides a demand for a server. What the server has no figure of is an
// error.
func (d Demand) judge(s *Server, base, now []part, o Options) (Decision, error) {
	var lo, hi float64
	var why string
	var err error
	switch kindOf(d.Metric) {
	case "latency":
		lo, hi, why, err = d.latency(s, o)
	case "share":
		lo, hi, why, err = d.share(s, base, now, o)
	default:
		lo, hi, why, err = d.bound(s)
	}
	made := Decision{Demand: d.text, Server: s.Server, Outcome: Undecided, Saw: why}
	if err != nil || why != "" {
		return made, err
	}
	made.Saw = fmt.Sprintf("changed by %s to %s", d.words(lo), d.words(hi))
	switch {
	case d.Limit >= 0 && lo > d.Limit, d.Limit < 0 && hi < d.Limit:
		made.Outcome = Regression
	case d.Limit >= 0 && hi <= d.Limit, d.Limit < 0 && lo >= d.Limit:
		made.Outcome = Fine
	}
	return made, nil
}

// words say a change in the demand's unit.
func (d Demand) words(x float64) string {
	if math.IsInf(x, 0) {
		return map[bool]string{true: "+∞", false: "-∞"}[x > 0]
	}
	return fmt.Sprintf("%+.3g%s", x, d.Unit)
}

// row is the row that a demand is about.
func (d Demand) row(s *Server) (*Row, error) {
	for i := range s.Rows {
		if s.Rows[i].Scenario == d.Scenario || d.Scenario == "" && len(s.Rows) == 1 {
			return &s.Rows[i], nil
		}
	}
	if d.Scenario == "" {
		return nil, errors.New("no scenario is on both sides")
	}
	return nil, fmt.Errorf("no scenario %q is on both sides", d.Scenario)
}

// latency bounds the change of a quantile, at a confidence of 95 % for all demands
// together. A difference within the noise is no change.
func (d Demand) latency(s *Server, o Options) (lo, hi float64, why string, err error) {
	row, err := d.row(s)
	if err != nil {
		return 0, 0, "", err
	}
	if row.samples[0].lost+row.samples[1].lost == 0 && min(row.N[0], row.N[1]) == 0 {
		return 0, 0, "", errors.New("no call was admitted, so there is no latency")
	}
	alpha := (1 - Confidence) / float64(o.judgements)
	if why := row.lacks(d.Metric, alpha); why != "" {
		return 0, 0, why, nil
	}
	noise := o.Noise.Seconds() * 1e3
	differ := func(was, is []float64) (lo, hi float64) {
		base, now := row.draws(s.Server, d.Metric, alpha, o.Seed, was, is)
		for i := range now {
			change := now[i] - base[i]
			if math.Abs(change) <= noise {
				change = 0
			}
			if d.Unit == "%" {
				change = 100 * change / base[i]
			}
			now[i] = change
		}
		return interval(now, alpha)
	}
	broken := func(was, is []float64) bool {
		lo, hi := differ(was, is)
		return lo > d.Limit && d.Limit >= 0 || hi < d.Limit && d.Limit < 0
	}
	base, now := row.samples[0], row.samples[1]
	lo, hi = differ(base.all, now.all)
	if !broken(base.all, now.all) {
		return lo, hi, "", nil
	}
	if !apart(base, now, levels[d.Metric]) {
		return 0, 0, noisy, nil
	}
	if why := row.without(broken, enough(levels[d.Metric], alpha)); why != "" {
		return 0, 0, why, nil
	}
	return lo, hi, "", nil
}

// share bounds the change of a share of the calls that were sent: Newcombe's
// hybrid score interval (Interval Estimation for the Difference Between
// Independent Proportions, 1998, method 10), at a confidence as latency's.
func (d Demand) share(s *Server, base, now []part, o Options) (lo, hi float64, why string, err error) {
	row, err := d.row(s)
	if err != nil {
		return 0, 0, "", err
	}
	var some, sent [2]float64
	for i, parts := range [][]part{base, now} {
		for _, r := range s.Rows {
			if r.Scenario == "" || row.Scenario != "" && r.Scenario != row.Scenario {
				continue
			}
			for _, sc := range scenariosOf(parts, r.Scenario) {
				sent[i] += float64(sc.Calls.Sent)
				if d.Metric == "refused" {
					some[i] += float64(sc.Calls.Limited)
				} else {
					some[i] += float64(sc.Calls.Failed + sc.Calls.Unknown)
				}
			}
		}
		if sent[i] == 0 {
			return 0, 0, "", errors.New("no call was sent")
		}
	}
	z := normalQuantile(1 - (1-Confidence)/float64(o.judgements)/2)
	lo, hi = newcombe(some, sent, z)
	if d.Unit == "pp" {
		return 100 * lo, 100 * hi, "", nil
	}
	p := some[0] / sent[0]
	if p == 0 {
		return 0, 0, "there were none in BASE, so that no percentage of them can be told; use pp", nil
	}
	return 100 * lo / p, 100 * hi / p, "", nil
}

// bound bounds the change of a certified rate or burst: with certainty, not
// confidence.
func (d Demand) bound(s *Server) (lo, hi float64, why string, err error) {
	if len(s.Measured.base) == 0 || len(s.Measured.now) == 0 {
		if s.Measured.Why == "not measured on both sides" {
			return 0, 0, "", fmt.Errorf("no %s was measured on both sides; it is a limit's, as run "+
				"measures it", d.Metric)
		}
		return 0, 0, s.Measured.Why, nil
	}
	of := func(m results.Measured) results.Range { return m.Rate }
	if d.Metric == "burst" {
		of = func(m results.Measured) results.Range { return m.Burst }
	}
	b, n := s.Measured.base.hull(of), s.Measured.now.hull(of)
	lo, hi = n.Lo-b.Hi, n.Hi-b.Lo
	if d.Unit == "%" {
		lo, hi = 100*(n.Lo/b.Hi-1), 100*(n.Hi/b.Lo-1) // by 0 is +Inf, which bounds nothing
	}
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return 0, 0, "the limit is measured on neither side", nil
	}
	return lo, hi, "", nil
}

// newcombe is the interval of a difference of shares.
func newcombe(some, of [2]float64, z float64) (lo, hi float64) {
	p1, l1, u1 := wilson(some[1], of[1], z)
	p0, l0, u0 := wilson(some[0], of[0], z)
	d := p1 - p0
	return d - math.Hypot(p1-l1, u0-p0), d + math.Hypot(u1-p1, p0-l0)
}

// wilson is a share and its score interval.
func wilson(some, of, z float64) (p, lo, hi float64) {
	p = some / of
	middle := (p + z*z/(2*of)) / (1 + z*z/of)
	half := z / (1 + z*z/of) * math.Sqrt(p*(1-p)/of+z*z/(4*of*of))
	return p, max(middle-half, 0), min(middle+half, 1)
}

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
