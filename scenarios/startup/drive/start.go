package drive

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// How long a process may take to stop before it is killed: a good start, whose
// stopping is looked at (wire's own steps end sooner), and any other, or after an interrupt.
const (
	stopWithin = 8 * time.Second
	dropWithin = 500 * time.Millisecond
)

// start makes one start and says what was seen. The error says that it could
// not be made at all, or not to its end. Once ctx has ended the process is
// asked to end, once at once has it is killed.
func (j *Job) start(ctx, atOnce context.Context, s startup.Start) (*startup.Observation, error) {
	logs, err := beforeStart(j.Logs, j.Dir)
	if err != nil {
		return nil, err
	}
	mark := rand.Text()
	env := append(slices.Clone(j.Env), markName+"="+mark)
	for _, name := range slices.Sorted(maps.Keys(s.Set)) {
		env = append(env, name+"="+s.Set[name])
	}
	o := &startup.Observation{}
	rec := newRecorder(time.Now())
	p, err := wire.StartProcess(ctx, wire.ProcessOptions{Command: j.Command, Env: env, Dir: j.Dir, Input: j.URL == "",
		Stdout: rec.stream(startup.Stdout), Stderr: rec.stream(startup.Stderr)})
	if err != nil {
		return nil, err
	}
	o.Started = true
	w := watch(ctx, mark)
	within := j.Limit
	if s.Expect == startup.Serve {
		within = max(within, j.Ready)
	}
	patience, giveUp := context.WithTimeout(ctx, within)
	j.talk(patience, p, rec, o, mark)
	giveUp()
	o.Ran = time.Since(rec.begin)
	grace := dropWithin
	if s.Expect == startup.Serve && ctx.Err() == nil {
		grace = stopWithin
	}
	stopping, cancel := context.WithTimeout(atOnce, grace)
	end(stopping, p, rec, o)
	cancel()
	o.Looks, o.Commands = w.end()
	o.Orphans = p.Left() + sweepMarked(mark)
	rec.into(o)
	if o.Logs, err = logs.added(); err != nil {
		return nil, err
	}
	if err := j.portFree(ctx); err != nil {
		return nil, err // somebody else may have answered for the server
	}
	return o, ctx.Err()
}

// portFree waits until nothing listens where the server is going to: a server
// that was just stopped may take a moment to let go.
func (j *Job) portFree(ctx context.Context) error {
	if j.URL == "" {
		return nil
	}
	for range 100 {
		if !wire.Listening(ctx, j.Options) {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return hint.New(fmt.Errorf("something listens at %s already", j.URL),
		"stop it first: an answer from there would say nothing of the server that is started")
}

// talk tries to get an answer until there is one, the process has ended, or
// the context has. A server that has gone into the background, leaving a status
// of 0, may still answer over http.
func (j *Job) talk(ctx context.Context, p *wire.Process, rec *recorder, o *startup.Observation, mark string) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		if p.Wait(ctx) != nil {
			return // ctx has ended
		}
		o.Exited, o.ExitAt = true, time.Since(rec.begin)
		if code, _ := p.ExitStatus(); code == 0 && j.URL != "" {
			if left, _ := findMarked(mark); len(left) > 0 {
				<-ctx.Done()
			}
		}
	})
	if j.URL == "" {
		j.talkLines(ctx, p, rec, o)
	} else {
		j.talkHTTP(ctx, rec, o)
	}
	if o.Answered {
		runner.Sleep(ctx, settle) // it may end by itself all the same
	}
	cancel()
	wg.Wait()
}

// settle is how long a start that answered is watched on.
const settle = 100 * time.Millisecond

// end notes how the process ended, or ends it.
func end(ctx context.Context, p *wire.Process, rec *recorder, o *startup.Observation) {
	if _, gone := p.Exited(); gone && !o.Exited {
		o.Exited, o.ExitAt = true, time.Since(rec.begin)
	} else if !gone {
		o.StopAt = time.Since(rec.begin)
	}
	_ = p.Stop(ctx) // it never fails: what is left is killed
	o.Code, _ = p.ExitStatus()
	o.Ended, _ = p.Exited()
	o.Ignored = o.StopAt > 0 && o.Ended == "signal: killed"
}

// The requests of a start, as lines. None of them changes anything.
var lines = []string{
	`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpload","version":"1"}}}`,
	`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	`{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}`,
	`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"` + noSuchTool + `","arguments":{}}}`,
}

// noSuchTool is the name of a tool that no server has, so that calling it makes
// an error reply and nothing else.
const noSuchTool = "mcpload_no_such_tool"

// chat is how long a request after the first may take: its answer decides
// nothing, it is only looked through.
const chat = 3 * time.Second

// talkLines speaks on stdin and stdout.
func (j *Job) talkLines(ctx context.Context, p *wire.Process, rec *recorder, o *startup.Observation) {
	send := func(line string) bool {
		_, err := io.WriteString(p.Input(), line+"\n")
		return err == nil // one that doesn't read has ended, or is about to
	}
	send(lines[0])
	o.AnswerAt, o.Answered = await(ctx, rec, 1)
	if !o.Answered || !send(lines[1]) {
		return
	}
	more := lines[2:]
	if j.Tool.Tool != "" {
		more = append(slices.Clone(more), toolLine(4, j.Tool))
	}
	for i, line := range more {
		if !send(line) {
			return
		}
		patience, cancel := context.WithTimeout(ctx, chat)
		_, _ = await(patience, rec, i+2) // the reply is recorded, and that is all
		cancel()
	}
}

// await waits for the answer to a request. What came before the context ended
// counts, however late it is looked at.
func await(ctx context.Context, rec *recorder, id int) (time.Duration, bool) {
	for {
		if at, ok := rec.answer(id); ok {
			return at, true
		}
		select {
		case <-rec.changed:
		case <-ctx.Done():
			return rec.answer(id)
		}
	}
}

// talkHTTP connects, dials and asks.
func (j *Job) talkHTTP(ctx context.Context, rec *recorder, o *startup.Observation) {
	for ctx.Err() == nil {
		tried := time.Since(rec.begin)
		if !wire.Listening(ctx, j.Options) {
			if ctx.Err() == nil {
				o.RefusedAt = tried
			}
			runner.Sleep(ctx, 25*time.Millisecond)
			continue
		}
		o.Connected = true
		options := j.Options
		options.Tap, options.ListTools = rec.tap(), true
		options.Now = func() time.Duration { return time.Since(rec.begin) }
		session, calls, err := target.Dial(ctx, options)
		for _, c := range calls {
			if answeredMCP(c) && !o.Answered {
				o.Answered, o.AnswerAt = true, c.Received
			}
		}
		if err == nil {
			j.ask(ctx, session)
			patience, cancel := context.WithTimeout(ctx, chat)
			_ = session.Close(patience) // as of target.End
			cancel()
		}
		if o.Answered {
			return
		}
		runner.Sleep(ctx, 100*time.Millisecond)
	}
}

// ask makes the requests whose replies are looked through.
func (j *Job) ask(ctx context.Context, session *wire.Session) {
	calls := []history.Arrival{{Method: "tools/call", Tool: noSuchTool}}
	if j.Tool.Tool != "" {
		calls = append(calls, j.Tool)
	}
	for _, a := range calls {
		patience, cancel := context.WithTimeout(ctx, chat)
		session.Exchange(patience, a)
		cancel()
	}
}

// toolLine is the request that calls a tool.
func toolLine(id int, a history.Arrival) string {
	arguments := a.Arguments
	if arguments == nil {
		arguments = json.RawMessage("{}")
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": "tools/call",
		"params": map[string]any{"name": a.Tool, "arguments": arguments}})
	if err != nil {
		panic("internal error: the arguments of a checked profile don't marshal: " + err.Error())
	}
	return string(text)
}

// answeredMCP reports if a call was answered by a message of MCP, rather than
// by HTTP alone.
func answeredMCP(c history.Call) bool {
	switch c.Outcome {
	case history.OK, history.ToolError, history.Limited:
		return true
	case history.Rejected:
		return c.Code != 0
	}
	return false
}
