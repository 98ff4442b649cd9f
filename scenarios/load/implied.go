package load

import (
	"fmt"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// impliedErrors is the share of calls that may fail where no threshold says how
// many may: a run with more of them is no pass, whatever it was asked.
const impliedErrors = 0.01

// Implied is the name of the check that no threshold asked for.
const Implied = "threshold errors<1% (implied)"

// JudgeImplied holds a run to errors<1%, as far as its thresholds don't speak of
// failures themselves. Refusals are no failures here: a server that keeps its
// limit under load refuses. ok is false where there is nothing left to judge.
// Spoilt is as in JudgeAnswers.
func (m *Metrics) JudgeImplied(given []verdict.Threshold, spoilt int64) (f verdict.Finding, ok bool) {
	failed, sent, refused, crossed := m.unspoken(given)
	if sent == 0 {
		return f, false
	}
	f = verdict.Finding{Check: Implied, Want: "errors<1%, refusals apart: it holds where no threshold speaks of " +
		"failures"}
	f.Saw = fmt.Sprintf("%s (%d of %d)", Percent(float64(failed)/float64(sent)), failed, sent)
	if refused > 0 {
		f.Saw += fmt.Sprintf(", beside %d that were refused", refused)
	}
	if crossed > 0 {
		f.Saw += fmt.Sprintf(", and beside %d that crossed the end of an idle connection, with no harm", crossed)
	}
	switch {
	case float64(failed) < impliedErrors*float64(sent):
		f.Verdict = verdict.Pass
	case float64(failed-spoilt) < impliedErrors*float64(sent):
		f.Saw += "; " + Spoilt(spoilt)
	default:
		f.Verdict, f.Cause = verdict.Fail, "calls fail"+m.mostly()
	}
	return f, true
}

// Spoilt says that calls failed while we stood still.
func Spoilt(n int64) string {
	return fmt.Sprintf("but %d of them failed while this machine stood still, which may be why", n)
}

// unspoken counts the failures that no threshold speaks of, of so many calls.
// Beside them stand refusals, and calls that were written on an idle connection
// while the server closed it, as long as the next one worked.
func (m *Metrics) unspoken(given []verdict.Threshold) (failed, sent, refused, crossed int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, t := range m.tools {
		spoken := map[verdict.Metric]bool{}
		for _, th := range given {
			if th.Tool == "" || th.Tool == name {
				spoken[th.Metric] = true
			}
		}
		if spoken[verdict.Errors] {
			continue
		}
		sent += t.Sent()
		refused += t.Of(history.Limited)
		failed += t.Of(history.Rejected) + t.Of(history.Broken)
		harm := m.crossed.harm(name)
		failed, crossed = failed+harm, crossed+t.Of(history.ClosedIdle)-harm
		if !spoken[verdict.ToolErrors] {
			failed += t.Of(history.ToolError)
		}
		if !spoken[verdict.TimedOut] {
			failed += t.Of(history.TimedOut)
		}
	}
	return failed, sent, refused, crossed
}
