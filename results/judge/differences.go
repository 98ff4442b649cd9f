package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/results"
)

// compare notes what two documents of the same run say otherwise.
func (a *again) compare(was, is *results.Document) {
	for i := range is.Servers {
		a.compareServer(&was.Servers[i], &is.Servers[i])
	}
}

func (a *again) compareServer(was, is *results.Server) {
	differs := func(scenario, check string, old, now any, wasSays, isSays string) {
		if !same(old, now) {
			a.Differences = append(a.Differences,
				results.Difference{Server: is.Server, Scenario: scenario, Check: check, Was: wasSays, Is: isSays})
		}
	}
	if was.Latency != nil {
		differs("", "latency", was.Latency, is.Latency, waited(was.Latency), waited(is.Latency))
	}
	differs("", "measured", was.Measured, is.Measured, measured(was.Measured), measured(is.Measured))
	differs("", "laws", was.Laws, is.Laws, laws(was.Laws), laws(is.Laws))
	for _, sc := range is.Scenarios {
		old := was.Scenarios[at(was.Scenarios, sc.Scenario)]
		differs(sc.Scenario, "calls", old.Calls, sc.Calls, counts(old.Calls), counts(sc.Calls))
		differs(sc.Scenario, "latency", []any{old.Latency, old.Late, old.Rate}, []any{sc.Latency, sc.Late, sc.Rate},
			waited(&old.Latency), waited(&sc.Latency))
		differs(sc.Scenario, "attempts", old.Attempts, sc.Attempts, fmt.Sprint(old.Attempts), fmt.Sprint(sc.Attempts))
		for _, check := range checks(old, sc) {
			x, y := findingOf(old, check), findingOf(sc, check)
			differs(sc.Scenario, check, x, y, said(x), said(y))
		}
	}
	differs("", "verdict", was.Verdict, is.Verdict, was.Verdict.String(), is.Verdict.String())
}

// same compares as documents are written: what a document can't tell apart is the same.
func same(x, y any) bool {
	a, err := json.Marshal(x)
	if err != nil {
		panic("internal error: a part of a document doesn't marshal: " + err.Error())
	}
	b, err := json.Marshal(y)
	if err != nil {
		panic("internal error: a part of a document doesn't marshal: " + err.Error())
	}
	return bytes.Equal(a, b)
}

// checks are those that either of two judgements knows.
func checks(was, is results.Scenario) []string {
	var names []string
	for _, list := range [][]results.Finding{was.Findings, is.Findings} {
		for _, f := range list {
			if !slices.Contains(names, f.Check) {
				names = append(names, f.Check)
			}
		}
	}
	return names
}

func findingOf(sc results.Scenario, check string) *results.Finding {
	i := slices.IndexFunc(sc.Findings, func(f results.Finding) bool { return f.Check == check })
	if i < 0 {
		return nil
	}
	return &sc.Findings[i]
}

func said(f *results.Finding) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s", f.Verdict, f.Saw)
}

func measured(m *results.Measured) string {
	if m == nil {
		return "nothing"
	}
	return m.String()
}

func waited(l *results.Latencies) string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("p50 %.3fms and max %.3fms of %d admitted", l.Admitted.P50, l.Admitted.Max, l.Admitted.N)
}

func counts(c results.Counts) string {
	return fmt.Sprintf("%d planned, %d sent, %d admitted, %d refused, %d failed, %d unknown",
		c.Planned, c.Sent, c.Admitted, c.Limited, c.Failed, c.Unknown)
}

func laws(list []results.Law) string {
	text := ""
	for i, l := range list {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s: %s", l.Law, l.State)
	}
	return text
}
