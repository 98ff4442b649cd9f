package verdict

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// Laws are a promise of laws as a run is held to it: what its checks are made of.
// It must not be used by several goroutines.
type Laws struct {
	Said promise.Promise // as somebody said it: what findings speak of
	Held promise.Promise // as the traffic meets it; law by law the same
	Left [][]string      // by law: what of it wasn't tried, and why

	// Identify is as in LawConfig.
	Identify func(d promise.Dimension, c *history.Call) (name string, known bool)

	of     *Court // that judged is of
	judged LawJudgement
}

// Checks are a check a law, and one for all refusals.
func (l *Laws) Checks() []Check {
	var out []Check
	for x, law := range l.Said {
		out = append(out, Check{
			ID:    fmt.Sprintf("law %d", x+1),
			Doc:   "no more is let through than " + law.String(),
			Judge: func(t *Trial) Finding { return l.judgeLaw(t.court, x) },
		})
	}
	return append(out, Check{
		ID:    "refusals",
		Doc:   "every refusal can have been made by some law",
		Judge: func(t *Trial) Finding { return refusalFinding(l.Judged(t.court).Unexplained) },
	})
}

// Judged is what a court's whole history says of each law.
func (l *Laws) Judged(c *Court) LawJudgement {
	if l.of == c {
		return l.judged
	}
	l.of, l.judged = c, JudgeLaws(l.Held, c.calls, LawConfig{Clocks: c.Clocks(), Shared: c.cfg.Shared, Identify: l.Identify})
	for x := range l.judged.Laws {
		l.judged.Laws[x].Law = l.Said[x]
	}
	return l.judged
}

func (l *Laws) judgeLaw(c *Court, x int) Finding {
	f := l.Judged(c).Laws[x]
	found := Finding{Check: fmt.Sprintf("law %d", x+1), Want: f.Law.String(), Witness: f.Witness}
	if x < len(l.Left) {
		found.Warnings = slices.Clone(l.Left[x])
	}
	who := ""
	if f.Key != "" {
		who = " to " + f.Key
	}
	switch f.State {
	case Broken:
		w := f.Witness
		found.Verdict = Fail
		found.Saw = fmt.Sprintf("%s let through%s within %s, where %g are granted",
			words.Count(w.Admitted, "unit"), who, words.Span(w.To-w.From), w.Allowed)
		found.Cause = "the server lets more through than this law does"
	case Kept:
		found.Verdict = Pass
		found.Saw = fmt.Sprintf("kept: its number is %s, by %s that no other law can have refused",
			f.Units, words.Count(f.Refused, "call"))
	default:
		found.Saw = "not observed: no call was refused that only this law can have refused"
		if f.Refused > 0 {
			found.Saw = fmt.Sprintf("not observed: the history leaves %s of its number", f.Units)
		}
	}
	return found
}

// refusalFinding says if every refusal can have been made by some law.
func refusalFinding(list []Unexplained) Finding {
	f := Finding{Check: "refusals", Want: "every refusal can have been made by some law", Verdict: Pass, Saw: "each can"}
	if len(list) == 0 {
		return f
	}
	f.Verdict, f.Cause = Fail, "the server refuses calls that its laws grant"
	f.Witness = &Witness{Calls: []int{}}
	for _, u := range list[:min(len(list), 20)] {
		f.Witness.Calls = append(f.Witness.Calls, u.Call)
	}
	f.Saw = fmt.Sprintf("%s that no law can have refused; call %d with %s",
		words.Count(len(list), "call"), list[0].Call, words.And(list[0].Room))
	return f
}
