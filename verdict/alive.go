package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// Alive is the check that the server lived through the traffic.
var Alive = Check{
	ID:    "alive",
	Doc:   "the server still answers at the end",
	Judge: judgeAlive,
}

// judgeAlive fails only where nobody is there any more: at least three
// connections were refused, or the process has ended, and nothing was answered
// afterwards in the whole history. A connection that is reset or closed, a reply
// that is lost or is none: somebody did that, and may well serve the next call.
func judgeAlive(t *Trial) Finding {
	f := Finding{Check: "alive", Want: "answers until the end"}
	if t.sent() == 0 {
		f.Saw = "0 of 0 calls were answered"
		return f
	}
	f.Saw = t.mishaps()
	tail := t.tail()
	if len(tail) == 0 {
		f.Verdict = Pass
		return f
	}
	served, later := t.afterwards(tail[0])
	broken, gone, why := 0, 0, ""
	for _, c := range tail {
		if c.Outcome == history.ClosedIdle {
			broken++ // and says nothing of whether anybody is there
		}
		if c.Outcome != history.Broken {
			continue
		}
		broken++
		if c.Break() == history.Gone {
			gone++
		}
		if why == "" && c.Detail != "" {
			why = ": " + c.Detail
		}
	}
	switch {
	case served > 0:
		f.Verdict = Pass
		f.Saw += fmt.Sprintf("; the last %d got no answer, and %d of %d sent afterwards did", len(tail), served, later)
	case gone >= 3 && broken == len(tail):
		f.Verdict = Fail
		f.Saw += fmt.Sprintf(", and then %d broke in a row%s", broken, why)
		f.Cause = "the server stopped serving during the run"
	case broken == len(tail):
		f.Saw += fmt.Sprintf(", and then %d broke in a row%s; nothing was sent afterwards that could tell if it "+
			"serves again", broken, why)
	default:
		f.Saw += fmt.Sprintf(", and then %d were not%s", len(tail), why)
	}
	return f
}

// tail are the scenario's calls after the last one that was answered, in the
// order of sending.
func (t *Trial) tail() []history.Call {
	bySent := slices.DeleteFunc(slices.Clone(t.Calls), func(c history.Call) bool { return c.Outcome == history.Unsent })
	slices.SortStableFunc(bySent, func(a, b history.Call) int { return int(a.Sent - b.Sent) })
	last := -1
	for i, c := range bySent {
		if c.Outcome.Answered() {
			last = i
		}
	}
	return bySent[last+1:]
}

// afterwards counts the calls of the whole history that were sent after one, and
// those of them that were answered.
func (t *Trial) afterwards(first history.Call) (served, sent int) {
	for _, c := range t.court.calls {
		if c.Outcome == history.Unsent || c.Sent <= first.Sent || c.Label == t.Scenario {
			continue
		}
		sent++
		if c.Outcome.Answered() {
			served++
		}
	}
	return served, sent
}

// mishaps says how many calls were answered, and what became of the others.
func (t *Trial) mishaps() string {
	var answered, late, idle int
	var broke [history.Gone + 1]int
	last := history.Call{}
	for _, c := range t.Calls {
		switch {
		case c.Outcome.Answered():
			answered++
		case c.Outcome == history.TimedOut:
			late++
		case c.Outcome == history.ClosedIdle:
			idle++
		case c.Outcome == history.Broken:
			broke[c.Break()]++
			if c.Sent >= last.Sent {
				last = c
			}
		}
	}
	words := []string{fmt.Sprintf("%d of %d calls were answered", answered, t.sent())}
	for how, what := range map[history.Break][2]string{
		history.Reset:    {"connection was reset", "connections were reset"},
		history.Closed:   {"connection was closed without a reply", "connections were closed without a reply"},
		history.Gone:     {"connection was refused", "connections were refused"},
		history.Unusable: {"reply was unusable", "replies were unusable"},
	} {
		switch n := broke[how]; {
		case n == 1:
			words = append(words, "1 "+what[0])
		case n > 1:
			words = append(words, fmt.Sprintf("%d %s", n, what[1]))
		}
	}
	slices.Sort(words[1:])
	if idle > 0 {
		words = append(words, fmt.Sprintf("%d crossed the end of an idle connection", idle))
	}
	if late > 0 {
		words = append(words, fmt.Sprintf("%d got no reply in time", late))
	}
	if len(words) > 1 && last.Outcome == history.Broken {
		served, sent := 0, 0
		for _, c := range t.court.calls {
			if c.Outcome != history.Unsent && c.Sent > last.Sent {
				sent++
				if c.Outcome.Answered() {
					served++
				}
			}
		}
		if served > 0 {
			words = append(words, fmt.Sprintf("%d of %d served afterwards", served, sent))
		}
	}
	return strings.Join(words, ", ")
}
