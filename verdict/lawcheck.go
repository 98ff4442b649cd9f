package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

	Epoch   time.Time            // as in LawConfig
	All     bool                 // what wasn't tried of a law leaves it open
	Fails   string               // a tool whose calls fail, as the server counts it; empty: none is known
	Lasts   time.Duration        // how long each call surely lasts at the server; 0: nobody knows
	Refusal promise.RefusalShape // that refusals are promised to have; zero: none is
	// the server's own headers made the promise: what they say is left is promised as well
	Headers bool

	Lingering bool // as in LawConfig

	Audited bool // tricks were tried against them
	Hasty   bool // windows' lengths and kinds aren't measured, which takes some forty judgements a law

	of      *Court // that judged, reading and causes are of
	judged  LawJudgement
	reading promise.Promise // what is held, with what nobody said as the history reads it
	causes  []string
}

// Checks are a check a law, one for all refusals, one for tricks where any were tried, and
// one of the shape of refusals where one is promised.
func (l *Laws) Checks() []Check {
	var out []Check
	for x, law := range l.Said {
		out = append(out, Check{
			ID:    fmt.Sprintf("law %d", x+1),
			Doc:   "no more is let through than " + law.String(),
			Judge: func(t *Trial) Finding { return t.asShown(l.judgeLaw(t.court, x)) },
		})
	}
	out = append(out, Check{
		ID:    "refusals",
		Doc:   "every refusal can have been made by some law",
		Judge: func(t *Trial) Finding { return l.refusalFinding(t.court) },
	})
	out = append(out, Check{
		ID:    "headers",
		Doc:   "what headers say is left is let in",
		Judge: func(t *Trial) Finding { return l.headersFinding(t.court) },
	}, Check{
		ID:    "refusals-say",
		Doc:   "what refusals say of themselves fits a law that can have made them",
		Judge: func(t *Trial) Finding { return l.saysFinding(t.court) },
	})
	if l.Audited {
		out = append(out, l.Tricks())
	}
	if len(formParts(l.Refusal)) == 0 {
		return out
	}
	return append(out, Check{
		ID:    "refusal-form",
		Doc:   "every refusal has the shape that is promised",
		Judge: func(t *Trial) Finding { return RefusalForm(l.Refusal, t.court.calls) },
	})
}

// Complete is the check of that name; calls that are meant to fail are clear if they do. A method
// that the server rejected in the handshake may be rejected for another reason once there is a
// session: by a code of JSON-RPC's for what a server doesn't take, it is clear as well.
func (l *Laws) Complete() Check {
	c := Complete
	c.Judge = func(t *Trial) Finding {
		unknown := map[string]int{} // methods that the server doesn't take, with the code that says so
		for i := range t.court.calls {
			if c := &t.court.calls[i]; c.Label == Handshake && c.Outcome == history.Rejected {
				unknown[c.Method] = c.Code
			}
		}
		meant := *t
		meant.Calls = slices.Clone(t.Calls)
		for i := range meant.Calls {
			c := &meant.Calls[i]
			code, refused := unknown[c.Method]
			fails := l.Fails != "" && c.Tool == l.Fails || undeleted(c) ||
				lostSession(c) && l.Held.Has(promise.Sessions)
			clear := refused && (code == c.Code || c.Code >= -32602 && c.Code <= -32600)
			if c.Outcome == history.Rejected && (fails || clear) || c.Outcome == history.ToolError && fails {
				c.Outcome = history.OK
			}
		}
		return judgeComplete(&meant)
	}
	return c
}

// mostExplained is how long a history may be for other promises to be tried on it: that
// takes a judgement for each.
const mostExplained = 20_000

// Causes say what may be kept in place of a promise that a court's history breaks, the
// likeliest first; empty where nothing that was tried explains it.
func (l *Laws) Causes(c *Court) []string {
	l.Judged(c)
	return l.causes
}

// config is how a court's history is held against the laws.
func (l *Laws) config(c *Court) LawConfig {
	return l.Config(LawConfig{Clocks: c.Clocks(), Shared: c.cfg.Shared})
}

// Config is how a history is held against the laws, with clocks and neighbours as given.
func (l *Laws) Config(cfg LawConfig) LawConfig {
	cfg.Identify, cfg.Epoch, cfg.Lingering = l.Identify, l.Epoch, l.Lingering
	if l.Fails != "" {
		cfg.Fails = func(c *history.Call) bool { return c.Tool == l.Fails && c.Outcome != history.OK }
	}
	if l.Lasts > 0 {
		cfg.Lasts = func(*history.Call) time.Duration { return l.Lasts }
	}
	return cfg
}

// Measure is what a court's history leaves of the length and the kind of a law's windows;
// false where that isn't known, or nobody wants to.
func (l *Laws) Measure(c *Court, x int) (LawMeasure, bool) {
	if j := l.Judged(c); l.Hasty || j.Verdict == Fail || j.Laws[x].State != Kept {
		return LawMeasure{}, false
	}
	return MeasureLaw(l.reading, x, c.calls, l.config(c))
}

// Judged is what a court's whole history says of each law.
func (l *Laws) Judged(c *Court) LawJudgement {
	if l.of == c {
		return l.judged
	}
	cfg := l.config(c)
	l.of, l.judged, l.causes = c, JudgeLaws(l.Held, c.calls, cfg), nil
	l.reading = read(l.Held, c.calls, cfg, &l.judged)
	if l.judged.Verdict == Fail && len(c.calls) <= mostExplained {
		for _, cause := range LawCauses(l.Held, c.calls, cfg) {
			l.causes = append(l.causes, cause.words(len(l.Held)))
		}
		if tickedBySeconds(l.Held, c.calls, cfg) {
			l.causes = append(l.causes, "its clock shows whole seconds only (--clock-tick 1s judges by such a one)")
		}
	}
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
	if f.InBeats {
		found.Warnings = append(found.Warnings, BeatWords(f.Law.Rate, f.Law.N))
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
		found.Cause = l.likely("the server lets more through than this law does")
	case Kept:
		found.Verdict = Pass
		found.Saw = fmt.Sprintf("kept: its number is %s, by %s that no other law can have refused",
			f.Units, words.Count(f.Refused, "call")) + l.besides(x)
		if l.All && x < len(l.Left) && len(l.Left[x]) > 0 {
			found.Verdict = Inconclusive
			found.Saw += "; but " + l.Left[x][0]
		}
	default:
		found.Saw = "not observed: no call was refused that only this law can have refused"
		if f.Refused > 0 {
			found.Saw = fmt.Sprintf("not observed: the history leaves %s of its number", f.Units)
		}
		found.Next = l.unsaid(c, x, f)
	}
	if f.Law.Kind == promise.Sessions {
		l.saySessions(c, &f, &found)
	}
	return found
}

// besides names what a law was seen to charge beside the load, where nobody said that.
func (l *Laws) besides(x int) string {
	c := &l.reading[x].Charge
	if !c.Presumed || len(c.Methods) < 2 {
		return ""
	}
	return "; it charges " + words.And(c.Methods[1:]) + " as well"
}

// unsaid is what to say of a law whose number stays open because nobody said what it
// charges: whatever the run sent beside its load, such as the handshake, may have taken a
// unit, and with one more than the law grants each refusal is explained as well.
func (l *Laws) unsaid(c *Court, x int, f LawFinding) string {
	held := &l.Held[x]
	if !held.Charge.Presumed || f.Refused == 0 || len(held.Charge.Methods) == 0 {
		return ""
	}
	beside := 0
	for i := range c.calls {
		if least, most := held.Charge.Cost(c.calls[i].Method, c.calls[i].Tool); least == 0 && most > 0 {
			beside++
		}
	}
	if beside == 0 {
		return ""
	}
	return fmt.Sprintf("nobody said what %q charges, so that %s beside the load may have cost a unit: if they don't, "+
		"say so, "+
		"as methods: [%s] in a profile or as in --promise '%s methods %s'", f.Law, words.Count(beside, "message"),
		strings.Join(held.Charge.Methods, ", "), f.Law, strings.Join(held.Charge.Methods, ","))
}

// refusalFinding says if every refusal can have been made by some law.
func (l *Laws) refusalFinding(c *Court) Finding {
	f := Finding{Check: "refusals", Want: "every refusal can have been made by some law", Verdict: Pass,
		Saw: "each can"}
	if c.doubted != "" {
		f.Warnings = []string{c.doubted}
	}
	after := afterCrowds(c.calls)
	var list []Unexplained
	var barred []int
	for _, u := range l.Judged(c).Unexplained {
		if after[u.Call-1] {
			barred = append(barred, u.Call)
		} else {
			list = append(list, u)
		}
	}
	switch {
	case len(list) == 0 && len(barred) == 0:
		return f
	case len(list) == 0:
		f.Verdict, f.Saw, f.Next = Inconclusive, barredWords(c.calls, barred), barredNext
		return f
	}
	f.Verdict, f.Cause = Fail, l.likely("the server refuses calls that its laws grant")
	f.Witness = &Witness{Calls: []int{}}
	for _, u := range list[:min(len(list), 20)] {
		f.Witness.Calls = append(f.Witness.Calls, u.Call)
	}
	f.Saw = fmt.Sprintf("%s that no law can have refused; call %d with %s",
		words.Count(len(list), "call"), list[0].Call, words.And(list[0].Room))
	return f
}

// likely is a cause with what explains it, where anything does.
func (l *Laws) likely(cause string) string {
	if len(l.causes) == 0 {
		return cause
	}
	return cause + "; what explains it: " + strings.Join(l.causes, "; or ")
}

// words are a cause as people read it, of a promise of so many laws.
func (c LawCause) words(laws int) string {
	text := c.Says
	if c.Kept.Kind != "" {
		text += " (" + c.Kept.String() + ")"
	}
	if laws > 1 {
		text = fmt.Sprintf("law %d: %s", c.Law+1, text)
	}
	return text
}
