package results

import (
	"slices"

	"github.com/mcpload/mcpload/verdict"
)

// Finish combines the verdicts upwards: a scenario's is the worst of its
// findings', a server's the worst of its scenarios', the document's the worst
// of its servers' (fail, then inconclusive, then pass; of nothing it is
// inconclusive). A server with an Error is at best inconclusive. It also puts
// the schema's name in. Calling it again changes nothing.
func (d *Document) Finish() {
	d.Schema = Schema
	if d.Servers == nil {
		d.Servers = []Server{} // a list is spelt [], never null
	}
	for i := range d.Servers {
		d.Servers[i].finish()
	}
	d.Verdict = d.worst()
}

func (s *Server) finish() {
	if s.Scenarios == nil {
		s.Scenarios = []Scenario{}
	}
	if s.Limit.Charges == nil {
		s.Limit.Charges = []string{}
	}
	for i := range s.Scenarios {
		sc := &s.Scenarios[i]
		if sc.Findings == nil {
			sc.Findings = []Finding{}
		}
		for j := range sc.Findings {
			if w := sc.Findings[j].Witness; w != nil && w.Calls == nil {
				w.Calls = []int{}
			}
		}
		sc.Verdict = sc.worst()
	}
	s.Verdict = s.worst()
}

func (d *Document) worst() verdict.Verdict {
	vs := make([]verdict.Verdict, len(d.Servers))
	for i, s := range d.Servers {
		vs[i] = s.Verdict
	}
	return verdict.Worst(vs...)
}

func (s *Server) worst() verdict.Verdict {
	vs := make([]verdict.Verdict, len(s.Scenarios))
	for i, sc := range s.Scenarios {
		vs[i] = sc.Verdict
	}
	if s.Error != "" {
		vs = append(vs, verdict.Inconclusive)
	}
	return verdict.Worst(vs...)
}

func (s *Scenario) worst() verdict.Verdict {
	vs := make([]verdict.Verdict, len(s.Findings))
	for i, f := range s.Findings {
		vs[i] = f.Verdict
	}
	return verdict.Worst(vs...)
}

// Join adds what other scenarios of the same server found.
func (s *Server) Join(from Server) {
	s.Notes, s.Scenarios = append(s.Notes, from.Notes...), append(s.Scenarios, from.Scenarios...)
	if from.Error != "" {
		s.Error, s.Hint = from.Error, from.Hint
	}
}

// ExitStatus is the process's exit status for a finished document: 0 pass,
// 1 fail, 3 inconclusive, and 2 where no server could run at all.
func ExitStatus(d *Document) int { return StatusOf(d, d.Verdict) }

// StatusOf is ExitStatus where another verdict than the document's decides,
// such as the one that a Quarantine leaves.
func StatusOf(d *Document, v verdict.Verdict) int {
	ran := d.part() != nil || slices.ContainsFunc(d.Servers, func(s Server) bool { return !s.idle() })
	if v != verdict.Fail && !ran {
		return 2
	}
	return Status(v)
}

// Status is the exit status of a verdict.
func Status(v verdict.Verdict) int {
	return map[verdict.Verdict]int{verdict.Pass: 0, verdict.Fail: 1, verdict.Inconclusive: 3}[v]
}

// idle reports if the server could not run at all: nothing was sent to it.
func (s *Server) idle() bool {
	return s.Error != "" && !slices.ContainsFunc(s.Scenarios, func(sc Scenario) bool {
		return sc.Calls.Sent > 0 || slices.ContainsFunc(sc.Starts, func(st Start) bool { return st.Did != notMade })
	})
}
