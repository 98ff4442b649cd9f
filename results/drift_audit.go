package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// A DriftAudit is what came of each attempt of an audit, by its name. What an attempt saw
// stands in the run.
type DriftAudit struct {
	Failed  []string `json:"failed"`  // got a call that the promise forbids, or showed a lie
	Held    []string `json:"held"`    // got none, where that would have shown
	Open    []string `json:"open"`    // it can't be told
	Untried []string `json:"untried"` // the server, or the budget, left no room
}

// AuditOf is what a server's run says of attempts.
func AuditOf(s *Server, names []string) *DriftAudit {
	a := &DriftAudit{Failed: []string{}, Held: []string{}, Open: []string{}, Untried: []string{}}
	for _, name := range names {
		i := slices.IndexFunc(s.Scenarios, func(sc Scenario) bool { return sc.Scenario == name })
		list := &a.Untried
		if i >= 0 {
			switch evaded(&s.Scenarios[i]) {
			case verdict.Pass:
				list = &a.Held
			case verdict.Fail:
				list = &a.Failed
			default:
				list = &a.Open
			}
		}
		*list = append(*list, name)
	}
	return a
}

// evaded is what an attempt's verdict is but for calls that were refused too early: those got
// nothing past the limit.
func evaded(s *Scenario) verdict.Verdict {
	var all []verdict.Verdict
	for _, f := range s.Findings {
		if f.Check != "over-rejection" {
			all = append(all, f.Verdict)
		}
	}
	return verdict.Worst(all...)
}

// words are the cell.
func (a *DriftAudit) words() string {
	if a == nil {
		return "-"
	}
	made := len(a.Failed) + len(a.Held) + len(a.Open)
	var parts []string
	switch {
	case len(a.Failed) > 0:
		parts = append(parts, "fail ("+strings.Join(a.Failed, ", ")+")")
	case len(a.Held) > 0:
		parts = append(parts, fmt.Sprintf("%d of %d attempts held", len(a.Held), made))
	}
	if len(a.Open) > 0 {
		parts = append(parts, "not to be told: "+strings.Join(a.Open, ", "))
	}
	if len(a.Untried) > 0 {
		parts = append(parts, "not tried: "+strings.Join(a.Untried, ", "))
	}
	return strings.Join(parts, "; ")
}
