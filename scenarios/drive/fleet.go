package drive

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// A Survey judges servers one after the other and probes each that keeps what it
// promises or doesn't, so that it can be said how they drifted from what is asked of
// them. All but Jobs may be nil.
type Survey struct {
	Jobs  []Job                                             // each judged on a start of its own
	Probe func(context.Context, *Job) (probe.Report, error) // measures a server, on a start of its own
	// asks if a server keeps the protocol of a revision, on a start of its own
	Conform func(ctx context.Context, j *Job, revision string) (results.DriftConform, error)
	Watch   func(server string) (o Observer, done func()) // who hears of a server's run
	Say     func(format string, args ...any)              // is told what it comes to
	Clean   func(string) string                           // takes secrets out of what rows say
}

// Run puts a row for each server into a report, and what its run said into the report's
// document, and returns the calls. Once drain is closed no further server is begun.
func (s Survey) Run(ctx context.Context, report *results.Fleet, drain <-chan struct{}) Histories {
	histories := Histories{}
	for i, j := range s.Jobs {
		if runner.Closed(drain) {
			s.say("interrupted: %d of %d servers were judged", i, len(s.Jobs))
			break
		}
		s.say("%d of %d: %s", i+1, len(s.Jobs), j.Profile.Name)
		row, o := s.one(ctx, j, drain)
		if s.Clean != nil {
			for _, text := range []*string{&row.Server, &row.Package, &row.Tried, &row.Limiter, &row.Refusal,
				&row.Headers, &row.Trouble} {
				*text = s.Clean(*text)
			}
		}
		report.Rows = append(report.Rows, row)
		report.Run.Servers = append(report.Run.Servers, o.Server)
		histories[j.Profile.Name] = o.Calls
	}
	return histories
}

func (s Survey) say(format string, args ...any) {
	if s.Say != nil {
		s.Say(format, args...)
	}
}

// one judges one server and probes it.
func (s Survey) one(ctx context.Context, j Job, drain <-chan struct{}) (results.Drift, Outcome) {
	row := results.Drift{Server: j.Profile.Name, Required: j.limit(),
		Observed: results.ObservedOf(j.Profile.Observed), Attached: "?", Promise: j.Laws.promiseText()}
	judged := j
	judged.Live = j.Live.Afresh()
	var watcher Observer
	done := func() {}
	if s.Watch != nil {
		watcher, done = s.Watch(j.Profile.Name)
	}
	o := judged.Run(ctx, watcher, drain)
	done()
	row.Laws = o.Server.Laws
	row.Headers = verdict.ReadClaims(o.Calls).Words(false)
	if j.Audit != nil {
		row.Audit = results.AuditOf(&o.Server, j.attempts())
	}
	if l := o.Server.Launch; l != nil && len(l.Packages) > 0 {
		row.Package = l.Packages[0]
	}
	switch {
	case o.Server.Error != "":
		row.Trouble = o.Server.Error
		s.say("%s: %s", j.Profile.Name, o.Server.Error)
		return row, o
	case o.Server.Measured == nil && len(o.Server.Scenarios) == 1 &&
		o.Server.Scenarios[0].Scenario == target.LaunchScenario:
		row.Trouble = "doesn't start: " + o.Server.Scenarios[0].Findings[0].Saw
		return row, o
	case runner.Closed(drain):
		row.Trouble = "interrupted"
		return row, o
	case s.Probe == nil:
		return row, o
	}
	if j.Laws != nil {
		j.Profile.Limit.Presumed = true // of no bucket it is said what it charges
	}
	r, err := s.Probe(ctx, &j)
	if err != nil {
		row.Trouble = "the probe failed: " + err.Error()
		return row, o
	}
	fillDrift(&row, r)
	for _, note := range r.Notes {
		if r.Result == probe.Unfinished && !runner.Closed(drain) && strings.Contains(note, "--budget") {
			s.say("%s: %s", j.Profile.Name, note)
		}
	}
	if s.Conform != nil && !runner.Closed(drain) {
		row.Conform = s.conform(ctx, j, o.Server.Target.Protocol)
	}
	return row, o
}

// attempts are the names of those that an audit of the job may make. Against laws they are
// tried among the laws' own traffic.
func (j *Job) attempts() []string {
	switch {
	case j.Laws != nil:
		return []string{scenarios.LawScenario}
	case len(j.Audit.Names) > 0:
		return j.Audit.Names
	}
	return audit.Names()
}

// conform asks if a server keeps the protocol. That it can't be asked is told in the row.
func (s Survey) conform(ctx context.Context, j Job, revision string) *results.DriftConform {
	j.Live = j.Live.Afresh()
	c, err := s.Conform(ctx, &j, revision)
	if err != nil {
		c = results.DriftConform{Revisions: []string{}, Broken: []string{}, Trouble: "it could not be tried: " +
			err.Error()}
	}
	if s.Clean != nil {
		c.Trouble = s.Clean(c.Trouble)
	}
	return &c
}

// fillDrift puts what a probe found into a row.
func fillDrift(row *results.Drift, r probe.Report) {
	switch {
	case r.Refused:
		row.Attached = "yes"
	case r.Result == probe.NoLimit && r.Open != nil:
		row.Attached = "no"
		row.Tried = fmt.Sprintf("%d at once and %.0f/s were all admitted", r.Open.AtOnce, r.Open.Rate)
	}
	if r.Box != nil {
		row.Measured = results.Box(*r.Box)
	} else if r.Refused {
		var kinds []string
		for _, m := range r.Models {
			kinds = append(kinds, m.String())
		}
		row.Limiter = cmp.Or(strings.Join(kinds, " or "), "what it is remains open")
	}
	row.Scope = r.Scope.Answer
	row.Refusal = refusalWords(r.Signal)
	for _, c := range r.Costs {
		if n, ok := c.Known(); ok && r.Refused {
			row.Charged = append(row.Charged, results.Charge{Kind: c.Kind, Tokens: n})
		}
	}
}

// errorPrefix is a code that a refusal's words repeat.
var errorPrefix = regexp.MustCompile(`^error -?[0-9]+: `)

// refusalWords say how a server refuses.
func refusalWords(s probe.Signal) string {
	if s.Refusals == 0 {
		return ""
	}
	var parts []string
	for _, t := range s.Statuses {
		if t.Number != 0 {
			parts = append(parts, fmt.Sprintf("HTTP %d", t.Number))
		}
	}
	for _, t := range s.Codes {
		if t.Number == 0 {
			parts = append(parts, "a tool result with isError")
		} else {
			parts = append(parts, fmt.Sprintf("JSON-RPC error %d", t.Number))
		}
	}
	if s.Words != "" {
		parts = append(parts, fmt.Sprintf("%q", errorPrefix.ReplaceAllString(s.Words, "")))
	}
	if s.Said == 0 {
		parts = append(parts, "no Retry-After")
	}
	return strings.Join(parts, ", ")
}
