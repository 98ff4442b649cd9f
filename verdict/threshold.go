package verdict

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A Metric is what a threshold demands something of.
type Metric string

// The metrics. A share is one of the calls that were sent, from 0 to 1.
const (
	Latency    Metric = ""            // a quantile of what callers waited, from the due instant
	Mean       Metric = "mean"        // of the same
	Errors     Metric = "errors"      // share without a result, refusals among them
	Refused    Metric = "refused"     // share refused by a rate limit
	TimedOut   Metric = "timeouts"    // share without a reply in time
	ToolErrors Metric = "tool-errors" // share whose tool result says isError
	Rate       Metric = "rate"        // calls a second that got a result
)

// A Threshold is a demand such as p99<500ms, errors<0.1% or
// p99{tool=search}<1s.
type Threshold struct {
	Metric   Metric
	Quantile float64       // of Latency: in [0, 1]; 1 is the maximum
	Tool     string        // of this tool or method alone; empty: of all calls
	Op       string        // <, <=, > or >=
	Max      time.Duration // of Latency and Mean
	Bound    float64       // of the others: a share, or calls a second
	Text     string        // as it was given
}

var thresholdForm = regexp.MustCompile(
	`^\s*(?:p\(?(\d{1,2}(?:\.\d+)?)\)?|([a-z-]+))\s*(?:\{\s*tool\s*[=:]\s*([^{}]+?)\s*\})?\s*(<=|>=|<|>)\s*(\S+)\s*$`)

// ParseThreshold reads `p99<500ms`, `p(99.9) < 1s`, `max<2s`, `errors<0.1%`,
// `rate>=1900/s`, each also of one tool: `p99{tool=search}<1s`. A time without
// a unit is taken as milliseconds, as k6 does; a share is in percent, or from
// 0 to 1.
func ParseThreshold(s string) (Threshold, error) {
	m := thresholdForm.FindStringSubmatch(s)
	if m == nil {
		return Threshold{}, fmt.Errorf("%q is not a threshold, want such as p99<500ms, max<2s, errors<0.1%% or "+
			"rate>=100/s", s)
	}
	t := Threshold{Tool: m[3], Op: m[4], Text: strings.Join(strings.Fields(s), "")}
	switch m[2] {
	case "":
		q, err := strconv.ParseFloat(m[1], 64)
		if err != nil || q <= 0 {
			return Threshold{}, fmt.Errorf("%q: %s is not a percentile above 0 and below 100", s, m[1])
		}
		t.Quantile = q / 100
	case "max":
		t.Quantile = 1
	case "med":
		t.Quantile = 0.5
	case "mean", "avg":
		t.Metric = Mean
	default:
		t.Metric = Metric(m[2])
		if known := []Metric{Errors, Refused, TimedOut, ToolErrors, Rate}; !slices.Contains(known, t.Metric) {
			return Threshold{}, fmt.Errorf("%q: there is no metric %q, only p1 to p99.999, max, med, mean, errors, "+
				"refused, timeouts, tool-errors and rate", s, m[2])
		}
	}
	if err := t.bound(m[5]); err != nil {
		return Threshold{}, fmt.Errorf("%q: %w", s, err)
	}
	return t, nil
}

// bound reads what the metric is held to.
func (t *Threshold) bound(text string) error {
	switch t.Metric {
	case Latency, Mean:
		with := text
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			with += "ms"
		}
		d, err := time.ParseDuration(with)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is not a time such as 500ms", text)
		}
		t.Max = d
	case Rate:
		r, err := promise.ParseRate(text)
		if err != nil {
			return err
		}
		t.Bound = r
	default:
		number, percent := strings.CutSuffix(text, "%")
		x, err := strconv.ParseFloat(number, 64)
		if percent {
			x /= 100
		}
		if err != nil || !(0 <= x && x <= 1) {
			return fmt.Errorf("%q is not a share such as 0.1%%", text)
		}
		t.Bound = x
	}
	return nil
}

// Holds reports if a value keeps the threshold: nanoseconds of Latency and
// Mean, a share, or calls a second.
func (t Threshold) Holds(value float64) bool {
	bound := t.Bound
	if t.Timed() {
		bound = float64(t.Max)
	}
	switch t.Op {
	case "<=":
		return value <= bound
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	default:
		return value < bound
	}
}

// Timed reports if the threshold is one of time.
func (t Threshold) Timed() bool { return t.Metric == Latency || t.Metric == Mean }

// ForRuns says why a threshold can't be judged by LatencyCheck, which knows
// upper bounds on the latency of admitted calls.
func (t Threshold) ForRuns() error {
	if t.Metric != Latency || t.Tool != "" || t.Op != "<" {
		return fmt.Errorf("%q: run knows demands on latency only, such as p99<500ms; mcpload load knows the others",
			t.Text)
	}
	return nil
}
