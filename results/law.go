package results

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// A Law is what a run found of one law of a promise.
type Law struct {
	Law     string           `json:"law"`     // as people write it; package promise reads it
	Kind    promise.Kind     `json:"kind"`    // "bucket", "window", "quota" or "cap"
	Key     string           `json:"key"`     // who shares a counter: "everybody", "session", "session+tool"
	State   verdict.LawState `json:"state"`   // "kept", "broken" or "not observed"
	Units   Range            `json:"units"`   // what the history leaves of its number, the other laws as declared
	Refused int              `json:"refused"` // calls that it may have refused, and no other law
	Whose   string           `json:"whose,omitempty"`
	Witness *Witness         `json:"witness,omitempty"` // of a broken law
	Left    []string         `json:"left,omitempty"`    // what the plan's budget left out
}

// LawOf is a finding of a law as documents spell it.
func LawOf(f verdict.LawFinding) Law {
	l := Law{Law: f.Law.String(), Kind: f.Law.Kind, Key: f.Law.Key.String(), State: f.State, Units: Range(f.Units),
		Refused: f.Refused, Whose: f.Key}
	if w := f.Witness; w != nil {
		l.Witness = &Witness{FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls, Admitted: w.Admitted, Allowed: w.Allowed}
	}
	return l
}

// LawFindings are the findings of a judgement: one a law, and one for all refusals.
// left says, by law, what wasn't tried.
func LawFindings(j verdict.LawJudgement, left [][]string) []verdict.Finding {
	var out []verdict.Finding
	for x, f := range j.Laws {
		found := verdict.Finding{Check: fmt.Sprintf("law %d", x+1), Want: f.Law.String(), Witness: f.Witness}
		if x < len(left) {
			found.Warnings = left[x]
		}
		who := ""
		if f.Key != "" {
			who = " to " + f.Key
		}
		switch f.State {
		case verdict.Broken:
			found.Verdict = verdict.Fail
			w := f.Witness
			found.Saw = fmt.Sprintf("%s let through%s within %s, where %g are granted", plural(w.Admitted, "unit"), who, span(w.To-w.From), w.Allowed)
			found.Cause = "the server lets more through than this law does"
		case verdict.Kept:
			found.Verdict = verdict.Pass
			found.Saw = fmt.Sprintf("kept: its number is %s, by %s that no other law can have refused", f.Units, plural(f.Refused, "call"))
		default:
			found.Saw = "not observed: no call was refused that only this law can have refused"
			if f.Refused > 0 {
				found.Saw = fmt.Sprintf("not observed: the history leaves %s of its number", f.Units)
			}
		}
		out = append(out, found)
	}
	return append(out, refusalFinding(j.Unexplained))
}

// refusalFinding says if every refusal can have been made by some law.
func refusalFinding(list []verdict.Unexplained) verdict.Finding {
	f := verdict.Finding{Check: "refusals", Want: "every refusal can have been made by some law", Verdict: verdict.Pass, Saw: "each can"}
	if len(list) == 0 {
		return f
	}
	f.Verdict, f.Cause = verdict.Fail, "the server refuses calls that its laws grant"
	f.Witness = &verdict.Witness{Calls: []int{}}
	for _, u := range list[:min(len(list), 20)] {
		f.Witness.Calls = append(f.Witness.Calls, u.Call)
	}
	f.Saw = fmt.Sprintf("%s that no law can have refused; call %d with %s", plural(len(list), "call"), list[0].Call, and(list[0].Room))
	return f
}

// Promised is what the server was held to, in words.
func (s *Server) Promised() string {
	if s.Promise != "" {
		return s.Promise
	}
	return s.Limit.String()
}

// lawWords say what was measured of each law, in few words.
func (s *Server) lawWords() string {
	var parts []string
	for _, l := range s.Laws {
		parts = append(parts, fmt.Sprintf("%s: %s", l.State, verdict.Interval(l.Units)))
	}
	return strings.Join(parts, "\n")
}
