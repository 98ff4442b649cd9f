package target

import (
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// extra is what came of opening a session for a law that counts them, with what that law is
// judged by: which session a message was by, and that the server gave none.
func (l *lateSession) extra(first history.Call) history.Call {
	if !scenarios.ExtraSession(first.Session) {
		return first
	}
	for i := range l.calls {
		l.calls[i].Session = first.Session
	}
	if s := l.session; s != nil && s.Transport() == wire.HTTP && s.SessionID() == "" {
		first.Detail = verdict.Sessionless
	}
	return first
}

// end ends a session that was opened for a law that counts them, and returns its DELETE.
func (c *Clients) end(a history.Arrival, l *lateSession) history.Call {
	c.of.EndAll(Sessions{l.session})
	for _, call := range l.session.Asides() {
		if call.Kind == history.Deletion {
			l.ended = true
			call.Arrival = a
			return call
		}
	}
	return c.unsent(a, "the session has no end of its own")
}

// EndExtra ends the sessions that were opened for a law that counts them, and that no call of
// the plan has ended: before it is sent once more none of them may be open.
func (c *Clients) EndExtra() {
	var extra Sessions
	for name, l := range c.others {
		if scenarios.ExtraSession(name) && l.session != nil {
			extra = append(extra, l.session)
		}
	}
	c.of.EndAll(extra)
}

// Opened leaves out of calls those in sessions for a law that counts them that weren't
// opened: that says what opened them, and of the others there is nothing to say.
func Opened(calls []history.Call) []history.Call {
	return slices.DeleteFunc(calls, func(c history.Call) bool { return Unopenable(&c) })
}

// Unopenable reports if nothing was sent since an extra session wasn't opened.
func Unopenable(c *history.Call) bool {
	return c.Outcome == history.Unsent && c.Detail == verdict.Unopened && scenarios.ExtraSession(c.Session)
}
