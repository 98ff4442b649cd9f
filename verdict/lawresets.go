package verdict

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// unheeded fails a finding by a refusal whose hints are wrong whatever came of the next call: a
// Retry-After that no client can heed, or two that contradict each other.
func (l *Laws) unheeded(c *Court, f *Finding) bool {
	planned := slices.Clone(c.calls)
	for i := range planned {
		if k := &planned[i]; !k.Planned() {
			k.Hints, k.RetryAfter = "", 0
		}
	}
	saw, at, wrong := hintFlaw(planned)
	if !wrong {
		return false
	}
	k := &c.calls[at]
	f.Verdict, f.Saw = Fail, fmt.Sprintf("call %d: %s", at+1, saw)
	f.Cause = "clients can't heed it, or those that read the one hint do what the other forbids"
	f.Witness = &Witness{From: k.Sent, To: k.Received, Calls: []int{at + 1}}
	return true
}

// lateReset tells of a refusal that says that its count starts anew later than all that is
// promised has forgotten everything. Which of the laws it speaks of isn't said.
func (l *Laws) lateReset(c *Court) []string {
	all := make([]int, len(l.Held))
	for x := range all {
		all[x] = x
	}
	for i := range c.calls {
		k := &c.calls[i]
		if k.Outcome != history.Limited || !k.Planned() || k.Hints == "" {
			continue
		}
		at, ok := resetOf(k)
		if !ok || at.end-at.slack <= k.RetryAfter {
			continue
		}
		if text := l.tooLong(all, at.said-at.slack); text != "" {
			return []string{fmt.Sprintf("call %d was told that its count starts anew after %s (%s), but %s", i+1,
				promise.Span(at.said), at.from, text)}
		}
	}
	return nil
}
