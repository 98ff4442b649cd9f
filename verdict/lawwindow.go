package verdict

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// An excess is more than a law lets through, whatever the unseen instants were.
type excess struct {
	units    int   // surely taken
	from, to int64 // within this stretch
	calls    []int32
	windows  int // how many windows' worth it is held against
}

// sureWithin returns the most units that were surely taken within a stretch shorter
// than span, and that stretch. For every reply only the earliest beginning matters,
// and a sum over sent instants gives it: O(n log n).
func (c *counter) sureWithin(span int64) excess {
	sure := c.sure()
	bySent := make([]int64, len(sure))
	for k, i := range sure {
		bySent[k] = c.stakes[i].sent
	}
	best, sums := excess{}, newSums(len(sure))
	for _, k := range c.byReply(sure) {
		s := &c.stakes[sure[k]]
		sums.add(int(k), int(s.least))
		first := sort.Search(len(bySent), func(x int) bool { return bySent[x] > s.received-span })
		if n := sums.from(first); n > best.units {
			best = excess{units: n, from: bySent[min(first, len(bySent)-1)], to: s.received}
		}
	}
	best.calls = c.surelyIn(sure, best.from, best.to)
	return best
}

// sure are the places of stakes that surely took something, by their sent instants. Of a
// law that asks what came of a request, only those count that the others had surely been
// counted before: who counts a request when it is over lets in more at a time.
func (c *counter) sure() []int32 {
	list, free := make([]int32, 0, len(c.stakes)-len(c.refuse)), int64(math.MinInt64)
	for i := range c.stakes {
		s := &c.stakes[i]
		if s.least == 0 || s.received == never {
			continue
		}
		if c.law.Charge.Outcomes != promise.All {
			if s.sent <= free {
				continue
			}
			free = s.received
		}
		list = append(list, int32(i))
	}
	return list
}

// byReply are the places in such a list, by the replies.
func (c *counter) byReply(list []int32) []int32 {
	at, order := make([]int32, len(c.stakes)), make([]int32, 0, len(list))
	for k, i := range list {
		at[i] = int32(k) + 1
	}
	for _, i := range c.byEnd {
		if at[i] > 0 {
			order = append(order, at[i]-1)
		}
	}
	return order
}

// surelyIn names the calls among places that lie in a stretch whole.
func (c *counter) surelyIn(places []int32, from, to int64) []int32 {
	var calls []int32
	for _, i := range places {
		if s := &c.stakes[i]; s.sent >= from && s.received <= to {
			calls = append(calls, s.call)
		}
	}
	return calls
}

// windowExcess is what the windows of a law let through too much, wherever they lie:
// more than N in less than a sliding window, or more than two windows' worth in less
// than one of the others, which two may touch.
func (c *counter) windowExcess() (excess, bool) {
	span, windows := c.law.Every, 2
	switch {
	case c.law.Kind == promise.Quota:
		span = c.law.Unit.Shortest()
	case c.law.Style == promise.Sliding:
		windows = 1
	}
	e := c.sureWithin(c.fewest(span))
	e.windows = windows
	return e, e.units > windows*c.law.N
}

// witness turns an excess into a witness: its calls by their positions.
func (c *counter) witness(e excess) *Witness {
	w := &Witness{From: time.Duration(c.origin + e.from), To: time.Duration(c.origin + e.to), Admitted: e.units}
	w.Allowed = c.law.Most(time.Duration(e.to - e.from))
	if e.windows > 0 {
		w.Allowed = float64(e.windows * c.law.N)
	}
	for _, call := range e.calls {
		w.Calls = append(w.Calls, int(call)+1)
	}
	slices.Sort(w.Calls)
	return w
}

// sums is a Fenwick tree: numbers at places, and their sum from a place on.
type sums struct {
	node  []int
	total int
}

func newSums(n int) *sums { return &sums{node: make([]int, n+1)} }

func (s *sums) add(place, n int) {
	s.total += n
	for i := place + 1; i < len(s.node); i += i & -i {
		s.node[i] += n
	}
}

func (s *sums) from(place int) int {
	n := s.total
	for i := place; i > 0; i -= i & -i {
		n -= s.node[i]
	}
	return n
}

// grain is how many units each of a counter's calls costs, or a multiple of that: less more
// or less isn't seen by anybody.
func (c *counter) grain() (units int) {
	if c.law.Charge.Units == nil {
		return 1
	}
	for i := range c.stakes {
		for _, n := range [...]int32{c.stakes[i].least, c.stakes[i].most} {
			for a := int(n); a != 0; { // the greatest that divides both
				units, a = a, units%a
			}
		}
	}
	return max(1, units)
}
