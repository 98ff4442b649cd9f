// Package compare says what is different between runs: two sides of runs
// (Compare), or many over time (Trends).
//
// Most users want Compare. It claims nothing that it can't hold: a limit moved
// where no token bucket fits both sides' certified boxes; a latency changed where
// an interval of the difference leaves out zero, at a confidence of 95 % for all
// intervals of a report together. Everything else is undecided, and shown as ~.
//
// The intervals take the calls of a run as drawn alike and one by one. What a whole
// run shifts, such as a busy machine, they can't know; several runs a side show it,
// and then a change is claimed only where every run of one side lies beyond every
// run of the other, by more than the runs of a side differ.
//
// The package deliberately sends, stores and reads nothing: it takes documents and
// calls.
package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A Run is a run to compare.
type Run struct {
	Name      string // as reports name it
	Document  *results.Document
	Histories map[string][]history.Call // nil where no calls were stored: then latencies can't be tested
}

// Options say what counts. Their zero value demands nothing and knows no noise.
type Options struct {
	Demands   []Demand      // what must not change by more
	Noise     time.Duration // differences of latency up to this count as none
	Seed      uint64        // makes the intervals repeatable
	Servers   []string      // only these; empty is all
	Scenarios []string      // only these; empty is all
	Across    bool          // different targets may be compared: else they are an *OtherError

	judgements int // demands times servers: how many share the confidence
}

// Confidence is that of all intervals of a report together (Bonferroni).
const Confidence = 0.95

// Schema names the format of a report.
const Schema = "mcpload.compare/v1"

// A Report is what is different.
type Report struct {
	Schema    string     `json:"schema"`
	Base      []string   `json:"base"` // names of the runs
	New       []string   `json:"new"`
	NoiseMS   float64    `json:"noise_ms"`
	Seed      uint64     `json:"seed"`
	Outcome   Outcome    `json:"outcome"`
	Reasons   []string   `json:"reasons"` // of a regression, or of what is undecided
	Decisions []Decision `json:"demands"`
	Servers   []Server   `json:"servers"`
	Notes     []string   `json:"notes,omitempty"`

	Needed map[string]int `json:"admitted_calls_needed"` // a side, by quantile, for an interval of it to exist

	undecided []string
}

// An Outcome is what a comparison comes to.
type Outcome string

// The outcomes, and the exit status that each stands for.
const (
	Fine       Outcome = "no regression" // 0
	Regression Outcome = "regression"    // 1
	Undecided  Outcome = "undecided"     // 3
)

// A Server is what changed of one server.
type Server struct {
	Server   string    `json:"server"`
	Verdict  Verdicts  `json:"verdict"`
	Limits   []string  `json:"limits,omitempty"` // both promises, where they differ
	Measured Move      `json:"measured"`
	Laws     []LawMove `json:"laws,omitempty"` // of a promise of laws, those that both sides were held to
	Rows     []Row     `json:"scenarios"`      // the first is all scenarios together, if there are several

	Conform   []RowChange `json:"conform,omitempty"` // the rows of conformance that are answered otherwise
	ofConform bool
}

// Verdicts are those of both sides, each the worst of its runs.
type Verdicts struct {
	Base verdict.Verdict `json:"base"`
	New  verdict.Verdict `json:"new"`
}

// String says the verdicts: "pass", or "pass → fail".
func (v Verdicts) String() string {
	if v.Base == v.New {
		return v.New.String()
	}
	return v.Base.String() + " → " + v.New.String()
}

// A Row is one scenario on both sides.
type Row struct {
	Scenario  string    `json:"scenario"` // "" is all of them together
	Verdict   *Verdicts `json:"verdict,omitempty"`
	N         [2]int    `json:"n"`                      // admitted calls, base and new
	P         *float64  `json:"mann_whitney,omitempty"` // p value, two-sided; nil where there is nothing to test
	Changed   bool      `json:"distribution_changed"`   // P is below 5 % over the number of rows
	Quantiles []Delta   `json:"quantiles"`

	samples [2]sample
}

// name is what reports call the row.
func (r *Row) name() string {
	if r.Scenario == "" {
		return "all"
	}
	return r.Scenario
}

// ErrNothing is returned where the sides have no server in common.
var ErrNothing = errors.New("the runs have no server in common")

// An OtherError says that the runs of a server are of different targets.
type OtherError struct{ Server, Was, Is string }

func (e *OtherError) Error() string {
	return fmt.Sprintf("the runs of %s are of different targets: %s, and %s", e.Server, e.Was, e.Is)
}

// others fails where a server's runs are of different targets, on one side or on both.
func (r *Report) others(name string, parts []part, across bool) error {
	for i := range parts {
		for j := range i {
			was, is := parts[j].server.Target, parts[i].server.Target
			if !was.Other(is) {
				continue
			}
			if !across {
				return &OtherError{name, was.Identity(), is.Identity()}
			}
			r.note("%s stands for different targets: %s, and %s", name, was.Identity(), is.Identity())
		}
	}
	return nil
}

// Compare compares two sides. It fails where they have nothing in common, and
// where a demand names what a server has no figure of: that must not pass for
// kept. Different targets are compared only Across.
func Compare(base, now []Run, o Options) (*Report, error) {
	r := &Report{Schema: Schema, NoiseMS: o.Noise.Seconds() * 1e3, Seed: o.Seed, Reasons: []string{},
		Decisions: []Decision{}, Servers: []Server{}}
	sides, err := r.pair(base, now, o.Across)
	if err != nil {
		return nil, err
	}
	r.Base, r.New = sides[0].names, sides[1].names
	for _, name := range sides[0].servers {
		if !wanted(o.Servers, name) {
			continue
		}
		if !slices.Contains(sides[1].servers, name) {
			r.unsure("%s is not in NEW", name)
			continue
		}
		if err := r.others(name, slices.Concat(sides[0].of(name), sides[1].of(name)), o.Across); err != nil {
			return nil, err
		}
		r.Servers = append(r.Servers, r.compareServer(name, sides, o))
	}
	for _, name := range sides[1].servers {
		if wanted(o.Servers, name) && !slices.Contains(sides[0].servers, name) {
			r.note("%s is new: BASE doesn't have it", name)
		}
	}
	if len(r.Servers) == 0 {
		return nil, ErrNothing
	}
	for _, name := range o.Servers {
		if !slices.ContainsFunc(r.Servers, func(s Server) bool { return s.Server == name }) {
			return nil, fmt.Errorf("no server is named %q on both sides", name)
		}
	}
	r.weigh(o)
	if err := r.decide(sides, o); err != nil {
		return nil, err
	}
	r.conclude()
	return r, nil
}

func wanted(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

func (r *Report) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func (r *Report) unsure(format string, args ...any) {
	r.undecided = append(r.undecided, fmt.Sprintf(format, args...))
}

func (r *Report) regressed(format string, args ...any) {
	r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...))
}

// conclude turns what was found into an outcome.
func (r *Report) conclude() {
	switch {
	case len(r.Reasons) > 0:
		r.Outcome = Regression
		for _, u := range r.undecided {
			r.note("undecided: %s", u)
		}
	case len(r.undecided) > 0:
		r.Outcome, r.Reasons = Undecided, r.undecided
	default:
		r.Outcome = Fine
	}
}

// compareServer compares what doesn't need all rows of the report.
func (r *Report) compareServer(name string, sides [2]side, o Options) Server {
	b, n := sides[0].of(name), sides[1].of(name)
	s := Server{Server: name, Verdict: Verdicts{worst(b), worst(n)}, Rows: []Row{}}
	if was, is := b[0].server.Promised(), n[0].server.Promised(); was != is {
		s.Limits = []string{was, is}
		r.note("%s promises another limit: %s, now %s", name, was, is)
	}
	if was, is := b[0].server.Target.String(), n[0].server.Target.String(); was != is {
		r.note("%s was reached in another way: %s, now %s; latencies hardly compare", name, was, is)
	}
	s.Measured, s.Laws = moved(boxes(b), boxes(n)), laws(b, n)
	var common []string
	for _, scenario := range scenarioNames(b) {
		if !wanted(o.Scenarios, scenario) {
			continue
		}
		if !slices.Contains(scenarioNames(n), scenario) {
			r.unsure("%s: scenario %s is not in NEW", name, scenario)
			continue
		}
		common = append(common, scenario)
		v := Verdicts{worstOf(b, scenario), worstOf(n, scenario)}
		s.Rows = append(s.Rows, Row{Scenario: scenario, Verdict: &v,
			samples: [2]sample{latencies(b, scenario), latencies(n, scenario)}})
	}
	if len(s.Rows) > 1 {
		s.Rows = append([]Row{{samples: [2]sample{latencies(b, common...), latencies(n, common...)}}}, s.Rows...)
	}
	s.conformed(b, n, o)
	r.rowVerdicts(&s)
	r.verdicts(&s)
	return s
}

// verdicts finds the regressions among them: a fail that wasn't there is one,
// and what used to pass and can't be told any more is undecided.
func (r *Report) verdicts(s *Server) {
	told := false
	for _, row := range s.Rows {
		if row.Verdict == nil {
			continue
		}
		switch {
		case row.Verdict.New == verdict.Fail && slices.ContainsFunc(s.Conform,
			func(c RowChange) bool { return c.broke() && c.counts && !c.known }):
			told = true
		case row.Verdict.New == verdict.Fail && row.Verdict.Base != verdict.Fail:
			r.regressed("%s fails in %s, which was %s", s.Server, row.Scenario, row.Verdict.Base)
			told = true
		case row.Verdict.New == verdict.Inconclusive && row.Verdict.Base == verdict.Pass:
			r.unsure("%s is inconclusive in %s, which passed", s.Server, row.Scenario)
			told = true
		}
	}
	switch {
	case told:
	case s.Verdict.New == verdict.Fail && s.Verdict.Base != verdict.Fail && len(s.Rows) == 0:
		r.regressed("%s fails, and was %s", s.Server, s.Verdict.Base)
	case s.Verdict.New == verdict.Inconclusive && s.Verdict.Base == verdict.Pass:
		r.unsure("%s is inconclusive, and passed before", s.Server)
	}
}

// decide judges the demands, one by one and server by server.
func (r *Report) decide(sides [2]side, o Options) error {
	o.judgements = len(o.Demands) * len(r.Servers)
	for _, d := range o.Demands {
		for i := range r.Servers {
			s := &r.Servers[i]
			made, err := d.judge(s, sides[0].of(s.Server), sides[1].of(s.Server), o)
			if err != nil {
				return fmt.Errorf("--max %s: %s: %w", d, s.Server, err)
			}
			r.Decisions = append(r.Decisions, made)
			switch made.Outcome {
			case Regression:
				r.regressed("%s: %s is not kept: %s", s.Server, d, made.Saw)
			case Undecided:
				r.unsure("%s: %s can't be decided: %s", s.Server, d, made.Saw)
			}
		}
	}
	return nil
}

// JoinNames is how a side is named in a sentence.
func JoinNames(names []string) string { return strings.Join(names, ", ") }
