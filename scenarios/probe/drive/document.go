package drive

import (
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// document is a report as it is kept and printed, but for the version.
func (j *Job) document(r probe.Report, target results.ProbedTarget) *results.Probed {
	doc := &results.Probed{
		Schema: results.ProbeSchema, Seed: j.Seed, Server: j.Profile.Name, Target: target,
		Load:   results.ProbedLoad{Method: r.Load.Method, Tool: r.Load.Tool, Chosen: j.Call.Chosen, Why: j.Call.Why},
		Budget: results.ProbedBudget{Calls: r.Budget.Calls, Seconds: r.Budget.Time.Seconds()},
		Spent: results.ProbedSpent{Calls: r.Sent, Seconds: r.Elapsed.Seconds(), Admitted: r.Admitted,
			Limited: r.Limited, Failed: r.Failed},
		Result: string(r.Result), Untold: r.Untold, Apart: r.Apart, Scope: valueOf(r.Scope),
		Evasion: valueOf(r.Evasion),
		Models:  []results.ProbedModel{}, Costs: []results.ProbedCost{}, Notes: append([]string{}, r.Notes...),
		Clocks: results.ClocksOf(r.Clocks),
	}
	if r.Tools != (probe.Value{}) {
		tools := valueOf(r.Tools)
		doc.Tools = &tools
	}
	if r.Box != nil {
		doc.Measured = results.Box(*r.Box)
	}
	if r.Result == probe.NoLimit && r.Open != nil {
		doc.NoLimit = &results.ProbedOpen{AtOnce: r.Open.AtOnce, Rate: r.Open.Rate, Calls: r.Open.Calls,
			Seconds: r.Open.Stretch.Seconds()}
	}
	for _, m := range r.Models {
		one := results.ProbedModel{Name: m.Name, Words: m.String(), WindowMS: milliseconds(m.Window)}
		if m.Number.Lo > 0 {
			number := results.Range(m.Number)
			one.Number = &number
		}
		if m.Box != nil {
			one.Box = results.Box(*m.Box)
		}
		doc.Models = append(doc.Models, one)
	}
	for _, l := range r.Laws {
		one := results.ProbedLaw{Law: l.Law.String()}
		if l.Every.Hi > 0 {
			every := results.Range(l.Every)
			one.Seconds = &every
		}
		for _, kind := range l.Kinds {
			one.Kinds = append(one.Kinds, string(kind))
		}
		doc.Laws = append(doc.Laws, one)
	}
	for _, c := range r.Costs {
		one := results.ProbedCost{Kind: c.Kind, Possible: append([]int{}, c.Tokens...), Absent: c.Absent,
			Requests: c.Requests, Limited: c.Limited, Evidence: c.Evidence}
		if n, ok := c.Known(); ok {
			one.Tokens = &n
		}
		doc.Costs = append(doc.Costs, one)
	}
	if r.Signal.Refusals > 0 {
		doc.Refusal = refusalOf(r.Signal)
	}
	return doc
}

func refusalOf(s probe.Signal) *results.ProbedRefusal {
	media, most := []results.ProbedMedia{}, (*string)(nil)
	for _, m := range s.Media {
		media = append(media, results.ProbedMedia(m))
		if most == nil && m.Name != "" {
			most = &m.Name
		}
	}
	return &results.ProbedRefusal{
		ContentType: most, Media: media,
		Refusals: s.Refusals, Statuses: talliesOf(s.Statuses), Codes: talliesOf(s.Codes), Words: s.Words,
		Legal: s.Legal, Legality: s.Legality, IDEchoed: s.Misanswered == 0, Misanswered: s.Misanswered,
		RetryAfter: valueOf(s.RetryAfter), Said: s.Said,
		Latency: results.ProbedLatencies{
			Admitted: results.ProbedMedian{P50MS: milliseconds(s.Took.Admitted), Calls: s.Took.Admissions},
			Limited:  results.ProbedMedian{P50MS: milliseconds(s.Took.Limited), Calls: s.Took.Refusal},
		},
	}
}

func talliesOf(list []probe.Tally) []results.ProbedTally {
	out := []results.ProbedTally{}
	for _, t := range list {
		out = append(out, results.ProbedTally(t))
	}
	return out
}

func valueOf(v probe.Value) results.ProbedValue {
	out := results.ProbedValue{Evidence: v.Evidence, Calls: v.Calls}
	if v.Answer != "" {
		out.Answer = &v.Answer
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
