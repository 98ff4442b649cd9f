package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	probedrive "github.com/mcpload/mcpload/scenarios/probe/drive"
)

// probeFlags are the flags of probe, as given.
type probeFlags struct {
	targetFlags
	storeFlags
	outFlags
	clockFlags
	asked probedrive.Asked
	other []string
	emit  string
	save  string
}

func (a *app) probeCommand() *cobra.Command {
	f := &probeFlags{}
	cmd := &cobra.Command{
		Use:   "probe [flags] URL | --server NAME | -- command args...",
		Short: "Measure a rate limit that nobody declared",
		Args:  onlyAfterDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.probe(cmd.Context(), f, args, asCalled(cmd, args))
		},
	}
	f.targetFlags.register(cmd)
	f.asked.Server = &f.Asked
	f.registerKeep(cmd)
	flags := cmd.Flags()
	f.clockFlags.register(flags, 0)
	for _, name := range []string{"all", "scope", "against"} { // they speak of promises, and there is none here
		_ = flags.MarkHidden(name) // fails only where there is no such flag
	}
	flags.Lookup("server").Usage = "probe a mock of the server with this profile `name`; with --url, a command or " +
		"--live, take the profile's tool and refusals"
	flags.Lookup("rate").Usage = "another `rate` for the mock of --server"
	flags.Lookup("burst").Usage = "another burst for the mock of --server, in `tokens`"
	f.register(flags)
	return cmd
}

// register adds the flags of a probe alone.
func (f *probeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.asked.Budget, "budget", "", fmt.Sprintf("the most to spend, as `calls=N,time=D` (default "+
		"calls=%d,time=%s)", probe.DefaultCalls, promise.Span(probe.DefaultTime)))
	flags.StringArrayVar(&f.other, "other-header", nil, "header `'Name: value'` of a second client identity, in "+
		"place of --header's, to see if each has a limit of its own (repeatable)")
	flags.StringArrayVar(&f.asked.Promise, "promise", nil, "`law` that the mock of --server keeps, in place of its "+
		"profile's, such as '30 per 10s fixed' (repeatable)")
	flags.BoolVar(&f.asked.Audit, "audit", false, fmt.Sprintf("then try to get past a bucket that was found, as run "+
		"--audit does, in %s at most: %s", promise.Span(probedrive.TricksTime), strings.Join(probedrive.Evading, ", ")))
	flags.StringSliceVar(&f.asked.Allow, "allow", nil, "`attempts` that --audit may make beyond this machine, "+
		"although they can get you banned: forgery")
	flags.BoolVar(&f.asked.Virtual, "virtual", false, "probe the mock in virtual time: repeatable, in milliseconds")
	flags.Uint64Var(&f.asked.Seed, "seed", 1, "`number` that makes the jitter repeatable")
	registerOut(flags, &f.outFlags, export.Probes(), "result")
	flags.StringVar(&f.emit, "emit-profile", "", "`file` for a profile that promises what was found, for run "+
		"--profiles; - is stdout")
	flags.StringVar(&f.save, "save-history", "", "`file` for the calls, as JSON Lines")
}

// probe is the command once its arguments are parsed.
func (a *app) probe(ctx context.Context, f *probeFlags, command []string, again *invoked.Command) error {
	budget, err := probedrive.MayTake(f.asked.Budget)
	if err != nil {
		return err
	}
	format, err := formatOf(export.Probes(), f.format)
	if err != nil {
		return err
	}
	if f.emit == "-" && (f.output == "-" || f.output == "") {
		return hint.New(errors.New("the result and the profile can't both go to stdout"), "give one of them a file: "+
			"-o result.txt or --emit-profile FILE")
	}
	if err := f.asked.Aim(command); err != nil {
		return err
	}
	jobs, err := a.jobs(&f.targetFlags, command)
	if err != nil {
		return err
	}
	if err := f.asked.Equip(&jobs[0]); err != nil {
		return err
	}
	other, err := a.headers("--other-header", f.other)
	if err != nil {
		return err
	}
	if jobs[0].Clocks, err = f.Clocks(); err != nil {
		return err
	}
	a.settleCalls(&f.targetFlags, jobs, again)
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	j := probedrive.Job{Job: jobs[0], Budget: budget, Other: other}
	if j.Tricks, err = f.asked.Tricks(); err != nil {
		return err
	}
	doc, found, err := a.runProbe(ctx, j)
	if err != nil {
		return err
	}
	kept, err := a.keepProbe(&f.storeFlags, doc, found.Calls, began)
	if err != nil {
		return err
	}
	if err := drive.Histories(kept.Histories).Save(f.save, []string{doc.Server}, a.clean); err != nil {
		return err
	}
	if err := a.renderProbe(f, format, kept); err != nil {
		return err
	}
	if doc.Result == results.ProbeUnfinished {
		a.status = exitInconclusive
	}
	return a.emitProfile(f.emit, found)
}

// A foundByProbe is what came of a probe beside its document.
type foundByProbe struct {
	probe.Report
	profile func(file string) ([]byte, error) // of what was found, in a file of this name
}

// A lateProgress shows nothing until traffic is about to be sent: before that somebody
// may be asked which tool to call.
type lateProgress struct {
	*progress
	begin func()
}

// Tell implements drive.Observer.
func (p *lateProgress) Tell(e drive.Event) {
	if p.progress.Tell(e); e.End > 0 {
		p.begin()
	}
}

// runProbe probes a server.
func (a *app) runProbe(ctx context.Context, j probedrive.Job) (*results.Probed, foundByProbe, error) {
	progress := &lateProgress{progress: a.newProgress("mcpload probe")}
	begin, end := progress.Later(ctx)
	progress.begin = begin
	defer end()
	var found foundByProbe
	doc, err := mcpload.Probe(ctx, mcpload.ProbeConfig{Prepared: &j, Observer: progress, Drain: a.drain,
		Report: func(r probe.Report, profile func(file string) ([]byte, error)) { found = foundByProbe{r, profile} }})
	if err != nil {
		return nil, found, err
	}
	doc.Probed.Version = version()
	return doc.Probed, found, nil
}

// keepProbe stores a probe, both as its document and as it is told to a person.
func (a *app) keepProbe(f *storeFlags, doc *results.Probed, calls []history.Call, began time.Time) (store.Run, error) {
	var document, screen bytes.Buffer
	if err := errors.Join(doc.JSON(&document), doc.Table(&screen)); err != nil {
		return store.Run{}, err
	}
	return a.keep(f, store.Run{
		Kind: store.KindProbe, Started: began, Document: document.Bytes(), Screen: screen.Bytes(),
		Histories: map[string][]history.Call{doc.Server: calls},
	})
}

// renderProbe writes the result to where it was asked for.
func (a *app) renderProbe(f *probeFlags, format export.Format[export.Probe], kept store.Run) error {
	doc, err := results.DecodeProbed(bytes.NewReader(kept.Document))
	if err != nil {
		return fmt.Errorf("internal error: the document can't be read again: %w", err)
	}
	a.ends.verdict = doc.Headline()
	return emit(a, format, f.output, export.Probe{Document: doc, Calls: kept.Histories[doc.Server]})
}

// emitProfile writes a profile of what was found, where that is asked for.
func (a *app) emitProfile(file string, found foundByProbe) error {
	if file == "" {
		return nil
	}
	text, err := found.profile(file)
	if err != nil {
		a.say("no profile was written: %v", err)
		a.status = max(a.status, exitUsage)
		return nil
	}
	if a.secrets.Holds(string(text)) {
		return export.ErrLeak
	}
	if file == "-" {
		_, err = a.stdout.Write(text)
		return err
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("cannot write the profile: %w", err)
	}
	return nil
}
