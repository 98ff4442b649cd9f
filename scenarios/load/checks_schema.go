package load

import (
	"fmt"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// judgeSchema holds results to the specification. shaped is how many there were of which
// it demands anything.
func judgeSchema(s *results.LoadSchema, shaped int64) verdict.Finding {
	f := verdict.Finding{Want: "every result as the specification demands of each by itself"}
	if s == nil || s.Checked == 0 && s.Wrong == 0 {
		f.Saw = "no result could be checked"
		return f
	}
	f.Saw = fmt.Sprintf("%d results checked: %d answers wrong", s.Checked, s.Wrong)
	for _, b := range s.Breaches {
		f.Saw += fmt.Sprintf("; %s, %s, %d times: %s", b.Row, b.Method, b.Count, b.Saw)
	}
	switch {
	case s.Wrong > 0:
		f.Verdict, f.Cause = verdict.Fail, "the server "+s.Breaches[0].Says+" ("+s.Breaches[0].Section+"): not so here"
	case s.Checked < shaped:
		f.Saw += fmt.Sprintf("; %d more results came in a way that can't be checked", shaped-s.Checked)
	default:
		f.Verdict = verdict.Pass
	}
	return f
}
