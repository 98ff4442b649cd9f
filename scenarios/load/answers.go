package load

import (
	"fmt"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// A server has stopped giving results where the last one came before the last
// endShare of the run, and at least endCalls in a row got none since: more than
// the share that got none before explains, but for a chance of endChance.
const (
	endShare  = 0.1
	endCalls  = 10
	endChance = 1e-6
)

// JudgeAnswers says if there was a server to measure, which gave results to the
// end of the run. Spoilt is how many of the calls that failed may have failed
// because we ourselves stood still.
//
// Refusals are answers, and what we no longer waited for is nobody's fault: with
// either, what the end of a run shows is no fail.
func (m *Metrics) JudgeAnswers(end time.Duration, spoilt int64) verdict.Finding {
	total := m.Total("")
	m.mu.Lock()
	last, since := m.result, m.since
	m.mu.Unlock()
	f := verdict.Finding{Check: "answers", Want: "results, to the end of the run",
		Saw: fmt.Sprintf("%d results of %d calls", total.Of(history.OK), total.Sent())}
	switch failed := total.Failed(); {
	case total.Sent() == 0:
		f.Saw = "nothing was sent"
		return f
	case total.Of(history.OK) > 0:
		return ending(f, total, since, last, end, spoilt)
	case failed == 0 && total.Of(history.Limited) > 0:
		f.Saw += "; it refused the others"
		return f
	case failed <= spoilt:
		f.Saw += "; no reply was waited for long enough"
		return f
	}
	f.Verdict, f.Cause = verdict.Fail, "not one call got a result"
	return f
}

// ending judges the end of a run that had results.
func ending(f verdict.Finding, total *Tool, since [outcomes]int64, last, end time.Duration,
	spoilt int64) verdict.Finding {
	n := int64(0)
	for _, count := range since {
		n += count
	}
	if end-last <= time.Duration(endShare*float64(end)) || n < enough(total, n) {
		f.Verdict = verdict.Pass
		return f
	}
	f.Saw += fmt.Sprintf(", the last one %s into a run of %s; the %d calls since then got none", words.Span(last),
		words.Span(end), n)
	tail := &Tool{Count: since}
	if tail.Failed() < n || n <= spoilt {
		if refused := since[history.Limited]; refused > 0 {
			f.Saw += fmt.Sprintf(" (%d of them were refused)", refused)
		}
		return f
	}
	f.Verdict, f.Cause = verdict.Fail, "the server stopped giving results"
	return f
}

// enough is how many calls in a row without a result no chance explains, where
// some got none before, too.
func enough(total *Tool, n int64) int64 {
	before := total.Sent() - n
	none := before - total.Of(history.OK)
	if none <= 0 || before <= 0 {
		return endCalls
	}
	return max(endCalls, int64(math.Ceil(math.Log(endChance)/math.Log(float64(none)/float64(before)))))
}

// Failed is how many calls got something that is neither a result nor a
// refusal, or nothing in time.
func (t *Tool) Failed() int64 {
	return t.Of(history.ToolError) + t.Of(history.Rejected) + t.Of(history.Broken) + t.Of(history.TimedOut)
}

// LastResult is when the last call ended that got a result.
func (m *Metrics) LastResult() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.result
}

// Commonest says why most of the calls failed that did; empty where none did.
func (m *Metrics) Commonest() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	crossed := ""
	for _, f := range m.reasons.frequent(maxReasons) {
		switch f.Outcome {
		case history.Limited.String(), history.Unsent.String(), history.Unknown.String():
			continue
		case history.ClosedIdle.String():
			crossed = f.Words() // most of them do no harm
			continue
		}
		return f.Words()
	}
	return crossed
}

// mostly is Commonest as the end of a sentence.
func (m *Metrics) mostly() string {
	if why := m.Commonest(); why != "" {
		return ": " + why
	}
	return ""
}
