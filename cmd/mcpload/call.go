package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// A settling is how a job comes to the call that its server is loaded with, and
// what it may tell and ask a person meanwhile.
type settling struct {
	say   func(format string, args ...any)
	ask   func(question string) bool // nil: nobody is there to ask
	yes   bool                       // whoever runs this agrees
	named bool                       // --tool names it
	note  func(string)               // told what the job is about; nil: nobody is
	again *invocation
	drain <-chan struct{}
}

// settleCalls says how a command's jobs settle their calls. Only one job alone
// asks, and once: with several, an answer to one would hold up the others.
func (a *app) settleCalls(f *targetFlags, jobs []job, again *invocation) {
	s := settling{say: a.say, yes: f.yes, named: f.tool != "", again: again, drain: a.drain}
	if len(jobs) == 1 && isTerminal(a.stdin) && isTerminal(a.stderr) && os.Getenv("CI") == "" {
		answers := map[string]bool{}
		s.ask = func(question string) bool {
			if _, asked := answers[question]; !asked {
				answers[question] = a.agrees(question)
			}
			return answers[question]
		}
	}
	for i := range jobs {
		jobs[i].chooseOfMock()
		jobs[i].settle = s
	}
}

// agrees asks a question that only yes agrees to. An interrupt is a no.
func (a *app) agrees(question string) bool {
	fmt.Fprintf(a.stderr, "mcpload: %s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // it may outlive the question: reading a terminal can't be cut short
		var line []byte
		for b := make([]byte, 1); ; {
			n, err := a.stdin.Read(b)
			if err != nil || n == 1 && b[0] == '\n' {
				break
			}
			line = append(line, b[:n]...)
		}
		answer <- strings.ToLower(strings.TrimSpace(string(line)))
	}()
	select {
	case text := <-answer:
		return text == "y" || text == "yes"
	case <-a.drain:
		return false
	}
}

// chooseOfMock names the call of a mock that nobody named one for: its own tools
// are harmless, and any would do.
func (j *job) chooseOfMock() {
	if j.kind == kindMock && j.profile.Call.Unsaid {
		j.profile = j.profile.Loading(mockTool, nil)
		j.mock.Profile = j.profile
		j.call = results.Call{Chosen: true, Why: "a tool of the mock's own"}
	}
}

// mockTool is a tool that every mock has.
const mockTool = "echo"

// beside has a job ask, and say what it is about, where its progress is drawn.
func (s *settling) beside(ctx context.Context, p *progress, name string) {
	if ask := s.ask; ask != nil {
		s.ask = func(question string) (yes bool) {
			p.aside(ctx, func() { yes = ask(question) })
			return yes
		}
	}
	s.note = func(text string) { p.board.Note(name, text) }
}

// tell says something to whoever runs this.
func (j *job) tell(format string, args ...any) {
	if j.settle.say != nil {
		j.settle.say(format, args...)
	}
}

// loadedWith is the call as documents spell it.
func (j *job) loadedWith() *results.Call {
	c := j.call
	c.Method, c.Tool = j.profile.Call.Method, j.profile.Call.Tool
	return &c
}

// settleCall decides which call the server is loaded with, where nobody did, and
// tries it once: what the server has to say against it is said in a second, and
// not by hundreds of failed calls. The requests are part of the handshake.
func (j *job) settleCall(ctx context.Context, s *wire.Session) (trial []history.Call, err error) {
	ctx, stop := until(ctx, j.settle.drain)
	defer stop()
	if j.profile.Call.Unsaid {
		if err := j.choose(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := j.knowsTool(s); err != nil {
		return nil, err
	}
	call := j.profile.Call
	if call.Method == "tools/list" && j.call.Chosen || j.kind == kindMock && !j.settle.named {
		return nil, nil // it was just called; and a mock's own tools are known to work
	}
	return j.tryCall(ctx, s)
}

// until returns a context that also ends when a channel is closed.
func until(ctx context.Context, closed <-chan struct{}) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// listPatience is how long a server may take for its list of tools, refusals of
// the request for its rate included.
const listPatience = 10 * time.Second

// choose lists the server's tools and takes the one that is best to load it with,
// if one may be taken; else the server is loaded with tools/list.
func (j *job) choose(ctx context.Context, s *wire.Session) error {
	j.call = results.Call{Chosen: true, Why: "no tool was chosen"}
	patient, cancel := context.WithTimeout(ctx, max(listPatience, j.options.Timeout))
	defer cancel()
	if err := s.ListTools(patient); err != nil {
		if dial, ok := dialError(err); ok && (dial.Kind == wire.Limited || patient.Err() != nil) {
			j.call.Why = "the server refuses to list its tools for its rate limit"
			return nil // whether that is right is what the run judges
		}
		return err
	}
	tools, err := toolsOf(s)
	if err != nil {
		return err
	}
	if len(tools) == 0 {
		if c := lastOf(s.Handshake(), "tools/list"); !c.Outcome.Admitted() {
			return j.failedTrial(c, s)
		}
		j.call.Why = "the server lists no tools"
		return nil
	}
	c, ok := load.Choose(tools, j.profile.Call.Forbids)
	why := c.Claims
	switch {
	case !ok:
		j.call.Why = "none of the server's tools looks harmless"
		j.tell("%s: %s, so that tools/list is called; name one to call with --tool: %s", j.profile.Name, j.call.Why, firstFew(names(tools)))
		return nil
	case c.Unasked:
	case len(c.Doubts) > 0:
		j.decline(c, "its arguments can't be made up")
		return nil
	case j.settle.yes:
		why = "--yes agreed to it, and " + c.Claims
	case j.settle.ask != nil && j.settle.ask(fmt.Sprintf("call the tool %s of %s over and over? %s", c.Tool, j.profile.Name, c.Claims)):
		why = "you agreed to it, and " + c.Claims
	default:
		j.decline(c, c.Claims)
		return nil
	}
	if c.Needs {
		why += "; its arguments were made up from its schema"
		j.call.Arguments = c.Arguments
	} else {
		why += ", and it needs no arguments"
	}
	j.call.Why = why
	j.profile = j.profile.Loading(c.Tool, c.Arguments)
	j.tell("%s: calling the tool %s: %s", j.profile.Name, c.Tool, why)
	return nil
}

// lastOf is the last call of a method.
func lastOf(calls []history.Call, method string) history.Call {
	var last history.Call
	for _, c := range calls {
		if c.Method == method {
			last = c
		}
	}
	return last
}

// decline leaves a tool alone, and says how to have it called.
func (j *job) decline(c load.Choice, why string) {
	j.call.Why = fmt.Sprintf("the tool that looks best is %s, but %s", c.Tool, why)
	j.tell("%s: %s, so that tools/list is called; a limit of tool calls doesn't show then", j.profile.Name, j.call.Why)
	if line := j.lineWith(c); line != "" {
		j.tell("to call it: %s", line)
	}
}

// lineWith is the command line with a tool, and arguments where it needs some.
func (j *job) lineWith(c load.Choice) string {
	set := []flagValue{{name: "tool", value: c.Tool}}
	if c.Needs {
		set = append(set, flagValue{name: "args", value: string(c.Arguments)})
	}
	line := j.settle.again.line(set...)
	if j.options.Redact != nil {
		line = j.options.Redact(line)
	}
	return line
}

// toolsOf reads the tools that a session knows.
func toolsOf(s *wire.Session) ([]load.ToolInfo, error) {
	var tools []load.ToolInfo
	for _, raw := range s.Descriptions() {
		var t load.ToolInfo
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, fmt.Errorf("the server describes a tool in a way that can't be read: %w", err)
		}
		tools = append(tools, t)
	}
	return tools, nil
}

// trialAttempts is how often a trial that got no answer, or was refused for the
// server's rate, is made.
const trialAttempts = 3

// tryCall makes one call. A refusal for the rate is no failure: the limiter is
// what the run is about.
func (j *job) tryCall(ctx context.Context, s *wire.Session) (trial []history.Call, err error) {
	call := j.profile.Call
	for attempt := 1; ; attempt++ {
		c := s.Exchange(ctx, history.Arrival{Due: j.options.Now(), Client: clientNames[0], Label: verdict.Handshake,
			Method: call.Method, Tool: call.Tool, Arguments: call.Arguments})
		trial = append(trial, c)
		switch {
		case ctx.Err() != nil: // the run is interrupted, and says so
			return trial, nil
		case c.Outcome == history.OK:
			return trial, nil
		case c.Outcome == history.Limited && (j.kind != kindURL || attempt == trialAttempts):
			return trial, nil // a server that was just started and refuses is what the run is about
		case c.Outcome == history.Limited:
			waitFor(ctx, min(max(c.RetryAfter, time.Second), 5*time.Second))
		case !c.Outcome.Answered() && c.Outcome != history.TimedOut && attempt < trialAttempts:
		default:
			return trial, j.failedTrial(c, s)
		}
	}
}

// waitFor waits, or until the context ends.
func waitFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
