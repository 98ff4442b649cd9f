package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// auditFlags are the flags of what a run tries beside its scenarios.
type auditFlags struct {
	audit bool
	allow []string
	name  string
	agent string

	executionsFrom string

	attempts []string // those that --scenario names
}

func (f *auditFlags) register(flags *pflag.FlagSet, t *targetFlags) {
	several(flags, t)
	flags.BoolVar(&f.audit, "audit", false, "try what a server may let through that behaves for a tester: "+strings.Join(audit.Names(), ", ")+" (see docs/AUDIT.md)")
	flags.StringVar(&f.executionsFrom, "executions-from", "", "`tool` whose reply holds how many calls the server carried out: tells if an admitted one wasn't, or a refused one was")
	flags.StringVar(&f.name, "client-name", "", "`name` that the client gives as its own, or name/version (default mcpload)")
	flags.StringVar(&f.agent, "user-agent", "", "`User-Agent` of every request over HTTP (default the client's name and version)")
	flags.StringSliceVar(&f.allow, "allow", nil, "`attempts` that --audit may make beyond this machine, although they can cost money or get you banned: flood, forgery")
}

// several has --url take several.
func several(flags *pflag.FlagSet, t *targetFlags) {
	first := flags.Lookup("url")
	first.Usage += "; given again, the promise holds over all of them together (repeatable)"
	first.Value = &urls{first.Value, t}
}

// urls are the endpoint that is judged, and others that share its limit.
type urls struct {
	pflag.Value
	f *targetFlags
}

// Set implements pflag.Value.
func (u *urls) Set(s string) error {
	if u.f.url == "" {
		return u.Value.Set(s)
	}
	u.f.replicas = append(u.f.replicas, s)
	return nil
}

// GetSlice are all of them.
func (u *urls) GetSlice() []string { return append([]string{u.f.url}, u.f.replicas...) }

// split takes the names of attempts out of those of scenarios.
func (f *auditFlags) split(names []string) (rest []string) {
	for _, name := range names {
		if _, ok := audit.Named(name); ok {
			f.attempts = append(f.attempts, name)
		} else {
			rest = append(rest, name)
		}
	}
	return rest
}

// wanted reports if anything is to be tried.
func (f *auditFlags) wanted() bool { return f.audit || len(f.attempts) > 0 }

// present gives jobs the name under which they speak.
func (f *auditFlags) present(jobs []drive.Job) error {
	if f.agent != "" && strings.ContainsFunc(f.agent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("--user-agent %q holds what no header can", f.agent)
	}
	for i := range jobs {
		o := &jobs[i].Options
		if f.name != "" {
			name, version, _ := strings.Cut(f.name, "/")
			o.Name, o.Version = name, cmp.Or(version, o.Version)
		}
		if f.agent != "" {
			if o.Header.Get("User-Agent") != "" {
				return errors.New("--user-agent and --header both say the User-Agent")
			}
			if o.Header = o.Header.Clone(); o.Header == nil {
				o.Header = http.Header{}
			}
			o.Header.Set("User-Agent", f.agent)
		}
	}
	return nil
}

// audits gives jobs their audit, where one is asked for.
func (f *runFlags) audits(jobs []drive.Job) error {
	if !f.wanted() {
		if len(f.allow) > 0 {
			return hint.New(errors.New("--allow is of an audit, and there is none"), "add --audit, or name an attempt with --scenario: "+strings.Join(audit.Names(), ", "))
		}
		return nil
	}
	a := drive.Audit{Names: f.attempts, Allow: f.allow, Counter: f.executionsFrom} // all, unless some are named
	most, err := parseBudget(f.budget, probe.Budget{Time: audit.DefaultTime, Calls: math.MaxInt})
	if err != nil {
		return err
	}
	a.Budget.Time = most.Time
	if most.Calls < math.MaxInt {
		a.Budget.Calls = most.Calls
	}
	for _, name := range f.allow {
		if !slices.ContainsFunc(audit.Attempts(), func(t audit.Attempt) bool { return t.Allow && t.Name == name }) {
			return hint.New(fmt.Errorf("--allow %q is nothing that has to be allowed", name), "there are flood and forgery")
		}
	}
	for i := range jobs {
		if jobs[i].Laws != nil {
			return hint.New(fmt.Errorf("an audit is of one token bucket, and %s promises other laws", jobs[i].Profile.Name), "hold it to a bucket with --rate and --burst")
		}
		one := a
		jobs[i].Mock.Counter = f.executionsFrom
		jobs[i].Audit = &one
	}
	return nil
}

// askedByFlags has a run try what a flag alone asks for: several urls, and a counter.
func (f *runFlags) askedByFlags() error {
	for i, u := range f.replicas {
		if u == "" || slices.Contains(append([]string{f.url}, f.replicas[:i]...), u) {
			return hint.New(errors.New("--url names the same endpoint twice, or none"), "each --url is another way to what shares one limit")
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" {
			return errors.New("a --url is no address of an endpoint")
		}
	}
	if f.executionsFrom != "" && f.executionsFrom == f.tool {
		return hint.New(errors.New("--executions-from and --tool name the same tool"), "one is called, the other tells how often")
	}
	if f.executionsFrom != "" && !f.audit && !slices.Contains(f.attempts, "executions") {
		f.attempts = append(f.attempts, "executions")
	}
	if len(f.replicas) > 0 && !f.audit && !slices.Contains(f.attempts, "replicas") {
		f.attempts = append(f.attempts, "replicas")
	}
	return nil
}

// plannedAudit lists what is tried, for those who send nothing.
func (a *app) plannedAudit(j *drive.Job) {
	if j.Audit == nil {
		return
	}
	transport := j.Options.Transport
	if j.Kind == target.Mock && transport == wire.Auto {
		transport = wire.HTTP
	}
	plan := j.AddAudit(transport)
	for _, line := range plan.Listed {
		a.say("%s: audit: %s", j.Profile.Name, line)
	}
	for _, l := range plan.Left {
		a.say("%s: %s", j.Profile.Name, l)
	}
}

// drawSeed draws the seed of a run that nobody gave one, so that no server can know the
// traffic that it is judged by. What must come out the same each time keeps seed 1: virtual
// time, plans that are only printed, and parts of one plan.
func (f *runFlags) drawSeed() {
	if !f.given("seed") && !f.virtual && !f.dryRun && f.part == "" && f.startAt == "" && f.begin == nil {
		f.seed = 1 + rand.Uint64N(999_999)
	}
}

// moreClients is how many clients a run speaks as where sessions cost nothing: with two
// replicas that sessions are bound to, one run in 128 has all of them on one.
const moreClients = 8

// speakers is how many clients a job speaks as. Unasked it is more than two where all
// clients share one limit and opening a session costs none of it.
func (f *runFlags) speakers(j *drive.Job) int {
	l := j.Profile.Limit
	_, most := l.Cost("initialize")
	web := j.Options.Transport == wire.HTTP || j.Options.Transport == wire.Auto && j.Kind == target.URL
	if f.given("clients") || f.identity != "" || f.virtual || f.part != "" || j.Laws != nil || l.Scope != profiles.Global || most > 0 || !web {
		return f.clients
	}
	return moreClients
}

// sayUntried says in a line what a run didn't try. In virtual time there is no server that
// could know.
func (f *runFlags) sayUntried(a *app, jobs []drive.Job) {
	if f.wanted() || f.format != "table" || f.virtual || jobs[0].Laws != nil || f.part != "" {
		return
	}
	a.say("%s", audit.Untried())
}

// everyScenario is what can be named: the scenarios, and an audit's attempts.
func everyScenario() []scenarios.Scenario {
	list := scenarios.All()
	for _, name := range audit.Names() {
		s, _ := audit.Named(name)
		list = append(list, s)
	}
	return list
}
