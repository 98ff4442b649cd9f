package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/results/export"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/merge"
	"github.com/mcpload/mcpload/results/store"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
)

// mergeFlags are the flags of merge, as given.
type mergeFlags struct {
	storeFlags
	outFlags
	clockError time.Duration
	history    string
}

func (a *app) mergeCommand() *cobra.Command {
	f := &mergeFlags{}
	cmd := &cobra.Command{
		Use:   "merge [flags] SHARD...",
		Short: "Put the shards of a run or load together, and judge the whole",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return nil
			}
			return hint.New(errors.New("merge takes the shards of a run"), "name kept runs, or the folders that they "+
				"were kept in")
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.merge(f, args) },
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.DurationVar(&f.clockError, "clock-error", 0, "to within what the machines' clocks agree, where nobody "+
		"measured them")
	f.registerWhole(flags)
	return cmd
}

// registerWhole adds the flags of what is put together.
func (f *mergeFlags) registerWhole(flags *pflag.FlagSet) {
	flags.StringVar(&f.history, "save-history", "", "`file` for the calls of all shards in common time, as JSON "+
		"Lines; compressed if it ends in .gz")
	registerOut(flags, &f.outFlags, export.Runs(), "result")
	f.registerVerbose(flags)
}

// merge is the command once its arguments are parsed.
func (a *app) merge(f *mergeFlags, names []string) error {
	if _, err := formatOf(export.Runs(), f.format); err != nil {
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
		return err
	}
	w.Document.Version = version()
	if said, err := merge.SaveJoint(f.history, parts, c); err != nil {
		return err
	} else if said != "" {
		a.say("%s", said)
	}
	kind, histories := store.KindLoad, map[string][]history.Call(nil)
	switch {
	case w.Document.Servers[0].Scenarios[0].Conform != nil:
		kind = store.KindConform
	case w.Calls != nil:
		kind, histories = store.KindRun, map[string][]history.Call{w.Document.Servers[0].Server: w.Calls}
	}
	doc, histories, err := a.keepRun(&f.storeFlags, kind, time.Now(), w.Document, histories)
	if err != nil {
		return err
	}
	err = a.render(&f.outFlags, doc, histories)
	if a.status == exitPass {
		a.status = results.ExitStatus(doc)
	}
	return err
}

// parts opens the shards of names.
func (f *mergeFlags) parts(names []string) ([]merge.Part, error) {
	s, err := f.open()
	if err != nil {
		return nil, err
	}
	parts, err := sharddrive.Kept(s, names, wire.Ours)
	return parts, lookedUp(s, err, names...)
}
