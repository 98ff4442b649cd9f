package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
)

// compareFlags are the flags of compare, as given.
type compareFlags struct {
	storeFlags
	outFlags
	max       []string
	noise     time.Duration
	servers   []string
	scenarios []string
	seed      uint64
	across    bool
}

func (a *app) compareCommand() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Say what changed between runs, and fail on a regression",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return hint.New(fmt.Errorf("compare takes BASE and NEW, not %s", words.Count(len(args), "run")),
				"for example mcpload compare last-pass last; several runs a side are separated by commas")
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.compare(cmd.Context(), f, args[0], args[1]) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.max, "max", nil, "`figure=change`: the most that a figure may change, such as "+
		"'p99=+20%' (repeatable)")
	flags.DurationVar(&f.noise, "noise", 25*time.Millisecond, "a latency that changed by no more than this counts as "+
		"unchanged")
	flags.StringSliceVar(&f.servers, "server", nil, "only the server with this `name` (repeatable)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "only these `scenarios`")
	flags.BoolVar(&f.across, "across", false, "compare different targets too: a mock with a server, or servers of "+
		"different labels")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that makes the intervals repeatable")
	registerOut(flags, &f.outFlags, export.Comparisons(), "report")
	return cmd
}

// compare is the command once its arguments are parsed.
func (a *app) compare(ctx context.Context, f *compareFlags, baseNames, newNames string) error {
	format, err := formatOf(export.Comparisons(), f.format)
	if err != nil {
		return err
	}
	if f.noise < 0 {
		return fmt.Errorf("--noise %s is below 0", f.noise)
	}
	o := compare.Options{Noise: f.noise, Seed: f.seed, Servers: f.servers, Scenarios: f.scenarios, Across: f.across}
	if o.Demands, err = compare.ParseDemands(f.max); err != nil {
		return fmt.Errorf("--max: %w", err)
	}
	base, now, err := f.sides(a, baseNames, newNames)
	if err != nil {
		return err
	}
	doc, err := mcpload.Compare(ctx, mcpload.CompareConfig{Base: base, New: now, Options: o})
	if other := (*compare.OtherError)(nil); errors.As(err, &other) {
		return hint.New(err, "--across compares them all the same; --label, when they run, says that they are one")
	} else if errors.Is(err, compare.ErrNothing) && !f.across {
		return hint.New(err, "--across compares one server with another")
	}
	if err != nil {
		return err
	}
	report := doc.Compared.(*compare.Report)
	a.ends.verdict = report.Headline()
	if err := emit(a, format, f.output, report.Rows()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	a.status = results.Status(doc.Verdict)
	return nil
}

// sides looks the runs of both sides up, NEW first: BASE comes before it.
func (f *compareFlags) sides(a *app, baseNames, newNames string) (base, now []compare.Run, err error) {
	s, err := f.open()
	if err != nil {
		return nil, nil, err
	}
	of := ""
	if len(f.servers) > 0 {
		of = f.servers[0]
	}
	older, newer, err := s.Sides(baseNames, newNames, of, f.across)
	if err != nil {
		return nil, nil, lookedUp(s, err, strings.Split(baseNames+","+newNames, ",")...)
	}
	warn := func(err error) { a.say("warning: %s", err) }
	if base, err = compare.Read(older, warn); err != nil {
		return nil, nil, err
	}
	now, err = compare.Read(newer, warn)
	return base, now, err
}

// historyFlags are the flags of history, as given.
type historyFlags struct {
	storeFlags
	server string
	label  string
	metric string
	limit  int
	since  string
	kind   string
	format string
}

func (a *app) historyCommand() *cobra.Command {
	f := &historyFlags{}
	cmd := &cobra.Command{
		Use:   "history --server NAME | --label NAME",
		Short: "Show how a server's figures went over the kept runs",
		Args:  usage.NoWords,
		RunE:  func(*cobra.Command, []string) error { return a.history(f) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "the server's `name`")
	flags.StringVar(&f.label, "label", "", "the `label` that it is known by (see mcpload results list)")
	flags.StringVar(&f.metric, "metric", "p99", "`figure` to show: "+strings.Join(compare.Metrics(), ", ")+"; "+
		"law2 of a second law, and so on")
	flags.IntVarP(&f.limit, "limit", "n", 60, "the newest `n` runs")
	flags.StringVar(&f.since, "since", "", "only runs not older than this `age`, such as 12h or 30d")
	flags.StringVar(&f.kind, "kind", store.KindRun, "`kind` of runs: run or load")
	registerFormat(flags, &f.format, export.Listings())
	return cmd
}

// history is the command once its arguments are parsed.
func (a *app) history(f *historyFlags) error {
	format, err := formatOf(export.Listings(), f.format)
	if err != nil {
		return err
	}
	filter := store.Filter{Server: f.server, Label: f.label, Kind: f.kind, Limit: f.limit}
	switch {
	case f.server == "" && f.label == "":
		return hint.New(errors.New("history needs a --server or a --label"), "for example --server acb; mcpload "+
			"results list shows which there are")
	case f.limit < 1:
		return fmt.Errorf("--limit %d is not 1 or more", f.limit)
	case !compare.IsMetric(f.metric):
		return fmt.Errorf("--metric %q is none of %s", f.metric, strings.Join(compare.Metrics(), ", "))
	}
	s, list, err := a.kept(&f.storeFlags, filter, f.since)
	if err != nil {
		return err
	}
	var past []compare.Past
	filter.EachServer(list, func(err error) { a.say("warning: %s", err) },
		func(e *store.Entry, server *results.Server) {
			past = append(past, compare.Past{Run: e.ID, Started: e.Started, Server: server})
		})
	if len(past) == 0 {
		return hint.New(fmt.Errorf("no %s of a server %s is kept in %s", f.kind, f.which(), s.Dir()),
			"mcpload results list shows which there are; of loads --kind load shows a figure")
	}
	trend, err := compare.Trends(past, f.metric, 1)
	if err != nil {
		return err
	}
	return format.Write(a.stdout, trend.Rows(!utf8Locale()))
}

// which names the server that was asked for.
func (f *historyFlags) which() string {
	switch {
	case f.label == "":
		return fmt.Sprintf("named %q", f.server)
	case f.server == "":
		return fmt.Sprintf("labelled %q", f.label)
	}
	return fmt.Sprintf("named %q and labelled %q", f.server, f.label)
}

// since is the instant before which runs are too old for --since; of none all are young
// enough.
func since(age string) (at time.Time, err error) {
	if age == "" {
		return at, nil
	}
	d, err := store.ParseAge(age)
	if err != nil {
		return at, fmt.Errorf("--since: %w", err)
	}
	return time.Now().Add(-d), nil
}
