package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
)

func (a *app) resultsCommand() *cobra.Command {
	return group("results", "List, show, judge again, delete and export kept runs", a.reading(a.resultsList()),
		a.reading(a.resultsShow()), a.reading(a.resultsJudge()), a.resultsRemove(), a.resultsPrune(),
		a.resultsExport(), a.resultsReindex())
}

func (a *app) resultsList() *cobra.Command {
	var f storeFlags
	var filter store.Filter
	var age, format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the kept runs, the newest first",
		Args:  usage.NoWords,
		RunE: func(*cobra.Command, []string) error {
			asked, err := formatOf(export.Listings(), format)
			if err != nil {
				return err
			}
			s, list, err := a.kept(&f, filter, age)
			if err != nil {
				return err
			}
			if len(list) == 0 && asked.Name == "table" {
				a.say("no such run is kept in %s", s.Dir())
				return nil
			}
			return asked.Write(a.stdout, s.Rows(list))
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&filter.Kind, "kind", "", "only this `kind`: run, probe, startup, load, conform or fleet")
	flags.StringVar(&filter.Verdict, "verdict", "", "only this `verdict`: pass, fail or inconclusive")
	flags.StringVar(&filter.Server, "server", "", "only runs of the server with this `name`")
	flags.StringVar(&filter.Label, "label", "", "only runs of a server that is known by this `label`")
	flags.StringVar(&age, "since", "", "only runs not older than this `age`, such as 12h or 7d")
	flags.IntVarP(&filter.Limit, "limit", "n", 0, "the newest `n` only")
	registerFormat(flags, &format, export.Listings())
	return cmd
}

// kept are the runs that fit a filter and are not older than an age, the newest first, and
// the store that they are in.
func (a *app) kept(f *storeFlags, filter store.Filter, age string) (s *store.Store, list []*store.Entry, err error) {
	if filter.Since, err = since(age); err == nil {
		err = filter.Check()
	}
	if err != nil {
		return nil, nil, err
	}
	if s, err = f.open(); err != nil {
		return nil, nil, err
	}
	list, damage, err := s.List(filter)
	if err == nil {
		a.tellDamage(damage)
	}
	return s, list, err
}

// tellDamage names what below runs/ is no readable run.
func (a *app) tellDamage(list []store.Damage) {
	for _, d := range list {
		a.say("warning: %s", d.Err)
	}
	if len(list) > 0 {
		a.say("hint: mcpload results rm NAME deletes what is no run, or what can't be read any more")
	}
}

func (a *app) resultsShow() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Print where a run ran, and where its files are",
		Args:  oneRun("results show"),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := f.find(args[0])
			if err != nil {
				return err
			}
			return results.WriteJSON(a.stdout, e.Show())
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) resultsRemove() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "rm RUN...",
		Short: "Delete kept runs",
		Args:  usage.SomeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			return lookedUp(s, s.RemoveNamed(args, func(name string) { a.say("deleted %s", name) }), args...)
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) resultsPrune() *cobra.Command {
	var f storeFlags
	var keep string
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune --keep AGE",
		Short: "Delete runs older than an age",
		Args:  usage.NoWords,
		RunE: func(*cobra.Command, []string) error {
			if keep == "" {
				return hint.New(errors.New("prune needs --keep"), "for example --keep 30d; --dry-run shows what "+
					"would go")
			}
			age, err := store.ParseAge(keep)
			if err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
			s, err := f.open()
			if err != nil {
				return err
			}
			gone, err := s.Prune(time.Now().Add(-age), dry)
			verb := map[bool]string{true: "would delete", false: "deleted"}[dry]
			for _, e := range gone {
				fmt.Fprintf(a.stdout, "%s %s (%s, %s)\n", verb, e.ID, e.Kind, words.Dash(e.Verdict))
			}
			if err != nil {
				return err
			}
			a.say("%s %s", verb, words.Count(len(gone), "run"))
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&keep, "keep", "", "the `age` up to which runs stay, such as 12h, 30d or 8w (required)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only name what would go")
	return cmd
}

func (a *app) resultsExport() *cobra.Command {
	var f storeFlags
	var output string
	cmd := &cobra.Command{
		Use:   "export RUN...",
		Short: "Write runs as one archive",
		Args:  usage.SomeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			var list []*store.Entry
			for _, name := range args {
				e, err := f.find(name)
				if err != nil {
					return err
				}
				list = append(list, e)
			}
			if output == "-" && isTerminal(a.stdout) {
				return hint.New(errors.New("an archive is nothing for a terminal"), "name a file with -o, or pipe it")
			}
			out, end, err := a.out(output)
			if err != nil {
				return err
			}
			return errors.Join(store.Archive(out, list), end())
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` for the archive; - is stdout")
	return cmd
}

func (a *app) resultsReindex() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Make the index again from the folders",
		Args:  usage.NoWords,
		RunE: func(*cobra.Command, []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			n, damage, err := s.Reindex()
			if err != nil {
				return err
			}
			a.tellDamage(damage)
			a.say("indexed %s", words.Count(n, "run"))
			return nil
		},
	}
	f.register(cmd)
	return cmd
}
