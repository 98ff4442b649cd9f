package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	probedrive "github.com/mcpload/mcpload/scenarios/probe/drive"
)

// fleetFlags are the flags of fleet, as given.
type fleetFlags struct {
	storeFlags
	outFlags
	all       bool
	offline   bool
	env       []string
	profiles  []string
	scenarios []string
	budget    string
	audit     drive.AskedAudit
	auditing  string // what an audit may take
	seed      uint64
	timeout   time.Duration
}

func (a *app) fleetCommand() *cobra.Command {
	f := &fleetFlags{}
	cmd := &cobra.Command{
		Use:   "fleet FILE.yaml | --all",
		Short: "Start real servers one after the other and report how they drifted",
		Args:  cobra.MaximumNArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.fleet(cmd.Context(), f, args) },
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all", false, "every server that has a profile")
	flags.BoolVar(&f.offline, "offline", false, "install nothing, use what is there")
	registerEnv(flags, &f.env)
	flags.StringArrayVar(&f.profiles, "profiles", nil, "another `folder` with profiles (repeatable)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "`scenarios` to run, comma-separated (default: those that "+
		"say what the limit is)")
	flags.StringVar(&f.budget, "budget", "", fmt.Sprintf("the most to spend on probing a server, as `calls=N,time=D` "+
		"(default calls=%d,time=%s)", probe.DefaultCalls, promise.Span(probe.DefaultTime)))
	flags.BoolVar(&f.audit.All, "audit", false, "then try what a server may let through that behaves for a tester, "+
		"as run --audit does (see docs/AUDIT.md)")
	flags.StringVar(&f.auditing, "audit-budget", "", "the most that the audit of a server may take, as "+
		"`time=D,calls=N` (default time="+promise.Span(audit.DefaultTime)+")")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that makes the plan and the made-up credentials repeatable")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "give up on a call after this long")
	registerOut(flags, &f.outFlags, export.Fleets(), "result")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the whole run behind the table")
	return cmd
}

// fleet is the command once its arguments are parsed.
func (a *app) fleet(ctx context.Context, f *fleetFlags, args []string) error {
	format, err := formatOf(export.Fleets(), f.format)
	if err != nil {
		return err
	}
	budget, err := probedrive.MayTake(f.budget)
	if err != nil {
		return err
	}
	if f.auditing != "" && !f.audit.All {
		return hint.New(errors.New("--audit-budget is of an audit, and there is none"), "add --audit")
	}
	asked := drive.Asked{Server: &target.Asked{Seed: f.seed}, Scenarios: f.scenarios, Repeat: 1, Precision: "1%",
		Clients: target.DefaultClients, Given: func(string) bool { return false }, Audit: f.audit,
		Laws: drive.AskedLaws{Budget: f.auditing}}
	asked.Audit.BudgetFlag = "--audit-budget"
	if err := asked.Choose(); err != nil {
		return err
	} else if asked.Starts() {
		return errors.New("--scenario startup is of run and of mcpload startup: a fleet takes none of its variables")
	}
	jobs, err := a.fleetJobs(f, args)
	if err != nil {
		return err
	}
	if err := cmp.Or(asked.Arrange(jobs), asked.Settle(jobs)); err != nil {
		return err
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	report := &results.Fleet{Version: version(), Started: began.UTC().Format(time.RFC3339),
		Run: &results.Document{Version: version(), Started: began.UTC().Format(time.RFC3339), Seed: f.seed}}
	survey := drive.Survey{Jobs: jobs, Clean: a.clean, Say: a.say,
		Probe:   func(ctx context.Context, j *drive.Job) (probe.Report, error) { return a.probed(ctx, j, budget) },
		Conform: a.keepsProtocol,
		Watch: func(server string) (drive.Observer, func()) {
			p := a.newProgress("mcpload fleet · " + server)
			return p, p.Start(ctx)
		}}
	histories := survey.Run(ctx, report, a.drain)
	report.Run.Finish()
	doc, kept, err := a.keepRun(&f.storeFlags, store.KindFleet, began, report.Run, histories)
	if err != nil {
		return err
	}
	report.Run = doc
	a.status = results.ExitStatus(doc)
	whole := export.Fleet{Report: report, Histories: kept}
	if f.verbose {
		whole.Whole = new(a.tableOptions(f.output, true, kept))
	}
	return emit(a, format, f.output, whole)
}

// probed probes a server that was judged, on a start of its own.
func (a *app) probed(ctx context.Context, j *drive.Job, budget probe.Budget) (probe.Report, error) {
	_, found, err := a.runProbe(ctx, probedrive.Job{Job: *j, Budget: budget})
	return found.Report, err
}

// keepsProtocol asks a server if it keeps the protocol of a revision, on a start of its
// own, by all rows but those that call tools.
func (a *app) keepsProtocol(ctx context.Context, j *drive.Job, revision string) (d results.DriftConform, err error) {
	c := mcpload.ConformConfig{Prepared: j, Revisions: []string{revision}, Rows: conform.Quiet()}
	c.Server.Timeout = j.Options.Timeout
	doc, err := a.conformed(ctx, c)
	if err == nil {
		d = results.ConformOf(doc)
	}
	return d, err
}

// fleetJobs are the servers of the arguments, all checked before any starts.
func (a *app) fleetJobs(f *fleetFlags, args []string) (jobs []drive.Job, err error) {
	var fleet profiles.Fleet
	if len(args) == 0 && !f.all {
		return nil, hint.New(errors.New("no fleet is named"), "give a file, as in: mcpload fleet fleet.yaml; or --all")
	} else if len(args) == 1 {
		if fleet, err = profiles.ReadFleet(args[0]); err != nil {
			return nil, err
		}
	}
	if f.all || fleet.All {
		catalog, err := a.catalog(f.profiles)
		if err != nil {
			return nil, err
		}
		fleet.AddAll(catalog)
	}
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
func (a *app) fleetJob(f *fleetFlags, m profiles.Member) (j drive.Job, err error) {
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return j, err
	}
	t := &targetFlags{profiles: f.profiles}
	if t.Asked, err = target.OfMember(m, catalog); err != nil {
		return j, err
	}
	t.Timeout, t.Seed, t.Offline = f.timeout, f.seed, f.offline && t.Live
	if m.URL == "" {
		t.env = f.env
	}
	jobs, err := a.jobs(t, m.Command)
	if err != nil {
		return j, err
	}
	jobs[0].Profile.Name = m.Server
	return jobs[0], nil
}
