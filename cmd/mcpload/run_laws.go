package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// lawFlags are the flags of a run that is held to laws.
type lawFlags struct {
	promise  []string
	promiser string // where the promise is read from
	budget   string
	time     time.Duration // --law-budget
	fresh    bool
	spend    bool
	every    bool
	fails    string
}

func (f *lawFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.promise, "promise", nil, "hold the server to a `law` of any kind, such as '30 per 10s sliding per session' (repeatable; see docs/PROMISES.md)")
	flags.StringVar(&f.promiser, "promise-from", "", "hold the server to what it promises itself: `headers`, such as RateLimit-Policy; with one client")
	flags.StringVar(&f.budget, "budget", "", fmt.Sprintf("with --promise or --audit: the most that the traffic may take, as `time=D,calls=N` (default time=%s,calls=%d; of an audit time=%s); what doesn't fit isn't tried", short(scenarios.DefaultLawBudget), scenarios.DefaultLawCalls, short(audit.DefaultTime)))
	flags.DurationVar(&f.time, "law-budget", 0, "as --budget time=")
	if err := flags.MarkHidden("law-budget"); err != nil {
		panic("internal error: " + err.Error())
	}
	flags.BoolVar(&f.every, "require-all", false, "with --promise: what of a law wasn't tried, such as a reset that takes too long, leaves the run inconclusive")
	flags.StringVar(&f.fails, "fails", "", "with --promise: a `tool` whose calls fail, for laws that count failures")
	flags.BoolVar(&f.fresh, "fresh", false, "with --promise: nobody has used the server for as long as its laws remember, so that nothing need be waited for")
	flags.BoolVar(&f.spend, "spend", false, fmt.Sprintf("with --promise: use up more than %d of a quota", drive.MostUnasked))
}

// laws makes jobs such as are held to laws, where that is asked for.
func (f *runFlags) laws(jobs []drive.Job, given func(name string) bool) error {
	budget, err := f.most()
	if err != nil {
		return err
	}
	if f.promiser != "" {
		return f.ownLaws(jobs, given, budget)
	}
	if len(f.lawFlags.promise) == 0 {
		lawful := f.profilesLaws(jobs, budget)
		for _, name := range []string{"budget", "law-budget", "fresh", "spend", "require-all", "fails"} {
			if given(name) && !lawful && !(name == "budget" && f.wanted()) {
				return hint.New(fmt.Errorf("--%s says more of a --promise, and there is none", name), "for example --promise '30 per 10s fixed per session'")
			}
		}
		for _, name := range []string{"rate", "burst"} {
			if given(name) && lawful {
				return hint.New(fmt.Errorf("--%s has no meaning for a profile that promises laws: they have numbers of their own", name),
					"say other laws with --promise, for example --promise '30 per 10s fixed per session'")
			}
		}
		if lawful && given("scenario") {
			return fmt.Errorf("--scenario has no meaning for a profile that promises laws: they bring their own traffic")
		}
		return nil
	}
	for _, name := range []string{"rate", "burst", "scope", "scenario", "against"} {
		if given(name) {
			return fmt.Errorf("--promise takes no --%s: a law says it, or brings its own traffic", name)
		}
	}
	p, err := parsePromise(f.lawFlags.promise)
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Profile.Promise, jobs[i].Profile.Promised = p, "--promise"
		jobs[i].Profile.Settle()
		jobs[i].Mock.Profile = jobs[i].Profile // a mock keeps it
		jobs[i].Laws = f.heldTo(jobs[i].Profile, budget)
	}
	return nil
}

// ownLaws makes jobs such as are held to what the server's own headers promise. They
// don't say who shares a limit, so there is one client: to it every reading is the same.
func (f *runFlags) ownLaws(jobs []drive.Job, given func(name string) bool, budget probe.Budget) error {
	if f.promiser != "headers" {
		return hint.New(fmt.Errorf("--promise-from %q isn't headers", f.promiser), "say other promises with --promise, or in a profile")
	}
	for _, name := range []string{"promise", "rate", "burst", "scope", "scenario", "against", "dry-run", "clients", "client-header", "virtual"} {
		if given(name) {
			return fmt.Errorf("--promise-from headers takes no --%s: what is promised, and so the plan, is known once the server has replied", name)
		}
	}
	for i := range jobs {
		if jobs[i].Kind == target.Mock {
			return hint.New(errors.New("--promise-from headers asks a server, and a mock has no headers of its own"), "give --url, a command or --live")
		}
		if jobs[i].Options.Transport == wire.Stdio {
			return errors.New("--promise-from headers: there are no headers over stdio")
		}
		jobs[i].Profile.Promise, jobs[i].Profile.Promised = nil, ""
		jobs[i].Laws = f.heldTo(jobs[i].Profile, budget)
		jobs[i].Laws.Headers, jobs[i].Laws.Source = true, drive.HeaderSource
	}
	f.clients = 1
	return nil
}

// profilesLaws makes jobs whose profile promises what no bucket says such as are held
// to laws, and reports if there are any.
func (f *runFlags) profilesLaws(jobs []drive.Job, budget probe.Budget) (found bool) {
	for i := range jobs {
		if p := jobs[i].Profile; p.Lawful() {
			jobs[i].Laws, found = f.heldTo(p, budget), true
		}
	}
	return found
}

// heldTo are the laws of a profile as a job is held to them.
func (f *lawFlags) heldTo(p profiles.Profile, budget probe.Budget) *drive.Laws {
	return &drive.Laws{Promise: p.Promise, Source: p.Promised, Budget: budget.Time, Calls: budget.Calls, Fresh: f.fresh, Spend: f.spend,
		All: f.every, Fails: f.fails}
}

// most is what the traffic may take.
func (f *lawFlags) most() (probe.Budget, error) {
	most := probe.Budget{Time: scenarios.DefaultLawBudget, Calls: scenarios.DefaultLawCalls}
	if f.time > 0 {
		most.Time = f.time
	}
	return parseBudget(f.budget, most)
}

// printLaws prints the plan of a job that is held to laws.
func printLaws(w io.Writer, j *drive.Job) error {
	plan := j.LawPlan(target.ClientNames(j.ClientCount()))
	text := fmt.Sprintf("%s: %s; seed %d\n", j.Profile.Name, j.AnnounceLaws(plan), j.Seed)
	for _, l := range j.Laws.Promise {
		text += "  " + l.String() + "\n"
	}
	for _, why := range plan.Left {
		text += "  left out: " + why + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
