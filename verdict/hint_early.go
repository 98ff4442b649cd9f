package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// OnceTooShort is what to do about one wait that was too short: a finding that says so has it
// as its Next, and whoever can tries again at once. If it isn't again, a step of the server's
// clock explains it.
const OnceTooShort = "run again, or longer: a wait that is always too short shows again"

// explainedOnce is how a finding says so.
const explainedOnce = ", once: a step of the server's clock would explain it"

// early is what shows a wait to be too short: from when it was asked for until it had been
// waited for in vain. False where nothing does.
func (c *Court) early(h hinted) (*Witness, bool) {
	k, ok := c.tooSoon(h)
	return &Witness{From: h.call.Received, To: k.call.Sent, Calls: []int{h.pos, k.pos}}, ok
}

// tooEarly finds a wait that was too short, and reports if there is another one of any
// scenario, before it or after it: a step of the server's clock explains one.
func (t *Trial) tooEarly(waits []hinted) (first *flaw, twice bool) {
	for _, h := range waits {
		w, ok := t.court.early(h)
		if !ok {
			continue
		}
		if first == nil {
			first = &flaw{witness: w, saw: fmt.Sprintf("told to retry after %s, but %s later still refused, with "+
				"nothing admitted in between", h.said(), span(w.To-w.From))}
		}
		for _, other := range t.court.hasty() {
			if other.From >= w.To || other.To <= w.From {
				first.witness = &Witness{From: min(w.From, other.From), To: max(w.To, other.To),
					Calls: append(w.Calls, other.Calls...)}
				return first, true
			}
		}
	}
	return first, false
}

// hasty are of all scenarios' waits that were too short the one that was over first and the
// one that began last. It is asked only where there is one.
func (c *Court) hasty() []*Witness {
	if c.hastiest != nil {
		return c.hastiest
	}
	var list []*Witness
	for i := range c.calls {
		if c.calls[i].Outcome != history.Limited {
			continue
		}
		for _, hint := range hintsOf(c.calls[i]) {
			if hint.Kind != history.HintWait {
				continue
			}
			if w, ok := c.early(hinted{placed{c.calls[i], i + 1}, hint}); ok {
				list = append(list, w)
			}
		}
	}
	c.hastiest = []*Witness{
		slices.MinFunc(list, func(a, b *Witness) int { return cmp.Compare(a.To, b.To) }),
		slices.MaxFunc(list, func(a, b *Witness) int { return cmp.Compare(a.From, b.From) }),
	}
	return c.hastiest
}
