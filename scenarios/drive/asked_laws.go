package drive

import (
	"errors"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// AskedLaws are the laws that a run is held to, and what their traffic may take.
type AskedLaws struct {
	Promise []string      // one law each
	From    string        // where the promise is read from, in place of Promise
	Budget  string        // of an audit as well
	Time    time.Duration // as the budget's
	Fresh   bool
	Spend   bool
	Every   bool
	Fails   string // a tool whose calls fail
}

// ParsePromise reads the laws that --promise gives, one a flag or several.
func ParsePromise(texts []string) (promise.Promise, error) {
	p, err := promise.ParseAll(texts...)
	if bad, ok := errors.AsType[*promise.SyntaxError](err); ok {
		return nil, hint.New(fmt.Errorf("--promise %s", bad.Problem), bad.Want)
	}
	return p, err
}

// Promising has a profile promise what --promise says.
func Promising(p *profiles.Profile, texts []string) (err error) {
	if p.Promise, err = ParsePromise(texts); err != nil {
		return err
	}
	p.Promised = "--promise"
	p.Settle()
	return nil
}

// Mocked is the profile that a mock serves: a known one, or one that only keeps what
// --promise says.
func Mocked(server string, promised []string, a target.Asked, c *profiles.Catalog) (p profiles.Profile, err error) {
	if server == "" && len(promised) == 0 {
		return p, hint.New(errors.New("no server is named"), "name a profile with --server, or say what to keep with "+
			"--promise; mcpload list servers names them all")
	}
	if server != "" {
		a.Servers = []string{server}
	}
	chosen, err := a.Profiles(c, nil)
	if err != nil {
		return p, err
	}
	p = chosen[0]
	switch {
	case len(promised) == 0:
		err = a.Override(&p)
	case a.Rate != "" || a.Burst != 0:
		err = errors.New("--promise takes no --rate and no --burst: a law says them")
	default:
		err = Promising(&p, promised)
	}
	return p, err
}

// takes reports if a flag was given that laws have no place for. Attempts of an audit can
// be named beside them.
func (a *Asked) takes(flag string) bool {
	return a.Given(flag) && !(flag == "scenario" && len(a.Scenarios) == 0)
}

// hold makes jobs such as are held to laws, where that is asked for, or promised.
func (a *Asked) hold(jobs []Job) error {
	budget, err := a.most()
	if err != nil {
		return err
	}
	if a.Laws.From != "" {
		return a.holdToHeaders(jobs, budget)
	}
	if len(a.Laws.Promise) == 0 {
		return a.holdToProfiles(jobs, budget)
	}
	for _, name := range []string{"rate", "burst", "scope", "scenario", "against"} {
		if a.takes(name) {
			return fmt.Errorf("--promise takes no --%s: a law says it, or brings its own traffic", name)
		}
	}
	for i := range jobs {
		if err := Promising(&jobs[i].Profile, a.Laws.Promise); err != nil {
			return err
		}
		jobs[i].Mock.Profile = jobs[i].Profile // a mock keeps it
		jobs[i].Laws = a.heldTo(jobs[i].Profile, budget)
	}
	return nil
}

// holdToProfiles holds those to laws whose profile promises what no bucket says.
func (a *Asked) holdToProfiles(jobs []Job, budget invoked.Budget) error {
	lawful := false
	for i := range jobs {
		if p := jobs[i].Profile; p.Lawful() {
			jobs[i].Laws, lawful = a.heldTo(p, budget), true
		}
	}
	for _, name := range []string{"budget", "law-budget", "fresh", "spend", "require-all", "fails"} {
		if a.Given(name) && !lawful && !(name == "budget" && a.Audit.Wanted()) {
			return hint.New(fmt.Errorf("--%s says more of a --promise, and there is none", name), "for example "+
				"--promise '30 per 10s fixed per session'")
		}
	}
	for _, name := range []string{"rate", "burst"} {
		if a.Given(name) && lawful {
			return hint.New(fmt.Errorf("--%s has no meaning for a profile that promises laws: they have numbers "+
				"of their own", name),
				"say other laws with --promise, for example --promise '30 per 10s fixed per session'")
		}
	}
	if lawful && len(a.Scenarios) > 0 {
		return errors.New("--scenario has no meaning for a profile that promises laws: they bring their own " +
			"traffic, and only attempts of an audit can be named")
	}
	return nil
}

// holdToHeaders holds jobs to what the server's own headers promise. They don't say who
// shares a limit, so there is one client: to it every reading is the same.
func (a *Asked) holdToHeaders(jobs []Job, budget invoked.Budget) error {
	if a.Laws.From != "headers" {
		return hint.New(fmt.Errorf("--promise-from %q isn't headers", a.Laws.From), "say other promises with "+
			"--promise, or in a profile")
	}
	for _, name := range []string{"promise", "rate", "burst", "scope", "scenario", "against", "dry-run", "clients",
		"client-header", "virtual"} {
		if a.takes(name) {
			return fmt.Errorf("--promise-from headers takes no --%s: what is promised, and so the plan, is known "+
				"once the server has replied", name)
		}
	}
	for i := range jobs {
		if jobs[i].Kind == target.Mock {
			return hint.New(errors.New("--promise-from headers asks a server, and a mock has no headers of its own"),
				"give --url, a command or --live")
		}
		if jobs[i].Options.Transport == wire.Stdio {
			return errors.New("--promise-from headers: there are no headers over stdio")
		}
		jobs[i].Profile.Promise, jobs[i].Profile.Promised = nil, ""
		jobs[i].Laws = a.heldTo(jobs[i].Profile, budget)
		jobs[i].Laws.Headers, jobs[i].Laws.Source = true, HeaderSource
	}
	a.Clients = 1
	return nil
}

// heldTo are the laws of a profile as a job is held to them.
func (a *Asked) heldTo(p profiles.Profile, budget invoked.Budget) *Laws {
	return &Laws{Promise: p.Promise, Source: p.Promised, Budget: budget.Time, Calls: budget.Calls,
		Fresh: a.Laws.Fresh, Again: a.Repeat > 1 || a.Server.Protocol == EachProtocol, Spend: a.Laws.Spend,
		All: a.Laws.Every, Fails: a.Laws.Fails}
}

// most is what the traffic may take.
func (a *Asked) most() (invoked.Budget, error) {
	most := invoked.Budget{Time: scenarios.DefaultLawBudget, Calls: scenarios.DefaultLawCalls}
	if a.Audit.Wanted() {
		most = invoked.Budget{Time: audit.DefaultTime, Calls: audit.DefaultLawCalls}
	}
	if a.Laws.Time > 0 {
		most.Time = a.Laws.Time
	}
	return invoked.ParseBudget(a.Laws.Budget, most)
}
