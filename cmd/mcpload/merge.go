package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/merge"
	"github.com/mcpload/mcpload/results/store"
)

// mergeFlags are the flags of merge, as given.
type mergeFlags struct {
	storeFlags
	clockError time.Duration
	format     string
	output     string
	history    string
	verbose    bool
}

func (a *app) mergeCommand() *cobra.Command {
	f := &mergeFlags{}
	cmd := &cobra.Command{
		Use:   "merge [flags] SHARD...",
		Short: "Put the shards of a run or load together, and judge the whole",
		Long: `Merge puts together what the shards of one plan kept (--shard k/n), wherever they ran,
and judges it as one run. A SHARD is a kept run, the folder of one, or a folder that
shards kept theirs in.

Of a load, counts, distributions, series, recovery and thresholds are those that one
run would have had. Of a run, all calls are put into common time and judged by every
check: each may have been sent a little earlier and answered a little later than its
machine says, by as much as its clock isn't known. Shards of one machine have its clock
in common, and those of a coordinator have measured its clock; for all others
--clock-error says to within what the machines' clocks agree.

Where a shard is missing, the verdict says so: what is there is judged, and nothing
passes for it. With --save-history the joint history is written, for mcpload verify.

Exit status: 0 pass, 1 fail, 2 could not merge, 3 inconclusive.`,
		Example: `  mcpload load --url http://10.0.0.5:8000/mcp --tool search --rate 900/s --shard 1/3 --results out     on each of three machines
  mcpload merge out
  mcpload merge --clock-error 20ms shard-1 shard-2 shard-3 --format html -o report.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return nil
			}
			return hint.New(errors.New("merge takes the shards of a run"), "name kept runs, or the folders that they were kept in")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return a.merge(f, args)
		},
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.DurationVar(&f.clockError, "clock-error", 0, "to within what the machines' `clocks` agree, where nobody measured them")
	flags.StringVar(&f.history, "save-history", "", "`file` for the calls of all shards in common time, as JSON Lines; compressed if it ends in .gz")
	flags.StringVar(&f.format, "format", "table", formatNames())
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
	return cmd
}

// merge is the command once its arguments are parsed.
func (a *app) merge(f *mergeFlags, names []string) error {
	if _, err := formatNamed(f.format); err != nil {
		return err
	}
	if f.clockError < 0 {
		return fmt.Errorf("--clock-error %s is below 0", f.clockError)
	}
	parts, err := f.parts(names)
	if err != nil {
		return err
	}
	return a.mergeParts(f, parts)
}

// mergeParts puts parts together, keeps the whole, and shows it.
func (a *app) mergeParts(f *mergeFlags, parts []merge.Part) error {
	c := merge.Config{ClockError: f.clockError}
	w, err := merge.Runs(parts, c)
	if err != nil {
		return plainMerge(err)
	}
	w.Document.Version = version()
	if err := f.saveJoint(a, parts, c); err != nil {
		return err
	}
	kind, histories := keptLoad, map[string][]history.Call(nil)
	if w.Calls != nil {
		kind, histories = keptRun, map[string][]history.Call{w.Document.Servers[0].Server: w.Calls}
	}
	doc, histories, err := a.keepRun(&f.storeFlags, kind, time.Now(), w.Document, histories)
	if err != nil {
		return err
	}
	err = a.render(&runFlags{format: f.format, output: f.output, verbose: f.verbose}, doc, histories)
	if a.status == exitPass {
		a.status = results.ExitStatus(doc)
	}
	return err
}

// plainMerge is an error without the name of the room that it comes from.
func plainMerge(err error) error {
	text := err.Error()
	for _, room := range []string{"merge: ", "shard: ", "store: "} {
		text = strings.ReplaceAll(text, room, "")
	}
	return hint.New(errors.New(text), hint.Of(err))
}

// parts opens the shards of names.
func (f *mergeFlags) parts(names []string) ([]merge.Part, error) {
	var list []*store.Entry
	for _, name := range names {
		found, err := f.entries(name)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	var parts []merge.Part
	for _, e := range list {
		doc, err := e.Run()
		if err != nil {
			return nil, spoken(err)
		}
		parts = append(parts, merge.Part{Name: e.Name(), Document: doc, Each: e.EachCall, Ours: ours})
	}
	return parts, nil
}

// entries are the shards of a name: one kept run, or all in a folder of them.
func (f *mergeFlags) entries(name string) ([]*store.Entry, error) {
	s, err := f.open()
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, below := range []string{"runs/*", "*/runs/*", "*"} {
		found, err := filepath.Glob(filepath.Join(name, filepath.FromSlash(below), "environment.json"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(found) > 0 {
			folders = found
			break
		}
	}
	if len(folders) == 0 {
		e, err := find(s, name, store.Filter{})
		if err != nil {
			return nil, err
		}
		return []*store.Entry{e}, nil
	}
	var list []*store.Entry
	for _, folder := range folders {
		e, err := find(s, filepath.Dir(folder)+string(filepath.Separator), store.Filter{})
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// saveJoint writes the history of all shards, where that is asked for.
func (f *mergeFlags) saveJoint(a *app, parts []merge.Part, c merge.Config) (err error) {
	if f.history == "" {
		return nil
	}
	file, err := os.Create(f.history)
	if err != nil {
		return fmt.Errorf("cannot save the history: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out, end := history.NewWriter(file), func() error { return nil }
	if strings.HasSuffix(f.history, ".gz") {
		z := gzip.NewWriter(file)
		out, end = history.NewWriter(z), z.Close
	}
	off, err := merge.Joint(parts, c, out.Write)
	if err = errors.Join(err, out.Flush(), end()); err != nil {
		return plainMerge(err)
	}
	a.say("each instant in %s is within %s: mcpload verify judges it with --clock-error %s", f.history, off, off+1)
	return nil
}
