package verdict

import (
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// crowd is the most requests of a cap's key that were surely served at the same time.
// One that lasts d at least, was sent at s and answered at r was served from r-d to s+d
// for certain, since it began between s and r-d. Where nobody says how long requests
// last, nothing is certain.
func (c *counter) crowd() excess {
	type edge struct {
		at   int64
		more int
	}
	var edges []edge
	for _, i := range c.sure() {
		s := &c.stakes[i]
		if from, to := c.served(s); from <= to {
			edges = append(edges, edge{from, int(s.least)}, edge{to + 1, -int(s.least)})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if a.at != b.at {
			return compare(a.at, b.at)
		}
		return a.more - b.more // who ends makes room
	})
	units, best := 0, excess{windows: 1}
	for _, e := range edges {
		if units += e.more; units > best.units {
			best.units, best.from, best.to = units, e.at, e.at
		}
	}
	if best.units > 0 {
		for _, i := range c.sure() {
			s := &c.stakes[i]
			if from, to := c.served(s); from <= best.from && best.from <= to {
				best.calls = append(best.calls, s.call)
			}
		}
	}
	return best
}

// served is when a request was surely being served; never where from is after to.
func (c *counter) served(s *stake) (from, to int64) {
	if c.lasts == nil {
		return 1, 0
	}
	d := c.fewest(c.lasts(s.call))
	return s.received - d, s.sent + d
}

// waited reports if a cap whose requests wait was seen at its number: so many were surely
// served at the same time, and one more that was let in took half as long again as it is
// served, so that it had to wait. Whatever is refused may have waited as well, so that no
// refusal shows such a number.
func (c *counter) waited(e excess) bool {
	if c.law.Kind != promise.Cap || c.law.Wait == 0 || e.units != c.law.N {
		return false
	}
	for _, i := range c.sure() {
		s := &c.stakes[i]
		from, to := c.served(s)
		there, sure := s.sent <= e.from && e.from <= s.received, from <= e.from && e.from <= to
		if there && !sure && 2*(s.received-s.sent) >= 3*c.longest(c.lasts(s.call)) {
			return true
		}
	}
	return false
}
