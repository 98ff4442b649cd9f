package verdict

import "slices"

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
