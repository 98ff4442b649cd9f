package audit

import (
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// restarting drains the bucket, has the server restarted, and asks for the burst again.
func restarting(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		c := newCast(l, set)
		c.drain()
		who, session := c.first(), valued(verdict.Restarting, 1)
		if !h.Kept {
			who += verdict.Anew + verdict.Restarting
		}
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Client: who + verdict.Unsure + verdict.Opening,
			Session: session, Opens: true})
		c.at += settle
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: c.drained(), Client: who, Session: session})
		return c.cues
	}
}

// noRestart says why the server isn't restarted.
func noRestart(h Having) string {
	if h.Restarts == "" {
		return "nothing is named that restarts the server"
	}
	return noSharedSessions(h)
}
