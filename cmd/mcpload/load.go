package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/telemetry"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/scenarios/drive"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
	"github.com/mcpload/mcpload/verdict"
)

// loadFlags are the flags of load, as given.
type loadFlags struct {
	targetFlags
	storeFlags
	outFlags
	shardFlags
	telemetry telemetry.Asked

	asked  loaddrive.Asked
	dryRun bool
	hgrm   string
	again  *invoked.Command
}

func (a *app) loadCommand() *cobra.Command {
	f := &loadFlags{}
	cmd := &cobra.Command{
		Use:   "load [flags] URL | --server NAME | -- command args...",
		Short: "Put a server under general load and measure it",
		Args:  onlyAfterDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given, f.again = cmd.Flags().Changed, asCalled(cmd, args)
			return a.load(cmd.Context(), f, args)
		},
	}
	f.registerLoad(cmd)
	f.shardFlags.register(cmd.Flags(), a)
	cmd.AddCommand(a.reading(a.loadInitCommand()))
	return cmd
}

func (f *loadFlags) registerLoad(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registerTarget(cmd)
	f.registerYes(flags)
	f.registerKeep(cmd)
	registerTelemetry(flags, &f.telemetry)
	flags.StringVar(&f.asked.Rate, "rate", "", "requests a second, or a `shape`: 2000/s, 0.5/s, max, "+
		"'10/s..200/s@1m', 'burst 16 every 10s on 12/s' (default: 10/s)")
	flags.DurationVarP(&f.asked.Duration, "duration", "d", 0, "how long requests are due (default: the shape's or "+
		"the recording's own length, else 30s; 10s a trial with --find)")
	flags.StringVar(&f.asked.Arrivals, "arrivals", "even", "`spread` of the requests: even, or poisson (random "+
		"gaps, by --seed)")
	flags.StringVar(&f.asked.Replay, "replay", "", "send when the calls of this `run` were due, in place of --rate: "+
		"a kept run such as last, or a history file (.gz too)")
	flags.StringVar(&f.asked.Speed, "speed", "1x", "`factor` of how fast to --replay, such as 2x or 0.5x")
	flags.StringVar(&f.asked.Tool, "tool", "", "`tool` to call (default: the profile's, else one that "+
		"says that it is harmless)")
	flags.StringVar(&f.asked.Args, "args", "", "its arguments, or the method's parameters, as a `JSON` object with "+
		"placeholders")
	flags.StringVar(&f.asked.Method, "method", "", "`method` to request instead of a tool, such as ping, tools/list "+
		"or resources/read")
	flags.StringVar(&f.asked.Mix, "mix", "", "plan `file` of weighted calls and sequences (mcpload load init writes "+
		"one)")
	flags.Uint64Var(&f.Seed, "seed", 1, "`number` that makes what is drawn by lot repeatable")
	flags.IntVar(&f.asked.Sessions, "sessions", 0, "`number` of sessions to open, each a client of its own "+
		"(default: the plan's, else one a connection up to 16)")
	flags.IntVar(&f.asked.Connections, "connections", 0, "`number` of HTTP connections at most, shared by the "+
		"sessions (default: 256; 16 with --rate max)")
	flags.IntVar(&f.asked.Processes, "processes", 1, "`number` of stdio servers to start, each with one session")
	flags.IntVar(&f.asked.MaxInFlight, "max-in-flight", loaddrive.DefaultInFlight, "`number` of calls without a "+
		"reply at most; what is due beyond that isn't sent, and counted")
	flags.StringArrayVar(&f.asked.Thresholds, "threshold", nil, "`demand`, such as 'p99<250ms', 'errors<0.1%', "+
		"'rate>=1900/s', 'p99{tool=search}<1s' (repeatable)")
	flags.StringArrayVar(&f.asked.AbortOn, "abort-on", nil, "end the run early once this `condition` holds over "+
		"ten seconds, such as 'errors>5%' (repeatable)")
	flags.StringSliceVar(&f.asked.Checks, "check", nil, "`checks` of each reply, comma-separated: echo "+
		"(it must hold the {{nonce}} of its own request, once), schema (it must be as the specification demands)")
	flags.StringVar(&f.asked.Find, "find", "", "`what` to search: capacity, the highest rate that keeps every "+
		"--threshold")
	flags.StringVar(&f.asked.Precision, "precision", "5%", "`share` of a rate, to which --find comes")
	flags.DurationVar(&f.asked.CoolDown, "cool-down", loaddrive.DefaultCoolDown, "rest between the trials of --find")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	registerPlanned(flags, &f.outFlags, export.Runs())
	flags.StringVar(&f.asked.History, "save-history", "", "`file` for the calls as they end, as JSON Lines; "+
		"compressed if it ends in .gz")
	flags.StringVar(&f.hgrm, "hgrm", "", "`file` for the latency distribution as HdrHistogram's plotter reads it")
	flags.IntVar(&f.asked.Sample, "sample", 1, "keep one call in `n` in the history; what is measured takes in all "+
		"of them")
}

// registerTarget registers what load shares with run: which server, and how to
// reach it.
func (f *loadFlags) registerTarget(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.URL, "url", "", "attach to a running server at this MCP `endpoint`")
	flags.StringSliceVar(&f.Servers, "server", nil, "server by its profile's `name`: a mock of it, or with --live "+
		"itself (see mcpload list servers)")
	flags.BoolVar(&f.Live, "live", false, "start the server by its profile's launch command instead of a mock")
	flags.DurationVar(&f.Timeout, "timeout", 10*time.Second, "give up on a call after this long, and cancel it as "+
		"its protocol says")
	f.registerReach(cmd)
	flags.StringVar(&f.client.GetStream, "get-stream", "auto", "`when` to listen to the server's own stream: auto "+
		"(where it gives a session an id), on or off")
	flags.BoolVar(&f.client.Compressed, "compressed", false, "offer to take compressed replies: gzip, deflate, zstd")
	f.Unjudged = true
}

// oneJob is the one server that the flags name.
func (a *app) oneJob(f *loadFlags, command []string) (j drive.Job, err error) {
	jobs, err := a.jobs(&f.targetFlags, command)
	if err == nil {
		j = jobs[0]
	}
	return j, err
}

// loadJob turns flags into a load, all checked before anything starts.
func (a *app) loadJob(f *loadFlags, format export.Format[export.Run], command []string) (*loaddrive.Job, error) {
	one, err := a.oneJob(f, command)
	if err != nil {
		return nil, err
	}
	if one.Options.Source, err = f.From(); err != nil {
		return nil, err
	}
	if one.Part, one.Start, err = f.shardFlags.read(&f.storeFlags); err != nil {
		return nil, err
	}
	one.Seed, one.Options.Trace = f.Seed, f.telemetry.Traced(os.Getenv)
	asked := f.asked
	asked.Given, asked.Store, asked.Begin, asked.Named = f.given, f.open, f.begin, len(f.Servers) > 0
	if asked.Keep = !f.none || format.Draws >= export.DrawsPicture; format.Draws == export.DrawsAll {
		asked.Singly = format.Name
	}
	j, err := asked.Job(one)
	if err != nil {
		return nil, err
	}
	j.HTTP, j.Redact = f.connection.HTTP, a.clean
	j.Settle = a.settling(&f.targetFlags, f.again, true)
	return j, nil
}

// load is the command once its arguments are parsed.
func (a *app) load(ctx context.Context, f *loadFlags, command []string) error {
	format, err := formatOfPlanned(export.Runs(), f.format, f.dryRun)
	if err != nil {
		return err
	}
	j, err := a.loadJob(f, format, command)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printPlan(f.output, f.format, j.PlanRows())
	}
	if err := a.online(); err != nil {
		return err
	}
	end, err := a.export(ctx, &f.telemetry)
	if err != nil {
		return err
	}
	defer end()
	began := time.Now()
	var report loaddrive.Report
	p := a.newProgress("mcpload load · " + j.Profile.Name)
	beside(ctx, &j.Settle, p, j.Profile.Name)
	stop := p.Start(ctx)
	doc, err := mcpload.Load(ctx, mcpload.LoadConfig{Prepared: j, Observer: p, Drain: a.drain,
		Report: func(r loaddrive.Report) { report = r }})
	stop()
	end()
	if err != nil {
		return j.Unreached(err)
	}
	doc.Version = version()
	if report.NoData != "" {
		a.say("%s", report.NoData)
		if doc.Verdict != verdict.Fail {
			a.status = exitUsage
		}
	}
	if report.Calls != nil {
		defer func() { _ = report.Calls.Remove() }() // a file for temporary files is nobody's loss
	}
	doc, histories, err := a.keepDocument(&f.storeFlags, doc, report.Keep(doc, began))
	if err != nil {
		return err
	}
	kept, err := report.Kept(doc, histories, format.Draws)
	if err != nil {
		return err
	}
	kept.Table = a.tableOptions(f.output, false, nil)
	if err := errors.Join(emit(a, format, f.output, kept), report.WriteHGRM(f.hgrm)); err != nil {
		return err
	}
	if a.status == exitPass {
		a.status = results.ExitStatus(doc)
	}
	a.sayShard(j.Part)
	return nil
}

func (a *app) loadInitCommand() *cobra.Command {
	f := &loadFlags{}
	var output string
	var include []string
	cmd := &cobra.Command{
		Use:   "init [flags] URL | --server NAME | -- command args...",
		Short: "Write a load plan of a server's tools",
		Args:  onlyAfterDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.loadInit(cmd.Context(), f, output, include, args)
		},
	}
	f.registerTarget(cmd)
	cmd.Flags().StringSliceVar(&include, "include", nil, "`tools` to take in whatever their annotations say")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` for the plan, which must not be there yet; - is stdout")
	return cmd
}

// loadInit writes a plan.
func (a *app) loadInit(ctx context.Context, f *loadFlags, output string, include, command []string) error {
	if _, err := os.Stat(output); output != "-" && !errors.Is(err, fs.ErrNotExist) {
		return hint.New(fmt.Errorf("%s is there already, and may be edited by hand", output),
			"name another file with -o, or move it away")
	}
	j, err := a.oneJob(f, command)
	if err == nil {
		err = a.online()
	}
	if err != nil {
		return err
	}
	a.looks.Store(true)
	j.Settle.Drain = a.drain
	plan, taken, err := loaddrive.Draft(ctx, &j.Target, include, a.secrets.Redact, a.say)
	if err != nil {
		return err
	}
	if err := loaddrive.WritePlan(output, a.stdout, plan); err != nil || output == "-" {
		return err
	}
	a.say("wrote %s with %s; read it, then: mcpload load --mix %s --rate 10/s and the same server", output,
		words.Count(taken, "tool"), output)
	return nil
}
