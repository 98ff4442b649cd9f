package drive

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A Selftest is the document of mcpload.selftest/v1.
type Selftest struct {
	Schema    string     `json:"schema"`
	Pass      bool       `json:"pass"`
	Precision float64    `json:"precision"` // of the plans for one bucket: the least error of the rate, as a part of it
	Honest    Honest     `json:"honest"`
	Faults    []FaultRow `json:"faults"`
	Laws      LawMatrix  `json:"laws"`
}

// Honest is what came of runs of the honest mock.
type Honest struct {
	Runs         int      `json:"runs"`
	Failed       int      `json:"failed"`
	Inconclusive int      `json:"inconclusive"`
	First        []string `json:"first,omitempty"` // of what failed, if anything did
}

// A FaultRow is what came of runs of one fault.
type FaultRow struct {
	Fault    string   `json:"fault"`
	Doc      string   `json:"doc"`
	Runs     int      `json:"runs"`
	Caught   int      `json:"caught"`      // runs that failed
	Withheld int      `json:"withheld"`    // runs that were inconclusive
	Named    int      `json:"cause_named"` // runs that failed and named the right cause
	Checks   []string `json:"checks"`      // the checks that failed, in any run
	Cause    string   `json:"cause"`       // as one run named it
	Expected bool     `json:"expected"`    // the default plan can catch it
	Note     string   `json:"note,omitempty"`
	Finer    []Finer  `json:"finer,omitempty"` // what finer plans make of it, where this one didn't catch it each time
}

// Finer is what came of a fault at a finer precision.
type Finer struct {
	Precision float64 `json:"precision"`
	Runs      int     `json:"runs"`
	Caught    int     `json:"caught"`
}

// finer are the precisions at which faults are tried again that a plan doesn't catch each
// time.
var finer = []float64{0.003, 0.001}

// RunSelftest proves that the checks can fail, and that they don't cry wolf: it runs
// the honest mock so many times, and each fault, in virtual time. delay is that of
// messages to a faulty mock; honest ones get all sorts. Plans for one bucket are as long as
// a precision asks; 0 is the default.
func RunSelftest(ctx context.Context, honest, faulty int, delay virtual.Delay, precision float64) *Selftest {
	precision = cmp.Or(precision, scenarios.DefaultPrecision)
	doc := &Selftest{Schema: "mcpload.selftest/v1", Precision: precision, Honest: honestRuns(ctx, honest, precision),
		Faults: make([]FaultRow, len(mock.Faults()))}
	var group sync.WaitGroup
	for i, fault := range mock.Faults() {
		group.Go(func() { doc.Faults[i] = faultRuns(ctx, fault, faulty, delay, precision) })
	}
	group.Wait()
	doc.Laws = selftestLaws(ctx, honest, faulty, delay)
	doc.Pass = doc.Honest.Failed+doc.Laws.Honest.Failed == 0 && len(doc.Laws.Missed()) == 0
	for _, r := range doc.Faults {
		doc.Pass = doc.Pass && !r.Missed()
	}
	return doc
}

// Missed reports if a fault that can be caught passed in half of the runs or
// more, or if no run that caught it named the right cause.
func (r FaultRow) Missed() bool {
	return r.Expected && (2*(r.Caught+r.Withheld) <= r.Runs || r.Caught > 0 && r.Named == 0)
}

// The promises that selftest tries.
var selftestLimits = []profiles.Limit{{Rate: 12, Burst: 16}, {Rate: 15, Burst: 40}, {Rate: 5, Burst: 15},
	{Rate: 50, Burst: 100}}

// virtualJob is one run of it.
func virtualJob(seed uint64, fault string, charge mock.Charging, delay virtual.Delay) Job {
	l := selftestLimits[seed%uint64(len(selftestLimits))]
	l.Scope, l.Charges = profiles.Global, []string{"*"}
	p := profiles.Profile{Name: "selftest", Limit: l, Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}
	return Job{
		Target: target.Target{Profile: p, Kind: target.Mock, Seed: seed, Mock: mock.Config{Profile: p, Fault: fault,
			Charge: charge}},
		Scenarios: scenarios.Catalogue(), Virtual: delay,
	}
}

// judgeVirtually runs a job and computes its verdict.
func judgeVirtually(ctx context.Context, j Job) results.Server {
	doc := &results.Document{Servers: []results.Server{j.runVirtual(ctx, teller{}).Server}}
	doc.Finish()
	return doc.Servers[0]
}

// honestRuns tries the honest mock with delays from nothing to seconds.
func honestRuns(ctx context.Context, seeds int, precision float64) Honest {
	delays := []virtual.Delay{nil, virtual.Exp(time.Millisecond), virtual.Uniform(0, 20*time.Millisecond),
		virtual.Exp(20 * time.Millisecond), virtual.Exp(300 * time.Millisecond), virtual.Exp(3 * time.Second)}
	var mu sync.Mutex
	var group sync.WaitGroup
	out := Honest{Runs: seeds}
	slots := make(chan struct{}, 4)
	for seed := range uint64(seeds) {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			charge := mock.Chargings()[seed/18%uint64(len(mock.Chargings()))]
			j := virtualJob(seed, "", charge, delays[seed/3%uint64(len(delays))])
			j.Precision = precision
			j.Mock.Shape = []ratelimit.Shape{ratelimit.FastMCP2, ratelimit.FastMCP4, ratelimit.HTTP429}[seed%3]
			s := judgeVirtually(ctx, j)
			mu.Lock()
			defer mu.Unlock()
			switch s.Verdict {
			case verdict.Fail:
				out.Failed++
				out.First = append(out.First, fmt.Sprintf("seed %d: %s", seed, strings.Join(failedChecks(s), ", ")))
			case verdict.Inconclusive:
				out.Inconclusive++
			}
		})
	}
	group.Wait()
	return out
}

// faultRuns tries one fault, and finer plans where it isn't caught each time.
func faultRuns(ctx context.Context, fault mock.Fault, seeds int, delay virtual.Delay, precision float64) FaultRow {
	r := faultAt(ctx, fault, seeds, delay, precision)
	for _, p := range finer {
		if n := len(r.Finer); !r.Expected || r.Caught+r.Withheld == seeds || p >= precision || n > 0 &&
			r.Finer[n-1].Caught == seeds {
			break
		}
		r.Finer = append(r.Finer, Finer{Precision: p, Runs: seeds, Caught: faultAt(ctx, fault, seeds, delay, p).Caught})
	}
	return r
}

// faultAt tries one fault at a precision.
func faultAt(ctx context.Context, fault mock.Fault, seeds int, delay virtual.Delay, precision float64) FaultRow {
	r := FaultRow{Fault: fault.Name, Doc: fault.Doc, Runs: seeds, Expected: fault.Detectable, Note: fault.Note,
		Checks: []string{}}
	right := regexp.MustCompile("(?i)" + fault.Cause)
	for seed := range uint64(seeds) {
		j := virtualJob(seed%2, fault.Name, mock.ChargeAll, delay).seeded(seed)
		j.Precision = precision
		r.judged(judgeVirtually(ctx, j), right)
	}
	return r
}

// judged counts one run in; right is what its cause should say.
func (r *FaultRow) judged(s results.Server, right *regexp.Regexp) {
	switch s.Verdict {
	case verdict.Inconclusive:
		r.Withheld++
	case verdict.Fail:
		r.Caught++
		causes := causesOf(s)
		if at := slices.IndexFunc(causes, right.MatchString); at >= 0 {
			r.Named++
			r.Cause = causes[at]
		} else if r.Cause == "" && len(causes) > 0 {
			r.Cause = causes[0]
		}
		for _, id := range failedChecks(s) {
			if !slices.Contains(r.Checks, id) {
				r.Checks = append(r.Checks, id)
			}
		}
	}
}

// seeded is the job with another seed.
func (j Job) seeded(seed uint64) Job {
	j.Seed = seed
	return j
}

func failedChecks(s results.Server) []string {
	var ids []string
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail && !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
	}
	return ids
}

func causesOf(s results.Server) []string {
	var causes []string
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail && f.Cause != "" && !slices.Contains(causes, f.Cause) {
				causes = append(causes, f.Cause)
			}
		}
	}
	return causes
}
