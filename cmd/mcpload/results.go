package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/store"
)

func (a *app) resultsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "results",
		Short: "List, show, judge again, delete and export kept runs",
		Long: `Every run, probe, startup, load and fleet is kept: a folder each, with the result
document, the calls (compressed JSON Lines) and where it ran. They are below
runs/ of the folder that --results or $MCPLOAD_RESULTS names, else of
mcpload/results in the user's data folder. --no-store keeps nothing.

` + runNames,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.reading(a.resultsList()), a.reading(a.resultsShow()), a.reading(a.resultsJudge()), a.resultsRemove(), a.resultsPrune(), a.resultsExport(), a.resultsReindex())
	return cmd
}

func (a *app) resultsList() *cobra.Command {
	var f storeFlags
	var filter store.Filter
	var since, format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the kept runs, the newest first",
		Example: `  mcpload results list
  mcpload results list --server acb --verdict fail --since 7d
  mcpload results list --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			if since != "" {
				age, err := parseAge(since)
				if err != nil {
					return fmt.Errorf("--since: %w", err)
				}
				filter.Since = time.Now().Add(-age)
			}
			s, err := f.open()
			if err != nil {
				return err
			}
			list, damage, err := s.List(filter)
			if err != nil {
				return err
			}
			a.tellDamage(damage)
			return a.printEntries(s, list, format)
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&filter.Kind, "kind", "", "only this `kind`: run, probe, startup, load or fleet")
	flags.StringVar(&filter.Verdict, "verdict", "", "only this `verdict`: pass, fail or inconclusive")
	flags.StringVar(&filter.Server, "server", "", "only runs of the server with this `name`")
	flags.StringVar(&filter.Label, "label", "", "only runs of a server that is known by this `label`")
	flags.StringVar(&since, "since", "", "only runs not older than this `age`, such as 12h or 7d")
	flags.IntVarP(&filter.Limit, "limit", "n", 0, "the newest `n` only")
	registerTableOrJSON(flags, &format)
	return cmd
}

// tellDamage names what below runs/ is no readable run.
func (a *app) tellDamage(list []store.Damage) {
	for _, d := range list {
		a.say("warning: %s", spoken(d.Err))
	}
	if len(list) > 0 {
		a.say("hint: mcpload results rm NAME deletes what is no run, or what can't be read any more")
	}
}

func (a *app) printEntries(s *store.Store, list []*store.Entry, format string) error {
	if format == "json" {
		if list == nil {
			list = []*store.Entry{}
		}
		return printJSON(a.stdout, keptJSON{Schema: "mcpload.results/v1", Folder: s.Dir(), Runs: list})
	}
	if len(list) == 0 {
		a.say("no such run is kept in %s", s.Dir())
		return nil
	}
	table := tablewriter.NewTable(a.stdout, tablewriter.WithHeaderAutoFormat(tw.Off))
	table.Header("run", "started (UTC)", "kind", "verdict", "servers", "target")
	for _, e := range list {
		names, target := serverNames(e)
		if err := table.Append(e.ID, e.Started.UTC().Format("2006-01-02 15:04:05"), e.Kind, orDash(e.Verdict), names, target); err != nil {
			return err
		}
	}
	return table.Render()
}

// serverNames are the servers of a run, and how they were reached if it was the
// same for all.
func serverNames(e *store.Entry) (names, target string) {
	var list []string
	for i, s := range e.Servers {
		if s.Target != nil {
			words := s.Target.Identity()
			if i > 0 && target != words {
				words = "several"
			}
			target = words
		}
		list = append(list, s.Server)
	}
	if len(list) > 3 {
		list = append(list[:2:2], fmt.Sprintf("%d more", len(e.Servers)-2))
	}
	return orDash(strings.Join(list, ", ")), orDash(target)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) resultsShow() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Print where a run ran, and where its files are",
		Long: `Show prints a run's environment, as JSON. mcpload report RUN shows its result.

` + runNames,
		Example: "  mcpload results show last",
		Args:    oneRun("results show"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			e, err := find(s, args[0], store.Filter{})
			if err != nil {
				return err
			}
			return printJSON(a.stdout, shownJSON{e, e.Path()})
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) resultsRemove() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:     "rm RUN...",
		Short:   "Delete kept runs",
		Long:    "Rm deletes runs, and what can't be read below runs/, by its name there.\n\n" + runNames,
		Example: "  mcpload results rm 20261125-155339-7f3a9c",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			_, damage, err := s.List(store.Filter{Limit: 1})
			if err != nil {
				return err
			}
			// All are looked up before the first goes: last is the same run twice.
			var doomed []*store.Entry
			var wrecks []string
			for _, name := range args {
				if isDamage(damage, name) {
					wrecks = append(wrecks, name)
					continue
				}
				e, err := find(s, name, store.Filter{})
				if err != nil {
					return err
				}
				doomed = append(doomed, e)
			}
			for _, name := range wrecks {
				if err := s.RemoveDamaged(name); err != nil {
					return spoken(err)
				}
				a.say("deleted %s", name)
			}
			for _, e := range doomed {
				if err := s.Remove(e); err != nil {
					return spoken(err)
				}
				a.say("deleted %s", e.ID)
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func isDamage(list []store.Damage, name string) bool {
	for _, d := range list {
		if strings.HasSuffix(d.Path, string(os.PathSeparator)+name) {
			return true
		}
	}
	return false
}

func (a *app) resultsPrune() *cobra.Command {
	var f storeFlags
	var keep string
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune --keep AGE",
		Short: "Delete runs older than an age",
		Long: `Prune deletes runs older than --keep. The newest run of all and the newest pass
of every server stay, however old: later runs are compared with them.`,
		Example: `  mcpload results prune --keep 30d --dry-run
  mcpload results prune --keep 30d`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if keep == "" {
				return hint.New(errors.New("prune needs --keep"), "for example --keep 30d; --dry-run shows what would go")
			}
			age, err := parseAge(keep)
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
				fmt.Fprintf(a.stdout, "%s %s (%s, %s)\n", verb, e.ID, e.Kind, orDash(e.Verdict))
			}
			if err != nil {
				return spoken(err)
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

// parseAge reads 12h, 30d or 8w.
func parseAge(s string) (time.Duration, error) {
	refused := hint.New(fmt.Errorf("%q is no age above 0", s), "for example 12h, 30d or 8w")
	for unit, day := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err != nil || n == 0 {
				return 0, refused
			}
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, refused
	}
	return d, nil
}

func (a *app) resultsExport() *cobra.Command {
	var f storeFlags
	var output string
	cmd := &cobra.Command{
		Use:   "export RUN...",
		Short: "Write runs as one archive",
		Long: `Export writes runs as a gzipped tar file, a folder each. Unpacked, such a folder
is a RUN for every command, and below another store's runs/ it is one of its own.

` + runNames,
		Example: `  mcpload results export last -o last.tar.gz
  mcpload results export last last-pass | ssh host tar xz -C .local/share/mcpload/results/runs`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			var list []*store.Entry
			for _, name := range args {
				e, err := find(s, name, store.Filter{})
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
			if err := errors.Join(store.Archive(out, list), end()); err != nil {
				return spoken(err)
			}
			return nil
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
		Long: `Reindex makes the index again from the folders. That is hardly ever needed: the
index follows the folders by itself, and one that is damaged is replaced.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := f.open()
			if err != nil {
				return err
			}
			n, damage, err := s.Reindex()
			if err != nil {
				return spoken(err)
			}
			a.tellDamage(damage)
			a.say("indexed %s", words.Count(n, "run"))
			return nil
		},
	}
	f.register(cmd)
	return cmd
}
