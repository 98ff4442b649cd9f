package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/mock"
)

// Sessions are a target's sessions, one a client, in the order of their numbers.
type Sessions []*wire.Session

// Open makes the server ready and dials it once a client. stop ends all that
// was started, and must be called whatever the error is.
func (t *Target) Open(ctx context.Context) (sessions Sessions, stop func(), err error) {
	if c := t.Profile.Call; c.Tool != "" && c.Forbids(c.Tool) {
		return nil, func() {}, fmt.Errorf("the profile of %s lists %s among the tools never to call", t.Profile.Name,
			c.Tool)
	}
	var ends []func()
	stop = func() {
		for i := len(ends) - 1; i >= 0; i-- {
			ends[i]()
		}
	}
	_, end, err := t.Ready(ctx)
	ends = append(ends, end)
	if err != nil {
		return nil, stop, err
	}
	ctx, done := t.soft(ctx)
	defer done()
	clients := t.ClientCount()
	if t.Options.Transport == wire.Stdio {
		clients = 1 // one process has one client
	}
	sessions, err = t.dial(ctx, t.Part.Count(clients))
	ends = append(ends, func() { t.EndAll(sessions) })
	return sessions, stop, t.Interrupted(err)
}

// Dial opens a session. The requests that this took are returned with a session and
// without one: they may have cost something.
func Dial(ctx context.Context, o wire.Options) (*wire.Session, []history.Call, error) {
	s, err := wire.Dial(ctx, o)
	return s, Opening(s, err), err
}

// Opening is what left us to set a session up, or in vain.
func Opening(s *wire.Session, err error) []history.Call {
	if err == nil {
		return s.Handshake()
	}
	if dial, ok := errors.AsType[*wire.DialError](err); ok {
		return dial.Calls
	}
	return nil
}

// triesToOpen is how many sessions in a row may fail to open before no more are
// tried.
const triesToOpen = 3

// dial opens a session a client. Only without the first can nothing be done:
// where others fail, those that could be opened are used, and Unopened says
// what became of the rest.
func (t *Target) dial(ctx context.Context, clients int) (sessions Sessions, err error) {
	var slowest time.Duration
	var failed *wire.DialError
	for i, row := 0, 0; i < clients && row < triesToOpen; i++ {
		o, err := t.As(t.Part.Index(len(sessions)) + 1)
		if err != nil {
			return sessions, err // a credential is missing, which no other client can stand in for
		}
		if o.ListTools = i == 0 && t.Profile.Call.Tool != ""; len(sessions) > 0 {
			o.Idempotent = sessions[0].Idempotent
		}
		switch {
		case i == 0 && t.Kind == Command: // it may be starting, which --timeout is not about
			o.Patience = t.starting()
		case t.Settle.Patient: // whoever gives one means it
		case i > 0:
			o.Patience = openWithin(slowest, o.Timeout)
		}
		if i > 0 {
			t.opening(len(sessions), clients)
		}
		began := time.Now()
		s, calls, err := Dial(ctx, o)
		if err == nil {
			slowest, row = max(slowest, time.Since(began)), 0
			sessions = append(sessions, s)
			continue
		}
		dial, ok := errors.AsType[*wire.DialError](err)
		if i == 0 || !ok || ctx.Err() != nil {
			return sessions, err
		}
		failed, row = dial, row+1
		t.Unopened.Calls = append(t.Unopened.Calls, calls...)
		if dial.Kind == wire.TimedOut || dial.Kind == wire.Limited {
			break // whoever tries on waits as long each time
		}
	}
	if failed != nil && len(sessions) < clients {
		t.Unopened.Note = fmt.Sprintf("%d of %s could be opened, and the run goes on with these: %s", len(sessions),
			words.Count(clients, "session"), failed.Sentence())
		t.tell("%s: %s", t.Profile.Name, t.Unopened.Note)
	}
	return sessions, nil
}

// Unopened is what became of sessions that could not be opened: the requests that
// it took may have cost something.
type Unopened struct {
	Calls []history.Call
	Note  string
}

// openWithin is how long a request may take that sets up one more session: twenty
// times what the slowest took so far, if not the time-out of calls.
func openWithin(slowest, timeout time.Duration) time.Duration {
	return min(timeout, max(2*time.Second, 20*slowest))
}

// tellsOpening is how many sessions a run opens without a word.
const tellsOpening = 5

// opening says how far a server with many sessions is.
func (t *Target) opening(n, of int) {
	if t.Settle.Note != nil && of > tellsOpening {
		t.Settle.Note(fmt.Sprintf("opened %d of %d sessions", n, of))
	}
}

// Ready starts what has to be started before anybody dials: the mock, or the
// command that serves the URL, whose process it returns. stop ends it, and must
// be called whatever the error is.
func (t *Target) Ready(ctx context.Context) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	if t.Kind == Mock {
		end, err := t.startMock()
		if err != nil {
			return nil, stop, err
		}
		return nil, end, nil
	}
	ctx, done := t.soft(ctx)
	defer done()
	switch {
	case t.Live != nil:
		return t.goLive(ctx)
	case len(t.Launch) == 0:
		return nil, stop, nil
	}
	process, stop, err = t.serve(ctx, t.Launch)
	return process, stop, t.Interrupted(err)
}

// serve starts a command and waits until something listens at the target's URL.
func (t *Target) serve(ctx context.Context, command []string) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	if wire.Listening(ctx, t.Options) {
		return nil, stop, hint.New(fmt.Errorf("something listens at %s already", t.Options.URL), "stop it first, or "+
			"attach to it without starting the command")
	}
	process, err = wire.StartProcess(ctx, wire.ProcessOptions{Command: command, Env: t.Options.Env, Dir: t.Options.Dir})
	if err != nil {
		return nil, stop, err
	}
	t.serving, t.served = process, command
	stop = func() { End(t.serving.Stop) } // which a restart may have started
	patience, cancel := context.WithTimeout(ctx, t.readyWithin())
	defer cancel()
	return process, stop, wire.WaitReady(patience, t.Options, process)
}

// readyWithin is how long a server that we started may take to listen.
func (t *Target) readyWithin() time.Duration {
	if d := t.Profile.Launch.Ready; d > 0 {
		return d
	}
	return 30 * time.Second
}

// starting is how long a server that we start may take for its first answers: as long as
// somebody says, else no less than a call.
func (t *Target) starting() time.Duration {
	if d := t.Profile.Launch.Ready; d > 0 {
		return d
	}
	return max(t.Options.Timeout, t.readyWithin())
}

// Starting is that for a session whose process is started with it; 0: there is none.
func (t *Target) Starting() time.Duration {
	if t.Kind != Command || t.Options.Transport != wire.Stdio {
		return 0
	}
	return t.starting()
}

// End closes something within a few seconds. That it didn't close cleanly
// changes no verdict, which rests on calls that are over.
func End(closer func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = closer(ctx) // see above
}

// startMock starts the target's mock and points the options at it.
func (t *Target) startMock() (end func(), err error) {
	if t.Options.Transport == wire.Stdio {
		if t.ServeMock == nil {
			return nil, errors.New("nothing is known that serves a mock over stdio")
		}
		t.Options.Command, err = t.ServeMock(t.Mock)
		return func() {}, err
	}
	server, err := mock.New(t.Mock)
	if err != nil {
		return nil, err
	}
	end = func() { _ = server.Close() } // it lives in this process: nothing outlives it
	if t.Options.Transport == wire.InProcess {
		t.Options.Handler = server.Handle
		return end, nil
	}
	t.Restart.Mock = server.Restart
	t.Options.URL, err = server.Start(string(t.Options.Transport), "127.0.0.1:0")
	return end, err
}

// Unread says how many replies were not read to their end, since all that were in
// flight held as much memory as they may; empty where all were. No call of these
// counts against the server.
func Unread(m *wire.ReplyMemory) string {
	if m == nil || m.Unread() == 0 {
		return ""
	}
	return fmt.Sprintf("%d replies were not read to their end, since those in flight held %d MiB: that is our own "+
		"limit (--reply-memory), and not the server's fault", m.Unread(), m.Limit()>>20)
}
