package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/results/store"
)

// reportFlags are the flags of report, as given.
type reportFlags struct {
	storeFlags
	outFlags
}

func (a *app) reportCommand() *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a kept run again, in any format",
		Args:  oneRun("report"),
		RunE:  func(_ *cobra.Command, args []string) error { return a.report(f, args[0]) },
	}
	f.register(cmd)
	registerOut(cmd.Flags(), &f.outFlags, export.Runs(), "report")
	f.registerVerbose(cmd.Flags())
	return cmd
}

// oneRun wants exactly one run.
func oneRun(command string) cobra.PositionalArgs {
	return usage.Takes(1, command+" takes one run, not {n}", "for example mcpload "+command+" last; mcpload results "+
		"list shows which there are")
}

// lookedUp is what came of looking runs up, with a hint where there is none: the word that
// was likely meant, of those that were named.
func lookedUp(s *store.Store, err error, names ...string) error {
	if errors.Is(err, store.ErrNone) {
		advice := "mcpload results list shows which there are in " + s.Dir()
		for _, name := range names {
			if near := profiles.Nearest(name, []string{store.Last, store.LastPass}); near != "" && near != name {
				return hint.New(err, "did you mean "+near+"? "+advice)
			}
		}
		return hint.New(err, advice)
	}
	return err
}

// kept is the run of a name, and the format that it is asked for in.
func (f *reportFlags) kept(name string) (asked export.Format[export.Run], e *store.Entry, err error) {
	if asked, err = formatOf(export.Runs(), f.format); err != nil {
		return asked, nil, err
	}
	e, err = f.find(name)
	return asked, e, err
}

// report is the command once its arguments are parsed.
func (a *app) report(f *reportFlags, name string) error {
	format, e, err := f.kept(name)
	if err != nil {
		return err
	}
	write, err := a.renderer(f, format).Report(e)
	if err != nil {
		return err
	}
	return a.writeOut(f.output, format.Name, write)
}

// renderer renders kept runs as the flags say.
func (a *app) renderer(f *reportFlags, format export.Format[export.Run]) store.Renderer {
	table := func(calls map[string][]history.Call) results.TableOptions {
		return a.tableOptions(f.output, f.verbose, calls)
	}
	return store.Renderer{Format: format, Warn: a.say, Table: table}
}

func (a *app) resultsJudge() *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge a kept run again",
		Args:  oneRun("results judge"),
		RunE:  func(_ *cobra.Command, args []string) error { return a.judgeAgain(f, args[0]) },
	}
	f.register(cmd)
	registerOut(cmd.Flags(), &f.outFlags, export.Runs(), "result")
	f.registerVerbose(cmd.Flags())
	return cmd
}

// judgeAgain is the command once its arguments are parsed.
func (a *app) judgeAgain(f *reportFlags, name string) error {
	format, e, err := f.kept(name)
	if err != nil {
		return err
	}
	if e.Kind == store.KindProbe {
		return hint.New(errors.New("a probe can't be judged again: what it found rests on how it asked, call by call"),
			"make it anew; mcpload report shows the kept one")
	}
	doc, err := e.Run()
	if err != nil {
		return err
	}
	again, err := judge.Again(judge.Stored{Run: e.Name(), Document: doc, Each: e.EachCall, Ours: wire.Ours})
	if err != nil {
		return err
	}
	if again.Again.Judged == 0 {
		return hint.New(fmt.Errorf("of run %s nothing can be judged again", e.Name()), whyNothing(again.Again))
	}
	r, err := export.Stored(e, again, e.Kind == store.KindLoad, format.Draws)
	if err != nil {
		return err
	}
	write, err := a.renderer(f, format).Render(e, r)
	if err == nil {
		err = a.writeOut(f.output, format.Name, write)
	}
	if err != nil {
		return err
	}
	a.status = results.ExitStatus(again)
	return nil
}

// whyNothing is the first reason why a run can't be judged again.
func whyNothing(a *results.Again) string {
	if len(a.Kept) == 0 {
		return ""
	}
	return a.Kept[0].Words()
}
