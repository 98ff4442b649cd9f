package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// worthTelling is how long a stall is at least that is said to have spoilt a
// scenario. Where calls take longer than that anyway, it is how many times their
// median.
const (
	worthTelling = 250 * time.Millisecond
	ordinary     = 4
)

// Disturbance says in words what kept a trial from going as planned, or nothing
// where nothing did: we ourselves stood still, nobody was answered for a while,
// or calls got lost. Traffic that was disturbed may press less than planned, and
// what it shows may be too blurred to tell anything; sent again it may tell.
func (t *Trial) Disturbance() string {
	if still := longestOf(Standstills(t.Calls, maxLate)); still >= worthTelling || still > 0 &&
		judgeGenerator(t).Verdict != Pass {
		return "our machine stood still for " + span(still)
	}
	if stall := longestOf(t.stalls()); stall > 0 {
		return "nothing was answered for " + span(stall)
	}
	lost := t.count(history.Broken) + t.count(history.TimedOut) + t.count(history.Unknown) + t.count(history.ClosedIdle)
	if lost > 0 && lost < t.sent() {
		return fmt.Sprintf("%s got no answer", plural(lost, "call"))
	}
	return ""
}

// stalls are the stalls of a trial that are worth telling. What is ordinary is
// told from the whole run: a stall may be all that a short scenario saw.
func (t *Trial) stalls() []Stall {
	took := sortedBy(t.court.calls, func(c history.Call) bool { return c.Outcome.Answered() }, history.Call.Service)
	return Stalls(t.Calls, max(worthTelling, ordinary*quantile(took, 0.5)))
}

// mostSpoilt is the share of its time that stalls may take of a trial for its
// traffic to count as planned.
const mostSpoilt = 0.25

// asPlanned reports if stalls left enough of a trial. Where they didn't, what
// the scenario is for may not have happened at all: calls before and after a
// rest, for example, were decided together.
func (t *Trial) asPlanned() bool {
	stood := append(t.stalls(), Standstills(t.Calls, worthTelling)...)
	return float64(covered(stood)) <= mostSpoilt*float64(t.span())
}

// mostMet is the share of its calls that stalls may meet of a trial that asks laws: where
// they rest for long, little of the time is much of what they are asked.
const mostMet = 0.1

// asShown is a finding on a law that is kept, as far as its traffic was sent as planned. What
// was due while nothing was answered came together, so that it doesn't show a law's rate, or
// when its windows end.
func (t *Trial) asShown(f Finding) Finding {
	if f.Verdict != Pass {
		return f
	}
	took := sortedBy(t.Calls, func(c history.Call) bool { return c.Outcome == history.OK }, history.Call.Service)
	// One that got lost says nothing of whether the server stood still until it was given up.
	answered := slices.DeleteFunc(slices.Clone(t.Calls), func(c history.Call) bool { return !c.Outcome.Answered() })
	stood := append(Stalls(answered, max(worthTelling, ordinary*quantile(took, 0.25))),
		Standstills(t.Calls, worthTelling)...)
	met := 0
	for _, c := range t.Calls {
		if slices.ContainsFunc(stood, func(s Stall) bool { return c.Due < s.To && c.Received > s.From }) {
			met++
		}
	}
	if float64(met) > mostMet*float64(len(t.Calls)) {
		f.Verdict = Inconclusive
		f.Saw += fmt.Sprintf("; but %d of %d calls were not decided when they were due: nothing was answered for %s",
			met, len(t.Calls), span(longestOf(stood)))
	}
	return f
}

// longestOf is the length of the longestOf of some stalls.
func longestOf(list []Stall) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return slices.MaxFunc(list, func(a, b Stall) int { return int(a.Length() - b.Length()) }).Length()
}
