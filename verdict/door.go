package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A Setting is under what a server's calls are judged: what it promises, what is
// known beside the calls, and what is asked of them. With the calls themselves it
// is all that a judgement rests on, so that what was kept of both is judged again
// as it was when it was fresh.
type Setting struct {
	Terms promise.Terms
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
func (s Setting) Court(calls []history.Call) *Court { return NewCourt(s.Terms, calls, s.Config) }

// Judge answers one question. Where the scenario was tried again, the last attempt
// counts, and whatever failed in one before: it needs no second witness. What a limiter's
// clock explains that moves in coarser steps than it was taken to isn't held against it.
func (c *Court) Judge(q Question) []Finding {
	findings := c.answer(q)
	if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Verdict == Fail }) || c.coarser == nil {
		return findings
	}
	tick, explained := CoarseTick, map[string]bool{}
	if c.ByCoarseClock() {
		for _, f := range c.coarser().answer(q) {
			explained[f.Check] = f.Verdict != Fail
		}
	} else if tick = c.unsureOfTicks(); tick > 0 {
		for _, f := range findings {
			explained[f.Check] = onLimit(f.Check)
		}
	}
	for i := range findings {
		if f := &findings[i]; f.Verdict == Fail && explained[f.Check] {
			f.Verdict, f.Cause, f.Witness = Inconclusive, "", nil
			f.Saw += fmt.Sprintf("; a limiter's clock that moves in steps of %s would explain it", span(tick))
			f.Next = fmt.Sprintf("say in which steps it moves: --clock-tick %s takes such a one, "+
				"--clock-tick 0 one without steps", span(tick))
		}
	}
	return findings
}

// ByCoarseClock reports if a coarser clock of the limiter's than is taken for granted explains all
// that breaks its limit.
func (c *Court) ByCoarseClock() bool {
	return c.coarser != nil && c.coarser().held() != Fail
}

// onLimit reports if a check asks for what is promised of the limit.
func onLimit(check string) bool {
	return slices.Contains([]string{overAdmission.ID, overRejection.ID, Measure.ID, RetryHint.ID, Served.ID,
		"refusals", "headers"}, check) || strings.HasPrefix(check, "law ")
}

func (c *Court) answer(q Question) []Finding {
	failed := map[string]Finding{}
	var findings []Finding
	attempts := c.Attempts(q.Scenario)
	for n := 1; n <= attempts; n++ {
		findings = c.judgeAttempt(q, n)
		for _, f := range findings {
			was, known := failed[f.Check]
			if f.Verdict == Fail && was.Verdict != Fail || f.Next == OnceTooShort && !known {
				failed[f.Check] = f
			}
		}
	}
	for i, f := range findings {
		if was, known := failed[f.Check]; known && attempts > 1 {
			findings[i] = c.excused(was)
		}
	}
	return findings
}

// excused is a finding on a limit that was tried again, not held against the server where one
// step of its clock explains all that is wrong in all attempts. That it was wrong once is told,
// and no later attempt takes it back.
func (c *Court) excused(f Finding) Finding {
	if f.Verdict != Fail || !onLimit(f.Check) {
		return f
	}
	step, ok := c.Step()
	if !ok {
		return f
	}
	f.Verdict, f.Cause, f.Witness = Inconclusive, "", nil
	f.Saw += "; " + step.String() + ", would explain it"
	f.Next = "run again: a clock isn't set each time, and a fault shows again; and let the limiter go by a monotonic " +
		"clock, so that it doesn't matter who sets the time of day"
	return f
}

// Step is the one step of the server's clock that alone explains why the history breaks its
// limit; false where none does.
func (c *Court) Step() (ClockStep, bool) {
	if !c.stepped && c.weight == 1 && len(c.calls) <= mostExplained {
		p, cfg := c.terms.Laws(), LawConfig{Clocks: c.Clocks(), Tolerance: c.cfg.Tolerance, Shared: c.cfg.Shared}
		if l := c.cfg.Laws; l != nil {
			p, cfg = l.Held, l.config(c)
		}
		if s, ok := LawStep(p, c.calls, cfg); ok {
			c.step = &s
		}
	}
	if c.stepped = true; c.step == nil {
		return ClockStep{}, false
	}
	return *c.step, true
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
