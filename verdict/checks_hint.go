package verdict

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
)

// RetryHint is the check that a refusal's Retry-After tells the truth.
var RetryHint = Check{
	ID:    "retry-after",
	Doc:   "where refusals say when to retry, it is neither too early nor a second too late",
	Judge: judgeRetryHint,
}

// headerStep is the granularity of the Retry-After header (RFC 9110, section
// 10.2.3): whole seconds, so an honest hint may be up to one too long.
const headerStep = time.Second

func judgeRetryHint(t *Trial) Finding {
	f := Finding{Check: "retry-after", Want: "a retry is admitted when the refusal said, and not a second before"}
	if t.court.cfg.Shared {
		f.Verdict, f.Saw = Pass, "not judged: others may take the token that a refusal promised"
		return f
	}
	hinted := 0
	for _, j := range t.Calls {
		if j.Outcome != history.Limited || j.RetryAfter <= 0 {
			continue
		}
		hinted++
		if k, ok := t.court.tooSoon(j); ok {
			f.Verdict = Fail
			f.Saw = fmt.Sprintf("told to retry after %s, but %s later still refused, with nothing admitted in between", j.RetryAfter, span(k.Sent-j.Received))
			f.Cause = "Retry-After is too short"
			return f
		}
		if k, ok := t.court.tooLate(j); ok {
			f.Verdict = Fail
			f.Saw = fmt.Sprintf("told to retry after %s, but a call was admitted within %s", j.RetryAfter, span(k.Received-j.Sent))
			f.Cause = "Retry-After is too long"
			return f
		}
	}
	f.Verdict = Pass
	f.Saw = fmt.Sprintf("%s of %d with a hint, none contradicted", plural(hinted, "refusal"), t.count(history.Limited))
	return f
}

// tooSoon finds a call of the same bucket that was certainly decided after a
// refusal's hint had run out and was refused all the same, although nobody can
// have taken the token meanwhile.
func (c *Court) tooSoon(j history.Call) (history.Call, bool) {
	for _, k := range c.calls {
		if k.Outcome == history.Limited && c.sameBucket(j, k) && k.Sent-j.Received >= j.RetryAfter && !c.tookBetween(j, k) {
			return k, true
		}
	}
	return history.Call{}, false
}

// tookBetween reports if a token may have been taken from when one call was
// sent until another was answered.
func (c *Court) tookBetween(j, k history.Call) bool {
	for _, i := range c.calls {
		_, most := c.profile.Limit.Cost(i.Method)
		if most == 0 || i.Outcome == history.Limited || i.Outcome == history.Unsent || !c.sameBucket(i, j) {
			continue
		}
		if i.Sent <= k.Received && (i.Received >= j.Sent || !i.Outcome.Answered()) {
			return true
		}
	}
	return false
}

// tooLate finds a call of the same bucket that was certainly decided after a
// refusal, and admitted more than a second before its hint ran out.
func (c *Court) tooLate(j history.Call) (history.Call, bool) {
	for _, k := range c.calls {
		least, _ := c.profile.Limit.Cost(k.Method)
		if k.Outcome == history.OK && least > 0 && c.sameBucket(j, k) && k.Sent >= j.Received && k.Received-j.Sent < j.RetryAfter-headerStep {
			return k, true
		}
	}
	return history.Call{}, false
}

func (c *Court) sameBucket(a, b history.Call) bool {
	return !c.evidence.split || a.Client == b.Client
}
