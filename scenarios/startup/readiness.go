package startup

import (
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// early is how long before the truth a claim of readiness is a fault, and not
// only worth knowing: clients that wait for the line come too early for sure.
const early = time.Second

func judgeReadiness(t *Trial, f *Finding) {
	var lies []string
	for _, s := range t.seen(nil) {
		o := s.Seen
		line, at, claimed := o.claim(claims)
		switch {
		case claimed && o.refused() && !o.Connected:
			lies = append(lies, fmt.Sprintf("%s: it said %s and ended with %s, having served nobody", s.About(),
				t.quoted(line), o.Ended))
		case claimed && o.Answered && o.RefusedAt-at > early:
			lies = append(lies, fmt.Sprintf("%s: it said %s, and still refused connections %s later", s.About(),
				t.quoted(line), span(o.RefusedAt-at)))
		case claimed && o.Answered && o.RefusedAt > at:
			f.Warnings = append(f.Warnings, fmt.Sprintf("it says %s, and still refuses connections %s later",
				t.quoted(line), span(o.RefusedAt-at)))
		}
		if s.Expect != Refuse || s.Doubt != "" || strings.TrimSpace(s.Set[s.Env]) == "" {
			continue
		}
		if line, _, ok := o.claim(vouches); ok && t.aims(line, s) {
			lies = append(lies, fmt.Sprintf("%s: it said %s", s.About(), t.quoted(line)))
		}
	}
	f.Warnings = words.Once(f.Warnings)
	switch {
	case len(lies) > 0:
		f.Verdict, f.Saw = verdict.Fail, few(lies)
		f.Cause = "what it announces is written down, not looked at: say it after the credentials are checked and " +
			"the listener is open"
	case t.unproven() != "":
		f.Saw = t.unproven()
	default:
		f.Verdict, f.Saw = verdict.Pass, plural(len(t.seen(nil)), "start")+", none claimed what wasn't so"
	}
}

// aims reports if a line that vouches for a credential can mean the one that is
// bad: it names it, or there is no other.
func (t *Trial) aims(line string, s Start) bool {
	return len(t.Provider) == 1 || namesVariable(line, s.Env)
}
