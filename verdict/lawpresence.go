package verdict

import (
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// presence is how many units may count at each instant: a step function over time, and
// its maximum over any stretch.
type presence struct {
	at   []int64 // where it changes, in order
	tree maxTree // its value from there on
}

// present counts each stake that charged names from its sent instant until what it took
// is surely forgotten.
func (c *counter) present(charged func(s *stake) bool) *presence {
	n := 0
	for i := range c.stakes {
		if charged(&c.stakes[i]) {
			n++
		}
	}
	p := &presence{at: make([]int64, 0, 2*n)}
	value, sum := make([]float64, 0, 2*n), 0.0
	put := func(at int64, more int32) {
		sum += float64(more)
		if n := len(p.at); n > 0 && p.at[n-1] == at {
			value[n-1] = sum
			return
		}
		p.at, value = append(p.at, at), append(value, sum)
	}
	ends := c.ends()
	for x, y := 0, 0; x < len(c.stakes) || y < len(ends); {
		end := int64(never)
		if y < len(ends) {
			end = c.forgotten(&c.stakes[ends[y]])
		}
		if x < len(c.stakes) && (c.stakes[x].sent <= end || end == never) {
			if s := &c.stakes[x]; charged(s) {
				put(s.sent, s.most)
			}
			x++
			continue
		}
		if end == never {
			break
		}
		if s := &c.stakes[ends[y]]; charged(s) {
			put(end+1, -s.most)
		}
		y++
	}
	p.tree.build(value)
	return p
}

// ends are the places of stakes in the order in which they are forgotten.
func (c *counter) ends() []int32 {
	if c.law.Charge.Outcomes == promise.All && c.law.Kind != promise.Sessions {
		return c.byEnd
	}
	ends := slices.Clone(c.byEnd)
	slices.SortStableFunc(ends, func(a, b int32) int {
		return compare(c.forgotten(&c.stakes[a]), c.forgotten(&c.stakes[b]))
	})
	return ends
}

// most is the greatest value in [from, to].
func (p *presence) most(from, to int64) float64 {
	lo := above(p.at, from) - 1
	hi := lo + 1 + above(p.at[lo+1:], to)
	if lo < 0 {
		if hi == 0 {
			return 0
		}
		lo = 0
	}
	return max(0, p.tree.value[p.tree.peak(lo, hi)])
}

// above is how many of the instants, which are in order, aren't behind one.
func above(at []int64, t int64) int {
	lo, hi := 0, len(at)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); at[mid] > t {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// forgotten is when what a stake took surely no longer counts, for laws that forget
// by time; never where that can't be said.
func (c *counter) forgotten(s *stake) int64 {
	switch {
	case s.received == never:
		return never
	case c.law.Kind == promise.Sessions:
		if over := c.over(s); over != never {
			return c.halts.over(over)
		}
		return never
	case s.brief || c.law.Kind == promise.Cap:
		return c.halts.over(s.received + int64(slotSlack))
	}
	return c.halts.over(s.received + c.longest(c.law.Refilled()))
}
