package page

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results"
)

// statistics fills in the tables of figures.
func (v *server) statistics() {
	v.Counts = table{Caption: "What came of the calls", Head: []string{"scenario", "verdict", "planned", "sent",
		"admitted", "refused", "failed", "unknown", "sent/s", "admitted/s"}}
	idle := slices.ContainsFunc(v.Scenarios, func(sc results.Scenario) bool { return sc.Calls.ClosedIdle > 0 })
	if idle {
		v.Counts.Head = slices.Insert(v.Counts.Head, len(v.Counts.Head)-3, "closed while idle")
	}
	for _, sc := range v.Scenarios {
		c := sc.Calls
		offered, admitted := sc.Rate.Words()
		if len(sc.Starts) > 0 {
			v.Starts = append(v.Starts, startTable(sc))
		} else {
			row := []string{sc.Scenario, sc.Verdict.String(), grouped(c.Planned), grouped(c.Sent), grouped(c.Admitted),
				grouped(c.Limited), grouped(c.Failed)}
			if idle {
				row = append(row, grouped(c.ClosedIdle))
			}
			v.Counts.Rows = append(v.Counts.Rows, append(row, grouped(c.Unknown-c.ClosedIdle), offered, admitted))
		}
		for _, f := range sc.Findings {
			v.Checks = append(v.Checks, results.Place{Scenario: sc.Scenario, Finding: f})
			for _, w := range f.Warnings {
				if !slices.Contains(v.Warnings, w) {
					v.Warnings = append(v.Warnings, w)
				}
			}
		}
	}
	v.Latency = table{Caption: "Latency by scenario, from the instant due", Head: []string{"scenario", "admitted",
		"p50", "p99", "max", "refused", "p50", "p99", "max"}}
	for _, sc := range v.Scenarios {
		if sc.Latency.Admitted.N+sc.Latency.Limited.N == 0 {
			continue
		}
		row := []string{sc.Scenario}
		for _, q := range []results.Quantiles{sc.Latency.Admitted, sc.Latency.Limited} {
			row = append(row, grouped(q.N))
			if q.N == 0 {
				row = append(row, "–", "–", "–")
				continue
			}
			p99 := "~"
			if q.N >= fewest {
				p99 = millis(q.P99)
			}
			row = append(row, millis(q.P50), p99, millis(q.Max))
		}
		v.Latency.Rows = append(v.Latency.Rows, row)
	}
}

// LawTable is what was found of each law.
func (v *server) LawTable() table {
	t := table{Caption: "Laws", Said: true, Head: []string{"law", "who shares a counter", "found",
		"its number, as measured", "refused by it alone", "not tried"}}
	for _, l := range v.Laws {
		found := string(l.State)
		if l.Whose != "" {
			found += " (" + l.Whose + ")"
		}
		t.Rows = append(t.Rows, []string{l.Law, l.Key, found, l.Number(), grouped(l.Refused),
			strings.Join(l.Left, "; ")})
	}
	return t
}

// startTable is what became of every start.
func startTable(sc results.Scenario) table {
	t := table{Caption: "Starts of " + sc.Scenario, Said: true, Head: []string{"case", "variable", "should", "did",
		"after", "verdict", "says", "leaked"}}
	for _, s := range sc.Starts {
		did := strings.TrimSuffix(s.Did+", "+s.Exit, ", ")
		t.Rows = append(t.Rows, []string{s.Case, s.Env, s.Expected, did, millis(s.AfterMS), s.Verdict.String(),
			cut(s.Message), strings.Join(s.Leaked, ", ")})
	}
	return t
}

// repeats lists what every run said, where there were several.
func (v *server) repeats() {
	v.Repeats = table{Caption: "What every run said", Head: []string{"started", "verdict", "failed"}}
	for _, r := range v.Server.Repeats {
		says := strings.Join(r.Failed, ", ")
		if r.Error != "" {
			says = strings.TrimPrefix(says+"; "+r.Error, "; ")
		}
		v.Repeats.Rows = append(v.Repeats.Rows, []string{r.Started, r.Verdict.String(), says})
	}
}
