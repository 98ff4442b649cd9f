package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// Tricks is the check of an audit of laws. The session of a call says by which trick it
// was sent, as for the check of that name for one bucket; calls without one are plain, and
// take what a law grants before each. A trick is proven to have bought calls where a law is
// broken if its calls alone count beside the plain ones, and not without them. It is said to
// buy none only where that would have shown.
func (l *Laws) Tricks() Check {
	return Check{ID: Tricks.ID, Doc: Tricks.Doc, Judge: func(t *Trial) Finding { return l.judgeTricks(t.court) }}
}

// A lawTrick is what came of a trick.
type lawTrick struct {
	name string
	own  []int // positions from 0
}

func (l *Laws) judgeTricks(c *Court) Finding {
	f := Finding{Check: Tricks.ID, Want: "nothing of this buys a call that a law forbids"}
	cfg := l.config(c)
	list, looks := lawTricks(c.calls), plainRejections(c.calls)
	ever := l.brokenBy(c.calls, "", cfg)
	held := make([][]string, len(l.Held))
	var failed, seen []string
	var silent untold
	for _, k := range list {
		seen = append(seen, k.name)
		shown, plainly := false, ever
		calls := l.upTo(c.calls, k)
		if slices.ContainsFunc(ever, func(w *Witness) bool { return w != nil }) {
			plainly = l.brokenBy(calls, "", cfg) // what comes after a trick may come of it
		}
		real := l.brokenBy(calls, k.name, cfg)
		for x := range l.Held {
			switch {
			case plainly[x] != nil:
			case real[x] != nil:
				shown = true
				failed, f.Witness = append(failed, l.boughtWords(c, k, x, real[x])), cmp.Or(f.Witness, real[x])
			case anyLike(looks, c.calls, k.own):
			case l.wouldShow(c, calls, k, x, cfg):
				shown = true
				held[x] = append(held[x], k.name)
			}
		}
		switch {
		case shown:
		case anyLike(looks, c.calls, k.own):
			silent.add(shut, k.name)
		default:
			silent.add("", k.name)
		}
	}
	silent.add(notSent, unsentTricks(c.calls, seen, (*history.Call).Planned)...)
	f.Saw = l.trickWords(held, silent)
	switch {
	case len(failed) > 0:
		f.Verdict, f.Cause, f.Saw = Fail, strings.Join(failed, "; "), strings.Join(failed, "; ")+"; "+f.Saw
	case slices.ContainsFunc(held, func(names []string) bool { return len(names) > 0 }):
		f.Verdict = Pass
	}
	if f.Saw = strings.TrimSuffix(f.Saw, "; "); f.Saw == "" {
		f.Saw, f.Next = "no trick was sent", "see what was not tried, and why: a larger --budget leaves room for more"
	}
	return f
}

// lawTricks are those of which calls were sent, in the order of their first.
func lawTricks(calls []history.Call) (list []*lawTrick) {
	byName := map[string]*lawTrick{}
	for i := range calls {
		c := &calls[i]
		name, _ := TrickOf(c.Session)
		if name == "" || c.Method == "initialize" || c.Outcome == history.Unsent || !c.Planned() {
			continue
		}
		k := byName[name]
		if k == nil {
			k = &lawTrick{name: name}
			byName[name] = k
			list = append(list, k)
		}
		k.own = append(k.own, i)
	}
	return list
}

// upTo are the calls that matter to a trick: what comes after it may come of it. Where no law
// has windows whose beginning what came before decides, calls of long ago don't either.
func (l *Laws) upTo(calls []history.Call, k *lawTrick) []history.Call {
	end := k.own[len(k.own)-1] + 1
	since := time.Duration(math.MinInt64)
	for _, law := range l.Held {
		if law.Kind == promise.Window && law.Style != promise.Sliding || law.Kind == promise.Quota {
			return calls[:end]
		}
		since = max(since, calls[k.own[0]].Sent-2*law.Refilled()-time.Second)
	}
	begin := k.own[0]
	for begin > 0 && calls[begin-1].Sent >= since {
		begin--
	}
	return calls[begin:end]
}

// brokenBy is the witness of each law that is broken where of all tricks only one counts, or
// none; nil of a law that isn't. What the others were let through is taken as if it had cost
// something or not.
func (l *Laws) brokenBy(calls []history.Call, trick string, cfg LawConfig) []*Witness {
	list := slices.Clone(calls)
	aside := history.Rejected
	if slices.ContainsFunc(l.Held, func(law promise.Law) bool { return law.Charge.Outcomes != promise.All }) {
		aside = history.Unknown // what was rejected may be charged for that
	}
	for i := range list {
		c := &list[i]
		if name, _ := TrickOf(c.Session); name != "" && name != trick && c.Outcome.Admitted() {
			c.Outcome = aside
		}
	}
	return tooMuch(l.Held, list, cfg)
}

// wouldShow reports if a law would be seen broken, had a trick's calls been let through that
// it may have refused, and no other law.
func (l *Laws) wouldShow(c *Court, calls []history.Call, k *lawTrick, x int, cfg LawConfig) bool {
	by := l.Judged(c).by
	list := slices.Clone(calls)
	from := k.own[len(k.own)-1] + 1 - len(calls)
	for _, i := range k.own {
		one := &list[i-from]
		if one.Outcome == history.Limited && by[i] == 1<<x || one.Outcome == history.Rejected {
			one.Outcome = history.OK
		}
	}
	return l.brokenBy(list, k.name, cfg)[x] != nil
}

// boughtWords say what a trick bought of a law.
func (l *Laws) boughtWords(c *Court, k *lawTrick, x int, w *Witness) string {
	got := map[string]int{}
	for _, i := range k.own {
		if _, value := TrickOf(c.calls[i].Session); c.calls[i].Outcome == history.OK {
			got[value]++
		}
	}
	least := math.MaxInt
	for _, n := range got {
		least = min(least, n)
	}
	more := int(math.Ceil(float64(w.Admitted) - w.Allowed))
	text := fmt.Sprintf("%s buys %s", k.name, words.Count(more, "call"))
	if len(got) > 1 && least > 1 {
		text = fmt.Sprintf("each new %s buys %s, so that there is no limit", k.name, words.Count(least, "call"))
	}
	text += fmt.Sprintf(": %s let through within %s, where %g are granted", words.Count(w.Admitted, "unit"),
		words.Span(w.To-w.From), w.Allowed)
	if len(l.Said) > 1 {
		text += " by " + l.Said[x].String()
	}
	return text
}

// trickWords says what came of those that are not proven to have bought anything.
func (l *Laws) trickWords(held [][]string, silent untold) string {
	var parts []string
	for x, names := range held {
		if len(names) == 0 {
			continue
		}
		text := "no call was bought by " + strings.Join(names, ", ")
		if len(l.Said) > 1 {
			text = fmt.Sprintf("of %s %s", l.Said[x], text)
		}
		parts = append(parts, text)
	}
	if len(silent) > 0 {
		parts = append(parts, "not to be told of "+silent.String())
	}
	return strings.Join(parts, "; ")
}

// tooMuch is, of each law that a history breaks by what is let through, the witness; nil of
// the others. It asks nothing of refusals, which is what takes JudgeLaws its time.
func tooMuch(p promise.Promise, calls []history.Call, cfg LawConfig) []*Witness {
	cfg.Shared = true
	j := newLawJudge(p, calls, cfg)
	j.by = make([]uint16, len(calls))
	for i := range j.by {
		j.by[i] = math.MaxUint16 // any may have refused any, and so been paid by any
	}
	out := make([]*Witness, len(p))
	for x := range p {
		for _, c := range j.counters[x] {
			if _, e, broken := c.excessOf(j.cfg.Tolerance); broken {
				out[x] = cmp.Or(out[x], c.witness(e))
			} else if w, none := j.phaseless(x, c); none {
				out[x] = cmp.Or(out[x], w)
			}
		}
	}
	return out
}
