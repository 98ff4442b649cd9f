package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/wire"
)

// A Restart is how a server is restarted in mid-run. The zero value is by ourselves, where
// we started it.
type Restart struct {
	Command string       // for a shell, of the user's; empty: none is known
	Mock    func() error // restarts the mock; nil: it isn't running
}

// Restarts says how the server can be restarted; empty where it can't.
func (t *Target) Restarts() string {
	switch {
	case t.Options.Transport == wire.Stdio || t.Options.Transport == wire.InProcess:
		return ""
	case t.Restart.Command != "":
		return "the command of --restart"
	case t.Kind == Mock, len(t.Launch) > 0, t.Live != nil:
		return "ending it and starting it again"
	}
	return ""
}

// How long the steps of a restart may take.
const (
	restartWithin = 2 * time.Minute // the user's command
	closedWithin  = 2 * time.Second // that the old server closes what is open to it
)

// restarted has the server restarted and waits until something accepts connections again.
// It reports if there was a sign of it: a connection that was open before was closed.
func (t *Target) restarted(ctx context.Context) (sign bool, err error) {
	closed := watched(ctx, t.Options.URL)
	switch {
	case t.Restart.Command != "":
		err = runShell(ctx, t.Restart.Command)
	case t.Kind == Mock && t.Restart.Mock != nil:
		return true, t.Restart.Mock()
	case t.serving != nil:
		err = t.startAgain(ctx)
	default:
		err = errors.New("nothing is known that restarts it")
	}
	if err != nil {
		return false, err
	}
	sign = closed()
	patience, cancel := context.WithTimeout(ctx, t.readyWithin())
	defer cancel()
	return sign, wire.WaitReady(patience, t.Options, nil)
}

// startAgain ends the process that serves the URL, and starts its command once more.
func (t *Target) startAgain(ctx context.Context) error {
	End(t.serving.Stop)
	process, err := wire.StartProcess(ctx, wire.ProcessOptions{Command: t.served, Env: t.Options.Env,
		Dir: t.Options.Dir})
	if err == nil {
		t.serving = process
	}
	return err
}

// watched opens a connection and says nothing over it. What it returns waits a little, and
// reports if the other end has closed it.
func watched(ctx context.Context, raw string) (closed func() bool) {
	u, err := url.Parse(raw)
	if err != nil {
		return func() bool { return false }
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	dialer := net.Dialer{Timeout: closedWithin}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return func() bool { return false }
	}
	return func() bool {
		defer func() { _ = conn.Close() }() // nothing was sent over it
		if err := conn.SetReadDeadline(time.Now().Add(closedWithin)); err != nil {
			return false
		}
		_, err := conn.Read(make([]byte, 1))
		var late net.Error
		return err != nil && !(errors.As(err, &late) && late.Timeout())
	}
}

// redacted is what an error says, without secrets.
func (t *Target) redacted(err error) string {
	if t.Options.Redact == nil {
		return err.Error()
	}
	return t.Options.Redact(err.Error())
}

// runShell runs a command of the user's.
func runShell(ctx context.Context, command string) error {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	ctx, cancel := context.WithTimeout(ctx, restartWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, flag, command)
	cmd.WaitDelay = time.Second // what it left running holds its output open
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it has ended well, and what it started goes on
	}
	if err == nil {
		return nil
	}
	last := strings.TrimSpace(said.String())
	if last != "" {
		last = ": " + last[strings.LastIndex(last, "\n")+1:]
	}
	return fmt.Errorf("the command that restarts it failed: %w%s", err, last)
}
