package drive

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A PlanDocument is the document of mcpload.plan/v1: what a run would send.
type PlanDocument struct {
	Calls  []PlannedCall `json:"calls"`
	Laws   []string      `json:"laws,omitempty"` // what the run is held to, where that is more than the limit
	Limit  results.Limit `json:"limit"`
	Schema string        `json:"schema"`
	Seed   uint64        `json:"seed"`
	Server string        `json:"server"`
}

// A PlannedCall is one call of a plan.
type PlannedCall struct {
	DueNS    int64  `json:"due_ns"`
	Scenario string `json:"scenario"`
	Client   string `json:"client"`
	Method   string `json:"method"`
	Tool     string `json:"tool,omitempty"`
}

// PlanRows is what the job would send: a row a scenario, or what is sent of each law.
func (j *Job) PlanRows() export.Rows {
	if j.Laws != nil {
		return j.lawRows()
	}
	plan := j.Own(j.Plan(j.Planned()))
	l := j.Profile.Limit
	what := j.Profile.Call.Method
	if tool := j.Profile.Call.Tool; tool != "" {
		what += " " + tool
	}
	return export.Rows{Document: j.planOf(plan), OneLine: true, Sheets: []screen.Sheet{j.planSheet(plan)},
		Before: fmt.Sprintf("%s: %s burst %d, scope %s; each call is %s; seed %d; %s\n",
			j.Profile.Name, promise.FormatRate(l.Rate), l.Burst, l.Scope, what, j.Seed, j.longest(plan))}
}

// longest says how long a plan takes at most.
func (j *Job) longest(plan []history.Arrival) string {
	text := fmt.Sprintf("at a precision of %.4g%%", 100*j.Planned().AskedPrecision())
	if len(plan) == 0 {
		return text
	}
	return fmt.Sprintf("%s, %s at most: less where answers show early what the rest of a scenario is for",
		text, plan[len(plan)-1].Due.Round(10*time.Millisecond))
}

func (j *Job) planOf(plan []history.Arrival) PlanDocument {
	calls := make([]PlannedCall, len(plan))
	for i, a := range plan {
		calls[i] = PlannedCall{int64(a.Due), a.Label, a.Client, a.Method, a.Tool}
	}
	return PlanDocument{Schema: "mcpload.plan/v1", Server: j.Profile.Name, Seed: j.Seed,
		Limit: results.LimitOf(j.Profile.Limit), Calls: calls}
}

// planSheet has a row a scenario.
func (j *Job) planSheet(plan []history.Arrival) screen.Sheet {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	sheet := screen.Sheet{Header: []string{"scenario", "calls", "from", "to", "what is sent"}, Widest: 48}
	for _, s := range j.Scenarios {
		var n int
		var from, to time.Duration
		for _, a := range plan {
			if a.Label == s.Name {
				if n == 0 {
					from = a.Due
				}
				n, to = n+1, a.Due
			}
		}
		sheet.Add(s.Name, n, round(from), round(to), s.Doc)
	}
	return sheet
}

// lawRows is the plan of a job that is held to laws.
func (j *Job) lawRows() export.Rows {
	plan := j.LawPlan(target.ClientNames(j.ClientCount()))
	doc, sheet := j.planOf(plan.Arrivals), screen.Sheet{Header: []string{"law"}}
	var b strings.Builder
	head := fmt.Sprintf("%s: %s; seed %d\n", j.Profile.Name, j.AnnounceLaws(plan), j.Seed)
	b.WriteString(head)
	for _, l := range j.Laws.Promise {
		doc.Laws = append(doc.Laws, l.String())
		sheet.Add(l)
		b.WriteString("  " + l.String() + "\n")
	}
	left := ""
	for _, why := range plan.Left {
		left += "  left out: " + why + "\n"
	}
	text := func(w io.Writer) error { _, err := io.WriteString(w, b.String()+left); return err }
	return export.Rows{Document: doc, OneLine: true, Sheets: []screen.Sheet{sheet}, Before: head, After: left,
		Text: text}
}
