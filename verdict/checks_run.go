package verdict

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Generator is the check of ourselves, and the first finding of every
// scenario: was the traffic sent when it was due?
var Generator = Check{
	ID: "generator",
	Doc: "the load generator kept its schedule: nothing unsent, 99 % of calls less than 100 ms late, or no more " +
		"than a tenth of the time lost",
	Judge: judgeGenerator,
}

// maxLate is how late the 99th percentile of calls may be sent. Lateness can't
// make a false alarm, because verdicts rest on when calls were really sent; but
// traffic that is spread out presses less than planned. A standstill makes many
// calls late at once, though what it costs is its own time: what is left was sent
// as planned.
const (
	maxLate = 100 * time.Millisecond
	maxLost = 0.1 // of a scenario's time
)

func judgeGenerator(t *Trial) Finding {
	f := Finding{Check: "generator", Want: "on time: p99 lateness under 100ms, nothing unsent"}
	late := sortedBy(t.Calls, func(c history.Call) bool { return c.Outcome != history.Unsent }, history.Call.Late)
	closed := t.unopened()
	unsent := t.count(history.Unsent) - closed
	if len(late) == 0 {
		f.Saw = fmt.Sprintf("none of %s was sent%s", plural(len(t.Calls), "planned call"), t.why(history.Unsent))
		return f
	}
	p99 := quantile(late, 0.99)
	f.Saw = fmt.Sprintf("late by p99 %s, max %s; %d of %d unsent", span(p99), span(late[len(late)-1]), unsent,
		len(t.Calls))
	if closed > 0 { // which is not ours to answer for
		f.Saw += fmt.Sprintf(", beside %d of tricks for which the server opened no session", closed)
	}
	lost := covered(Standstills(t.Calls, maxLate))
	switch {
	case unsent > 0:
		f.Saw += t.why(history.Unsent)
	case p99 <= maxLate:
		f.Verdict = Pass
	case float64(lost) <= maxLost*float64(t.span()):
		f.Verdict = Pass
		f.Saw += fmt.Sprintf("; our machine stood still for %s of %s", span(lost), span(t.span()))
	}
	return f
}

// why quotes the first detail that a call of an outcome gives.
func (t *Trial) why(o history.Outcome) string {
	for _, c := range t.Calls {
		if c.Outcome == o && c.Detail != "" {
			return ": " + c.Detail
		}
	}
	return ""
}

// Pressure is the check that a scenario could have seen a violation.
var Pressure = Check{
	ID:    "pressure",
	Doc:   "enough was offered, refused and answered fast enough that a broken limit would have shown",
	Judge: judgePressure,
}

// maxPin is how close together, in tokens, the bounds on the burst must lie.
const maxPin = 2

// judgePressure demands that a violation is proven, or that what the refusals
// and the admissions of the whole run say of the burst lies close together: then
// a broken limit would have shown, even where this scenario's own calls were
// answered too slowly for the limit to come into play. Where a stall took much of
// the scenario, a fault that needs its timing (a bucket that fills up by resting)
// would not have.
func judgePressure(t *Trial) Finding {
	l := t.limit()
	f := Finding{Check: "pressure", Want: "a run that pins the burst to 2 tokens"}
	low, _ := t.burstMin()
	high, _ := t.burstMax()
	refused := t.count(history.Limited)
	if low > float64(l.Burst)+t.Tolerance || high <= float64(l.Burst)-t.Tolerance {
		f.Verdict = Pass
		f.Saw = "a violation was seen"
		return f
	}
	pin := t.court.evidence.BurstMax(l.Rate) - t.court.evidence.BurstMin(l.Rate)
	f.Saw = fmt.Sprintf("%s of %d calls; the run pins the burst to %s", plural(refused, "refusal"), t.sent(),
		plural2(pin, "token"))
	switch {
	case pin <= maxPin+t.court.ticking() && t.sent() > 0 && !t.asPlanned():
		f.Saw += fmt.Sprintf(", but this scenario's traffic was not as planned: %s", t.Disturbance())
	case pin <= maxPin+t.court.ticking() && t.sent() > 0:
		f.Verdict = Pass
	case refused == 0:
		f.Saw = fmt.Sprintf("none of %s in %s was refused, and the limit would have granted %s",
			plural(t.sent(), "call"), span(t.span()), tokens(float64(l.Burst)+l.Rate*t.span().Seconds()))
		if unsure := t.unsure(); unsure > 0 {
			f.Saw += fmt.Sprintf("; %d had no clear answer%s", unsure, t.firstFailure())
		}
	default:
		f.Saw += ": delays or calls without an answer hide what the limiter did"
	}
	return t.advised(f)
}

// unsure counts the calls that were sent and neither admitted nor refused.
func (t *Trial) unsure() int {
	return t.sent() - t.count(history.OK) - t.count(history.Limited)
}

// firstFailure quotes the first call that failed, for a stranger to act on.
func (t *Trial) firstFailure() string {
	for _, c := range t.Calls {
		if (c.Outcome.Failed() || c.Outcome == history.TimedOut || c.Outcome == history.Unknown ||
			c.Outcome == history.ClosedIdle) && c.Detail != "" && !notTaken(&c) {
			return fmt.Sprintf(" (%s: %s)", c.Outcome, c.Detail)
		}
	}
	return ""
}

// Complete is the check that the statistics account for every planned call.
var Complete = Check{
	ID:    "complete",
	Doc:   "every planned call is accounted for, and 99 % of those sent have a clear answer",
	Judge: judgeComplete,
}

func judgeComplete(t *Trial) Finding {
	f := Finding{Check: "complete", Want: "sent = admitted + limited + failed + unknown, 99 % of them clear"}
	counts := map[history.Outcome]int{}
	for _, c := range t.Calls {
		counts[c.Outcome]++
		if c.Outcome != history.Unsent && (c.Received < c.Sent || c.Sent < 0) {
			f.Verdict = Fail
			f.Saw = fmt.Sprintf("a call sent at %s was answered at %s", c.Sent, c.Received)
			f.Cause = "internal error: instants of a call run backwards"
			return f
		}
	}
	failed := counts[history.ToolError] + counts[history.Rejected] + counts[history.Broken]
	away := t.turnedAway()
	unknown := counts[history.TimedOut] + counts[history.Unknown] + counts[history.ClosedIdle]
	f.Saw = fmt.Sprintf("%d = %d + %d + %d + %d", t.sent(), counts[history.OK], counts[history.Limited], failed,
		unknown)
	if n := counts[history.ClosedIdle]; n > 0 {
		f.Saw += fmt.Sprintf("; %d of the last on connections that the server closed while idle", n)
	}
	switch {
	case t.sent() == 0:
		f.Saw = "nothing was sent"
	case t.misanswered() > 0:
		f.Verdict = Fail
		f.Saw += fmt.Sprintf("; %s wrongly%s", plural(t.misanswered(), "call was answered"), t.firstFailure())
		f.Cause = "replies don't match their requests"
	case float64(failed-away+unknown) <= 0.01*float64(t.sent()):
		f.Verdict = Pass
		if away > 0 {
			f.Saw += fmt.Sprintf("; %s turned away that no server need take", were(away))
		}
	default:
		f.Saw += fmt.Sprintf("; %d without a clear answer%s", failed+unknown, t.firstFailure())
	}
	return t.advised(f)
}

// notTaken reports if a call is of an audit's trick and was not taken.
func notTaken(c *history.Call) bool { return c.Outcome == history.Rejected && crowding(c) }

// turnedAway counts the calls of an audit's tricks that the server didn't take: it need take
// none of them, and such an answer is clear.
func (t *Trial) turnedAway() (n int) {
	for i := range t.Calls {
		if notTaken(&t.Calls[i]) {
			n++
		}
	}
	return n
}

// misanswered counts the calls that got a reply which can't be theirs.
func (t *Trial) misanswered() int {
	n := 0
	for _, c := range t.Calls {
		if c.Misanswered() {
			n++
		}
	}
	return n
}
