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
	if still := longest(Standstills(t.Calls, maxLate)); still > 0 {
		return "our machine stood still for " + span(still)
	}
	took := sortedBy(t.Calls, func(c history.Call) bool { return c.Outcome.Answered() }, history.Call.Service)
	if stall := longest(Stalls(t.Calls, max(worthTelling, ordinary*quantile(took, 0.5)))); stall > 0 {
		return "nothing was answered for " + span(stall)
	}
	lost := t.count(history.Broken) + t.count(history.TimedOut) + t.count(history.Unknown)
	if lost > 0 && lost < t.sent() {
		return fmt.Sprintf("%s got no answer", plural(lost, "call"))
	}
	return ""
}

// longest is the length of the longest of some stalls.
func longest(list []Stall) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return slices.MaxFunc(list, func(a, b Stall) int { return int(a.Length() - b.Length()) }).Length()
}
