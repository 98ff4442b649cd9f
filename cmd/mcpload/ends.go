package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
)

// endings is what is said when a command has ended.
type endings struct {
	kept    string // the id of the run that was kept
	verdict string // "pass: acb keeps its limit of 15/s burst 40"
	told    bool   // the verdict stands on stdout, in words
}

// of takes the verdict of a document.
func (e *endings) of(doc *results.Document) {
	word, says := doc.Headline()
	e.verdict = word + ": " + says
}

// tellEnd says where a run is kept and how to open it, and its verdict where stdout
// hasn't: the last line is what is looked at first.
func (a *app) tellEnd() {
	if id := a.ends.kept; id != "" {
		a.say("kept as %s: mcpload report %s --format html -o report.html draws it, mcpload ui shows all", id, id)
	}
	for _, s := range a.sources {
		if a.ends.verdict != "" && s.Issued() == 0 {
			a.say("the server never asked for a token, so that it was shown none")
		}
	}
	if a.ends.verdict != "" && !a.ends.told {
		a.say("%s", a.ends.verdict)
	}
}

// writable refuses a file that can't be written, before anything is sent for what
// should stand in it.
func writable(cmd *cobra.Command, _ []string) error {
	for _, name := range []string{"output", "save-history", "emit-profile", "hgrm"} {
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Value.String() == "" || f.Value.String() == "-" {
			continue
		}
		if err := invoked.Writable(f.Value.String()); err != nil {
			return hint.New(fmt.Errorf("--%s %s can't be written: %w", name, f.Value.String(), err), "nothing was "+
				"sent yet; "+invoked.Elsewhere(f.Value.String(), err))
		}
	}
	none, err := cmd.Flags().GetBool("no-store")
	if f := cmd.Flags().Lookup("results"); err == nil && !none && f.Changed {
		if err := invoked.WritableFolder(f.Value.String()); err != nil {
			return hint.New(fmt.Errorf("--results %s can't be written: %w", f.Value.String(), err), "nothing was "+
				"sent yet; name another folder, or --no-store keeps nothing")
		}
	}
	return nil
}

// unlessInterrupted does what reads, and may wait for ever to open or to read a
// pipe that nobody writes to. The first interrupt ends it, wherever it is: the
// process is about to end, and takes it along. Work that comes online has the
// first interrupt as every run has it.
func (a *app) unlessInterrupted(work func() error) error {
	a.offline.Store(true)
	done := make(chan error, 1) // the work may outlive this
	if !runner.Unless(a.drain, func() { done <- work() }) && a.offline.Load() {
		return target.ErrInterrupted
	}
	return <-done
}

// online is said by a command that has read what it was given, before it starts or
// asks anybody. The error says that it was interrupted before.
func (a *app) online() error {
	a.offline.Store(false)
	if a.draining() {
		return target.ErrInterrupted
	}
	return nil
}

// reading has the first interrupt end a command that only reads, or only reads yet.
func (a *app) reading(cmd *cobra.Command) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.unlessInterrupted(func() error { return run(cmd, args) })
	}
	return cmd
}
