package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/runner"
)

// errInterrupted is how work ends that has nothing in flight and nothing to report.
var errInterrupted = errors.New("interrupted before there was anything to say")

// unlessInterrupted does what reads, and may wait for ever to open or to read a
// pipe that nobody writes to. The first interrupt ends it, wherever it is: the
// process is about to end, and takes it along. Work that comes online has the
// first interrupt as every run has it.
func (a *app) unlessInterrupted(work func() error) error {
	a.offline.Store(true)
	done := make(chan error, 1) // the work may outlive this
	if !runner.Unless(a.drain, func() { done <- work() }) && a.offline.Load() {
		return errInterrupted
	}
	return <-done
}

// online is said by a command that has read what it was given, before it starts or
// asks anybody. The error says that it was interrupted before.
func (a *app) online() error {
	a.offline.Store(false)
	if a.draining() {
		return errInterrupted
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

// mostGiven is how long a file may be that is read whole: a fleet, a certificate.
const mostGiven = 4 << 20

// readGiven reads a file that somebody named, which may be a pipe or a device.
func readGiven(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, mostGiven+1))
	if err == nil && len(text) > mostGiven {
		return nil, fmt.Errorf("%s is longer than %d MiB", name, mostGiven>>20)
	}
	return text, err
}
