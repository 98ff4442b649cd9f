package verdict

import (
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
)

// A Setting is under what a server's calls are judged: what it promises, what is
// known beside the calls, and what is asked of them. With the calls themselves it
// is all that a judgement rests on, so that what was kept of both is judged again
// as it was when it was fresh.
type Setting struct {
	Profile profiles.Profile
	Config
	Questions []Question
}

// A Question is what the calls of one scenario are asked.
type Question struct {
	Scenario string
	Checks   []Check
}

// Judge is the door to every judgement: it holds a server's whole history, set-up
// calls included, against a setting. The findings come in the order of the
// questions and of their checks.
func Judge(s Setting, calls []history.Call) []Finding {
	var out []Finding
	court := s.Court(calls)
	for _, q := range s.Questions {
		out = append(out, court.Judge(q)...)
	}
	return out
}

// Court takes calls in, for who asks more of them than findings.
func (s Setting) Court(calls []history.Call) *Court { return NewCourt(s.Profile, calls, s.Config) }

// Judge answers one question. Where the scenario was tried again, the last attempt
// counts, and whatever failed in one before: it needs no second witness.
func (c *Court) Judge(q Question) []Finding {
	failed := map[string]Finding{}
	var findings []Finding
	for n := 1; n <= c.Attempts(q.Scenario); n++ {
		findings = c.judgeAttempt(q, n)
		for _, f := range findings {
			if _, known := failed[f.Check]; f.Verdict == Fail && !known {
				failed[f.Check] = f
			}
		}
	}
	for i, f := range findings {
		if f.Verdict != Fail && failed[f.Check].Verdict == Fail {
			findings[i] = failed[f.Check]
		}
	}
	return findings
}

func (c *Court) judgeAttempt(q Question, n int) []Finding {
	trial := c.Attempt(q.Scenario, n)
	var findings []Finding
	for _, check := range q.Checks {
		if check.ID == Scope.ID && c.Clients() < 2 {
			continue // one client can't tell; not a question that was asked
		}
		f := check.Judge(trial)
		f.Scenario = q.Scenario
		findings = append(findings, f)
	}
	return findings
}
