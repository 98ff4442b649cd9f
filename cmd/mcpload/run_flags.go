package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/shard"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
)

// registerLaws adds the flags of a run that is held to laws.
func registerLaws(flags *pflag.FlagSet, f *drive.AskedLaws) {
	flags.StringArrayVar(&f.Promise, "promise", nil, "hold the server to a `law` of any kind, such as '30 per 10s "+
		"sliding per session' (repeatable, or with ; between; see docs/PROMISES.md)")
	flags.StringVar(&f.From, "promise-from", "", "`source` in which the server says itself what it promises: "+
		"headers, such as RateLimit-Policy; with one client")
	flags.StringVar(&f.Budget, "budget", "", fmt.Sprintf("with --promise or --audit: the most that the traffic may "+
		"take, as `time=D,calls=N` (default time=%s,calls=%d; of an audit time=%s); what doesn't fit isn't tried",
		promise.Span(scenarios.DefaultLawBudget), scenarios.DefaultLawCalls, promise.Span(audit.DefaultTime)))
	flags.DurationVar(&f.Time, "law-budget", 0, "as --budget time=")
	if err := flags.MarkHidden("law-budget"); err != nil {
		panic("internal error: " + err.Error())
	}
	flags.BoolVar(&f.Every, "require-all", false, "with --promise: what of a law wasn't tried, such as a reset that "+
		"takes too long, leaves the run inconclusive")
	flags.StringVar(&f.Fails, "fails", "", "with --promise: a `tool` whose calls fail, for laws that count failures")
	flags.BoolVar(&f.Fresh, "fresh", false, "with --promise: nobody has used the server for as long as its laws "+
		"remember, so that nothing need be waited for")
	flags.BoolVar(&f.Spend, "spend", false, fmt.Sprintf("with --promise: use up more than %d of a quota",
		drive.MostUnasked))
}

// registerAudit adds the flags of what a run tries beside its scenarios.
func registerAudit(flags *pflag.FlagSet, f *drive.AskedAudit) {
	flags.BoolVar(&f.All, "audit", false, "try what a server may let through that behaves for a tester: "+
		strings.Join(audit.Names(), ", ")+" (see docs/AUDIT.md)")
	flags.StringVar(&f.Executions, "executions-from", "", "`tool`, or URL of a page, whose reply holds how many "+
		"calls the server carried out: tells if an admitted one wasn't, or a refused one was")
	flags.StringVar(&f.Restart, "restart", "", "`command` for a shell that restarts the server: tells if it keeps "+
		"its counters (--audit restarts one that mcpload started by itself)")
	flags.BoolVar(&f.Keeps, "restart-keeps", false, "counters are promised to be kept across a restart, so that "+
		"losing them fails")
	flags.StringVar(&f.Name, "client-name", "", "`name` that the client gives as its own, or name/version (default "+
		"mcpload)")
	flags.StringVar(&f.Agent, "user-agent", "", "`text` of the User-Agent of every request over HTTP (default "+
		"the client's name and version)")
	flags.StringSliceVar(&f.Allow, "allow", nil, "`attempts` that --audit may make beyond this machine, although "+
		"they can cost money or get you banned: flood, forgery")
}

// several has --url take several.
func several(flags *pflag.FlagSet, t *target.Asked) {
	first := flags.Lookup("url")
	first.Usage += "; given again, the promise holds over all of them together (repeatable)"
	first.Value = &urls{first.Value, t}
}

// urls are the endpoint that is judged, and others that share its limit.
type urls struct {
	pflag.Value
	f *target.Asked
}

// Set implements pflag.Value.
func (u *urls) Set(s string) error {
	if u.f.URL == "" {
		return u.Value.Set(s)
	}
	u.f.Replicas = append(u.f.Replicas, s)
	return nil
}

// GetSlice are all of them.
func (u *urls) GetSlice() []string { return append([]string{u.f.URL}, u.f.Replicas...) }

// clockFlags say how far clocks may disagree, as given.
type clockFlags struct{ drive.AskedClocks }

func (f *clockFlags) register(flags *pflag.FlagSet, tick time.Duration) {
	flags.StringVar(&f.Drift, "clock-drift", "200ppm", "how much faster or slower than ours the limiter's clock may "+
		"run, as a `share`: 200ppm, 0.02% or 0")
	flags.DurationVar(&f.Tick, "clock-tick", tick, "the limiter sees its clock in steps of this length: 1s where "+
		"it counts whole seconds; unless it is given, run and verify fail nothing that 16ms explains")
}

// registerError is for instants that somebody else wrote down.
func (f *clockFlags) registerError(flags *pflag.FlagSet) {
	flags.DurationVar(&f.Error, "clock-error", 0, "how far each instant of the history may be off, either way, such "+
		"as 2ms")
}

// shardFlags say which part of a plan is sent, and when all of them begin.
type shardFlags struct {
	sharddrive.AskedPart
	begin func(planned func() int) runner.Start // when a coordinator says; nil: nobody does
}

func (f *shardFlags) register(flags *pflag.FlagSet, a *app) {
	if a.worker != nil {
		f.begin = a.worker.Begin
	}
	flags.StringVar(&f.Part, "shard", "", "send `k/n`, the kth of n parts of the plan, or auto: the part that "+
		"Kubernetes, Slurm or GitLab CI names here")
	flags.StringVar(&f.StartAt, "start-at", "", "begin at this `instant` (RFC 3339), such as 2026-05-01T12:00:00Z: "+
		"the same for all shards")
	flags.StringVar(&f.Source, "source-address", "", "`address` of this machine's that connections come from, where "+
		"it has several")
}

// read is the part, and the common start where one is given.
func (f *shardFlags) read(keeps *storeFlags) (shard.Part, runner.Start, error) {
	return f.Read(!keeps.none, os.LookupEnv)
}

// sayShard says what is next, after a part was sent.
func (a *app) sayShard(p shard.Part) {
	if p.Whole() {
		return
	}
	a.say("shard %s is kept as %s; once all are there, mcpload merge judges them together", p, a.ends.kept)
	if a.status != exitUsage {
		a.status = exitPass // of a part, the status says only that it ran
	}
}
