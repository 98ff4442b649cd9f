package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// probeFlags are the flags of probe, as given.
type probeFlags struct {
	targetFlags
	storeFlags
	clockFlags
	connection connectionFlags
	budget     string
	seed       uint64
	other      []string
	format     string
	output     string
	emit       string
	save       string
}

func (a *app) probeCommand() *cobra.Command {
	f := &probeFlags{}
	cmd := &cobra.Command{
		Use:   "probe --url URL | --server NAME | -- command args...",
		Short: "Measure a rate limit that nobody declared",
		Long: `Probe finds out what limit a server keeps: it sends 1, 2, 4, ... calls at once
until one is refused, and then narrows rate and burst until they are certain to
1 % and half a token, whatever the network's delays were. It also names the kind
of limiter, who shares it, which requests cost a token, and what a refusal says.

It spends at most its budget of calls and seconds. What the budget didn't reach
is reported as unknown. It stops after 20 calls that all fail.

Where neither --tool nor a profile names a call, it calls a tool that says that it
is read-only and touches nothing beyond its server, or one that you agree to (it
asks on a terminal; --yes elsewhere). Without any it calls tools/list, which says
nothing of limits of tool calls.

Exit status: 0 measured, or nothing was refused; 2 could not run, or every call
failed; 3 the budget ran out first, or the limiter is of no known kind, or tool
calls were not tried.`,
		Example: `  mcpload probe --url http://127.0.0.1:8000/mcp --tool ping
  mcpload probe --url https://host/mcp --header 'Authorization: Bearer $TOKEN' --budget calls=150,time=2m
  mcpload probe --tool ping -- python server.py
  mcpload probe --server acb --fault fixed-window      a mock, to see what a probe sees
  mcpload probe --url http://127.0.0.1:8000/mcp --tool ping --emit-profile mcpload.d/mine.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			return a.probe(cmd.Context(), f, command, invoked(cmd, args))
		},
	}
	f.targetFlags.register(cmd)
	f.registerKeep(cmd)
	f.connection.register(cmd)
	flags := cmd.Flags()
	f.clockFlags.register(flags, 0)
	for _, name := range []string{"all", "scope", "against"} { // they speak of promises, and there is none here
		_ = flags.MarkHidden(name) // fails only where there is no such flag
	}
	flags.Lookup("server").Usage = "probe a mock of the server with this profile `name`; with --url, a command or --live, take the profile's tool and refusals"
	flags.Lookup("rate").Usage = "another rate for the mock of --server"
	flags.Lookup("burst").Usage = "another burst for the mock of --server, in `tokens`"
	flags.StringVar(&f.budget, "budget", "", fmt.Sprintf("the most to spend, as `calls=N,time=D` (default calls=%d,time=%s)", probe.DefaultCalls, short(probe.DefaultTime)))
	flags.StringArrayVar(&f.other, "other-header", nil, "header `'Name: value'` of a second client identity, in place of --header's, to see if each has a limit of its own (repeatable)")
	flags.Uint64Var(&f.seed, "seed", 1, "makes the jitter repeatable")
	registerTableOrJSON(flags, &f.format)
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.StringVar(&f.emit, "emit-profile", "", "`file` for a profile of what was measured, for run --profiles; - is stdout")
	flags.StringVar(&f.save, "save-history", "", "`file` for the calls, as JSON Lines")
	return cmd
}

// probe is the command once its arguments are parsed.
func (a *app) probe(ctx context.Context, f *probeFlags, command []string, again *invocation) error {
	budget, err := parseBudget(f.budget, probeBudget)
	if err != nil {
		return err
	}
	if err := tableOrJSON(f.format); err != nil {
		return err
	}
	if f.emit == "-" && (f.output == "-" || f.output == "") {
		return hint.New(errors.New("the result and the profile can't both go to stdout"), "give one of them a file: -o result.txt or --emit-profile FILE")
	}
	j, other, err := a.probeJob(f, command)
	if err != nil {
		return err
	}
	if j.Clocks, err = f.clocks(); err != nil {
		return err
	}
	one := []drive.Job{j}
	a.settleCalls(&f.targetFlags, one, again)
	j = one[0]
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	r, target, err := a.runProbe(ctx, &j, f, other, budget)
	if err != nil {
		return err
	}
	kept, err := a.keepProbe(f, j, r, target, began)
	if err != nil {
		return err
	}
	if f.save != "" {
		if err := writeHistory(f.save, kept.Histories[a.clean(j.Profile.Name)]); err != nil {
			return fmt.Errorf("cannot save the history: %w", err)
		}
	}
	if err := a.renderProbe(f, j, r, kept); err != nil {
		return err
	}
	if r.Result == probe.Unfinished {
		a.status = exitInconclusive
	}
	return nil
}

// probeJob is the one server to probe, and the headers of the other identity.
func (a *app) probeJob(f *probeFlags, command []string) (drive.Job, http.Header, error) {
	t := f.targetFlags
	attached := t.url != "" || len(command) > 0
	switch {
	case t.all || len(t.servers) > 1:
		return drive.Job{}, nil, errors.New("probe takes one server at a time")
	case (attached || t.live) && (t.rate != "" || t.burst != 0):
		return drive.Job{}, nil, errors.New("probe measures the rate and the burst, so it takes no --rate and no --burst but for a mock")
	case attached && len(t.servers) == 0:
		t.rate, t.burst = "1/s", 1 // a profile has a promise; this one is never read
	}
	jobs, err := a.jobs(&t, command)
	if err != nil {
		return drive.Job{}, nil, err
	}
	if err := f.connection.apply(&jobs[0].Options); err != nil {
		return drive.Job{}, nil, err
	}
	if len(f.other) == 0 {
		return jobs[0], nil, nil
	}
	other, err := parseHeaders("--other-header", f.other)
	if err != nil {
		return drive.Job{}, nil, err
	}
	a.hideHeaders("--other-header", other)
	return jobs[0], other, nil
}

// probeBudget is what a probe spends unless it is said otherwise.
var probeBudget = probe.Budget{Calls: probe.DefaultCalls, Time: probe.DefaultTime}

// parseBudget reads `calls=400,time=60s`; of a part that is left out, b is taken.
func parseBudget(s string, b probe.Budget) (probe.Budget, error) {
	if s == "" {
		return b, nil
	}
	for _, part := range strings.Split(s, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch name {
		case "calls":
			b.Calls, err = strconv.Atoi(value)
		case "time":
			b.Time, err = time.ParseDuration(value)
		default:
			err = errors.New("it is neither calls=N nor time=D")
		}
		if err != nil || b.Calls < 1 || b.Time <= 0 {
			return b, hint.New(fmt.Errorf("--budget: %q is no budget above 0", part), "a budget is of calls, of time or of both: calls=400, time=60s or calls=400,time=60s")
		}
	}
	return b, nil
}

// short says a duration without the units that are 0: 1m, not 1m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// probeTarget says what was probed.
type probeTarget struct {
	Kind      string `json:"kind"`
	Transport string `json:"transport"`
	Protocol  string `json:"protocol"`
	URL       string `json:"url,omitempty"`
	Label     string `json:"label,omitempty"` // what it is known by from run to run
}

// runProbe opens the server and probes it. A probe that was interrupted, or
// whose server went away, is reported as far as it came.
func (a *app) runProbe(ctx context.Context, j *drive.Job, f *probeFlags, other http.Header, budget probe.Budget) (probe.Report, probeTarget, error) {
	clock := runner.NewClock()
	j.Options.Now, j.Options.Refusal.Wary = clock.Now, true
	sessions, stop, err := j.Open(ctx)
	defer stop()
	if err != nil {
		return probe.Report{}, probeTarget{}, target.Explained(err)
	}
	first := sessions[0]
	trial, err := j.SettleCall(ctx, first)
	if err != nil {
		return probe.Report{}, probeTarget{}, err
	}
	a.say("probing %s with %s, at most %d calls in %s (--budget changes that)", j.Profile.Name, j.CallWords(), budget.Calls, short(budget.Time))
	where := probeTarget{string(j.Kind), string(first.Transport()), first.Protocol(), first.URL(), j.Label}
	p := newWireProber(*j, clock, sessions, a.drain, other)
	defer p.close() // also where nothing came of it
	stopWatching := a.watchProbe(ctx, p, budget)
	defer stopWatching()
	handshake := slices.Concat(sessions.Handshake(), j.Unopened.Calls, trial)
	for i := range handshake { // whoever sent them, they came before the probe
		handshake[i].Client = target.FirstClient
	}
	call := j.Profile.Call
	cfg := probe.Config{
		Load:      history.Arrival{Method: call.Method, Tool: call.Tool, Arguments: call.Arguments},
		Client:    target.FirstClient,
		Handshake: handshake, Budget: budget, Seed: f.seed,
		Stateless: revision.Stateless(where.Protocol), Other: len(other) > 0,
		Presumed: j.Profile.Limit.Presumed && call.Tool == "",
		Clocks:   j.Clocks,
		Tell:     func(s string) { a.say("%s", s) },
	}
	var r probe.Report
	if len(sessions) > 1 {
		r, err = probe.Probe(ctx, openingProber{p}, cfg)
	} else {
		r, err = probe.Probe(ctx, p, cfg)
	}
	switch {
	case err == nil:
	case len(r.Calls) <= len(handshake):
		return r, where, err
	case errors.Is(err, probe.ErrFailing) && !slices.ContainsFunc(r.Calls[len(handshake):], gotThrough):
		return r, where, hint.New(errors.New(endWords(err)), j.Remedy(r.Calls, first))
	case errors.Is(err, probe.ErrFailing):
		r.Result = probe.Unfinished
		r.Notes = append(r.Notes, "the probe ended early: "+endWords(err), j.Remedy(r.Calls, first))
	default:
		r.Result = probe.Unfinished
		r.Notes = append(r.Notes, "the probe ended early: "+endWords(err))
	}
	r.Notes = append(append(r.Notes, sessions.Notes()...), j.Ended()...)
	p.close()
	r.Notes = append(r.Notes, sessions.Behind()...)
	r.Calls = append(r.Calls, p.Asides()...)
	r.Notes = append(r.Notes, remarks(j, r.Calls)...)
	return r, where, nil
}

// gotThrough reports if the server took a call as one, be it to refuse it.
func gotThrough(c history.Call) bool { return c.Outcome == history.OK || c.Outcome == history.Limited }

// remarks are what a reader should know of a probe's calls beside its findings.
func remarks(j *drive.Job, calls []history.Call) (notes []string) {
	if note := target.Unread(j.Options.Memory); note != "" {
		notes = append(notes, note)
	}
	outage := func(c history.Call) bool { return c.Outcome == history.Limited && c.Detail == history.Unavailable }
	if slices.ContainsFunc(calls, outage) && !slices.Contains(j.Profile.Refusal.Statuses, http.StatusServiceUnavailable) {
		notes = append(notes, history.Unavailable+" was taken for a refusal; if it is an outage, add --not-refusal status=503")
	}
	if s, ok := verdict.Suspect(profiles.Limit{}, calls); ok {
		notes = append(notes, s.String())
	}
	if text := verdict.ReadClaims(calls).Words(false); text != "" {
		notes = append(notes, "headers: "+text)
	}
	if j.Unopened.Note != "" {
		notes = append(notes, j.Unopened.Note)
	}
	return notes
}

// watchProbe shows how far a probe is, until the returned function is called.
func (a *app) watchProbe(ctx context.Context, p *wireProber, budget probe.Budget) (stop func()) {
	name := p.job.Profile.Name
	progress := a.newProgress("mcpload probe")
	now := p.clock.Now()
	progress.board.Expect(live.Server{Name: name, Began: time.Now().Add(-now), Stages: []live.Stage{{Name: "probe", Calls: budget.Calls, End: now + budget.Time}}})
	p.watch = func(c history.Call) { progress.board.Saw(name, c) }
	return progress.start(ctx)
}

// endWords say why a probe ended before its budget.
func endWords(err error) string {
	if errors.Is(err, runner.ErrDrained) || errors.Is(err, context.Canceled) {
		return "it was interrupted"
	}
	return spoken(err).Error()
}

// keepProbe stores a probe, both as its document and as it is told to a person.
func (a *app) keepProbe(f *probeFlags, j drive.Job, r probe.Report, target probeTarget, began time.Time) (store.Run, error) {
	var document, screen bytes.Buffer
	if err := errors.Join(writeProbe(&document, j, r, target, f.seed), tellProbe(&screen, j, r, target)); err != nil {
		return store.Run{}, err
	}
	return a.keep(&f.storeFlags, store.Run{
		Kind: keptProbe, Started: began, Document: document.Bytes(), Screen: screen.Bytes(),
		Histories: map[string][]history.Call{j.Profile.Name: r.Calls},
	})
}

// renderProbe writes the result and the profile to where they were asked for.
func (a *app) renderProbe(f *probeFlags, j drive.Job, r probe.Report, kept store.Run) error {
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, f.format)
	text := kept.Screen
	if f.format == "json" {
		text = kept.Document
	}
	_, err = out.Write(text)
	if err = errors.Join(err, end()); err != nil || f.emit == "" {
		return err
	}
	text, err = probedProfile(f.emit, j, r)
	if err != nil {
		a.say("no profile was written: %v", err)
		a.status = max(a.status, exitUsage)
		return nil
	}
	if a.secrets.redactor.Load().Holds(string(text)) {
		return errLeak
	}
	if f.emit == "-" {
		_, err = a.stdout.Write(text)
		return err
	}
	if err := os.WriteFile(f.emit, text, 0o644); err != nil {
		return fmt.Errorf("cannot write the profile: %w", err)
	}
	return nil
}

var _ probe.Opener = openingProber{}
var _ probe.Bystander = openingProber{}
var _ runner.Exchanger = (*wire.Session)(nil)
