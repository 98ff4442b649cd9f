package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
)

// compareFlags are the flags of compare, as given.
type compareFlags struct {
	storeFlags
	max       []string
	noise     time.Duration
	servers   []string
	scenarios []string
	seed      uint64
	format    string
	output    string
	across    bool
}

func (a *app) compareCommand() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Say what changed between runs, and fail on a regression",
		Long: `Compare says what changed per server and scenario: verdicts; the certified box of
rate and burst, which moved where no token bucket fits both; and what admitted
callers waited, by a Mann-Whitney test of the distributions and a bootstrap
interval of each quantile's change. ~ stands where nothing can be said.

A side may be several runs, separated by commas. Then a latency counts as changed
only where every run of one side lies beyond every run of the other, by more than
the runs of a side differ.

` + runNames + `
As BASE, last, last-pass and dates are looked for among the runs of NEW's server
before NEW. Runs of different targets (a mock and a server, virtual and real time, or
two labels) aren't compared without --across.

A regression is a scenario that fails and didn't; a p50, p90 or p99 that is
certainly higher by more than --noise; and a --max that is certainly not kept:
  --max p99=+20%           a latency: p50, p90, p95, p99, p999, by % or ms
  --max overload:p50=+5ms  the same of one scenario
  --max rate=-5%           the certified rate or burst, by % or in tokens (burst=-1)
  --max failed=+0.5pp      calls without result or refusal; refused: in hundredths
A --max on what wasn't measured is an error.

Exit status: 0 no regression, 1 regression, 2 could not compare, 3 undecided: a
--max that can be neither proven kept nor broken, a scenario that can't be told
any more, or one that NEW doesn't have.`,
		Example: `  mcpload compare last-pass last
  mcpload compare 2026-11-24 last --max 'p99=+20%' --max 'rate=-5%' --noise 25ms
  mcpload compare base1,base2,base3 new1,new2,new3 --server acb
  mcpload compare baseline.json last --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return hint.New(fmt.Errorf("compare takes BASE and NEW, not %s", words.Count(len(args), "run")), "for example mcpload compare last-pass last; several runs a side are separated by commas")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.unlessInterrupted(func() error { return a.compare(cmd.Context(), f, args[0], args[1]) })
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.max, "max", nil, "the most that a figure may change, such as 'p99=+20%' (repeatable)")
	flags.DurationVar(&f.noise, "noise", 25*time.Millisecond, "a latency that changed by no more than this counts as unchanged")
	flags.StringSliceVar(&f.servers, "server", nil, "only the server with this `name` (repeatable)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "only these `scenarios`")
	flags.BoolVar(&f.across, "across", false, "compare different targets too: a mock with a server, or servers of different labels")
	flags.Uint64Var(&f.seed, "seed", 1, "makes the intervals repeatable")
	registerTableOrJSON(flags, &f.format)
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the report; - is stdout")
	return cmd
}

// compare is the command once its arguments are parsed.
func (a *app) compare(ctx context.Context, f *compareFlags, baseNames, newNames string) error {
	if err := tableOrJSON(f.format); err != nil {
		return err
	}
	if f.noise < 0 {
		return fmt.Errorf("--noise %s is below 0", f.noise)
	}
	o := compare.Options{Noise: f.noise, Seed: f.seed, Servers: f.servers, Scenarios: f.scenarios, Across: f.across}
	for _, text := range f.max {
		d, err := compare.ParseDemand(text)
		if err != nil {
			return fmt.Errorf("--max: %s", spoken(err))
		}
		o.Demands = append(o.Demands, d)
	}
	base, now, err := f.sides(a, baseNames, newNames)
	if err != nil {
		return err
	}
	report, err := mcpload.Compare(ctx, mcpload.CompareConfig{Base: base, New: now, Options: o})
	if other := (*compare.OtherError)(nil); errors.As(err, &other) {
		return hint.New(spoken(err), "--across compares them all the same; --label, when they run, says that they are one")
	}
	if err != nil {
		return spoken(err)
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = printJSON(out, report)
	} else {
		err = report.Table(out)
	}
	if err := errors.Join(err, end()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	a.status = map[compare.Outcome]int{compare.Fine: exitPass, compare.Regression: exitFail, compare.Undecided: exitInconclusive}[report.Outcome]
	return nil
}

// sides looks the runs of both sides up, NEW first: BASE comes before it.
func (f *compareFlags) sides(a *app, baseNames, newNames string) (base, now []compare.Run, err error) {
	s, err := f.open()
	if err != nil {
		return nil, nil, err
	}
	var of store.Filter
	if len(f.servers) > 0 {
		of.Server = f.servers[0]
	}
	newer, err := entries(s, newNames, of)
	if err != nil {
		return nil, nil, err
	}
	of.Kind, of.Before = newer[0].Kind, newer[0].Started
	if of.Server == "" && len(newer[0].Servers) > 0 {
		of.Server = newer[0].Servers[0].Server
	}
	if !f.across {
		of.Target = targetOf(newer[0], of.Server)
	}
	older, err := entries(s, baseNames, of)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range older {
		if slices.ContainsFunc(newer, func(n *store.Entry) bool { return n.Path() == e.Path() }) {
			return nil, nil, hint.New(fmt.Errorf("run %s is on both sides", e.Name()), "a run compared with itself shows no difference, whatever is wrong")
		}
	}
	if base, err = a.readRuns(older); err != nil {
		return nil, nil, err
	}
	now, err = a.readRuns(newer)
	return base, now, err
}

// targetOf is what was sent to as a server in a run; nil where nobody recorded it.
func targetOf(e *store.Entry, server string) *results.Target {
	for _, s := range e.Servers {
		if s.Server == server {
			return s.Target
		}
	}
	return nil
}

// entries looks up a list of names.
func entries(s *store.Store, names string, f store.Filter) ([]*store.Entry, error) {
	var list []*store.Entry
	for name := range strings.SplitSeq(names, ",") {
		e, err := find(s, strings.TrimSpace(name), f)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(o *store.Entry) bool { return o.Path() == e.Path() }) {
			list = append(list, e)
		}
	}
	return list, nil
}

// readRuns reads the runs of a side. One whose calls can't be read is compared by its
// document, and that is said.
func (a *app) readRuns(list []*store.Entry) ([]compare.Run, error) {
	var runs []compare.Run
	for _, e := range list {
		doc, err := e.Run()
		if err != nil {
			return nil, spoken(err)
		}
		histories, err := e.Histories()
		if err != nil {
			a.say("warning: %s", spoken(err))
		}
		runs = append(runs, compare.Run{Name: e.Name(), Document: doc, Histories: histories})
	}
	return runs, nil
}
