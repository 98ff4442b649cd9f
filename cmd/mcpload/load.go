package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
	"github.com/mcpload/mcpload/verdict"
)

// loadFlags are the flags of load, as given.
type loadFlags struct {
	targetFlags
	storeFlags
	shardFlags
	connection connectionFlags
	telemetry  telemetryFlags
	client     clientFlags

	shape       string
	duration    time.Duration
	arrivals    string
	replay      string
	speed       string
	method      string
	mix         string
	sessions    int
	connections int
	processes   int
	maxInFlight int

	thresholds []string
	abortOn    []string
	checks     []string

	find      string
	precision string
	coolDown  time.Duration

	dryRun  bool
	format  string
	output  string
	history string
	hgrm    string
	sample  int
}

func (a *app) loadCommand() *cobra.Command {
	f := &loadFlags{}
	cmd := &cobra.Command{
		Use:   "load [flags] [-- command args...]",
		Short: "Put a server under general load and measure it",
		Long: `Load sends requests to a server at a rate, in a shape, of a mix of calls, and says
what callers waited, what failed, what the server's process used, and whether the
generator could keep up.

The loop is open: each request is sent when it is due, whatever became of those
before it, and its latency counts from that instant, so that a server that stalls
can't hide it. --rate max is a closed loop instead: each connection sends its next
request when it got its reply.

` + notationHelp() + `

Thresholds judge the run: p1 to p99.999, max, med and mean of what callers waited;
errors, refused, timeouts and tool-errors as a share of the calls sent; rate as
results a second. {tool=NAME} takes the calls of one tool. Calls that were given up
count as having waited until then. A threshold that no call matches is an error.
Where none speaks of failures, errors<1% is implied, refusals apart.

Exit status: 0 pass, 1 fail (a threshold, or a server that doesn't answer), 2 could
not run, 3 inconclusive (the generator was the limit or ran out of something, not
all sessions could be opened, or too few calls).`,
		Example: `  mcpload load --url http://127.0.0.1:8000/mcp --tool search --args '{"q":"cats"}' --rate 200/s --duration 30s
  mcpload load --url http://127.0.0.1:8000/mcp --method tools/list --rate max --connections 16
  mcpload load --url http://127.0.0.1:8000/mcp --tool ping --rate '10/s..500/s@1m' --threshold 'p99<250ms' --threshold 'errors<0.1%'
  mcpload load --server acb --rate 'burst 16 every 10s on 12/s' --duration 1m
  mcpload load --url http://127.0.0.1:8000/mcp --tool ping --replay last --speed 2x
  mcpload load --tool echo --check echo --rate 500/s --processes 4 -- python server.py
  mcpload load init --url http://127.0.0.1:8000/mcp -o plan.yaml     a plan of all its tools
  mcpload load --url http://127.0.0.1:8000/mcp --mix plan.yaml --rate 100/s --sessions 50
  mcpload load --url http://127.0.0.1:8000/mcp --tool ping --find capacity --threshold 'p99<100ms'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			f.given = cmd.Flags().Changed
			return a.load(cmd.Context(), f, command)
		},
	}
	f.registerLoad(cmd)
	f.shardFlags.register(cmd.Flags(), a)
	cmd.AddCommand(a.reading(a.loadInitCommand()))
	return cmd
}

// notationHelp lists the shapes for a help text.
func notationHelp() string {
	var b strings.Builder
	b.WriteString("Shapes for --rate:\n")
	for _, n := range load.Notations {
		fmt.Fprintf(&b, "  %-28s %s\n", n.Text, n.Doc)
	}
	b.WriteString("\nPlaceholders in --args and plans, such as {\"page\": \"{{counter}}\"}:\n")
	for _, p := range load.Placeholders {
		fmt.Fprintf(&b, "  {{%s}}%s %s\n", p.Text, strings.Repeat(" ", max(0, 20-len(p.Text))), p.Doc)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (f *loadFlags) registerLoad(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registerTarget(cmd)
	f.registerKeep(cmd)
	f.telemetry.register(flags)
	flags.StringVar(&f.shape, "rate", "",
		"requests a second, or a `shape`: 2000/s, 0.5/s, max, '10/s..200/s@1m', 'burst 16 every 10s on 12/s'")
	flags.DurationVarP(&f.duration, "duration", "d", 0,
		"how `long` requests are due (default: the shape's or the recording's own length, else 30s; 10s a trial with --find)")
	flags.StringVar(&f.arrivals, "arrivals", "even",
		"`how` requests are spread: even, or poisson (random gaps, by --seed)")
	flags.StringVar(&f.replay, "replay", "",
		"send when the calls of this `run` were due, in place of --rate: a kept run such as last, or a history file (.gz too)")
	flags.StringVar(&f.speed, "speed", "1x", "how fast to --replay, such as 2x or 0.5x")
	flags.StringVar(&f.tool, "tool", "", "`tool` to call")
	flags.StringVar(&f.args, "args", "",
		"its arguments, or the method's parameters, as a `JSON` object with placeholders")
	flags.StringVar(&f.method, "method", "",
		"`method` to request instead of a tool, such as ping, tools/list or resources/read")
	flags.StringVar(&f.mix, "mix", "", "plan `file` of weighted calls and sequences (mcpload load init writes one)")
	flags.Uint64Var(&f.seed, "seed", 1, "makes what is drawn by lot repeatable")
	flags.IntVar(&f.sessions, "sessions", 0,
		"sessions to open, each a client of its own (default: the plan's, else one a connection up to 16)")
	flags.IntVar(&f.connections, "connections", 0,
		"HTTP connections at most, shared by the sessions (default: 256; 16 with --rate max)")
	flags.IntVar(&f.processes, "processes", 1, "stdio servers to start, each with one session")
	flags.IntVar(&f.maxInFlight, "max-in-flight", loaddrive.DefaultInFlight,
		"calls without a reply at most; what is due beyond that isn't sent, and counted")
	flags.StringArrayVar(&f.thresholds, "threshold", nil,
		"`demand`, such as 'p99<250ms', 'errors<0.1%', 'rate>=1900/s', 'p99{tool=search}<1s' (repeatable)")
	flags.StringArrayVar(&f.abortOn, "abort-on", nil,
		"end the run early once this `holds` over ten seconds, such as 'errors>5%' (repeatable)")
	flags.StringSliceVar(&f.checks, "check", nil, "`what` replies are looked into for: echo: each must hold the {{nonce}} of\n"+
		"its own request, once; schema: each must be as the specification demands of it")
	flags.StringVar(&f.find, "find", "", "capacity: search the highest rate that keeps every --threshold")
	flags.StringVar(&f.precision, "precision", "5%", "how closely to --find")
	flags.DurationVar(&f.coolDown, "cool-down", loaddrive.DefaultCoolDown, "rest between the trials of --find")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	flags.StringVar(&f.format, "format", "table", formatNames())
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.StringVar(&f.history, "save-history", "",
		"`file` for the calls as they end, as JSON Lines; compressed if it ends in .gz")
	flags.StringVar(&f.hgrm, "hgrm", "", "`file` for the latency distribution as HdrHistogram's plotter reads it")
	flags.IntVar(&f.sample, "sample", 1, "keep one call in `n` in the history; what is measured takes in all of them")
}

// registerTarget registers what load shares with run: which server, and how to
// reach it.
func (f *loadFlags) registerTarget(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "attach to a running server at this MCP `endpoint`")
	flags.StringSliceVar(&f.servers, "server", nil,
		"server by its profile's `name`: a mock of it, or with --live itself (see mcpload list servers)")
	flags.BoolVar(&f.live, "live", false, "start the server by its profile's launch command instead of a mock")
	registerLabel(flags, &f.label)
	registerEnv(flags, &f.env)
	flags.StringVar(&f.protocol, "protocol", "auto",
		"protocol `revision`: auto, 2026-07-28, 2025-11-25, ... 2024-11-05")
	flags.StringVar(&f.transport, "transport", "auto", "auto, http, sse, stdio or inprocess")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second,
		"give up on a call after this long, and cancel it as its protocol says")
	f.registerReplyMemory(flags)
	flags.StringArrayVarP(&f.headers, "header", "H", nil,
		"header `'Name: value'` for every request; $NAME in the value is taken from the environment (repeatable)")
	f.bearer.register(flags)
	f.registerRefusals(cmd)
	flags.StringArrayVar(&f.profiles, "profiles", nil,
		"`folder` with profiles of your own (repeatable; ./mcpload.d is read anyway)")
	f.connection.register(cmd)
	f.client.register(cmd)
	f.unjudged = true
}

// load is the command once its arguments are parsed.
func (a *app) load(ctx context.Context, f *loadFlags, command []string) error {
	l, err := a.loadJob(f, command)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printLoad(l)
	}
	if err := a.online(); err != nil {
		return err
	}
	end, err := a.export(ctx, &f.telemetry)
	if err != nil {
		return err
	}
	defer end()
	l.Options.Trace = f.telemetry.traces()
	began := time.Now()
	var report loaddrive.Report
	p := a.newProgress("mcpload load · " + l.Profile.Name)
	stop := p.start(ctx)
	doc, err := mcpload.Load(ctx, mcpload.LoadConfig{Prepared: &l.Job, Observer: p, Drain: a.drain,
		Report: func(r loaddrive.Report) { report = r }})
	stop()
	end()
	if err != nil {
		return explainLoad(&l.Target, err)
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
	kept, err := a.keepLoad(f, l, began, doc, report.Calls)
	if err != nil {
		return err
	}
	if err := errors.Join(a.renderLoad(f, l, kept), l.writeHGRM(report)); err != nil {
		return err
	}
	if a.status == exitPass {
		a.status = results.ExitStatus(doc)
	}
	a.sayShard(l.Part)
	return nil
}

// explainLoad turns why nothing could be measured into what a user is told.
func explainLoad(t *target.Target, err error) error {
	var dial *wire.DialError
	if !errors.As(err, &dial) {
		return spoken(err)
	}
	_, advice := target.Explain(dial)
	if t.Options.HTTP2 && (dial.Kind == wire.Lost || dial.Kind == wire.Protocol || advice == "") {
		advice = "does the server speak HTTP/2? --http 1.1 is the default"
	}
	if dial.Kind == wire.Auth && t.Options.Bearer == nil {
		advice = "give credentials with --bearer-env NAME, --oauth-client-id ID, or a header such as --header 'Authorization: Bearer $NAME'"
	}
	if t.Options.Proxy != nil && advice == "" {
		advice = "is the proxy there that --proxy names, and may it reach the server?"
	}
	return hint.New(errors.New(dial.Sentence()), advice)
}

// writeHGRM writes the latency distribution, where that is asked for.
func (l *loadJob) writeHGRM(r loaddrive.Report) error {
	if l.hgrm == "" || r.Waited == nil {
		return nil
	}
	file, err := os.Create(l.hgrm)
	if err != nil {
		return fmt.Errorf("--hgrm: %w", err)
	}
	return errors.Join(r.Waited.WriteHGRM(file), file.Close())
}
