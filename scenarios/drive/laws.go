package drive

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

// MostUnasked is how much of a quota is used up without somebody agreeing to it.
const MostUnasked = 200

// Laws are what a job is held to in place of a bucket.
type Laws struct {
	Promise promise.Promise
	Budget  time.Duration // the most that the traffic may take
	Fresh   bool          // nobody has used the server for as long as its laws remember
	Spend   bool          // use up more than MostUnasked of a quota
	left    []string      // what the last plan's budget left out
}

// held is the promise as this job's traffic meets it. Where a law doesn't say what is
// charged, what the job is loaded with surely is, and the rest may be.
func (l *Laws) held(load history.Arrival) promise.Promise {
	p := slices.Clone(l.Promise)
	for i := range p {
		if c := &p[i].Charge; c.Methods == nil && c.May == nil {
			c.Methods, c.May, c.Presumed = []string{load.Method}, []string{promise.Any}, true
		}
	}
	return p
}

// load is what the job sends.
func (j *Job) load() history.Arrival {
	c := j.Profile.Call
	return history.Arrival{Method: c.Method, Tool: c.Tool, Arguments: c.Arguments}
}

// LawPlan is the traffic of a job that is held to laws.
func (j *Job) LawPlan(clients []string) scenarios.LawPlan {
	plan := scenarios.PlanLaws(j.Laws.held(j.load()), scenarios.LawSetting{
		Load: j.load(), Clients: clients, Budget: j.Laws.Budget, Seed: j.Seed})
	for i := range plan.Arrivals {
		plan.Arrivals[i].Label = lawScenario
	}
	j.Laws.left = plan.Left
	return plan
}

// fitsLaws refuses what would cost more than somebody agreed to, before anything is sent.
func (j *Job) fitsLaws() error {
	plan := j.LawPlan(target.ClientNames(j.ClientCount()))
	if len(plan.Arrivals) == 0 && !j.Profile.Call.Unsaid {
		return fmt.Errorf("no law fits --law-budget %s: %s", j.Laws.Budget, strings.Join(plan.Left, "; "))
	}
	for x, l := range j.Laws.Promise {
		if l.Kind == promise.Quota && plan.Spends[x] > MostUnasked && !j.Laws.Spend {
			return hint.New(fmt.Errorf("this would use up %d of %q", plan.Spends[x], l), "agree to it with --spend")
		}
	}
	if rest := j.lawRest(); rest > j.Laws.Budget {
		return hint.New(fmt.Errorf("somebody may have used the server a moment ago, and its laws remember that for %s", promise.Span(rest)),
			"say --fresh if nobody has, or wait that long first with --law-budget "+promise.Span(rest))

	}
	return nil
}

// lawRest is how long a server that was running before is left alone first, so that an
// honest one has forgotten everything.
func (j *Job) lawRest() (rest time.Duration) {
	if j.Kind != target.URL || len(j.Launch) > 0 || j.Laws.Fresh {
		return 0
	}
	for _, l := range j.Laws.Promise {
		rest = max(rest, l.Refilled())
	}
	return rest + rest/50
}

// AnnounceLaws says how long a job's traffic takes, and what it costs.
func (j *Job) AnnounceLaws(plan scenarios.LawPlan) string {
	text := fmt.Sprintf("%s in about %s", words.Count(len(plan.Arrivals), "call"), promise.Span((plan.Length + j.lawRest()).Round(time.Second)))
	for x, l := range j.Laws.Promise {
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

// LawCatalogue is the one scenario of a run that is held to laws.
func LawCatalogue() []scenarios.Scenario {
	return []scenarios.Scenario{{Name: lawScenario, Doc: "what the laws of a promise are asked",
		Checks: []verdict.Check{verdict.Generator, verdict.Alive, verdict.Complete}}}
}

// judgeLaws fills in the findings of a run that is held to laws.
func (o *Outcome) judgeLaws(j Job, court *verdict.Court) {
	p := j.Laws.held(j.load())
	judged := verdict.JudgeLaws(p, o.Calls, verdict.LawConfig{Clocks: court.Clocks(), Shared: j.Shared, Identify: j.identify})
	left := make([][]string, len(p))
	for x := range p {
		for _, why := range j.Laws.left {
			if said, ok := strings.CutPrefix(why, p[x].String()+": "); ok {
				left[x] = append(left[x], said)
			}
		}
	}
	o.Server.Laws = nil
	for x, f := range judged.Laws {
		f.Law = j.Laws.Promise[x] // as it was said
		judged.Laws[x] = f
		law := results.LawOf(f)
		law.Left = left[x]
		o.Server.Laws = append(o.Server.Laws, law)
	}
	trial := court.Trial(lawScenario)
	var findings []verdict.Finding
	for _, c := range j.Scenarios[0].Checks {
		findings = append(findings, c.Judge(trial))
	}
	findings = append(findings, results.LawFindings(judged, left)...)
	o.Server.Measured = nil
	o.Server.Scenarios = []results.Scenario{results.NewScenario(lawScenario, trial.Calls, findings)}
}

// identify says which calls have a credential in common: all, unless a header tells
// clients apart.
func (j *Job) identify(d promise.Dimension, c *history.Call) (string, bool) {
	if d == promise.Credential && j.Identity.Header == "" {
		return "of all", true
	}
	return "", false
}

// promiseText is the promise as documents have it; empty where there is none.
func (l *Laws) promiseText() string {
	if l == nil {
		return ""
	}
	var parts []string
	for _, law := range l.Promise {
		parts = append(parts, law.String())
	}
	return strings.Join(parts, "; ")
}
