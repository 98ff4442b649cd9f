package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// Settling is how a target comes to the call that its server is loaded with, and
// what may be told and asked meanwhile. Of the zero value nobody is told anything.
type Settling struct {
	Say     func(format string, args ...any)
	Note    func(string)               // told what is under way
	Ask     func(question string) bool // nil: nobody is there to ask
	Yes     bool                       // whoever runs this agrees
	Named   bool                       // somebody named the call
	Patient bool                       // somebody said how long a call may take, and means it
	// the command that calls a tool; nil or empty: there is none to name
	Again func(tool string, arguments json.RawMessage) string
	Drain <-chan struct{}
}

// ChooseOfMock names the call of a mock that nobody named one for: its own tools
// are harmless, and any would do.
func (t *Target) ChooseOfMock() {
	if t.Kind == Mock && t.Profile.Call.Unsaid {
		t.Profile = t.Profile.Loading(mockTool, nil)
		t.Mock.Profile = t.Profile
		t.Call = results.Call{Chosen: true, Why: "a tool of the mock's own"}
	}
}

// mockTool is a tool that every mock has.
const mockTool = "echo"

// tell says something to whoever runs this.
func (t *Target) tell(format string, args ...any) {
	if t.Settle.Say != nil {
		t.Settle.Say(format, args...)
	}
}

// SettleCall decides which call the server is loaded with, where nobody did, and
// tries it once: what the server has to say against it is said in a second, and
// not by hundreds of failed calls. The requests are part of the handshake.
func (t *Target) SettleCall(ctx context.Context, s *wire.Session) (trial []history.Call, err error) {
	ctx, stop := runner.Until(ctx, t.Settle.Drain)
	defer stop()
	if t.Profile.Call.Unsaid {
		if err := t.choose(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := t.KnowsTool(s, t.Profile.Call.Tool); err != nil {
		return nil, err
	}
	call := t.Profile.Call
	if call.Method == "tools/list" && t.Call.Chosen || t.Kind == Mock && !t.Settle.Named {
		return nil, nil // it was just called; and a mock's own tools are known to work
	}
	return t.tryCall(ctx, s)
}

// listPatience is how long a server may take for its list of tools, refusals of
// the request for its rate included.
const listPatience = 10 * time.Second

// choose lists the server's tools and takes the one that is best to load it with,
// if one may be taken; else the server is loaded with tools/list.
func (t *Target) choose(ctx context.Context, s *wire.Session) error {
	t.Call = results.Call{Chosen: true, Why: "no tool was chosen"}
	patient, cancel := context.WithTimeout(ctx, max(listPatience, t.Options.Timeout))
	defer cancel()
	if err := s.ListTools(patient); err != nil {
		if dial, ok := errors.AsType[*wire.DialError](err); ok && (dial.Kind == wire.Limited || patient.Err() != nil) {
			t.Call.Why = "the server refuses to list its tools for its rate limit"
			return nil // whether that is right is what the run judges
		}
		return Explained(err)
	}
	tools, err := toolsOf(s)
	if err != nil {
		return err
	}
	if len(tools) == 0 {
		if c := lastOf(s.Handshake(), "tools/list"); !c.Outcome.Admitted() {
			return t.failedTrial(c, s)
		}
		t.Call.Why = "the server lists no tools"
		return nil
	}
	c, ok := load.Choose(tools, t.Profile.Call.Forbids)
	why := c.Claims
	switch {
	case !ok:
		t.Call.Why = "none of the server's tools looks harmless"
		t.tell("%s: %s, so that tools/list is called; name one to call with --tool: %s", t.Profile.Name, t.Call.Why,
			words.First(t.names(tools)))
		return nil
	case c.Unasked:
	case len(c.Doubts) > 0:
		t.decline(c, "its arguments can't be made up")
		return nil
	case t.Settle.Yes:
		why = "--yes agreed to it, and " + c.Claims
	case t.Settle.Ask != nil && t.Settle.Ask(fmt.Sprintf("call the tool %s of %s over and over? %s", c.Tool,
		t.Profile.Name, c.Claims)):
		why = "you agreed to it, and " + c.Claims
	default:
		t.decline(c, c.Claims)
		return nil
	}
	if c.Needs {
		why += "; its arguments were made up from its schema"
		t.Call.Arguments = c.Arguments
	} else {
		why += ", and it needs no arguments"
	}
	t.Call.Why = why
	t.Profile = t.Profile.Loading(c.Tool, c.Arguments)
	t.tell("%s: calling the tool %s: %s", t.Profile.Name, c.Tool, why)
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
func (t *Target) decline(c load.Choice, why string) {
	t.Call.Why = fmt.Sprintf("the tool that looks best is %s, but %s", c.Tool, why)
	t.tell("%s: %s, so that tools/list is called; a limit of tool calls doesn't show then", t.Profile.Name, t.Call.Why)
	if line := t.lineWith(c); line != "" {
		t.tell("to call it: %s", line)
	}
}

// lineWith is the command line with a tool, and arguments where it needs some.
func (t *Target) lineWith(c load.Choice) string {
	if t.Settle.Again == nil {
		return ""
	}
	var arguments json.RawMessage
	if c.Needs {
		arguments = c.Arguments
	}
	line := t.Settle.Again(c.Tool, arguments)
	if t.Options.Redact != nil {
		line = t.Options.Redact(line)
	}
	return line
}

// Harmless are calls of the tools that a session knows and that say of themselves that
// they are read-only and touch nothing beyond their server.
func (t *Target) Harmless(s *wire.Session) (calls []history.Arrival) {
	tools, err := toolsOf(s)
	if err != nil {
		return nil // there is the load
	}
	for _, tool := range tools {
		c, ok := load.Choose([]load.ToolInfo{tool}, t.Profile.Call.Forbids)
		if ok && c.Unasked {
			calls = append(calls, history.Arrival{Method: "tools/call", Tool: c.Tool, Arguments: c.Arguments})
		}
	}
	return calls
}

// toolsOf reads the tools that a session knows.
func toolsOf(s *wire.Session) ([]load.ToolInfo, error) {
	var tools []load.ToolInfo
	for _, raw := range s.Descriptions() {
		var tool load.ToolInfo
		if err := json.Unmarshal(raw, &tool); err != nil {
			return nil, fmt.Errorf("the server describes a tool in a way that can't be read: %w", err)
		}
		tools = append(tools, tool)
	}
	return tools, nil
}

// trialAttempts is how often a trial that got no answer, or was refused for the
// server's rate, is made.
const trialAttempts = 3

// tryCall makes one call. A refusal for the rate is no failure: the limiter is
// what the run is about.
func (t *Target) tryCall(ctx context.Context, s *wire.Session) (trial []history.Call, err error) {
	call := t.Profile.Call
	for attempt := 1; ; attempt++ {
		c := s.Exchange(ctx, history.Arrival{Due: t.Options.Now(), Client: FirstClient, Label: verdict.Handshake,
			Method: call.Method, Tool: call.Tool, Arguments: call.Arguments})
		trial = append(trial, c)
		switch {
		case ctx.Err() != nil: // the run is interrupted, and says so
			return trial, nil
		case c.Outcome == history.OK:
			return trial, nil
		case c.Outcome == history.Limited && (t.Kind != URL || attempt == trialAttempts):
			return trial, nil // a server that was just started and refuses is what the run is about
		case c.Outcome == history.Limited:
			runner.Sleep(ctx, min(max(c.RetryAfter, time.Second), 5*time.Second))
		case !c.Outcome.Answered() && c.Outcome != history.TimedOut && attempt < trialAttempts:
		default:
			return trial, t.failedTrial(c, s)
		}
	}
}

// Agrees reads a line that is a yes or isn't. It is a no once drain is closed.
func Agrees(stdin io.Reader, drain <-chan struct{}) bool {
	answer := make(chan string, 1)
	if !runner.Unless(drain, func() {
		var line []byte
		for b := make([]byte, 1); ; {
			n, err := stdin.Read(b)
			if err != nil || n == 1 && b[0] == '\n' {
				break
			}
			line = append(line, b[:n]...)
		}
		answer <- strings.ToLower(strings.TrimSpace(string(line)))
	}) {
		return false
	}
	text := <-answer
	return text == "y" || text == "yes"
}
