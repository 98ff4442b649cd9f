package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

const keptFleet = "fleet"

// fleetFlags are the flags of fleet, as given.
type fleetFlags struct {
	storeFlags
	all       bool
	offline   bool
	env       []string
	profiles  []string
	scenarios []string
	budget    string
	seed      uint64
	format    string
	output    string
	verbose   bool
	timeout   time.Duration
}

func (a *app) fleetCommand() *cobra.Command {
	f := &fleetFlags{}
	cmd := &cobra.Command{
		Use:   "fleet FILE.yaml | --all",
		Short: "Start real servers one after the other and report how they drifted",
		Long: `Fleet installs and starts each server by its profile's launch recipe, judges it
by the scenarios, starts it afresh and probes it, and reports for each what is
required, what its code was read to set, what it does, how it refuses and what it
charges, and if it keeps the protocol (the rows of conform that call no tool), which
decides nothing here. A server that can't start is a finding; the others are judged all the
same. All traffic stays on this machine.

Packages go below mcpload/servers in your cache folder, or $MCPLOAD_CACHE, each
set of pinned versions into a folder of its own. Credentials are made up.

A fleet file lists servers by their profiles' names, or with what is to be changed:

  all: true                       # every known server, before those listed
  servers:
    - acb
    - server: mailgun-mcp
      rate: 5/s
      burst: 15
    - server: mine
      url: http://127.0.0.1:8000/mcp
      rate: 10/s
      burst: 20
      scope: global               # or client
      tool: ping
      args: '{}'
    - server: other
      command: [python, server.py]
      rate: 10/s
      burst: 20

Exit status: 0 all keep their limit, 1 some don't, or don't start, 2 could not
run, 3 inconclusive.`,
		Example: `  mcpload fleet --all
  mcpload fleet fleet.yaml --offline --format json -o fleet.json
  mcpload fleet --all --format markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.fleet(cmd.Context(), f, args) },
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all", false, "every server that has a profile")
	flags.BoolVar(&f.offline, "offline", false, "install nothing, use what is there")
	registerEnv(flags, &f.env)
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable; ./mcpload.d is read anyway)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "`scenarios` to run, comma-separated (default: those that say what the limit is)")
	flags.StringVar(&f.budget, "budget", "", fmt.Sprintf("the most to spend on probing a server, as `calls=N,time=D` (default calls=%d,time=%s)", probe.DefaultCalls, short(probe.DefaultTime)))
	flags.Uint64Var(&f.seed, "seed", 1, "makes the plan and the made-up credentials repeatable")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "give up on a call after this long")
	flags.StringVar(&f.format, "format", "table", "table, json or markdown")
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the whole run behind the table")
	return cmd
}

// fleet is the command once its arguments are parsed.
func (a *app) fleet(ctx context.Context, f *fleetFlags, args []string) error {
	if !slices.Contains([]string{"table", "json", "markdown"}, f.format) {
		return fmt.Errorf("--format %q is none of table, json, markdown", f.format)
	}
	budget, err := parseBudget(f.budget, probeBudget)
	if err != nil {
		return err
	}
	named := &runFlags{scenarios: f.scenarios, format: "table", repeat: 1}
	list, err := named.chosen()
	if err == nil && named.wanted() {
		err = fmt.Errorf("--scenario %s is an attempt of an audit, and only run makes those", named.attempts[0])
	}
	if err != nil {
		return err
	}
	jobs, err := a.fleetJobs(f, args)
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Scenarios, jobs[i].Seed = list, f.seed
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	report := &results.Fleet{Version: version(), Started: began.UTC().Format(time.RFC3339),
		Run: &results.Document{Version: version(), Started: began.UTC().Format(time.RFC3339), Seed: f.seed}}
	survey := drive.Survey{Jobs: jobs, Clean: a.clean, Say: a.say,
		Probe:   func(ctx context.Context, j *drive.Job) (probe.Report, error) { return a.probed(ctx, j, budget) },
		Conform: a.conformed,
		Watch: func(server string) (drive.Observer, func()) {
			p := a.newProgress("mcpload fleet · " + server)
			return p, p.start(ctx)
		}}
	histories := survey.Run(ctx, report, a.drain)
	report.Run.Finish()
	doc, kept, err := a.keepRun(&f.storeFlags, keptFleet, began, report.Run, histories)
	if err != nil {
		return err
	}
	report.Run = doc
	a.status = results.ExitStatus(doc)
	return a.renderFleet(f, report, kept)
}

// probed probes a server that was judged, on a start of its own.
func (a *app) probed(ctx context.Context, j *drive.Job, budget probe.Budget) (probe.Report, error) {
	r, _, err := a.runProbe(ctx, j, &probeFlags{targetFlags: targetFlags{seed: j.Seed}}, nil, budget)
	return r, err
}

// conformed asks a server if it keeps the protocol of a revision, on a start of its own,
// by all rows but those that call tools.
func (a *app) conformed(ctx context.Context, j *drive.Job, revision string) (results.DriftConform, error) {
	c := mcpload.ConformConfig{Prepared: j, Observer: lineProgress{a}, Drain: a.drain, Revisions: []string{revision}}
	c.Server.Timeout = j.Options.Timeout
	for _, r := range conform.Rows() {
		if r.Effect != conform.Calls {
			c.Rows = append(c.Rows, r.ID)
		}
	}
	doc, err := mcpload.Conform(ctx, c)
	c.Observer.Tell(mcpload.Event{Server: j.Profile.Name}) // the line of the terminal is free again
	if err != nil {
		return results.DriftConform{}, spoken(err)
	}
	return results.ConformOf(doc), nil
}

// renderFleet writes the report to where it was asked for.
func (a *app) renderFleet(f *fleetFlags, report *results.Fleet, histories map[string][]history.Call) error {
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, f.format)
	switch f.format {
	case "json":
		err = report.JSON(out)
	case "markdown":
		err = report.Markdown(out)
	default:
		err = report.Table(out)
		if err == nil && f.verbose {
			err = results.Table(out, report.Run, a.tableOptions(f.output, true, histories))
		}
	}
	return errors.Join(err, end())
}

// fleetJobs are the servers of the arguments, all checked before any starts.
func (a *app) fleetJobs(f *fleetFlags, args []string) ([]drive.Job, error) {
	var fleet profiles.Fleet
	switch {
	case len(args) == 0 && !f.all:
		return nil, hint.New(errors.New("no fleet is named"), "give a file, as in: mcpload fleet fleet.yaml; or --all")
	case len(args) == 1:
		data, err := readGiven(args[0])
		if err != nil {
			return nil, fmt.Errorf("cannot read the fleet: %w", err)
		}
		if fleet, err = profiles.ParseFleet(filepath.Base(args[0]), data); err != nil {
			return nil, err
		}
	}
	if f.all || fleet.All {
		catalog, err := a.catalog(f.profiles)
		if err != nil {
			return nil, err
		}
		var known []profiles.Member
		for _, p := range catalog.All() {
			if !slices.ContainsFunc(fleet.Servers, func(m profiles.Member) bool { return m.Server == p.Name }) {
				known = append(known, profiles.Member{Server: p.Name})
			}
		}
		fleet.Servers = append(known, fleet.Servers...)
	}
	var jobs []drive.Job
	for _, m := range fleet.Servers {
		j, err := a.fleetJob(f, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Server, err)
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// fleetJob is one server of the fleet.
func (a *app) fleetJob(f *fleetFlags, m profiles.Member) (drive.Job, error) {
	t := &targetFlags{live: m.URL == "" && len(m.Command) == 0, url: m.URL, burst: m.Burst, scope: string(m.Scope), tool: m.Tool, args: m.Arguments,
		protocol: "auto", transport: "auto", timeout: f.timeout, profiles: f.profiles, seed: f.seed}
	t.offline = f.offline && t.live
	if m.URL == "" {
		t.env = f.env
	}
	if m.Rate > 0 {
		t.rate = promise.FormatRate(m.Rate)
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return drive.Job{}, err
	}
	if _, known := catalog.Get(m.Server); known || t.live {
		t.servers = []string{m.Server}
	}
	if m.URL != "" {
		u, err := url.Parse(m.URL)
		if err != nil {
			return drive.Job{}, fmt.Errorf("url: %w", err)
		}
		if err := target.Loopback(u.Hostname()); err != nil {
			return drive.Job{}, err
		}
	}
	jobs, err := a.jobs(t, m.Command)
	if err != nil {
		return drive.Job{}, err
	}
	jobs[0].Profile.Name = m.Server
	return jobs[0], nil
}
