package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
)

// beginMock does what a mock does before it serves. It reports true where that
// is all that it does.
func (a *app) beginMock(ctx context.Context, f *mockFlags, p profiles.Profile) (start mock.Start, over bool, err error) {
	if !f.credentials && f.startFault == "" {
		return mock.Start{}, false, nil
	}
	start, err = mock.StartUp(p.Credentials, os.LookupEnv, f.startFault, p.Providers...)
	if err != nil {
		return start, true, err
	}
	if f.handed != "" {
		return mock.Start{}, false, nil // the other process has done all this
	}
	for _, line := range start.Stdout {
		fmt.Fprintln(a.stdout, line)
	}
	for _, line := range start.Stderr {
		fmt.Fprintln(a.stderr, line)
	}
	if start.Log != "" {
		if err := os.WriteFile(mock.StartLog, []byte(start.Log+"\n"), 0o600); err != nil {
			return start, true, fmt.Errorf("cannot write the mock's log: %w", err)
		}
	}
	switch {
	case start.Exit:
		a.status = start.Status
		return start, true, nil
	case start.Hang:
		<-ctx.Done()
		return start, true, nil
	case start.Hand != "":
		return start, true, a.handOn(ctx, start.Hand)
	}
	runner.Sleep(ctx, start.Wait)
	return start, false, nil
}

// ready says what a mock says once it serves, and ends it early where its fault
// wants that.
func (a *app) ready(start mock.Start, server *mock.Server, quit context.CancelFunc) {
	for _, line := range start.Late {
		fmt.Fprintln(a.stderr, line)
	}
	if !start.Quit {
		return
	}
	a.status = start.Status
	go func() {
		for server.Stats().Admitted == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(30 * time.Millisecond) // for the answer to leave
		quit()
	}()
}

// handOn serves by a process of its own, whose command line shows the secret.
func (a *app) handOn(ctx context.Context, secret string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program to start it again: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, append(os.Args[1:], "--handed", secret)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		a.status = exit.ExitCode()
	} else if err != nil {
		return err
	}
	return nil
}
