package results

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// Prometheus writes a finished document in Prometheus' text exposition format,
// version 0.0.4, for a node exporter's text file collector or a push gateway. A
// figure that nobody measured has no sample. It fails with ErrUnfinished where
// Finish wasn't called.
func Prometheus(w io.Writer, d *Document) error {
	if d.Schema != Schema {
		return ErrUnfinished
	}
	e := &exposition{}
	for _, family := range []func(*exposition, *Document){
		promRun, promVerdicts, promLimits, promMeasured, promCalls, promLatency, promLate,
	} {
		family(e, d)
	}
	_, err := io.WriteString(w, e.b.String())
	return err
}

// An exposition is a text of metric families.
type exposition struct {
	b    strings.Builder
	name string
}

// family begins a metric family: its samples follow.
func (e *exposition) family(name, kind, help string) {
	e.name = name
	fmt.Fprintf(&e.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample adds a sample of the family. labels are names and values in turn.
func (e *exposition) sample(suffix string, value float64, labels ...string) {
	e.b.WriteString(e.name + suffix)
	for i := 0; i < len(labels); i += 2 {
		e.b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		e.b.WriteString(labels[i] + `="` + promEscapes.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD")) + `"`)
	}
	if len(labels) > 0 {
		e.b.WriteByte('}')
	}
	text := strconv.FormatFloat(value, 'g', -1, 64)
	if math.IsInf(value, 1) {
		text = "+Inf"
	}
	e.b.WriteString(" " + text + "\n")
}

var promEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func promRun(e *exposition, d *Document) {
	e.family("mcpload_run_info", "gauge", "Always 1; what made the run.")
	e.sample("", 1, "version", d.Version, "seed", strconv.FormatUint(d.Seed, 10))
	if at, err := time.Parse(time.RFC3339, d.Started); err == nil { // Decode has checked it
		e.family("mcpload_run_started_timestamp_seconds", "gauge", "When the run began.")
		e.sample("", float64(at.Unix()))
	}
}

// promVerdicts spell a verdict as a state set: one sample a verdict, of which one
// is 1, so that no number has to mean inconclusive.
func promVerdicts(e *exposition, d *Document) {
	states := func(v verdict.Verdict, labels ...string) {
		for _, one := range []verdict.Verdict{verdict.Pass, verdict.Fail, verdict.Inconclusive} {
			value := 0.0
			if v == one {
				value = 1
			}
			e.sample("", value, append(labels[:len(labels):len(labels)], "verdict", one.String())...)
		}
	}
	e.family("mcpload_server_verdict", "gauge", "1 for the verdict of the server, 0 for the others.")
	for _, s := range d.Servers {
		states(s.Verdict, "server", s.Server)
	}
	e.family("mcpload_check_verdict", "gauge", "1 for the verdict of a scenario's check, 0 for the others.")
	for _, s := range d.Servers {
		for _, sc := range s.Scenarios {
			for _, f := range sc.Findings {
				states(f.Verdict, "server", s.Server, "scenario", sc.Scenario, "check", f.Check)
			}
		}
	}
}

func promLimits(e *exposition, d *Document) {
	e.family("mcpload_limit_rate", "gauge", "Promised rate, tokens a second.")
	for _, s := range d.Servers {
		e.sample("", s.Limit.Rate, "server", s.Server, "scope", s.Limit.Scope)
	}
	e.family("mcpload_limit_burst_tokens", "gauge", "Promised burst, tokens.")
	for _, s := range d.Servers {
		e.sample("", float64(s.Limit.Burst), "server", s.Server, "scope", s.Limit.Scope)
	}
}

func promMeasured(e *exposition, d *Document) {
	for _, m := range []struct {
		name, help string
		of         func(*Measured) Range
	}{
		{"mcpload_measured_rate", "Certified bound of the rate, tokens a second.",
			func(m *Measured) Range { return m.Rate }},
		{"mcpload_measured_burst_tokens", "Certified bound of the burst, tokens.",
			func(m *Measured) Range { return m.Burst }},
	} {
		e.family(m.name, "gauge", m.help)
		for _, s := range d.Servers {
			if s.Measured != nil {
				e.sample("", m.of(s.Measured).Lo, "server", s.Server, "bound", "lower")
				e.sample("", m.of(s.Measured).Hi, "server", s.Server, "bound", "upper")
			}
		}
	}
}

func promCalls(e *exposition, d *Document) {
	e.family("mcpload_calls", "gauge", "Calls of the scenario by what came of them.")
	for _, s := range d.Servers {
		for _, sc := range s.Scenarios {
			c := sc.Calls
			for _, one := range []struct {
				outcome string
				n       int
			}{{"admitted", c.Admitted}, {"limited", c.Limited}, {"failed", c.Failed},
				{"unknown", c.Unknown - c.ClosedIdle}, {"closed-idle", c.ClosedIdle}, {"unsent", c.Unsent()}} {
				e.sample("", float64(one.n), "server", s.Server, "scenario", sc.Scenario, "outcome", one.outcome)
			}
		}
	}
}

func promLatency(e *exposition, d *Document) {
	e.family("mcpload_latency_seconds", "summary", "What callers waited, from the due instant.")
	for _, s := range d.Servers {
		for _, sc := range s.Scenarios {
			e.summary(sc.Latency.Admitted, "server", s.Server, "scenario", sc.Scenario, "outcome", "admitted")
			e.summary(sc.Latency.Limited, "server", s.Server, "scenario", sc.Scenario, "outcome", "limited")
		}
	}
}

func promLate(e *exposition, d *Document) {
	e.family("mcpload_late_seconds", "summary", "How late calls were sent: the generator's own fault.")
	for _, s := range d.Servers {
		for _, sc := range s.Scenarios {
			e.summary(sc.Late, "server", s.Server, "scenario", sc.Scenario)
		}
	}
}

func (e *exposition) summary(q Quantiles, labels ...string) {
	if q.N == 0 {
		return
	}
	for _, one := range []struct {
		at    string
		value float64
	}{{"0.5", q.P50}, {"0.9", q.P90}, {"0.95", q.P95}, {"0.99", q.P99}, {"0.999", q.P999}, {"1", q.Max}} {
		e.sample("", one.value/1e3, append(labels[:len(labels):len(labels)], "quantile", one.at)...)
	}
	e.sample("_sum", q.Mean*float64(q.N)/1e3, labels...)
	e.sample("_count", float64(q.N), labels...)
}
