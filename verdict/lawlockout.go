package verdict

import (
	"math"
	"time"
)

// untilRefused is a window that surely let through more than the law's units before
// anything was refused. So much can be said of windows that refusals prolong, or that end
// with a lock-out: until the first refusal they are like others.
func (c *counter) untilRefused() (excess, bool) {
	shut, rest, quiet := c.fewest(c.law.Every), c.longest(max(c.law.Every, c.law.Lockout)), int64(math.MinInt64)
	sure := c.sure() // by sent, as the stakes are
	for i := 0; i < len(c.stakes); {
		if first := c.stakes[i].sent; i > 0 && (quiet == never || first <= quiet+rest) {
			quiet = max(quiet, c.stakes[i].received)
			i++
			continue
		}
		e := excess{windows: 1, from: c.stakes[i].sent}
		end := e.from + shut
		for ; i < len(c.stakes) && c.stakes[i].sent < end; i++ {
			s := &c.stakes[i]
			quiet = max(quiet, s.received)
			if s.refused || s.least == 0 {
				end = min(end, s.sent)
			}
		}
		for len(sure) > 0 && c.stakes[sure[0]].sent < e.from {
			sure = sure[1:]
		}
		for ; len(sure) > 0 && c.stakes[sure[0]].sent < end; sure = sure[1:] {
			if s := &c.stakes[sure[0]]; s.received < end {
				e.units, e.calls, e.to = e.units+int(s.least), append(e.calls, s.call), max(e.to, s.received)
			}
		}
		if e.units > c.law.N {
			return e, true
		}
	}
	return excess{}, false
}

// unbarred is what was surely let through while a lock-out surely lasted: the one that
// began with a refusal which only this law can have made, and before which no other can
// have been on. A server may or may not prolong it with what it refuses meanwhile.
func (c *counter) unbarred(alone func(s *stake) bool) (*Witness, bool) {
	if c.law.Lockout == 0 {
		return nil, false
	}
	least, most, sure, on := c.fewest(c.law.Lockout), c.longest(c.law.Lockout), c.sure(), int64(math.MinInt64)
	for i := range c.stakes {
		s := &c.stakes[i]
		if s.refused && alone(s) && (on == math.MinInt64 || on != never && c.halts.over(on+most) < s.sent) {
			w := &Witness{From: c.instant(s.received), Calls: []int{int(s.call) + 1}}
			for len(sure) > 0 && c.stakes[sure[0]].sent <= s.received {
				sure = sure[1:]
			}
			for _, k := range sure {
				a := &c.stakes[k]
				if a.sent >= s.sent+least {
					break
				}
				if a.received < s.sent+least {
					w.Admitted, w.Calls = w.Admitted+int(a.least), append(w.Calls, int(a.call)+1)
					w.To = max(w.To, time.Duration(c.origin+a.received))
				}
			}
			if w.Admitted > 0 {
				return w, true
			}
		}
		if s.least == 0 { // refused, or nobody knows
			on = max(on, s.received)
		}
	}
	return nil, false
}
