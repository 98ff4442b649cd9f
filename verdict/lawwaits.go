package verdict

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A shortWait is a refusal that said how long to wait, and one that came although somebody
// had waited so long.
type shortWait struct {
	told, later int // indexes in the history
	end         time.Duration
}

// whoAsks is who was refused what, by which law.
type whoAsks struct {
	client, session, method, tool string
	law                           int
}

// tooShort finds refusals that prove an earlier one's wait too short: each is the same
// client's, for the same, and was sent after the wait was over; the same law alone can have
// made both; and nothing can have been admitted between the two. No two of the waits are at
// the same time, so that one step of the server's clock explains one of them at most. In one
// go through the history, in the order of sending. Where a wait needn't be exact, nothing at
// all was admitted.
func (l *Laws) tooShort(c *Court, j LawJudgement, exact bool) (found []shortWait) {
	told := map[whoAsks]shortWait{} // since something of theirs was admitted, those that end first
	var flying time.Duration        // until when what was sent may have been admitted
	cfg := l.config(c)
	for _, i := range bySent(c.calls) {
		k := &c.calls[i]
		switch {
		case k.Outcome == history.Unsent, !l.mayCharge(k):
			continue
		case k.Outcome != history.Limited || !k.Planned():
			// It may have been admitted before a refusal that it was beside.
			found = slices.DeleteFunc(found, func(w shortWait) bool { return c.calls[w.later].Received > k.Sent })
			maps.DeleteFunc(told, func(who whoAsks, w shortWait) bool {
				key := l.Held[who.law].Key
				return !exact || cfg.identityOf(key, k) == cfg.identityOf(key, &c.calls[w.told])
			})
			if k.Kind == history.Notification && k.Received > k.Sent { // taken in, and soon looked at
				flying = max(flying, k.Received+headerStep)
				continue
			}
			if !k.Outcome.Answered() {
				return found // it may be admitted at any time
			}
			flying = max(flying, k.Received)
			continue
		}
		by := j.By(i)
		if len(by) != 1 || !plainWait(&l.Held[by[0]]) || exact && !exactWait(&l.Held[by[0]]) {
			continue
		}
		who := whoAsks{k.Client, k.Session, k.Method, k.Tool, by[0]}
		if w, asked := told[who]; asked && c.cfg.Clocks.Least(k.Sent-c.calls[w.told].Received) >= w.end {
			w.later = i
			found = append(found, w)
			clear(told)
		}
		// Whole seconds may have been rounded either way.
		end := k.RetryAfter + headerStep
		if w, asked := told[who]; k.RetryAfter > 0 && k.Sent > flying &&
			(!asked || k.Received+end < c.calls[w.told].Received+w.end) {
			told[who] = shortWait{told: i, end: end}
		}
	}
	return found
}

// mayCharge reports if any law may charge a call.
func (l *Laws) mayCharge(k *history.Call) bool {
	for x := range l.Held {
		if _, most := costOf(&l.Held[x], k); most > 0 {
			return true
		}
	}
	return false
}

// plainWait reports if how long to wait under a law depends on nothing but what it let in.
func plainWait(l *promise.Law) bool {
	return !l.Returned() && !l.Charge.Refused && !l.Elastic && l.Lockout == 0 && l.Wait == 0
}

// exactWait reports if a law says to the instant when it lets in more: not where a window
// fades out.
func exactWait(l *promise.Law) bool {
	if l.Kind == promise.Window {
		return l.Style == promise.Fixed || l.Style == promise.Sliding || l.Style == promise.Aligned
	}
	return l.Kind == promise.Bucket || l.Kind == promise.Quota
}

// says puts it in words.
func (w shortWait) says(calls []history.Call) string {
	told, later := &calls[w.told], &calls[w.later]
	return fmt.Sprintf("call %d was told to retry after %s, and call %d, %s later, was still refused with nothing "+
		"admitted in between", w.told+1, promise.Span(told.RetryAfter), w.later+1,
		promise.Span((later.Sent - told.Received).Round(time.Millisecond)))
}
