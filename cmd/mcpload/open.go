package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/runner"
)

// opened are a job's sessions, one a client, in the order of their numbers.
type opened []*wire.Session

// open makes the server ready and dials it once a client. stop ends all that
// was started, and must be called whatever the error is.
func (j *job) open(ctx context.Context, clock runner.Clock) (sessions opened, stop func(), err error) {
	if c := j.profile.Call; c.Tool != "" && c.Forbids(c.Tool) {
		return nil, func() {}, fmt.Errorf("the profile of %s lists %s among the tools never to call", j.profile.Name, c.Tool)
	}
	var ends []func()
	stop = func() {
		for i := len(ends) - 1; i >= 0; i-- {
			ends[i]()
		}
	}
	_, end, err := j.ready(ctx)
	ends = append(ends, end)
	if err != nil {
		return nil, stop, err
	}
	clients := j.clientCount()
	if j.options.Transport == wire.Stdio {
		clients = 1 // one process has one client
	}
	sessions, err = j.dial(ctx, clients)
	for _, s := range sessions {
		ends = append(ends, func() { ended(s.Close) })
	}
	return sessions, stop, err
}

// triesToOpen is how many sessions in a row may fail to open before no more are
// tried.
const triesToOpen = 3

// dial opens a session a client. Only without the first can nothing be done:
// where others fail, those that could be opened are used, and job.unopened says
// what became of the rest.
func (j *job) dial(ctx context.Context, clients int) (sessions opened, err error) {
	var slowest time.Duration
	var failed error
	for i, row := 0, 0; i < clients && row < triesToOpen; i++ {
		o, err := j.as(len(sessions) + 1)
		if err != nil {
			return sessions, err // a credential is missing, which no other client can stand in for
		}
		o.ListTools = i == 0 && j.profile.Call.Tool != ""
		switch {
		case j.settle.again.has("timeout"): // whoever gives one means it
		case i > 0:
			o.Patience = openWithin(slowest, o.Timeout)
		case j.kind == kindCommand: // it may be starting
			o.Patience = max(o.Timeout, j.readyWithin())
		}
		if i > 0 {
			j.opening(len(sessions), clients)
		}
		began := time.Now()
		s, err := wire.Dial(ctx, o)
		if err == nil {
			slowest, row = max(slowest, time.Since(began)), 0
			sessions = append(sessions, s)
			continue
		}
		dial, ok := dialError(err)
		if i == 0 || !ok || ctx.Err() != nil {
			return sessions, err
		}
		failed, row = err, row+1
		j.unopened.calls = append(j.unopened.calls, dial.Calls...)
		if dial.Kind == wire.TimedOut || dial.Kind == wire.Limited {
			break // whoever tries on waits as long each time
		}
	}
	if failed != nil && len(sessions) < clients {
		dial, _ := dialError(failed)
		j.unopened.note = fmt.Sprintf("%d of %s could be opened, and the run goes on with these: %s", len(sessions), counted(clients, "session"), dial.Sentence())
		j.tell("%s: %s", j.profile.Name, j.unopened.note)
	}
	return sessions, nil
}

// unopened is what became of sessions that could not be opened: the requests that
// it took may have cost something.
type unopened struct {
	calls []history.Call
	note  string
}

// openWithin is how long a request may take that sets up one more session: twenty
// times what the slowest took so far, if not the time-out of calls.
func openWithin(slowest, timeout time.Duration) time.Duration {
	return min(timeout, max(2*time.Second, 20*slowest))
}

// tellsOpening is how many sessions a run opens without a word.
const tellsOpening = 5

// opening says how far a server with many sessions is.
func (j *job) opening(n, of int) {
	if j.settle.note != nil && of > tellsOpening {
		j.settle.note(fmt.Sprintf("opened %d of %d sessions", n, of))
	}
}

// ready starts what has to be started before anybody dials: the mock, or the
// command that serves the URL, whose process it returns. stop ends it, and must
// be called whatever the error is.
func (j *job) ready(ctx context.Context) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	if j.kind == kindMock {
		end, err := j.startMock()
		if err != nil {
			return nil, stop, err
		}
		return nil, end, nil
	}
	switch {
	case j.live != nil:
		return j.goLive(ctx)
	case len(j.launch) == 0:
		return nil, stop, nil
	}
	return j.serve(ctx, j.launch)
}

// serve starts a command and waits until something listens at the job's URL.
func (j *job) serve(ctx context.Context, command []string) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	if wire.Listening(ctx, j.options.URL) {
		return nil, stop, hinted{fmt.Errorf("something listens at %s already", j.options.URL), "stop it first, or attach to it without starting the command"}
	}
	process, err = wire.StartProcess(ctx, wire.ProcessOptions{Command: command, Env: j.options.Env, Dir: j.options.Dir})
	if err != nil {
		return nil, stop, err
	}
	stop = func() { ended(process.Stop) }
	patience, cancel := context.WithTimeout(ctx, j.readyWithin())
	defer cancel()
	return process, stop, wire.WaitReady(patience, j.options, process)
}

// readyWithin is how long a server that we started may take to listen.
func (j *job) readyWithin() time.Duration {
	if d := j.profile.Launch.Ready; d > 0 {
		return d
	}
	return 30 * time.Second
}

// ended closes something within a few seconds. That it didn't close cleanly
// changes no verdict, which rests on calls that are over.
func ended(closer func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = closer(ctx) // see above
}

// startMock starts the job's mock and points the options at it.
func (j *job) startMock() (end func(), err error) {
	if j.options.Transport == wire.Stdio {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("cannot find this program to start a mock over stdio: %w", err)
		}
		j.options.Command = append([]string{self}, mockArgs(j.mock, j.dirs)...)
		return func() {}, nil
	}
	server, err := mock.New(j.mock)
	if err != nil {
		return nil, err
	}
	end = func() { _ = server.Close() } // it lives in this process: nothing outlives it
	if j.options.Transport == wire.InProcess {
		j.options.Handler = server.Handle
		return end, nil
	}
	j.options.URL, err = server.Start(string(j.options.Transport), "127.0.0.1:0")
	return end, err
}

func (s opened) names() []string { return clientsNamed(len(s)) }

func (s opened) target() runner.Sessions {
	t := runner.Sessions{}
	for i, name := range s.names() {
		t[name] = s[i]
	}
	return t
}

// fastest returns the clock and the target to carry calls with, and what frees
// them: a loop where the sessions can share one, else those that are given. The
// clock is for whoever paces the run, and nobody else.
func fastest(clock runner.Clock, sessions []*wire.Session, plain runner.Target, cfg wire.LoopConfig) (runner.Clock, runner.Target, func()) {
	// Whatever the reason is that one can't be had: the plain path does the same.
	if l, err := wire.NewLoop(sessions, cfg); err == nil {
		return l, l, l.Close
	}
	return runner.Precise(clock), plain, func() {}
}

// handshake is every set-up call of every session, in the order of sending.
func (s opened) handshake() []history.Call {
	var calls []history.Call
	for _, session := range s {
		calls = append(calls, session.Handshake()...)
	}
	return calls
}

// close ends the sessions and returns what left them beside their calls.
func (s opened) close() []history.Call {
	var calls []history.Call
	for _, session := range s {
		ended(session.Close)
		calls = append(calls, session.Asides()...)
	}
	return calls
}

// amend marks calls whose reply turned out to come twice.
func (s opened) amend(calls []history.Call) {
	for _, session := range s {
		session.Amend(calls)
	}
}

// notes tells what came that should not have.
func (s opened) notes() []string {
	var notes []string
	for _, session := range s {
		told := map[wire.StrayKind]bool{}
		for _, stray := range session.Strays() {
			if !told[stray.Kind] {
				told[stray.Kind] = true
				notes = append(notes, fmt.Sprintf("%d× %s: %s", stray.Count, strayWords[stray.Kind], stray.Text))
			}
		}
		if status, gone := session.Exited(); gone {
			notes = append(notes, "the server ended during the run: "+status)
		}
	}
	return notes
}

// strayWords say what should not have come.
var strayWords = map[wire.StrayKind]string{
	wire.NotMCP:    "something that is no MCP message came on the protocol's channel",
	wire.UnknownID: "a reply to a request that was never sent",
	wire.NoID:      "a reply without an id",
	wire.Duplicate: "a second reply to one request",
	wire.Late:      "a reply after its call had been given up",
	wire.Uncalled:  "a request by the server where its protocol allows none",

	wire.Unanswered: "a request by the server that got no answer of ours, since there were too many",
}
