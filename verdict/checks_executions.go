package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// Counter is the session of a call that asks how many calls were carried out. Its
// Detail is the answer: Counted, and a whole number.
const Counter = "the counter"

// Counted is what the Detail of an answered call of Counter begins with.
const Counted = "counted "

// Executions is the check that a server carries out what it admits, and nothing that it
// refuses. It rests on four readings of a counter that the server keeps: what lies
// between the first two is what reading costs, one plain call before the third shows
// that the counter counts that and is up to date, and what lies between the last two is
// held against the answers.
var Executions = Check{
	ID:    "executions",
	Doc:   "what is admitted is carried out, and what is refused isn't",
	Judge: judgeExecutions,
}

// answers are how calls between two readings ended.
type answers struct{ admitted, refused, open int }

func judgeExecutions(t *Trial) Finding {
	f := Finding{Check: "executions", Want: "every admitted call is carried out, and no refused one"}
	readings := slices.DeleteFunc(slices.Clone(t.Calls), func(c history.Call) bool {
		name, _ := TrickOf(c.Session)
		return name != Counter
	})
	slices.SortFunc(readings, func(a, b history.Call) int { return cmp.Compare(a.Sent, b.Sent) })
	var n []int
	for _, c := range readings {
		if got, err := strconv.Atoi(strings.TrimPrefix(c.Detail, Counted)); err == nil && c.Outcome == history.OK {
			n = append(n, got)
		}
	}
	if len(n) != 4 || len(readings) != 4 {
		f.Saw = fmt.Sprintf("%d of 4 readings of the counter got a number", len(n))
		return f
	}
	self, control := n[1]-n[0], t.between(readings[1], readings[2])
	one := n[2] - n[1] - self
	if self < 0 || self > 1 || control != (answers{admitted: 1}) || one != 1 {
		f.Saw = fmt.Sprintf("the counter can't be used: it moved by %d for a reading and by %d for one admitted call",
			self, one)
		return f
	}
	ran, got := n[3]-n[2]-self, t.between(readings[2], readings[3])
	f.Saw = fmt.Sprintf("%d carried out, %d admitted, %d refused", ran, got.admitted, got.refused)
	if got.open > 0 {
		f.Saw += fmt.Sprintf(", of %d it can't be told", got.open)
	}
	switch {
	case ran < got.admitted:
		f.Verdict, f.Cause = Fail, fmt.Sprintf("%d of %d admitted calls weren't carried out", got.admitted-max(0, ran),
			got.admitted)
	case ran > got.admitted+got.open && t.court.cfg.Shared:
		f.Saw += "; others use the server, and may have made the rest"
	case ran > got.admitted+got.open:
		f.Verdict, f.Cause = Fail, fmt.Sprintf("%s carried out beyond what was admitted, and %d were refused",
			words.Count(ran-got.admitted-got.open, "call"), got.refused)
	case got.refused == 0:
		f.Saw += "; nothing was refused"
	default:
		f.Verdict = Pass
	}
	return f
}

// between counts plain tool calls from one reading to the next. Whatever else may have
// been carried out in that time, since it was sent before or got no answer that tells,
// is open.
func (t *Trial) between(from, to history.Call) (n answers) {
	for _, c := range t.court.calls {
		name, _ := TrickOf(c.Session)
		told := c.Outcome == history.OK || c.Outcome == history.Limited
		switch {
		case c.Method != "tools/call" || c.Outcome == history.Unsent || name == Counter || c.Sent > to.Sent:
		case told && inside(c, from.Received, to.Sent) && c.Outcome == history.OK:
			n.admitted++
		case told && inside(c, from.Received, to.Sent):
			n.refused++
		case !told || c.Received > from.Sent:
			n.open++
		}
	}
	return n
}

func inside(c history.Call, from, to time.Duration) bool { return c.Sent >= from && c.Received <= to }
