package verdict

import (
	"slices"
	"sort"

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
	type change struct {
		at   int64
		more int32
	}
	var changes []change
	for i := range c.stakes {
		if s := &c.stakes[i]; charged(s) {
			changes = append(changes, change{s.sent, s.most})
			if e := c.forgotten(s); e != never {
				changes = append(changes, change{e + 1, -s.most})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return compare(a.at, b.at) })
	p := &presence{}
	var value []float64
	sum := 0.0
	for _, x := range changes {
		sum += float64(x.more)
		if n := len(p.at); n > 0 && p.at[n-1] == x.at {
			value[n-1] = sum
			continue
		}
		p.at, value = append(p.at, x.at), append(value, sum)
	}
	p.tree.build(value)
	return p
}

// most is the greatest value in [from, to].
func (p *presence) most(from, to int64) float64 {
	lo := sort.Search(len(p.at), func(k int) bool { return p.at[k] > from }) - 1
	hi := sort.Search(len(p.at), func(k int) bool { return p.at[k] > to })
	if lo < 0 {
		if hi == 0 {
			return 0
		}
		lo = 0
	}
	return max(0, p.tree.value[p.tree.peak(lo, hi)])
}

// forgotten is when what a stake took surely no longer counts, for laws that forget
// by time; never where that can't be said.
func (c *counter) forgotten(s *stake) int64 {
	switch {
	case s.received == never:
		return never
	case s.brief || c.law.Kind == promise.Cap:
		return s.received + int64(slotSlack)
	}
	return s.received + c.longest(c.law.Refilled())
}
