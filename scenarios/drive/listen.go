package drive

import (
	"context"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// Conform is what the scenario is called that sends nothing, and holds each answer of a
// run to what the specification demands of it by itself.
const Conform = "conform"

// A listening is a run's ear on every answer; nil where nobody asked for one.
type listening struct {
	to        *conform.Listener
	revision  string
	transport wire.Transport
	shaped    int64 // results of which anything is demanded
	heard     int64 // those among them that were looked into
}

// listens returns an ear on sessions, which has heard their set-up.
func (j *Job) listens(sessions target.Sessions) *listening {
	if !j.Listen || len(sessions) == 0 {
		return nil
	}
	first := sessions[0]
	l := &listening{revision: first.Protocol(), transport: first.Transport()}
	l.to = conform.Listen(l.revision, first.Descriptions())
	for _, s := range sessions {
		for _, r := range s.Results() {
			l.to.Hear(r.Method, "", r.Text)
		}
	}
	l.heard, _, _ = l.to.Heard()
	l.shaped = l.heard
	return l
}

// read takes in an answer. It may be called from several goroutines.
func (l *listening) read(c *history.Call, result []byte) {
	switch {
	case c.Outcome == history.OK:
		l.to.Hear(c.Method, c.Tool, result)
	case c.Code != 0 && (c.Outcome == history.Limited || c.Outcome == history.Rejected):
		l.to.HearError(c.Method, c.Code)
	}
}

// config has a loop show what it reads.
func (l *listening) config() (c wire.LoopConfig) {
	if l != nil {
		c.Read = l.read
	}
	return c
}

// target carries calls with sessions, and hears their answers.
func (l *listening) target(sessions target.Sessions) runner.Target {
	if l == nil {
		return sessions.Target()
	}
	t := &heardTarget{listening: l, sessions: map[string]*wire.Session{}}
	for i, name := range sessions.Names() {
		t.sessions[name] = sessions[i]
	}
	return t
}

// A heardTarget shows what calls are answered before it tells that they are over.
type heardTarget struct {
	*listening
	sessions map[string]*wire.Session
}

// Send implements runner.Target.
func (t *heardTarget) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	go func() {
		c, result := t.sessions[a.Client].Fetch(ctx, a)
		t.read(&c, result)
		done(c)
	}()
}

// close puts what was heard into the outcome. Calls that something else carried, such as
// those of who comes back in disguise, weren't heard.
func (l *listening) close(j *Job, out *Outcome) {
	if l == nil {
		return
	}
	for i := range out.Calls {
		c := &out.Calls[i]
		if c.Outcome == history.OK && c.Kind == history.Request && c.Label != history.Handshake &&
			conform.Heard(l.revision, c.Method) {
			l.shaped++
		}
	}
	heard, _, _ := l.to.Heard()
	report := l.to.Report(string(l.transport), max(0, l.shaped-heard))
	out.Server.Scenarios = append(out.Server.Scenarios, report.Scenario(false, j.Options.Redact))
}
