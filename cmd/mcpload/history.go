package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
)

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
		Long: `History shows one figure of one server over its kept runs, the oldest first, and
marks where it changed:
  p50 ... p999, max   what admitted callers waited; changes by the e-divisive method
                      (Matteson and James 2014), a permutation test at 5 %
  rate, burst         the certified limit; a change is proven where no token bucket
                      fits all runs since the last one
  verdict             pass, fail or inconclusive

Only runs of the newest one's target are shown, reached as it was: a mock, virtual
time, the server itself and servers of other labels have no trend together. --label
shows those of one label. A limit that is certified from one side only (0–92) has no
value to show.`,
		Example: `  mcpload history --server acb --metric p99
  mcpload history --server acb --metric rate --since 30d
  mcpload history --server acb --metric p99 --format csv`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.history(f) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "the server's `name`")
	flags.StringVar(&f.label, "label", "", "the `label` that it is known by (see mcpload results list)")
	flags.StringVar(&f.metric, "metric", "p99", strings.Join(compare.Metrics(), ", "))
	flags.IntVarP(&f.limit, "limit", "n", 60, "the newest `n` runs")
	flags.StringVar(&f.since, "since", "", "only runs not older than this `age`, such as 12h or 30d")
	flags.StringVar(&f.kind, "kind", keptRun, "`kind` of runs: run or load")
	flags.StringVar(&f.format, "format", "table", "table, json or csv")
	return cmd
}

// history is the command once its arguments are parsed.
func (a *app) history(f *historyFlags) error {
	filter := store.Filter{Server: f.server, Label: f.label, Kind: f.kind, Limit: f.limit}
	switch {
	case f.server == "" && f.label == "":
		return hint.New(errors.New("history needs a --server or a --label"), "for example --server acb; mcpload results list shows which there are")
	case f.format != "table" && f.format != "json" && f.format != "csv":
		return fmt.Errorf("--format %q is none of table, json and csv", f.format)
	case f.limit < 1:
		return fmt.Errorf("--limit %d is not 1 or more", f.limit)
	case !slices.Contains(compare.Metrics(), f.metric):
		return fmt.Errorf("--metric %q is none of %s", f.metric, strings.Join(compare.Metrics(), ", "))
	}
	if f.since != "" {
		age, err := parseAge(f.since)
		if err != nil {
			return fmt.Errorf("--since: %w", err)
		}
		filter.Since = time.Now().Add(-age)
	}
	s, err := f.open()
	if err != nil {
		return err
	}
	past, err := a.past(s, filter)
	if err != nil {
		return err
	}
	if len(past) == 0 {
		return hint.New(fmt.Errorf("no %s of a server %s is kept in %s", f.kind, f.which(), s.Dir()), "mcpload results list shows which there are")
	}
	trend, err := compare.Trends(past, f.metric, 1)
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		return printJSON(a.stdout, trend)
	case "csv":
		return trend.CSV(a.stdout)
	}
	return trend.Sparkline(a.stdout, !utf8Locale())
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

// past is the server in each of its runs, the oldest first. What can't be read is
// said and left out.
func (a *app) past(s *store.Store, filter store.Filter) ([]compare.Past, error) {
	list, damage, err := s.List(filter)
	if err != nil {
		return nil, spoken(err)
	}
	a.tellDamage(damage)
	var past []compare.Past
	for _, e := range slices.Backward(list) {
		doc, err := e.Run()
		if err != nil {
			a.say("warning: %s", spoken(err))
			continue
		}
		for i := range doc.Servers {
			one := &doc.Servers[i]
			if (filter.Server == "" || one.Server == filter.Server) && (filter.Label == "" || one.Target.Label == filter.Label) {
				past = append(past, compare.Past{Run: e.ID, Started: e.Started, Server: one})
				break
			}
		}
	}
	return past, nil
}
