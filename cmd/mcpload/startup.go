package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/startup"
	startdrive "github.com/mcpload/mcpload/scenarios/startup/drive"
)

// startFlags are the flags of startup, as given.
type startFlags struct {
	storeFlags
	outFlags
	reachFlags
	startdrive.Asked
	providers string // a file of them
	offline   bool
	dryRun    bool
}

func (a *app) startupCommand() *cobra.Command {
	f := &startFlags{}
	cmd := &cobra.Command{
		Use:   "startup [flags] --server NAME | -- command args...",
		Short: "Check that a server refuses bad credentials at its start, and leaks none",
		Args:  onlyAfterDash,
		RunE:  func(cmd *cobra.Command, args []string) error { return a.startup(cmd.Context(), f, args) },
	}
	f.register(cmd)
	return cmd
}

func (f *startFlags) register(cmd *cobra.Command) {
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.Server, "server", "", "server to start, by its profile's `name` (see mcpload list servers)")
	flags.BoolVar(&f.Mock, "mock", false, "start a mock of the server instead of its launch command")
	flags.StringVar(&f.Fault, "startup-fault", "", "start a mock that starts wrongly by this `fault` (see "+
		"mcpload list startup-faults)")
	flags.StringVar(&f.Transport, "transport", "stdio", "`transport` by which the mock is spoken to: stdio or http")
	flags.StringArrayVar(&f.Credentials, "credential", nil, "variable that the server must have, and who issues what "+
		"is in it: `NAME=PROVIDER` (repeatable)")
	flags.StringArrayVar(&f.Optional, "optional", nil, "the same for one that it may do without: `NAME=PROVIDER` "+
		"(repeatable)")
	flags.StringArrayVar(&f.OneOf, "one-of", nil, "variables of which it needs one: `NAME=PROVIDER,NAME=PROVIDER` "+
		"(repeatable)")
	registerProviderFile(flags, &f.providers)
	flags.StringVar(&f.URL, "url", "", "MCP `endpoint` that the command serves; without, it speaks on stdin and stdout")
	f.reachFlags.register(cmd)
	flags.BoolVar(&f.UseEnv, "use-env", false, "use the credentials of your own environment for the good starts: for "+
		"servers that ask the provider")
	flags.StringVar(&f.Dir, "dir", "", "`folder` to start the command in (default: this one)")
	flags.StringArrayVar(&f.Logs, "log", nil, "`pattern` of log files that the server writes, such as 'logs/*.log' "+
		"(repeatable)")
	flags.StringSliceVar(&f.Cases, "case", nil, "only these `cases`, comma-separated, between the good starts "+
		"(default: all; see mcpload list startup-cases)")
	flags.DurationVar(&f.Limit, "limit", 10*time.Second, "how long it may take to refuse a bad credential")
	flags.DurationVar(&f.Ready, "ready", 0, "how long it may take to answer with a good one (default: the profile's, "+
		"or 30s)")
	flags.StringVar(&f.Tool, "tool", "", "harmless `tool` whose reply is looked through as well (default: the "+
		"profile's)")
	flags.StringArrayVar(&f.Folders, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	flags.Uint64Var(&f.Seed, "seed", 0, "`number` that makes the made-up credentials repeatable (default: "+
		"others each time)")
	flags.BoolVar(&f.offline, "offline", false, "with --server: install nothing, use what is there")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the starts and make none")
	registerPlanned(flags, &f.outFlags, export.Starts())
	f.registerVerbose(flags)
}

// startup is the command once its arguments are parsed.
func (a *app) startup(ctx context.Context, f *startFlags, command []string) error {
	if _, err := formatOfPlanned(export.Starts(), f.format, f.dryRun); err != nil {
		return err
	}
	if f.Limit <= 0 || f.Ready < 0 {
		return errors.New("--limit and --ready must be above 0")
	}
	if f.Seed == 0 {
		f.Seed = rand.Uint64()
	}
	l, err := a.startLine(f, command)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printPlan(f.output, f.format, startup.PlanRows(l.plan))
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	doc, err := a.makeStarts(ctx, l)
	if err != nil {
		return err
	}
	doc, _, err = a.keepRun(&f.storeFlags, store.KindStartup, began, doc, nil)
	if err != nil {
		return err
	}
	if err := a.render(&f.outFlags, doc, nil); err != nil {
		return err
	}
	a.status = results.ExitStatus(doc)
	return nil
}

// install makes a recipe's server ready to be started.
func (a *app) install(ctx context.Context, l profiles.Launch, offline bool) (command []string, url string, err error) {
	c, err := a.launchConfig(offline)
	if err != nil {
		return nil, "", err
	}
	command, url, _, err = target.Prepare(ctx, l, c)
	if !l.AnyPort() {
		url = "" // as it was said
	}
	return command, url, err
}

// makeStarts makes the starts and returns what they say.
func (a *app) makeStarts(ctx context.Context, l *startLine) (*results.Document, error) {
	defer l.Observer.Tell(mcpload.Event{Server: l.Name}) // the line of the terminal is free again
	doc, err := mcpload.Startup(ctx, l.StartupConfig)
	if err != nil {
		return nil, err
	}
	doc.Version = version()
	return doc, nil
}

// A startLine is a server that is to be started again and again.
type startLine struct {
	mcpload.StartupConfig
	plan []startup.Start
}

// startLine turns flags into what is to be started, all checked before
// anything is.
func (a *app) startLine(f *startFlags, command []string) (*startLine, error) {
	asked := f.Asked
	asked.Profile = profiles.Profile{Launch: profiles.Launch{Transport: "stdio"}}
	if f.Server != "" {
		catalog, err := a.catalog(f.Folders)
		if err != nil {
			return nil, err
		}
		known := target.Asked{Servers: []string{f.Server}}
		chosen, err := known.Profiles(catalog, nil)
		if err != nil {
			return nil, err
		}
		asked.Profile = chosen[0]
	}
	var err error
	if asked.Providers, err = catalogue.OwnProviders(f.providers); err != nil {
		return nil, err
	}
	asked.Env, asked.Label, asked.Look, asked.Say = f.env, f.label, os.LookupEnv, a.say
	one, err := asked.Line(command)
	if err != nil {
		return nil, err
	}
	l := &startLine{StartupConfig: mcpload.StartupOf(one)}
	l.Observer, l.Drain = lineProgress{a}, a.drain
	if one.Recipe != nil {
		l.Install = func(ctx context.Context) ([]string, string, error) {
			return a.install(ctx, *one.Recipe, f.offline)
		}
	}
	if _, err := a.given(f.env); err != nil {
		return nil, err
	}
	if err := a.reachStarted(f, l); err != nil {
		return nil, err
	}
	for env, value := range l.Own {
		a.hide("$"+env, value)
	}
	l.plan, err = l.Starts()
	return l, err
}

// reachStarted has the server of a line reached as the flags say, once it has started.
func (a *app) reachStarted(f *startFlags, l *startLine) error {
	header, err := a.headers("--header", f.headers)
	if err != nil {
		return err
	}
	t := target.Target{Kind: target.Command, Options: wire.Options{URL: l.URL, Header: header}}
	if err := a.reach(&f.reachFlags, &t); err != nil {
		return err
	}
	if l.URL == "" && len(header) > 0 {
		return errors.New("--header is of requests over HTTP, and this server is spoken to on stdin and stdout")
	}
	l.Prepared = &t.Options
	return nil
}

// startLines makes a run's servers ready for the start-up scenario, where it is
// asked for; all is checked before anything is sent.
func (a *app) startLines(f *runFlags, jobs []drive.Job) ([]*startLine, error) {
	if !f.asked.Starts() {
		return nil, nil
	}
	if f.asked.Virtual {
		return nil, fmt.Errorf("--virtual has no processes, so it takes no scenario %s", startup.Scenario)
	}
	var lines []*startLine
	for _, j := range jobs {
		l, err := a.lineOf(f, j)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// lineOf is how a job's server is started again and again.
func (a *app) lineOf(f *runFlags, j drive.Job) (*startLine, error) {
	asked, command, err := startdrive.Beside(&j.Target, len(f.Servers) > 0 || f.All, f.env)
	if err != nil {
		return nil, err
	}
	s := &startFlags{Asked: asked, offline: j.Live != nil && j.Live.Config.Offline}
	s.env, s.Folders, s.Seed = asked.Env, f.profiles, f.Seed
	if j.Kind != target.Mock {
		s.headers, s.bearer, s.connection = f.headers, f.bearer, f.connection
	}
	return a.startLine(s, command)
}

// runAndStart makes the run, if there are scenarios with calls, and then the
// starts, if they are asked for: one server after the other, as a start is timed.
func (a *app) runAndStart(ctx context.Context, f *runFlags, jobs []drive.Job, lines []*startLine) (*results.Document,
	map[string][]history.Call, error) {
	end, err := a.export(ctx, &f.telemetry)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	doc := &results.Document{Version: version(), Started: f.started(), Seed: f.Seed}
	var histories map[string][]history.Call
	if f.asked.Calls() {
		if doc, histories, err = a.judged(ctx, f, jobs); err != nil {
			return nil, nil, err
		}
	} else {
		for _, j := range jobs {
			s := j.Describe()
			s.Target.Transport = "stdio"
			doc.Servers = append(doc.Servers, s)
		}
	}
	for i, l := range lines {
		if !f.asked.Calls() {
			doc.Servers[i].Target = l.Target
		}
		if a.draining() {
			break
		}
		s := &doc.Servers[i]
		started, err := a.makeStarts(ctx, l)
		if err != nil {
			s.Error = err.Error()
			continue
		}
		s.Join(started.Servers[0])
	}
	doc.Finish()
	return doc, histories, nil
}
