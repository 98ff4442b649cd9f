package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/telemetry"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

// runFlags are the flags of run, as given.
type runFlags struct {
	targetFlags
	storeFlags
	outFlags
	clockFlags
	shardFlags
	telemetry  telemetry.Asked
	asked      drive.Asked
	dryRun     bool
	history    string
	quarantine string
}

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [flags] URL | --server NAME | --all | -- command args...",
		Short: "Send traffic to servers and judge their rate limits",
		Args:  onlyAfterDash,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Lawful, f.asked.Given = len(f.asked.Laws.Promise) > 0 || f.asked.Laws.From != "", cmd.Flags().Changed
			f.drawSeed()
			return a.run(cmd.Context(), f, args, asCalled(cmd, args))
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
	registerLaws(cmd.Flags(), &f.asked.Laws)
	registerAudit(cmd.Flags(), &f.asked.Audit)
	f.asked.Server = &f.Asked
	several(cmd.Flags(), &f.Asked)
	flags := cmd.Flags()
	f.clockFlags.register(flags, verdict.DefaultTick)
	registerTelemetry(flags, &f.telemetry)
	flags.StringSliceVar(&f.asked.Scenarios, "scenario", nil, "`scenarios` to run, comma-separated, or all (default: "+
		"those that say what the limit is; see mcpload list scenarios); conform holds every answer to the protocol")
	flags.IntVar(&f.asked.Clients, "clients", target.DefaultClients, "speak as `n` clients, each with a session of "+
		"its own")
	flags.StringVar(&f.asked.Identity, "client-header", "", "`header` that tells clients apart, such as X-Client-Id, "+
		"or 'Authorization: Bearer $TOKEN_{n}'")
	flags.Uint64Var(&f.Seed, "seed", 1, "`number` that makes the plan, and what a faulty mock draws lots for, "+
		"repeatable (default: drawn by lot and printed; with --virtual, --dry-run and --shard 1)")
	flags.Lookup("seed").DefValue = "0" // what its default is, its help says
	flags.BoolVar(&f.asked.Shared, "shared", false, "others may use the server during the run: judge over-admission "+
		"only")
	flags.StringVar(&f.asked.Precision, "precision", "1%", "`share`: the least error of the rate that the "+
		"traffic is to show, from 0.05% to 5%; the burst is told to one token")
	flags.StringArrayVar(&f.asked.Thresholds, "threshold", nil, "latency `demand` on admitted calls, such as "+
		"'p99<500ms' (repeatable)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and send nothing")
	flags.BoolVar(&f.asked.FailFast, "fail-fast", false, "end the traffic at the first proof that a promise is "+
		"broken, rather than measure what is kept")
	flags.BoolVar(&f.asked.Virtual, "virtual", false, "run mocks in virtual time: no sockets, repeatable to the last "+
		"bit, in milliseconds")
	flags.StringVar(&f.asked.Delay, "delay", "", "simulated `delay` of a message with --virtual: 2ms, exp(2ms), "+
		"uniform(1ms,20ms) (default exp(1ms))")
	registerPlanned(flags, &f.outFlags, export.Runs())
	flags.StringVar(&f.history, "save-history", "", "`file` for the calls, as JSON Lines (with --all: one a server, "+
		"named after it)")
	flags.IntVar(&f.asked.Repeat, "repeat", 1, "judge `n` times over; a server whose runs disagree is flaky, and its "+
		"worst run counts")
	flags.StringVar(&f.quarantine, "quarantine", "", "YAML `file` of known findings that don't count in the exit "+
		"status until they expire")
	f.registerVerbose(flags)
}

// run is the command once its arguments are parsed.
func (a *app) run(ctx context.Context, f *runFlags, command []string, again *invoked.Command) error {
	if _, err := formatOfPlanned(export.Runs(), f.format, f.dryRun); err != nil {
		return err
	}
	if err := f.asked.Choose(); err != nil {
		return err
	}
	known, err := readKnown("quarantine", f.quarantine, results.ReadQuarantine)
	if err != nil {
		return err
	}
	jobs, err := a.runJobs(f, command)
	if err != nil {
		return err
	}
	if err := a.settle(f, jobs, again); err != nil {
		return err
	}
	lines, err := a.startLines(f, jobs)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printPlans(jobs, f.format)
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	doc, histories, err := a.runAndStart(ctx, f, jobs, lines)
	if err != nil {
		return err
	}
	doc.Repeat = drive.RepeatLine(doc, again)
	left, notes := known.Apply(doc, time.Now())
	for _, note := range notes {
		a.say("%s", note)
	}
	doc, histories, err = a.keepRun(&f.storeFlags, store.KindRun, began, doc, histories)
	if err != nil {
		return err
	}
	if err := drive.Histories(histories).Save(f.history, drive.Named(jobs), a.clean); err != nil {
		a.say("%v", err)
		a.status = exitUsage
	}
	if err := a.render(&f.outFlags, doc, histories); err != nil {
		return err
	}
	if a.status == exitPass {
		a.status = results.StatusOf(doc, left)
	}
	a.sayShard(jobs[0].Part)
	if r := &f.asked; !r.Audit.Wanted() && f.format == "table" && !r.Virtual && jobs[0].Laws == nil && f.Part == "" {
		a.say("%s", audit.Untried())
	}
	return nil
}

// runJobs are the servers to judge: with --protocol each, one server once a revision.
func (a *app) runJobs(f *runFlags, command []string) ([]drive.Job, error) {
	t := f.targetFlags
	if t.Protocol != drive.EachProtocol {
		return a.jobs(&f.targetFlags, command)
	}
	t.Protocol = "auto"
	jobs, err := a.jobs(&t, command)
	if err != nil {
		return nil, err
	}
	return drive.EachRevision(jobs)
}

// settle makes jobs what they are when they are run.
func (a *app) settle(f *runFlags, jobs []drive.Job, again *invoked.Command) error {
	r := &f.asked
	r.Spoken, r.Shown, r.Traced = f.connection.Given(), f.telemetry.Any(), f.telemetry.Traced(os.Getenv)
	r.Look, r.Hide = os.LookupEnv, a.hideHeaders
	if err := r.Arrange(jobs); err != nil {
		return err
	}
	part, start, err := f.shardFlags.read(&f.storeFlags)
	if err != nil {
		return err
	}
	from, err := f.From()
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Options.Source = from
	}
	if err := r.Share(jobs, part, start, f.begin); err != nil {
		return err
	}
	a.settleCalls(&f.targetFlags, jobs, again)
	if r.Clocks, err = f.Clocks(); err != nil {
		return err
	}
	a.hide("--executions-from", apikey.InURL(r.Audit.Executions)...)
	return r.Settle(jobs)
}

// drawSeed draws the seed of a run that nobody gave one, so that no server can know the
// traffic that it is judged by. What must come out the same each time keeps seed 1: virtual
// time, plans that are only printed, and parts of one plan.
func (f *runFlags) drawSeed() {
	if !f.asked.Given("seed") && !f.asked.Virtual && !f.dryRun && f.Part == "" && f.StartAt == "" && f.begin == nil {
		f.Seed = 1 + rand.Uint64N(999_999)
	}
}

// started is when the run began. In virtual time that is always the same
// instant, so that the same seed gives the same document.
func (f *runFlags) started() string {
	if f.asked.Virtual {
		return time.Unix(0, 0).UTC().Format(time.RFC3339)
	}
	return time.Now().UTC().Format(time.RFC3339)
}

// render writes the result to where it was asked for.
func (a *app) render(f *outFlags, doc *results.Document, histories map[string][]history.Call) error {
	format, err := formatOf(export.Runs(), f.format)
	if err != nil {
		return err
	}
	return emit(a, format, f.output, export.Run{Document: doc, Histories: histories, Table: a.tableOptions(f.output,
		f.verbose, histories)})
}

// out opens the place for a result: stdout, or a file that appears only here,
// so that a run that couldn't start leaves none behind. Between lies a gate.
func (a *app) out(name string) (w interface{ Write([]byte) (int, error) }, end func() error, err error) {
	if name == "-" || name == "" {
		g := a.gate(a.stdout)
		return g, g.End, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write the result: %w", err)
	}
	g := a.gate(file)
	return g, func() error { return errors.Join(g.End(), file.Close()) }, nil
}

// settleCalls says how a command's jobs settle their calls.
func (a *app) settleCalls(f *targetFlags, jobs []drive.Job, again *invoked.Command) {
	s := a.settling(f, again, len(jobs) == 1)
	for i := range jobs {
		jobs[i].ChooseOfMock()
		jobs[i].Settle = s
	}
}

// settling is how a command's calls are settled. Only one job alone asks, and once: with
// several, an answer to one would hold up the others.
func (a *app) settling(f *targetFlags, again *invoked.Command, alone bool) target.Settling {
	s := target.Settling{Say: a.say, Yes: f.Yes, Named: f.Tool != "", Patient: again.Has("timeout"),
		Again: again.Calling, Drain: a.drain}
	if alone && isTerminal(a.stdin) && isTerminal(a.stderr) && os.Getenv("CI") == "" {
		answers := map[string]bool{}
		s.Ask = func(question string) bool {
			if _, asked := answers[question]; !asked {
				answers[question] = a.agrees(question)
			}
			return answers[question]
		}
	}
	return s
}

// agrees asks a question that only yes agrees to. An interrupt is a no.
func (a *app) agrees(question string) bool {
	fmt.Fprintf(a.stderr, "mcpload: %s [y/N] ", question)
	return target.Agrees(a.stdin, a.drain)
}

// beside has a target ask, and say what it is about, where its progress is drawn.
func beside(ctx context.Context, s *target.Settling, p *progress, name string) {
	if ask := s.Ask; ask != nil {
		s.Ask = func(question string) (yes bool) {
			p.Aside(ctx, func() { yes = ask(question) })
			return yes
		}
	}
	s.Note = func(text string) { p.Board.Note(name, text) }
}
