package drive

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/shard"
	"github.com/mcpload/mcpload/scenarios/startup"
	"github.com/mcpload/mcpload/verdict"
)

// Asked is a run in the words of a command line, whose flags its errors name. Most users
// want Choose, and then Arrange, Share and Settle of the jobs that come of Server, in this
// order: after them each job is as it is to be run, all checked before anything is sent.
type Asked struct {
	Server *target.Asked
	Given  func(flag string) bool // which flags were given

	Scenarios  []string
	Precision  string
	Thresholds []string
	Shared     bool
	FailFast   bool
	Repeat     int

	Clients  int
	Identity string // header that tells clients apart

	Virtual bool
	Delay   string

	Laws  AskedLaws
	Audit AskedAudit

	Clocks *verdict.Clocks
	Spoken string // a flag that is of connections; empty: none was given
	Shown  bool   // the calls are shown to monitoring
	Traced bool   // requests get a trace context

	Look invoked.Lookup                      // finds variables of the environment
	Hide func(flag string, head http.Header) // is told of credentials; nil: nobody is

	starts, listens bool                 // what of them isn't sent as calls of a plan
	list            []scenarios.Scenario // what is
}

// Starts reports if the scenario that starts a server is among those that are asked for.
func (a *Asked) Starts() bool { return a.starts }

// Calls reports if anything is asked for beside starts.
func (a *Asked) Calls() bool { return len(a.Scenarios) > 0 || !a.starts || a.Audit.Wanted() }

// EachProtocol stands for every revision, one after the other.
const EachProtocol = "each"

// EachRevision is one server once a revision.
func EachRevision(jobs []Job) ([]Job, error) {
	if len(jobs) != 1 {
		return nil, errors.New("--protocol each judges one server")
	}
	var list []Job
	for _, r := range revision.All() {
		j := jobs[0]
		j.Options.Protocol, j.InTurn, j.Live = r, true, j.Live.Afresh()
		j.Profile.Name += " MCP " + r
		list = append(list, j)
	}
	return list, nil
}

// quiet is the scenario whose calls are listened to where no other is named: it asks for
// less than half of what is promised.
const quiet = "results"

// Choose finds the scenarios that are asked for, with the thresholds among their checks.
func (a *Asked) Choose() (err error) {
	if a.Repeat < 1 || a.Repeat > MostRepeats {
		return fmt.Errorf("--repeat %d is not from 1 to %d", a.Repeat, MostRepeats)
	}
	list := scenarios.Catalogue()
	switch {
	case a.Server.Lawful:
		a.Scenarios, list = a.Audit.split(a.Scenarios), []scenarios.Scenario{scenarios.Laws()}
	case slices.Equal(a.Scenarios, []string{"all"}):
		list = scenarios.All()
	case len(a.Scenarios) > 0:
		if list, err = a.byName(); err != nil || len(list) == 0 {
			return err
		}
	}
	a.list, err = a.demanding(list)
	return err
}

// byName takes the scenarios by their names, in the catalogue's order; what has no plan of
// calls as the others have is taken out of the names first.
func (a *Asked) byName() (list []scenarios.Scenario, err error) {
	if a.Scenarios = a.Audit.split(a.Scenarios); len(a.Scenarios) == 0 {
		return nil, nil
	}
	if a.Scenarios, a.starts = without(a.Scenarios, startup.Scenario); len(a.Scenarios) == 0 {
		return nil, nil
	}
	if a.Scenarios, a.listens = without(a.Scenarios, Conform); len(a.Scenarios) == 0 {
		a.Scenarios = []string{quiet}
	}
	for _, name := range a.Scenarios {
		if _, ok := scenarios.Named(name); !ok {
			near := profiles.DidYouMean(name, slices.Concat(scenarios.Names(), audit.Names()))
			all := slices.Concat(scenarios.Names(), []string{startup.Scenario, Conform}, audit.Names())
			return nil, hint.New(fmt.Errorf("no scenario is named %q%s", name, near), "there are "+
				strings.Join(all, ", "))
		}
	}
	return slices.DeleteFunc(scenarios.All(), func(s scenarios.Scenario) bool {
		return !slices.Contains(a.Scenarios, s.Name)
	}), nil
}

// without takes a name out of names.
func without(names []string, one string) (others []string, found bool) {
	others = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == one })
	return others, len(others) < len(names)
}

// demanding adds what is demanded of latencies to scenarios.
func (a *Asked) demanding(list []scenarios.Scenario) ([]scenarios.Scenario, error) {
	var demands []verdict.Threshold
	for _, text := range a.Thresholds {
		th, err := verdict.ParseThreshold(text)
		if err == nil {
			err = th.ForRuns()
		}
		if err != nil {
			return nil, err
		}
		demands = append(demands, th)
	}
	for i := range list {
		list[i] = list[i].Demanding(demands)
	}
	return list, nil
}

// Arrange says in what time jobs run, and what they are held to.
func (a *Asked) Arrange(jobs []Job) error {
	if err := cmp.Or(a.impliedAttempts(), a.makeVirtual(jobs)); err != nil {
		return err
	}
	return a.hold(jobs)
}

// makeVirtual moves jobs into virtual time, where that is asked for.
func (a *Asked) makeVirtual(jobs []Job) error {
	switch {
	case !a.Virtual && a.Delay != "":
		return hint.New(errors.New("--delay simulates a network in virtual time, and this run has a real one"),
			"add --virtual")
	case !a.Virtual:
		return nil
	case a.listens:
		return fmt.Errorf("scenario %s listens to real answers, and those of --virtual are simulated", Conform)
	case a.Spoken != "":
		return fmt.Errorf("--%s is of connections, and --virtual makes none", a.Spoken)
	case a.Shown:
		return errors.New("--otlp and --prometheus-addr show real calls, and those of --virtual are simulated")
	}
	delay, err := virtual.ParseDelay(cmp.Or(a.Delay, "exp(1ms)"))
	if err != nil {
		return fmt.Errorf("--delay: %w", err)
	}
	for i := range jobs {
		if jobs[i].Kind != target.Mock || a.Server.Transport != "auto" {
			return errors.New("--virtual runs mocks without any transport, so it takes no --url, --live, --transport " +
				"or command; --protocol says for which revision it plans")
		}
		jobs[i].Virtual = delay
	}
	return nil
}

// Share gives jobs their part of the plan. Begin, where there is one, says when a part of
// so many calls begins, in place of start.
func (a *Asked) Share(jobs []Job, part shard.Part, start runner.Start, begin func(planned func() int) runner.Start,
) error {
	for i := range jobs {
		if jobs[i].Start = start; part.Whole() {
			continue
		}
		switch {
		case a.Virtual || jobs[i].Kind != target.URL || len(jobs[i].Launch) > 0:
			return hint.New(errors.New("--shard: each shard would start a server of its own, and a limit that "+
				"several servers keep is another one"),
				"start one, such as with mcpload mock, and give all shards its --url")
		case a.FailFast:
			return errors.New("--shard sends its whole plan, as all the others do: it takes no --fail-fast")
		case a.Audit.Wanted():
			return errors.New("--shard sends a part of a plan, and an audit's tricks are of one client: audit " +
				"without it")
		case a.Repeat > 1 || a.starts:
			return errors.New("--shard sends one plan, once: it goes neither with --repeat nor with the startup " +
				"scenario")
		}
		if jobs[i].Part = part; begin != nil {
			jobs[i].Start = begin(func() int { return len(jobs[i].Own(jobs[i].Plan(jobs[i].Planned()))) })
		}
		if !a.Given("clients") {
			a.Clients = part.Evenly(target.DefaultClients)
		}
		if a.Clients < part.Of {
			return part.TooFew("clients", a.Clients)
		}
	}
	return nil
}

// Settle gives jobs their scenarios, identities and audits, and refuses a plan that is too
// long.
func (a *Asked) Settle(jobs []Job) error {
	who, err := target.ParseClientHeader(a.Identity, a.Look)
	if err != nil {
		return invoked.Flagged("--client-header", err)
	}
	precision, err := scenarios.ParsePrecision(a.Precision)
	if err != nil {
		return fmt.Errorf("--precision: %w", err)
	}
	for i := range jobs {
		j := &jobs[i]
		j.Precision, j.Scenarios, j.Seed, j.Shared, j.Clocks = precision, a.list, a.Server.Seed, a.Shared, a.Clocks
		j.Listen, j.Demands, j.FailFast = a.listens, a.Thresholds, a.FailFast
		if err := j.SpeakAs(a.speakers(j), who.Identity()); err != nil {
			return err
		}
		if err := a.hideIdentities(who); err != nil {
			return err
		}
		if err := j.TellsApart(); err != nil {
			return err
		}
		j.Options.Refusal.Wary, j.Options.Trace = true, a.Traced
		if j.Laws != nil {
			if j.Scenarios, err = a.demanding([]scenarios.Scenario{scenarios.Laws()}); err != nil {
				return err
			}
		}
		j.Complete()
		if err := j.Fits(); err != nil {
			return err
		}
	}
	return cmp.Or(a.Audit.present(jobs), a.audits(jobs))
}

// hideIdentities tells of the headers that tell clients apart, where they may be
// credentials.
func (a *Asked) hideIdentities(who target.ClientHeader) error {
	list, err := who.Secrets(a.Clients)
	if err != nil {
		return invoked.Flagged("--client-header", err)
	}
	for _, h := range list {
		a.Hide("--client-header", h)
	}
	return nil
}

// moreClients is how many clients a run speaks as where sessions cost nothing: with two
// replicas that sessions are bound to, one run in 128 has all of them on one.
const moreClients = 8

// speakers is how many clients a job speaks as. Unasked it is more than two where all
// clients share one limit and opening a session costs none of it.
func (a *Asked) speakers(j *Job) int {
	l := j.Profile.Limit
	_, most := l.Cost("initialize")
	web := j.Options.Transport == wire.HTTP || j.Options.Transport == wire.Auto && j.Kind == target.URL
	if j.Laws != nil && !a.Given("clients") && j.Part.Whole() && j.Options.Transport != wire.Stdio {
		return min(max(a.Clients, j.Laws.speakers()), j.Laws.room())
	}
	if a.Given("clients") || a.Identity != "" || a.Virtual || !j.Part.Whole() || j.Laws != nil ||
		l.Scope != profiles.Global || most > 0 || !web {
		return a.Clients
	}
	return moreClients
}
