package verdict

import (
	"fmt"

	"github.com/mcpload/mcpload/history"
)

// OnceTooShort is what to do about one wait that was too short: a finding that says so has it
// as its Next, and whoever can tries again at once. If it isn't again, a step of the server's
// clock explains it.
const OnceTooShort = "run again, or longer: a wait that is always too short shows again"

// tooEarly finds a wait that was too short, and reports if there is another one of any
// scenario, before it or after it: a step of the server's clock explains one.
func (t *Trial) tooEarly(waits []hinted) (first *flaw, twice bool) {
	for _, h := range waits {
		k, ok := t.court.tooSoon(h)
		if !ok {
			continue
		}
		if first == nil {
			first = &flaw{witness: &Witness{From: h.call.Received, To: k.call.Sent, Calls: []int{h.pos, k.pos}},
				saw: fmt.Sprintf("told to retry after %s, but %s later still refused, with nothing admitted in between",
					h.said(), span(k.call.Sent-h.call.Received))}
		}
		for _, other := range t.court.hasty() {
			if w := first.witness; other.From >= k.call.Sent || other.To <= h.call.Received {
				w.From, w.To = min(h.call.Received, other.From), max(k.call.Sent, other.To)
				w.Calls = append([]int{h.pos, k.pos}, other.Calls...)
				return first, true
			}
		}
	}
	return first, false
}

// hasty are of all scenarios' waits that were too short the one that was over first and the
// one that began last.
func (c *Court) hasty() []*Witness {
	if c.tooShort != nil {
		return c.tooShort
	}
	for i := range c.calls {
		if c.calls[i].Outcome != history.Limited {
			continue
		}
		for _, hint := range hintsOf(c.calls[i]) {
			h := hinted{placed{c.calls[i], i + 1}, hint}
			k, ok := placed{}, false
			if hint.Kind == history.HintWait {
				k, ok = c.tooSoon(h)
			}
			if !ok {
				continue
			}
			w := &Witness{From: h.call.Received, To: k.call.Sent, Calls: []int{h.pos, k.pos}}
			if c.tooShort == nil {
				c.tooShort = []*Witness{w, w}
			}
			if w.To < c.tooShort[0].To {
				c.tooShort[0] = w
			}
			if w.From > c.tooShort[1].From {
				c.tooShort[1] = w
			}
		}
	}
	return c.tooShort
}
