package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// lawScenario is what the traffic is called that asks laws.
const lawScenario = "laws"

// mostUnasked is how much of a quota is used up without somebody agreeing to it.
const mostUnasked = 200

// lawFlags are the flags of a run that is held to laws.
type lawFlags struct {
	promise []string
	budget  time.Duration
	fresh   bool
	spend   bool
}

func (f *lawFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.promise, "promise", nil, "hold the server to a `law` of any kind, such as '30 per 10s sliding per session' (repeatable; see docs/PROMISES.md)")
	flags.DurationVar(&f.budget, "law-budget", scenarios.DefaultLawBudget, "with --promise: the most `time` that the traffic may take")
	flags.BoolVar(&f.fresh, "fresh", false, "with --promise: nobody has used the server for as long as its laws remember, so that nothing need be waited for")
	flags.BoolVar(&f.spend, "spend", false, fmt.Sprintf("with --promise: use up more than %d of a quota", mostUnasked))
}

// A lawRun is what a job does that is held to laws.
type lawRun struct {
	lawFlags
	promise promise.Promise
	left    []string // what the last plan's budget left out
}

// laws makes jobs such as are held to laws, where that is asked for.
func (f *runFlags) laws(jobs []job, given func(name string) bool) error {
	if len(f.lawFlags.promise) == 0 {
		for _, name := range []string{"law-budget", "fresh", "spend"} {
			if given(name) {
				return hint.New(fmt.Errorf("--%s says more of a --promise, and there is none", name), "for example --promise '30 per 10s fixed per session'")
			}
		}
		return nil
	}
	for _, name := range []string{"rate", "burst", "scope", "scenario", "virtual", "delay", "against"} {
		if given(name) {
			return fmt.Errorf("--promise takes no --%s: a law says it, or brings its own traffic", name)
		}
	}
	p, err := parsePromise(f.lawFlags.promise)
	if err != nil {
		return err
	}
	for i := range jobs {
		if jobs[i].Kind == target.Mock {
			return hint.New(errors.New("--promise is for a running server: the mock keeps token buckets only"), "give --url, or -- and a command that starts one")
		}
		jobs[i].laws = &lawRun{lawFlags: f.lawFlags, promise: p}
	}
	return nil
}

// held is the promise as this job's traffic meets it. Where a law doesn't say what is
// charged, what the job is loaded with surely is, and the rest may be.
func (l *lawRun) held(load history.Arrival) promise.Promise {
	p := slices.Clone(l.promise)
	for i := range p {
		if c := &p[i].Charge; c.Methods == nil && c.May == nil {
			c.Methods, c.May, c.Presumed = []string{load.Method}, []string{promise.Any}, true
		}
	}
	return p
}

// load is what the job sends.
func (j *job) load() history.Arrival {
	c := j.Profile.Call
	return history.Arrival{Method: c.Method, Tool: c.Tool, Arguments: c.Arguments}
}

// lawPlan is the traffic of a job that is held to laws.
func (j *job) lawPlan(clients []string) scenarios.LawPlan {
	plan := scenarios.PlanLaws(j.laws.held(j.load()), scenarios.LawSetting{
		Load: j.load(), Clients: clients, Budget: j.laws.budget, Seed: j.Seed})
	for i := range plan.Arrivals {
		plan.Arrivals[i].Label = lawScenario
	}
	j.laws.left = plan.Left
	return plan
}

// fitsLaws refuses what would cost more than somebody agreed to, before anything is sent.
func (j *job) fitsLaws() error {
	plan := j.lawPlan(target.ClientNames(j.ClientCount()))
	if len(plan.Arrivals) == 0 && !j.Profile.Call.Unsaid {
		return fmt.Errorf("no law fits --law-budget %s: %s", j.laws.budget, strings.Join(plan.Left, "; "))
	}
	for x, l := range j.laws.promise {
		if l.Kind == promise.Quota && plan.Spends[x] > mostUnasked && !j.laws.spend {
			return hint.New(fmt.Errorf("this would use up %d of %q", plan.Spends[x], l), "agree to it with --spend")
		}
	}
	if rest := j.lawRest(); rest > j.laws.budget {
		return hint.New(fmt.Errorf("somebody may have used the server a moment ago, and its laws remember that for %s", promise.Span(rest)),
			"say --fresh if nobody has, or wait that long first with --law-budget "+promise.Span(rest))

	}
	return nil
}

// lawRest is how long a server that was running before is left alone first, so that an
// honest one has forgotten everything.
func (j *job) lawRest() (rest time.Duration) {
	if j.Kind != target.URL || len(j.Launch) > 0 || j.laws.fresh {
		return 0
	}
	for _, l := range j.laws.promise {
		rest = max(rest, l.Refilled())
	}
	return rest + rest/50
}

// announceLaws says how long a job's traffic takes, and what it costs.
func (j *job) announceLaws(plan scenarios.LawPlan) string {
	text := fmt.Sprintf("%s in about %s", words.Count(len(plan.Arrivals), "call"), promise.Span((plan.Length + j.lawRest()).Round(time.Second)))
	for x, l := range j.laws.promise {
		if l.Kind == promise.Quota {
			text += fmt.Sprintf("; spends up to %d of %d a %s", plan.Spends[x], l.N, l.Unit)
		}
	}
	return text
}

// permissive is a bucket that explains whatever is let through: where laws are promised,
// no bucket is held against the server.
func permissive() profiles.Limit {
	return profiles.Limit{Rate: 1e9, Burst: 1_000_000_000, Scope: profiles.Global, Charges: []string{"*"}}
}

// lawCatalogue is the one scenario of such a run.
func lawCatalogue() []scenarios.Scenario {
	return []scenarios.Scenario{{Name: lawScenario, Doc: "what the laws of a promise are asked",
		Checks: []verdict.Check{verdict.Generator, verdict.Alive, verdict.Complete}}}
}

// judgeLaws fills in the findings of a run that is held to laws.
func (o *outcome) judgeLaws(j job, court *verdict.Court) {
	p := j.laws.held(j.load())
	judged := verdict.JudgeLaws(p, o.calls, verdict.LawConfig{Clocks: court.Clocks(), Shared: j.shared, Identify: j.identify})
	left := make([][]string, len(p))
	for x := range p {
		for _, why := range j.laws.left {
			if said, ok := strings.CutPrefix(why, p[x].String()+": "); ok {
				left[x] = append(left[x], said)
			}
		}
	}
	o.server.Laws = nil
	for x, f := range judged.Laws {
		f.Law = j.laws.promise[x] // as it was said
		judged.Laws[x] = f
		law := results.LawOf(f)
		law.Left = left[x]
		o.server.Laws = append(o.server.Laws, law)
	}
	trial := court.Trial(lawScenario)
	var findings []verdict.Finding
	for _, c := range j.scenarios[0].Checks {
		findings = append(findings, c.Judge(trial))
	}
	findings = append(findings, results.LawFindings(judged, left)...)
	o.server.Measured = nil
	o.server.Scenarios = []results.Scenario{results.NewScenario(lawScenario, trial.Calls, findings)}
}

// identify says which calls have a credential in common: all, unless a header tells
// clients apart.
func (j *job) identify(d promise.Dimension, c *history.Call) (string, bool) {
	if d == promise.Credential && j.Identity.Header == "" {
		return "of all", true
	}
	return "", false
}

// printLaws prints the plan of a job that is held to laws.
func (j *job) printLaws(w io.Writer) error {
	plan := j.lawPlan(target.ClientNames(j.ClientCount()))
	text := fmt.Sprintf("%s: %s; seed %d\n", j.Profile.Name, j.announceLaws(plan), j.Seed)
	for _, l := range j.laws.promise {
		text += "  " + l.String() + "\n"
	}
	for _, why := range plan.Left {
		text += "  left out: " + why + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// promiseText is the promise as documents have it; empty where there is none.
func (l *lawRun) promiseText() string {
	if l == nil {
		return ""
	}
	var parts []string
	for _, law := range l.promise {
		parts = append(parts, law.String())
	}
	return strings.Join(parts, "; ")
}
