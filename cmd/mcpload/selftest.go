package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// selftestFlags are the flags of selftest, as given.
type selftestFlags struct {
	seeds  int
	faulty int
	delay  string
	format string
	power  bool
}

func (a *app) selftestCommand() *cobra.Command {
	f := &selftestFlags{}
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Prove that the checks can fail, and that they don't cry wolf",
		Long: `Selftest runs the whole line in virtual time against every fault of the mock, and
prints which check catches it and what cause is named. It runs the honest mock
over many seeds, promises, delays, refusal shapes and charging policies as well: not one of those runs may
fail.

Exit status: 0 if every fault that can be caught was and no honest run failed, 1
otherwise.`,
		Example: "  mcpload selftest\n  mcpload selftest --seeds 100 --delay 'exp(20ms)'\n  mcpload selftest --power                  the smallest errors that are caught\n  mcpload selftest --format json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.selftest(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.seeds, "seeds", 1000, "runs of the honest mock")
	flags.IntVar(&f.faulty, "fault-seeds", 4, "runs of each fault")
	flags.StringVar(&f.delay, "delay", "exp(1ms)", "simulated `delay` of a message to a faulty mock; honest ones get all sorts")
	flags.StringVar(&f.format, "format", "table", "table, json or markdown")
	flags.BoolVar(&f.power, "power", false, "measure the smallest errors that are caught instead")
	return cmd
}

// selftestDoc is the document of mcpload.selftest/v1.
type selftestDoc struct {
	Schema string       `json:"schema"`
	Pass   bool         `json:"pass"`
	Honest honestResult `json:"honest"`
	Faults []faultRow   `json:"faults"`
}

type honestResult struct {
	Runs         int      `json:"runs"`
	Failed       int      `json:"failed"`
	Inconclusive int      `json:"inconclusive"`
	First        []string `json:"first,omitempty"` // of what failed, if anything did
}

type faultRow struct {
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
}

func (a *app) selftest(ctx context.Context, f *selftestFlags) error {
	delay, err := virtual.ParseDelay(f.delay)
	switch {
	case err != nil:
		return fmt.Errorf("--delay: %w", err)
	case f.seeds < 1 || f.faulty < 1:
		return fmt.Errorf("--seeds %d, --fault-seeds %d: each must be 1 or more", f.seeds, f.faulty)
	case f.format != "table" && f.format != "json" && f.format != "markdown":
		return fmt.Errorf("--format %q is none of table, json and markdown", f.format)
	}
	if f.power {
		return a.printPower(ctx, f.format)
	}
	doc := &selftestDoc{Schema: "mcpload.selftest/v1", Honest: honestRuns(ctx, f.seeds), Faults: make([]faultRow, len(mock.Faults()))}
	var group sync.WaitGroup
	for i, fault := range mock.Faults() {
		group.Go(func() { doc.Faults[i] = faultRuns(ctx, fault, f.faulty, delay) })
	}
	group.Wait()
	doc.Pass = doc.Honest.Failed == 0
	for _, r := range doc.Faults {
		doc.Pass = doc.Pass && !r.missed()
	}
	if !doc.Pass {
		a.status = exitFail
	}
	switch f.format {
	case "json":
		return printJSON(a.stdout, doc)
	case "markdown":
		return doc.markdown(a.stdout)
	}
	return doc.table(a.stdout)
}

// printJSON prints a document for machines that people may read too.
func printJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// missed reports if a fault that can be caught passed in half of the runs or
// more, or if no run that caught it named the right cause.
func (r faultRow) missed() bool {
	return r.Expected && (2*(r.Caught+r.Withheld) <= r.Runs || r.Caught > 0 && r.Named == 0)
}

// The promises that selftest tries.
var selftestLimits = []profiles.Limit{{Rate: 12, Burst: 16}, {Rate: 15, Burst: 40}, {Rate: 5, Burst: 15}, {Rate: 50, Burst: 100}}

// selftestJob is one virtual run.
func selftestJob(seed uint64, fault string, charge mock.Charging, delay virtual.Delay) job {
	l := selftestLimits[seed%uint64(len(selftestLimits))]
	l.Scope, l.Charges = profiles.Global, []string{"*"}
	p := profiles.Profile{Name: "selftest", Limit: l, Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}
	return job{
		Target:    target.Target{Profile: p, Kind: target.Mock, Seed: seed, Mock: mock.Config{Profile: p, Fault: fault, Charge: charge}},
		scenarios: scenarios.Catalogue(), virtual: delay,
	}
}

// judgeVirtually runs a job and computes its verdict.
func judgeVirtually(ctx context.Context, j job) results.Server {
	doc := &results.Document{Servers: []results.Server{j.runVirtual(ctx).server}}
	doc.Finish()
	return doc.Servers[0]
}

// honestRuns tries the honest mock with delays from nothing to seconds.
func honestRuns(ctx context.Context, seeds int) honestResult {
	delays := []virtual.Delay{nil, virtual.Exp(time.Millisecond), virtual.Uniform(0, 20*time.Millisecond),
		virtual.Exp(20 * time.Millisecond), virtual.Exp(300 * time.Millisecond), virtual.Exp(3 * time.Second)}
	var mu sync.Mutex
	var group sync.WaitGroup
	out := honestResult{Runs: seeds}
	slots := make(chan struct{}, 4)
	for seed := range uint64(seeds) {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			charge := mock.Chargings()[seed/18%uint64(len(mock.Chargings()))]
			j := selftestJob(seed, "", charge, delays[seed/3%uint64(len(delays))])
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

// faultRuns tries one fault.
func faultRuns(ctx context.Context, fault mock.Fault, seeds int, delay virtual.Delay) faultRow {
	r := faultRow{Fault: fault.Name, Doc: fault.Doc, Runs: seeds, Expected: fault.Detectable, Note: fault.Note, Checks: []string{}}
	right := regexp.MustCompile("(?i)" + fault.Cause)
	for seed := range uint64(seeds) {
		s := judgeVirtually(ctx, selftestJob(seed%2, fault.Name, mock.ChargeAll, delay).seeded(seed))
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
	return r
}

// seeded is the job with another seed.
func (j job) seeded(seed uint64) job {
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
