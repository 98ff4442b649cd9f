package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tailSize is how much of a child's output is kept, in bytes a stream.
const tailSize = 64 << 10

// How long Process.Stop waits after each step.
const (
	afterEOF  = 2 * time.Second // stdin closed
	afterTERM = 3 * time.Second // SIGTERM
	afterExit = time.Second     // for what a dead child has left running
)

// ProcessOptions says what to start.
type ProcessOptions struct {
	Command []string // argv
	Env     []string // KEY=VALUE, the whole environment: nothing of the parent's is added
	Dir     string   // working directory; empty: the parent's

	// Input gives the process an open stdin, which Process.Input writes to and
	// Stop closes. Without it stdin is empty.
	Input bool
	// Stdout and Stderr get what the process writes there, as it comes, beside
	// what Output keeps of it. Nil: nobody.
	Stdout, Stderr io.Writer
}

// A Process is a started command. It leads a process group of its own, so
// that what it starts can be stopped with it, and an interrupt meant for us
// doesn't reach it. Its methods may be called from several goroutines.
type Process struct {
	cmd    *exec.Cmd
	stdin  *os.File // our ends of its pipes; nil where it has none
	stdout *os.File
	out    tail // stdout, where that is no pipe of ours
	err    tail // stderr

	done   chan struct{} // closed when it has exited
	swept  chan struct{} // closed when its group is gone too
	closed sync.Once
	state  string // valid once done is closed
	ended  sync.Once
	left   int // valid once Stop has returned

	pen   *pen // nil where there is none
	kinMu sync.Mutex
	kin   map[int]int64 // of Usage: what was ours when it looked last
}

// StartProcess starts a command whose output is kept: a live HTTP server, or,
// with Input, one that is spoken to by the caller. The context bounds the start only; Stop ends the process. The
// error is a *DialError of kind NotStarted, or RanOut.
func StartProcess(ctx context.Context, o ProcessOptions) (*Process, error) {
	return startProcess(ctx, o, false)
}

// startProcess starts a command, with pipes to talk to it if piped is set.
func startProcess(ctx context.Context, o ProcessOptions, piped bool) (*Process, error) {
	if len(o.Command) == 0 || o.Command[0] == "" {
		return nil, &DialError{Kind: BadOptions, Target: "the command", Detail: "it is empty"}
	}
	if err := ctx.Err(); err != nil {
		return nil, &DialError{Kind: Cancelled, Target: o.Command[0], Detail: "not started", Err: err}
	}
	p := &Process{cmd: exec.Command(o.Command[0], o.Command[1:]...),
		done: make(chan struct{}), swept: make(chan struct{})}
	// Nil would be our own environment, with our credentials in it.
	p.cmd.Env, p.cmd.Dir = append([]string{}, o.Env...), o.Dir
	p.cmd.Stderr = also(&p.err, o.Stderr)
	p.cmd.WaitDelay = afterExit
	ownGroup(p.cmd)
	p.cmd.Stdout = also(&p.out, o.Stdout)
	theirs, err := p.makePipes(o, piped)
	if err != nil {
		return nil, err
	}
	err = p.started(p.begin)
	for _, f := range theirs {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		p.closePipes()
		return nil, notStarted(o, err)
	}
	go p.wait()
	return p, nil
}

// makePipes makes the pipes to talk to the process by, and returns the ends
// that are the process's own: stdin where it has input or is piped, and stdout
// where it is piped.
func (p *Process) makePipes(o ProcessOptions, piped bool) (theirs []*os.File, err error) {
	if !piped && !o.Input {
		return nil, nil
	}
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, notStarted(o, err)
	}
	p.cmd.Stdin, p.stdin = in, stdin
	if !piped {
		return []*os.File{in}, nil
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(notStarted(o, err), in.Close(), stdin.Close())
	}
	p.cmd.Stdout, p.stdout = out, stdout
	return []*os.File{in, out}, nil
}

// also writes to a second place too, if there is one.
func also(keep *tail, w io.Writer) io.Writer {
	if w == nil {
		return keep
	}
	return io.MultiWriter(keep, w)
}

// notStarted says why a command can't be started.
func notStarted(o ProcessOptions, err error) *DialError {
	e := &DialError{Kind: NotStarted, Target: o.Command[0], Detail: innermost(err), Err: err}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.Detail = "no such program"
		e.Hint = "check the spelling, and that it is on the PATH"
		if strings.Contains(o.Command[0], " ") {
			e.Hint = "the program and its arguments are words of their own: leave out the quotation marks " +
				"around them"
		}
		if o.Dir != "" {
			if _, statErr := os.Stat(o.Dir); statErr != nil {
				e.Detail, e.Hint = fmt.Sprintf("no such directory %q", o.Dir), ""
			}
		}
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "is it executable?"
	case errors.Is(err, syscall.EAGAIN): // of fork
		e.Kind, e.Detail, e.Hint = RanOut, ranOut+"processes ("+e.Detail+")", "raise the limit of processes (ulimit "+
			"-u, pids.max), or start fewer"
	}
	if f, own := ownFault(err); own {
		e.Kind, e.Detail, e.Hint = RanOut, f.detail, ranOutHint(err)
	}
	return e
}

// wait waits for the exit, then ends what is left of the group. The group's
// number is not reused while it has members, and we look at once.
func (p *Process) wait() {
	// How it ended is in ProcessState, whatever Wait says of the pipes.
	_ = p.cmd.Wait()
	p.forget()
	p.state = p.cmd.ProcessState.String()
	close(p.done)
	sweepGroup(p.cmd.Process.Pid, afterExit)
	p.pen.remove(1) // nobody may call Stop
	close(p.swept)
}

// Exited reports if the process has ended, and how: "exit status 1",
// "signal: killed".
func (p *Process) Exited() (status string, ok bool) {
	select {
	case <-p.done:
		return p.state, true
	default:
		return "", false
	}
}

// ExitStatus returns the status that the process ended with, -1 where a signal
// ended it, and false while it runs.
func (p *Process) ExitStatus() (code int, ok bool) {
	if _, gone := p.Exited(); !gone {
		return 0, false
	}
	return p.cmd.ProcessState.ExitCode(), true
}

// Input is the process's stdin; nil where it was started without.
func (p *Process) Input() io.Writer {
	if p.stdin == nil {
		return nil
	}
	return p.stdin
}

// Wait waits until the process has ended, or ctx has.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// PID is the number of the process, and of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns the last 64 KiB of stdout and of stderr. Stdout is empty
// where the process speaks MCP on it.
func (p *Process) Output() (stdout, stderr []byte) { return p.out.bytes(), p.err.bytes() }

// Stop ends the process and everything in its group: it closes stdin where we
// hold it, waits two seconds, sends SIGTERM, waits three, and sends SIGKILL.
// When ctx ends the rest of the waiting is skipped, never the killing. On Linux
// what it started is ended too where it has left the group.
func (p *Process) Stop(ctx context.Context) error {
	p.look()
	if p.stdin != nil {
		// An error means that it is closed already.
		_ = p.stdin.Close()
	}
	if _, gone := p.Exited(); !gone && (p.stdin == nil || !p.ends(ctx, afterEOF)) {
		signalGroup(p.PID(), false)
		if !p.ends(ctx, afterTERM) {
			signalGroup(p.PID(), true)
			<-p.done
		}
	}
	<-p.swept
	p.ended.Do(func() { p.left = p.sweepKin(); p.pen.remove(50) })
	return nil
}

// Terminate sends SIGTERM, or what there is of it, to the process and its group.
func (p *Process) Terminate() {
	if _, gone := p.Exited(); !gone {
		signalGroup(p.PID(), false)
	}
}

// Left is how many processes Stop found, and ended, that had left the group.
func (p *Process) Left() int { return p.left }

// ends waits for the exit, but no longer than given, nor than ctx lasts.
func (p *Process) ends(ctx context.Context, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	_, ok := p.Exited()
	return ok
}

// closePipes closes our ends of the pipes.
func (p *Process) closePipes() {
	p.closed.Do(func() {
		for _, f := range []*os.File{p.stdin, p.stdout} {
			if f != nil {
				_ = f.Close() // stdin may be closed already
			}
		}
	})
}

// A tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*tailSize {
		t.buf = append([]byte(nil), t.buf[len(t.buf)-tailSize:]...)
	}
	return len(p), nil
}

// bytes returns a copy of what is kept.
func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.buf[max(0, len(t.buf)-tailSize):]...)
}
