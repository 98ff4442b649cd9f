package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/results/store"
)

func (a *app) resultsJudge() *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge a kept run again",
		Long: `Judge holds a kept run's calls against what they were held to when it was fresh,
with all checks of its kind: the scenarios and laws of a run, the thresholds and
the other checks of a load. It shows the run as it is judged now, and what differs
from what was stored, such as after the store was tampered with, or by another
version of mcpload. What rests on more than is kept stands as it was stored, and is
named: starts, whose output may hold credentials, and the trials of a search.

A probe decides as it goes what to ask next, so that it is made anew instead.
Nothing in the store is changed.

` + runNames + `

Exit status: 0 pass, 1 fail, 2 could not judge, 3 inconclusive.`,
		Example: `  mcpload results judge last
  mcpload results judge last --format json
  mcpload results judge 20261125-155339-7f3a9c -v`,
		Args: oneRun("results judge"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.unlessInterrupted(func() error { return a.judgeAgain(f, args[0]) })
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.format, "format", "table", formatNames())
	cmd.Flags().StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
	return cmd
}

// judgeAgain is the command once its arguments are parsed.
func (a *app) judgeAgain(f *reportFlags, name string) error {
	format, e, err := f.kept(name)
	if err != nil {
		return err
	}
	if e.Kind == keptProbe {
		return hint.New(errors.New("a probe can't be judged again: what it found rests on how it asked, call by call"),
			"make it anew; mcpload report shows the kept one")
	}
	doc, err := e.Run()
	if err != nil {
		return spoken(err)
	}
	again, err := judge.Again(judge.Stored{Run: e.Name(), Document: doc, Each: e.EachCall, Ours: ours})
	if err != nil {
		return spoken(err)
	}
	if again.Again.Judged == 0 {
		return hint.New(fmt.Errorf("of run %s nothing can be judged again", e.Name()), whyNothing(again.Again))
	}
	text, err := a.rejudged(f, e, again, format)
	if err != nil {
		return err
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, format.name)
	if _, err := out.Write(text); err != nil {
		return errors.Join(err, end())
	}
	a.status = results.ExitStatus(again)
	return end()
}

// whyNothing is the first reason why a run can't be judged again.
func whyNothing(a *results.Again) string {
	if len(a.Kept) == 0 {
		return ""
	}
	return a.Kept[0].Words()
}

// rejudged renders a second judgement into memory, so that what can't be rendered
// leaves no file behind.
func (a *app) rejudged(f *reportFlags, e *store.Entry, doc *results.Document, format format) ([]byte, error) {
	r, err := stored(e, doc, format)
	if err != nil {
		return nil, spoken(err)
	}
	if format.draws == drawsAll {
		r.each = e.EachCall
	}
	var b strings.Builder
	r.table = a.tableOptions(f.output, f.verbose, r.histories)
	if err := format.write(&b, r); err != nil {
		return nil, unrendered(e, format, err)
	}
	return []byte(b.String()), nil
}

// ours reports if a call failed for want of something of ours.
func ours(c *history.Call) bool {
	_, lacked := wire.WeRanOut(c)
	return lacked || c.Outcome == history.Unknown && strings.HasPrefix(c.Detail, wire.OurLimit)
}
