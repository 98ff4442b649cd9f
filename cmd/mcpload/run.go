package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/startup"
	"github.com/mcpload/mcpload/verdict"
)

// runFlags are the flags of run, as given.
type runFlags struct {
	targetFlags
	storeFlags
	lawFlags
	telemetry telemetryFlags
	given     func(name string) bool // which flags were
	clockFlags
	shardFlags
	auditFlags
	scenarios  []string
	startup    bool // the start-up scenario is among them
	shared     bool
	thresholds []string
	dryRun     bool
	failFast   bool
	format     string
	output     string
	history    string
	verbose    bool
	virtual    bool
	delay      string
	repeat     int
	quarantine string
	clients    int
	identity   string
}

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [flags] [-- command args...]",
		Short: "Send traffic to servers and judge their rate limits",
		Long: `Run sends each scenario's traffic to a server and judges the answers.

Without a target it needs --server or --all, and judges a mock of that server on
a loopback socket. With --url it attaches to a running server, with a command
after -- it starts one and speaks to it over stdio, and with --live it starts the
server by its profile's own launch command.

Where neither --tool nor a profile names a call, it lists the server's tools and
calls one that says that it is read-only and touches nothing beyond its server, or
one that you agree to (it asks on a terminal; --yes elsewhere). One call is tried
before the traffic; if that fails, the run ends with the server's words.

Exit status: 0 pass, 1 fail, 2 could not run, 3 inconclusive.`,
		Example: `  mcpload run --server acb                                     a mock of acb, on a real socket
  mcpload run --all                                            all nine servers side by side
  mcpload run --server acb --fault burst+1                     a mock that breaks its promise
  mcpload run --url http://127.0.0.1:8000/mcp --rate 15/s --burst 40 --tool ping
  mcpload run --url https://host/mcp --server mailgun-mcp --header 'Authorization: Bearer $TOKEN'
  mcpload run --rate 10/s --burst 20 --tool ping -- python server.py
  mcpload run --url http://127.0.0.1:8000/mcp --promise '30 per 10s fixed per session' --promise '1000 per 1h' --tool ping
  mcpload run --server acb --scenario burst,overload --format json -o result.json
  mcpload run --url http://127.0.0.1:8000/mcp --rate 15/s --burst 40 --scope client \
      --client-header X-Client-Id --scenario isolation,evasion  who shares the limit, and who evades it
  mcpload run --url http://127.0.0.1:8000/mcp --rate 15/s --burst 40 --audit --budget time=10m
  mcpload run --all --virtual                                  the same in virtual time
  mcpload run --all --repeat 3 --quarantine known.yaml         as a nightly job does
  mcpload run --server acb --dry-run                           print the plan, send nothing`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			f.lawful, f.given = len(f.lawFlags.promise) > 0 || f.promiser != "", cmd.Flags().Changed
			f.drawSeed()
			return a.run(cmd.Context(), f, command, invoked(cmd, command))
		},
	}
	f.register(cmd)
	f.shardFlags.register(cmd.Flags(), a)
	return cmd
}

func (f *runFlags) register(cmd *cobra.Command) {
	f.targetFlags.register(cmd)
	cmd.Flags().Lookup("protocol").Usage += "; each judges every one that the server speaks"
	f.registerKeep(cmd)
	f.lawFlags.register(cmd.Flags())
	f.auditFlags.register(cmd.Flags(), &f.targetFlags)
	flags := cmd.Flags()
	f.clockFlags.register(flags, verdict.DefaultTick)
	f.telemetry.register(flags)
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "`scenarios` to run, comma-separated, or all (default: those that say what the limit is; see mcpload list scenarios)")
	flags.IntVar(&f.clients, "clients", target.DefaultClients, "speak as `n` clients, each with a session of its own")
	flags.StringVar(&f.identity, "client-header", "", "`header` that tells clients apart, such as X-Client-Id, or 'Authorization: Bearer $TOKEN_{n}'")
	flags.Uint64Var(&f.seed, "seed", 1, "makes the plan, and what a faulty mock draws lots for, repeatable (default: drawn by lot and printed; with --virtual, --dry-run and --shard 1)")
	flags.Lookup("seed").DefValue = "0" // what its default is, its help says
	flags.BoolVar(&f.shared, "shared", false, "others may use the server during the run: judge over-admission only")
	flags.StringArrayVar(&f.thresholds, "threshold", nil, "latency `demand` on admitted calls, such as 'p99<500ms' (repeatable)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and send nothing")
	flags.BoolVar(&f.failFast, "fail-fast", false, "end the traffic at the first proof that a promise is broken, rather than measure what is kept")
	flags.BoolVar(&f.virtual, "virtual", false, "run mocks in virtual time: no sockets, repeatable to the last bit, in milliseconds")
	flags.StringVar(&f.delay, "delay", "", "simulated `delay` of a message with --virtual: 2ms, exp(2ms), uniform(1ms,20ms) (default exp(1ms))")
	flags.StringVar(&f.format, "format", "table", formatNames())
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.StringVar(&f.history, "save-history", "", "`file` for the calls, as JSON Lines (with --all: one a server, named after it)")
	flags.IntVar(&f.repeat, "repeat", 1, "judge `n` times over; a server whose runs disagree is flaky, and its worst run counts")
	flags.StringVar(&f.quarantine, "quarantine", "", "YAML `file` of known findings that don't count in the exit status until they expire")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
}

// afterDash returns what stands after --, and refuses anything before it.
func afterDash(cmd *cobra.Command, args []string) ([]string, error) {
	at := cmd.ArgsLenAtDash()
	if at < 0 {
		at = len(args)
	}
	if at > 0 && cmd.Flags().Changed("header") {
		return nil, hint.New(errors.New("unexpected argument, which isn't shown as it may be a part of a header"), "a header with a space in it needs quotation marks: -H 'Name: value'")
	}
	if at > 0 {
		return nil, unexpected(cmd, args[0])
	}
	return args, nil
}

// run is the command once its arguments are parsed.
func (a *app) run(ctx context.Context, f *runFlags, command []string, again *invocation) error {
	list, err := f.chosen()
	if err != nil {
		return err
	}
	known, err := readQuarantine(f.quarantine)
	if err != nil {
		return err
	}
	jobs, err := a.runJobs(f, command)
	if err != nil {
		return err
	}
	if err := f.arrange(jobs); err != nil {
		return err
	}
	a.settleCalls(&f.targetFlags, jobs, again)
	if err := a.settle(f, jobs, list); err != nil {
		return err
	}
	lines, err := a.startLines(f, jobs)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printPlan(jobs, f.format)
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	doc, histories, err := a.runAndStart(ctx, f, jobs, lines)
	if err != nil {
		return err
	}
	doc.Repeat = repeatLine(doc, again)
	left, notes := known.Apply(doc, time.Now())
	for _, note := range notes {
		a.say("%s", note)
	}
	doc, histories, err = a.keepRun(&f.storeFlags, keptRun, began, doc, histories)
	if err != nil {
		return err
	}
	if err := a.saveHistories(f.history, jobs, histories); err != nil {
		a.say("%v", err)
		a.status = exitUsage
	}
	if err := a.render(f, doc, histories); err != nil {
		return err
	}
	if a.status == exitPass {
		a.status = results.StatusOf(doc, left)
	}
	a.sayShard(jobs[0].Part)
	f.sayUntried(a, jobs)
	return nil
}

// arrange says in what time jobs run, what they are held to, and which part of them is
// ours.
func (f *runFlags) arrange(jobs []drive.Job) error {
	if err := cmp.Or(f.askedByFlags(), f.makeVirtual(jobs)); err != nil {
		return err
	}
	if err := f.laws(jobs, f.given); err != nil {
		return err
	}
	return f.shares(jobs)
}

// settle gives jobs their scenarios and identities, and refuses a plan that is
// too long.
func (a *app) settle(f *runFlags, jobs []drive.Job, list []scenarios.Scenario) error {
	clocks, err := f.clocks()
	if err != nil {
		return err
	}
	who, err := parseClientHeader(f.identity)
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Scenarios, jobs[i].Seed, jobs[i].Shared, jobs[i].Clocks = list, f.seed, f.shared, clocks
		jobs[i].Demands, jobs[i].FailFast = f.thresholds, f.failFast
		if err := jobs[i].SpeakAs(f.speakers(&jobs[i]), who.identity()); err != nil {
			return err
		}
		if err := a.hideIdentities(who, f.clients); err != nil {
			return err
		}
		if err := jobs[i].TellsApart(); err != nil {
			return err
		}
		jobs[i].Options.Refusal.Wary, jobs[i].Options.Trace = true, f.telemetry.traces()
		if jobs[i].Laws != nil {
			if jobs[i].Scenarios, err = f.demanding([]scenarios.Scenario{scenarios.Laws()}); err != nil {
				return err
			}
		}
		if err := jobs[i].Fits(); err != nil {
			return err
		}
	}
	return cmp.Or(f.present(jobs), f.audits(jobs))
}

// makeVirtual moves jobs into virtual time, where that is asked for.
func (f *runFlags) makeVirtual(jobs []drive.Job) error {
	switch {
	case !f.virtual && f.delay != "":
		return hint.New(errors.New("--delay simulates a network in virtual time, and this run has a real one"), "add --virtual")
	case !f.virtual:
		return nil
	case f.telemetry.otlp || f.telemetry.prometheus != "":
		return errors.New("--otlp and --prometheus-addr show real calls, and those of --virtual are simulated")
	}
	delay, err := virtual.ParseDelay(cmp.Or(f.delay, "exp(1ms)"))
	if err != nil {
		return fmt.Errorf("--delay: %w", err)
	}
	for i := range jobs {
		if jobs[i].Kind != target.Mock || f.transport != "auto" {
			return errors.New("--virtual runs mocks without any transport, so it takes no --url, --live, --transport or command")
		}
		jobs[i].Virtual = delay
	}
	return nil
}

// started is when the run began. In virtual time that is always the same
// instant, so that the same seed gives the same document.
func (f *runFlags) started() string {
	if f.virtual {
		return time.Unix(0, 0).UTC().Format(time.RFC3339)
	}
	return time.Now().UTC().Format(time.RFC3339)
}

// chosen returns the scenarios to run, with the thresholds among their checks, and
// refuses a format that isn't there.
func (f *runFlags) chosen() ([]scenarios.Scenario, error) {
	if _, err := formatNamed(f.format); err != nil {
		return nil, err
	}
	if f.repeat < 1 || f.repeat > drive.MostRepeats {
		return nil, fmt.Errorf("--repeat %d is not from 1 to %d", f.repeat, drive.MostRepeats)
	}
	list := scenarios.Catalogue()
	switch {
	case f.lawful:
		list = []scenarios.Scenario{scenarios.Laws()}
	case slices.Equal(f.scenarios, []string{"all"}):
		list = scenarios.All()
	case len(f.scenarios) > 0:
		if f.scenarios = f.split(f.scenarios); len(f.scenarios) == 0 {
			return nil, nil
		}
		if f.scenarios, f.startup = withoutStartup(f.scenarios); len(f.scenarios) == 0 {
			return nil, nil
		}
		list = nil
		for _, s := range scenarios.All() {
			for _, name := range f.scenarios {
				if name == s.Name {
					list = append(list, s)
					break
				}
			}
		}
		for _, name := range f.scenarios {
			if _, ok := scenarios.Named(name); !ok {
				return nil, hint.New(fmt.Errorf("no scenario is named %q%s", name, profiles.DidYouMean(name, slices.Concat(scenarios.Names(), audit.Names()))), "there are "+strings.Join(slices.Concat(scenarios.Names(), []string{startup.Scenario}, audit.Names()), ", "))
			}
		}
	}
	return f.demanding(list)
}

// demanding adds what is demanded of latencies to scenarios.
func (f *runFlags) demanding(list []scenarios.Scenario) ([]scenarios.Scenario, error) {
	var demands []verdict.Threshold
	for _, text := range f.thresholds {
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

// render writes the result to where it was asked for.
func (a *app) render(f *runFlags, doc *results.Document, histories map[string][]history.Call) error {
	format, err := formatNamed(f.format)
	if err != nil {
		return err
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, f.format)
	err = format.write(out, rendered{doc: doc, histories: histories, table: a.tableOptions(f.output, f.verbose, histories)})
	return errors.Join(err, end())
}

// out opens the place for a result: stdout, or a file that appears only here,
// so that a run that couldn't start leaves none behind. Between lies a gate.
func (a *app) out(name string) (w interface{ Write([]byte) (int, error) }, end func() error, err error) {
	if name == "-" || name == "" {
		g := &gate{a: a, to: a.stdout}
		return g, g.end, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write the result: %w", err)
	}
	g := &gate{a: a, to: file}
	return g, func() error { return errors.Join(g.end(), file.Close()) }, nil
}

// saveHistories writes one file a server.
func (a *app) saveHistories(name string, jobs []drive.Job, histories map[string][]history.Call) error {
	if name == "" {
		return nil
	}
	for _, j := range jobs {
		path := name
		if len(jobs) > 1 {
			ext := ".jsonl"
			path = strings.TrimSuffix(name, ext) + "-" + j.Profile.Name + ext
		}
		if err := writeHistory(path, histories[a.clean(j.Profile.Name)]); err != nil {
			return fmt.Errorf("cannot save the history: %w", err)
		}
	}
	return nil
}

func writeHistory(path string, calls []history.Call) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(history.Write(file, calls), file.Close())
}
