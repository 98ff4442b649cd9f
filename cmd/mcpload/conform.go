package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	conformdrive "github.com/mcpload/mcpload/scenarios/conform/drive"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
	"github.com/mcpload/mcpload/verdict"
)

// conformFlags are the flags of conform, as given.
type conformFlags struct {
	targetFlags
	storeFlags
	outFlags
	asked    conformdrive.Asked
	baseline string
	shard    string
}

func (a *app) conformCommand() *cobra.Command {
	f := &conformFlags{}
	cmd := &cobra.Command{
		Use:   "conform [flags] URL | --server NAME | -- command args...",
		Short: "Check that a server keeps the protocol, in every revision that it speaks",
		Args:  onlyAfterDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.conform(cmd.Context(), f, args, asCalled(cmd, args))
		},
	}
	f.register(cmd)
	return cmd
}

func (f *conformFlags) register(cmd *cobra.Command) {
	f.targetFlags.register(cmd)
	f.asked.Server = &f.Asked
	f.registerKeep(cmd)
	flags := cmd.Flags()
	for _, name := range []string{"all", "rate", "burst", "scope", "against", "yes", "refusal", "not-refusal", "fault",
		"shape", "charge", "latency", "embedded", "reply-memory", "answer", "max-message"} {
		_ = flags.MarkHidden(name) // they speak of limits; it fails only where there is no such flag
	}
	flags.Lookup("server").Usage = "try a mock of the server with this profile `name`; with --live, the server itself"
	flags.Lookup("tool").Usage = "harmless `tool` that may be called (default: one that says that it only reads)"
	protocol := flags.Lookup("protocol")
	protocol.Usage, protocol.DefValue = "only this `revision` (default: every one that the server speaks)", ""
	flags.Lookup("transport").Usage = "`transport`: auto, http, sse or stdio"
	flags.StringVar(&f.asked.OtherEnv, "other-bearer-env", "", "somebody else's token, in the environment "+
		"`variable`, to see that it isn't shown what is yours")
	flags.StringSliceVar(&f.asked.Rows, "row", nil, "only these `rows`, comma-separated (see mcpload list conform)")
	flags.StringVar(&f.asked.Fault, "conform-fault", "", "try a mock that breaks the protocol by this `fault` (see "+
		"mcpload list conform-faults)")
	flags.StringVar(&f.asked.Under, "under", "", "try the rows under load: as many right requests beside them, such "+
		"as `200/s`")
	flags.StringVar(&f.asked.Restart, "restart", "", "a shell `command` that restarts the server, in the middle of "+
		"the calls of --under")
	flags.StringVar(&f.asked.Counter, "executions-from", "", "`tool` whose reply holds how many calls the server "+
		"carried out: tells if a restart lost or doubled any")
	flags.DurationVar(&f.asked.Fuzz, "fuzz", 0, "for this long try odd arguments on tools that say that they only "+
		"read, or on --tool")
	flags.StringVar(&f.asked.Budget, "budget", "", "about the `time` for all: what wasn't tried then is named "+
		"(default 15m; with --under or --fuzz no end)")
	flags.Uint64Var(&f.Seed, "seed", 1, "`number` that makes the odd arguments of --fuzz repeatable")
	flags.StringVar(&f.baseline, "baseline", "", "YAML `file` of rows that are known to fail, which decide nothing "+
		"until they expire")
	flags.BoolVar(&f.asked.Strict, "strict", false, "what isn't a MUST counts as a fail too")
	flags.BoolVar(&f.asked.DryRun, "dry-run", false, "print what could be sent and send nothing")
	flags.StringVar(&f.shard, "shard", "", "try `k/n`, the kth of n parts of the rows, or auto: the part that "+
		"Kubernetes, Slurm or GitLab CI names here")
	registerPlanned(flags, &f.outFlags, export.Runs())
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show what was kept too, and the replies that show a fail")
}

// conform is the command once its arguments are parsed.
func (a *app) conform(ctx context.Context, f *conformFlags, command []string, again *invoked.Command) error {
	if _, err := formatOfPlanned(export.Runs(), f.format, f.asked.DryRun); err != nil {
		return err
	}
	if err := f.asked.Choose(); err != nil {
		return err
	}
	part, _, err := (&sharddrive.AskedPart{Part: f.shard}).Read(!f.none, os.LookupEnv)
	if err != nil {
		return err
	}
	if err := f.asked.Take(part); err != nil {
		return err
	}
	c, err := a.conformConfig(f, command)
	if err != nil {
		return err
	}
	if f.asked.DryRun {
		reports, address, err := c.Rehearse(ctx)
		if err != nil {
			return err
		}
		server := invoked.Address(c.Prepared.Options.URL)
		return a.printPlan(f.output, f.format, conformdrive.PlanRows(reports, address, server))
	}
	began := time.Now()
	if c.Other, err = a.otherCredential(f.asked.OtherEnv); err != nil {
		return err
	}
	if calls := f.asked.Calls(); calls != "" {
		fmt.Fprintf(a.stderr, "mcpload: %s; --dry-run prints every request\n", a.clean(calls))
	}
	doc, err := a.conformed(ctx, c)
	if err != nil {
		return target.Explained(err)
	}
	doc.Version = version()
	if doc.Verdict == verdict.Fail {
		doc.Repeat = again.Line()
	}
	f.asked.Mark(doc)
	if doc, _, err = a.keepRun(&f.storeFlags, store.KindConform, began, doc, nil); err != nil {
		return err
	}
	if err := a.render(&f.outFlags, doc, nil); err != nil {
		return err
	}
	a.status = results.ExitStatus(doc)
	a.sayShard(part)
	return nil
}

// conformed holds a server to the protocol, and says on a line how far that is.
func (a *app) conformed(ctx context.Context, c mcpload.ConformConfig) (*results.Document, error) {
	c.Observer, c.Drain = lineProgress{a}, a.drain
	defer c.Observer.Tell(mcpload.Event{Server: c.Prepared.Profile.Name}) // the line of the terminal is free again
	return mcpload.Conform(ctx, c)
}

// conformConfig is the one server to try, and how.
func (a *app) conformConfig(f *conformFlags, command []string) (c mcpload.ConformConfig, err error) {
	f.Unjudged = true
	if err := f.asked.Consistent(command); err != nil {
		return c, err
	}
	jobs, err := a.jobs(&f.targetFlags, command)
	if err != nil {
		return c, err
	}
	j := &jobs[0]
	if j.Options.Transport == wire.InProcess {
		return c, errors.New("--transport inprocess has nothing that could be sent as it is")
	}
	j.Mock.ConformFault = f.asked.Fault
	pressed, err := f.asked.Press()
	if err != nil {
		return c, err
	}
	pressed.Baseline, err = readKnown("baseline", f.baseline, func(in io.Reader, name string, now time.Time) (
		results.Baseline, error) {
		return results.ReadBaseline(in, name, now, conform.Known)
	})
	if err == nil {
		err = f.asked.Share(&pressed)
	}
	if err == nil {
		err = a.online()
	}
	if f.Protocol != "auto" {
		c.Revisions = []string{f.Protocol}
	}
	reach := conformdrive.Reach{URL: f.URL, Connection: &f.connection, Tokens: &f.bearer, Headers: f.headers,
		Env: f.env, OtherEnv: f.asked.OtherEnv, Look: os.LookupEnv}
	c.Prepared, c.Rows, c.Strict, c.Counter, c.Again = j, f.asked.Named(), f.asked.Strict, f.asked.Counter,
		reach.Again(command)
	c.Server = mcpload.Server{Timeout: f.Timeout, Tool: f.Tool, Arguments: []byte(f.Args)}
	c.Under, c.Restart, c.Fuzz, c.Budget, c.Seed, c.Baseline = pressed.Under, pressed.Restart, pressed.Fuzz,
		pressed.Budget, pressed.Seed, pressed.Baseline
	return c, err
}

// otherCredential is the header of somebody else; nil where there is nobody.
func (a *app) otherCredential(variable string) (http.Header, error) {
	if variable == "" {
		return nil, nil
	}
	token := os.Getenv(variable)
	if token == "" {
		return nil, fmt.Errorf("--other-bearer-env: the environment variable %s is empty", variable)
	}
	a.secrets.Add(token)
	return http.Header{"Authorization": {"Bearer " + token}}, nil
}
