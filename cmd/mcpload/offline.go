package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/runner"
)

// errInterrupted is how work ends that has nothing in flight and nothing to report.
var errInterrupted = errors.New("interrupted before there was anything to say")

// unlessInterrupted does what reads, and may wait for ever to open or to read a
// pipe that nobody writes to. The first interrupt ends it, wherever it is: the
// process is about to end, and takes it along.
func (a *app) unlessInterrupted(work func() error) error {
	a.offline.Store(true)
	done := make(chan error, 1) // the work may outlive this
	if !runner.Unless(a.drain, func() { done <- work() }) {
		return errInterrupted
	}
	return <-done
}

// reading has the first interrupt end a command that only reads.
func (a *app) reading(cmd *cobra.Command) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.unlessInterrupted(func() error { return run(cmd, args) })
	}
	return cmd
}
