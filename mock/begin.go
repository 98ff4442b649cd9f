package mock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A Process is what a mock runs in: its streams, and the arguments that start this program
// as it was started.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Arguments      []string
}

// Begin does what a mock does before it serves, and says with which status it ends. It
// reports true where that is all that it does.
func (s Start) Begin(ctx context.Context, p Process) (status int, over bool, err error) {
	for _, line := range s.Stdout {
		fmt.Fprintln(p.Stdout, line)
	}
	for _, line := range s.Stderr {
		fmt.Fprintln(p.Stderr, line)
	}
	if s.Log != "" {
		if err := os.WriteFile(StartLog, []byte(s.Log+"\n"), 0o600); err != nil {
			return 0, true, fmt.Errorf("cannot write the mock's log: %w", err)
		}
	}
	switch {
	case s.Exit:
		return s.Status, true, nil
	case s.Hang:
		<-ctx.Done()
		return 0, true, nil
	case s.Hand != "":
		status, err = p.handOn(ctx, s.Hand)
		return status, true, err
	}
	select {
	case <-ctx.Done():
	case <-time.After(s.Wait):
	}
	if s.Quit {
		status = s.Status // once it has answered
	}
	return status, false, nil
}

// Serves says what a mock says once it serves, and ends it early where its fault wants
// that.
func (s Start) Serves(stderr io.Writer, server *Server, quit context.CancelFunc) {
	for _, line := range s.Late {
		fmt.Fprintln(stderr, line)
	}
	if s.Quit {
		server.OnceAnswered(quit)
	}
}

// handOn serves by a process of its own, whose command line shows the secret.
func (p Process) handOn(ctx context.Context, secret string) (status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("cannot find this program to start it again: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, append(p.Arguments, "--handed", secret)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Stdin, p.Stdout, p.Stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
