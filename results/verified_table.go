package results

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// witnessLines is how many lines of a witness are told to a person.
const witnessLines = 60

// text says a judgement to a person.
func (b *VerifiedBucket) text(said verdict.Verdict) string {
	l, j := b.Limit, b.Judgement
	headline := map[verdict.Verdict]string{
		verdict.Pass:         "an honest token bucket can have produced this history",
		verdict.Fail:         "no honest token bucket can have produced this history",
		verdict.Inconclusive: "there is nothing to judge: no call was certainly admitted, and none refused",
	}
	clock, more := clockWords(b.Jump, b.Tick)
	if clock != "" {
		headline[verdict.Inconclusive] = "as it stands no honest token bucket can have produced this history, but " +
			clock
	}
	if b.Idle() {
		headline[verdict.Inconclusive] = "an honest token bucket can have produced this history, which doesn't show " +
			"the limit at work"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s\n", said, headline[said])
	line := func(name, text string) { fmt.Fprintf(&s, "  %-9s %s\n", name, text) }
	line("judged", fmt.Sprintf("%s against %s burst %d, scope %s, tolerance %g tokens", words.Count(j.Calls, "call"),
		promise.FormatRate(l.Rate), l.Burst, l.Scope, j.Tolerance))
	line("", "given clocks within "+j.Clocks.String())
	if b.Note != "" {
		line("", b.Note)
	}
	if clock != "" {
		line("clock", more)
	}
	if said != verdict.Inconclusive || clock != "" || b.Idle() {
		line("admitted", toldAdmission(j, l.Burst))
		line("refusals", toldRejection(j, l.Burst))
		switch {
		case j.Measured != nil:
			line("measured", fmt.Sprintf("rate %s/s, burst %s", j.Measured.Rate, j.Measured.Burst))
			if or := j.Measured.Or; or != nil {
				line("", "or a bucket "+or.Faster()+", which these calls don't rule out")
			}
		case b.Boxed:
			line("measured", "no token bucket of any rate and burst explains the history")
		}
	}
	if b.Cause != nil {
		if cause := b.Cause(); cause != "" {
			line("cause", cause)
		}
	}
	toldClaims(line, b.Claims, b.Lines)
	if w := j.OverAdmission.Witness; w != nil {
		fmt.Fprintf(&s, "\nwitness of over-admission: %d tokens were taken within %d ns, from %d to %d, where %.2f "+
			"are allowed\n  lines %s\n",
			w.Admitted, int64(w.To-w.From), int64(w.From), int64(w.To), w.Allowed, lineNumbers(w.Calls))
	}
	if w := j.OverRejection.Witness; w != nil {
		fmt.Fprintf(&s, "\nwitness of over-rejection: line %d was refused, though a token was left: of the %.2f "+
			"allowed within %d ns,\n  from %d to %d, at most %d taken\n  lines %s\n",
			w.Calls[0], w.Allowed, int64(w.To-w.From), int64(w.From), int64(w.To), w.Admitted, lineNumbers(w.Calls[1:]))
	}
	return s.String()
}

// clockWords say what is with a clock that explains every answer, for the headline and at length;
// empty where none does.
func clockWords(jump *verdict.Jump, tick time.Duration) (short, long string) {
	switch {
	case tick > 0:
		return "one whose clock moves in coarser steps can", fmt.Sprintf("a limiter's clock that moves in steps of "+
			"%s explains every answer: --clock-tick %s judges\n"+
			"            by such a one, --clock-tick 0 by one without steps", tick, tick)
	case jump == nil:
		return "", ""
	case jump.Seen():
		return "its clock jumped", toldJump(*jump)
	}
	return "its clock seems to have jumped", toldJump(*jump)
}

// toldJump says where the clock jumped, and what speaks for it.
func toldJump(j verdict.Jump) string {
	about, by := j.About().Round(10*time.Millisecond), j.By
	set := "forward"
	if j.Back() {
		about, by, set = -about, verdict.Interval{Lo: -by.Hi, Hi: -by.Lo}, "back"
	}
	if j.Seen() {
		return fmt.Sprintf("it was set back by about %s between lines %d and %d, where the lines' order turns round:\n"+
			"            without that jump every answer is explained", about, j.After, j.Before)
	}
	return fmt.Sprintf("it seems to have been set %s by about %s between lines %d and %d, where nothing was "+
		"sent or\n"+
		"            answered for %s: a jump of %.2f to %.2f s alone explains every answer. Or else the server\n"+
		"            %s", set, about, j.After, j.Before, j.Silence.Round(10*time.Millisecond), by.Lo,
		by.Hi, map[bool]string{false: "didn't count that time", true: "counted more time than passed there"}[j.Back()])
}

func toldAdmission(j verdict.Judgement, promised int) string {
	burst := j.OverAdmission.Burst
	if burst <= 1 { // any bucket that admits at all holds a token
		return "any burst explains them: kept"
	}
	return fmt.Sprintf("need a burst of at least %.2f: %s", math.Floor(burst*100)/100,
		kept("over-admission", j.OverAdmission.Violated, burst > float64(promised)))
}

func toldRejection(j verdict.Judgement, promised int) string {
	burst := j.OverRejection.Burst
	if math.IsInf(burst, 1) {
		return "there were none"
	}
	return fmt.Sprintf("allow a burst below %.2f: %s", math.Ceil(burst*100)/100,
		kept("over-rejection", j.OverRejection.Violated, burst <= float64(promised)))
}

// kept says what came of a bound on the burst.
func kept(fault string, violated, beyond bool) string {
	switch {
	case violated:
		return fault
	case beyond:
		return "kept, within the tolerance"
	}
	return "kept"
}

// lineNumbers lists the first lines of a witness.
func lineNumbers(lines []int) string {
	if len(lines) == 0 {
		return "none"
	}
	told := make([]string, 0, witnessLines+1)
	for _, n := range lines[:min(len(lines), witnessLines)] {
		told = append(told, fmt.Sprint(n))
	}
	if more := len(lines) - witnessLines; more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(told, ", ")
}
