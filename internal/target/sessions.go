package target

import (
	"fmt"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// Names are those of their clients.
func (s Sessions) Names() []string {
	names := make([]string, len(s))
	for i, session := range s {
		names[i] = session.Client()
	}
	return names
}

// Target carries calls with them.
func (s Sessions) Target() runner.Sessions {
	byName := runner.Sessions{}
	for i, name := range s.Names() {
		byName[name] = s[i]
	}
	return byName
}

// Fastest returns the clock and the target to carry calls with, and what frees
// them: a loop where the sessions can share one, else those that are given. The
// clock is for whoever paces the run, and nobody else.
func Fastest(clock runner.Clock, sessions []*wire.Session, plain runner.Target, cfg wire.LoopConfig) (runner.Clock,
	runner.Target, func()) {
	// Whatever the reason is that one can't be had: the plain path does the same.
	if l, err := wire.NewLoop(sessions, cfg); err == nil {
		return l, l, l.Close
	}
	return runner.Precise(clock), plain, func() {}
}

// Handshake is every set-up call of every session, in the order of sending.
func (s Sessions) Handshake() []history.Call {
	var calls []history.Call
	for _, session := range s {
		calls = append(calls, session.Handshake()...)
	}
	return calls
}

// CloseAll closes sessions as EndAll does, and returns what left them beside their calls.
func (t *Target) CloseAll(s Sessions) []history.Call {
	t.EndAll(s)
	var calls []history.Call
	for _, session := range s {
		calls = append(calls, session.Asides()...)
	}
	return calls
}

// Amend marks calls whose reply turned out to come twice.
func (s Sessions) Amend(calls []history.Call) {
	for _, session := range s {
		session.Amend(calls)
	}
}

// Behind says what the servers of closed sessions had left running; nothing where
// they left nothing.
func (s Sessions) Behind() []string {
	n := 0
	for _, session := range s {
		n += session.Left()
	}
	return Behind(n)
}

// Behind says that so many processes were left running by servers of ours.
func Behind(n int) []string {
	if n == 0 {
		return nil
	}
	what := fmt.Sprintf("%d processes", n)
	if n == 1 {
		what = "1 process"
	}
	return []string{"the server left " + what + " behind that had moved out of its process group; ended now"}
}

// Notes tells what came that should not have.
func (s Sessions) Notes() []string {
	var notes []string
	for _, session := range s {
		told := map[wire.StrayKind]bool{}
		for _, stray := range session.Strays() {
			if !told[stray.Kind] {
				told[stray.Kind] = true
				notes = append(notes, fmt.Sprintf("%d× %s: %s", stray.Count, StrayWords[stray.Kind], stray.Text))
			}
		}
		notes = append(notes, NotesOfDeath(session.Process())...)
	}
	return notes
}

// StrayWords say what should not have come.
var StrayWords = map[wire.StrayKind]string{
	wire.NotMCP:    "something that is no MCP message came on the protocol's channel",
	wire.UnknownID: "a reply to a request that was never sent",
	wire.NoID:      "a reply without an id",
	wire.Duplicate: "a second reply to one request",
	wire.Elsewhere: "a response on the session's own stream, where none belongs",
	wire.Late:      "a reply after its call had been given up",
	wire.Packed:    "a reply that was compressed though that wasn't offered",
	wire.Uncalled:  "a request by the server where its protocol allows none",

	wire.TextID:     "a response whose id is a text, where the request's is a number",
	wire.Unanswered: "a request by the server that got no answer of ours, since there were too many",
}
