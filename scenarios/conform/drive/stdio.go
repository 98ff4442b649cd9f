package drive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// A stdioLine is a process that is spoken to over its stdin and stdout.
type stdioLine struct {
	ctx     context.Context
	config  *Config
	process *wire.Process
	box     *mailbox
	one     sync.Mutex // a request at a time takes from the box
	opening opening
	pager   pager
	writing sync.Mutex  // a line at a time
	ended   atomic.Bool // by us
}

func newStdioLine(ctx context.Context, c *Config) (*stdioLine, error) {
	l := &stdioLine{ctx: ctx, config: c, box: newMailbox()}
	started := make(chan struct{})
	l.pager.write = func(line []byte) {
		<-started
		_ = l.write(line) // a server that reads nothing more is seen elsewhere
	}
	l.box.asked = l.pager.asked
	var err error
	l.process, err = wire.StartProcess(ctx, wire.ProcessOptions{Command: c.Command, Env: c.Env, Dir: c.Dir, Input: true,
		Stdout: &lines{each: l.box.text}})
	if err != nil {
		return nil, err
	}
	close(started)
	go func() {
		if l.process.Wait(ctx) == nil {
			status, _ := l.process.Exited()
			_, stderr := l.process.Output()
			l.config.died.Store(&stderr)
			l.box.end("the process has ended: " + status)
		}
	}()
	return l, nil
}

// lines cuts what is written into lines.
type lines struct {
	each func([]byte)
	rest []byte
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.each(bytes.Clone(line))
		}
		l.rest = rest
	}
	l.rest = bytes.Clone(l.rest)
	return len(p), nil
}

// Do implements conform.Line.
func (l *stdioLine) Do(r conform.Request) (reply conform.Reply) {
	l.one.Lock()
	defer l.one.Unlock()
	l.opening.note(&r)
	began := time.Now()
	wrote := make(chan error, 1)
	l.pager.note(r.Body)
	go func() { wrote <- l.write(r.Body) }()
	late := time.NewTimer(r.Within)
	defer late.Stop()
	select {
	case err := <-wrote:
		if err != nil {
			// which mostly means that it has ended, and how it did is soon known
			l.box.wait(l.ctx, &reply, conform.Request{Within: min(r.Within, time.Second), Await: "the end"})
			if !reply.Ended && reply.Broken != conform.Interrupted {
				reply.Broken, reply.Silent = fmt.Sprintf("its stdin is closed: %v", err), false
			}
			return reply
		}
	case <-late.C:
		return conform.Reply{Broken: fmt.Sprintf("it has read nothing within %s", r.Within)}
	case <-l.ctx.Done():
		return conform.Reply{Broken: conform.Interrupted}
	}
	l.box.wait(l.ctx, &reply, r)
	reply.Took = time.Since(began)
	if reply.Ended && !l.ended.Load() {
		_, stderr := l.process.Output()
		l.config.fell.CompareAndSwap(nil, &stderr)
	}
	return reply
}

func (l *stdioLine) write(body []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err := l.process.Input().Write(append(bytes.Clone(body), '\n'))
	return err
}

// Open implements conform.Line.
func (l *stdioLine) Open() (conform.Line, error) { return newStdioLine(l.ctx, l.config) }

// End implements conform.Ender.
func (l *stdioLine) End(how string, within time.Duration) (conform.Ended, error) {
	l.ended.Store(true)
	return (&serving{ctx: l.ctx, process: l.process}).End(how, within)
}

// serving is a process of a server.
type serving struct {
	ctx     context.Context
	process *wire.Process
}

// End implements conform.Ender.
func (s *serving) End(how string, within time.Duration) (conform.Ended, error) {
	began := time.Now()
	switch in, ok := s.process.Input().(io.Closer); {
	case how == conform.EndKill:
		killed, cancel := context.WithCancel(s.ctx)
		cancel()                   // which is to wait for nothing
		_ = s.process.Stop(killed) // what it left behind is no matter here
	case how == conform.EndSignal && runtime.GOOS == "windows":
		return conform.Ended{}, errors.New("there is no SIGTERM here")
	case how == conform.EndSignal:
		s.process.Terminate()
	case !ok:
		return conform.Ended{}, errors.New("its stdin is not ours to close")
	default:
		_ = in.Close() // one that is closed already will do
	}
	ctx, cancel := context.WithTimeout(s.ctx, within)
	defer cancel()
	if s.process.Wait(ctx) != nil && s.ctx.Err() != nil {
		return conform.Ended{}, errors.New("interrupted")
	}
	status, done := s.process.Exited()
	return conform.Ended{Done: done, Status: status, Took: time.Since(began)}, nil
}

// Close ends the process, and doesn't wait for it: Run does.
func (l *stdioLine) Close() {
	l.config.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = l.process.Stop(ctx) // it is ended whatever that says
	})
}
