package ratelimit

import "time"

// windows are counts in windows that open with an event, or lie where the clock has
// them. A key's slot holds the instant at which its window closes.
type windows struct {
	n       int
	every   int64
	aligned bool
	phase   int64 // aligned: how far the stack's epoch lies in a window
	table   table
	counts  []uint32 // by position in the table's slots
}

// open reports if a demand's window is open, and how many it has counted.
func (c *windows) open(d *demand, now int64) (count int, open bool) {
	if !d.held || c.table.slots[d.at].fullAt <= now {
		return 0, false
	}
	return int(c.counts[d.at]), true
}

// end is when a window closes that opens now.
func (c *windows) end(now int64) int64 {
	if !c.aligned {
		return now + c.every
	}
	return now + c.every - (now%c.every+c.phase)%c.every
}

func (c *windows) weigh(now int64, ds []demand) {
	c.table.secure(now, ds)
	for i := range ds {
		d := &ds[i]
		count, open := c.open(d, now)
		if d.opens = !open; open && count+d.n > c.n {
			d.wait, d.reason = c.table.slots[d.at].fullAt-now, ReasonRate
		}
	}
}

func (c *windows) quick(now int64, key string, n int) (Decision, bool) {
	at, held := c.table.find(key, c.table.hash(key))
	if !held || c.table.slots[at].fullAt <= now {
		return Decision{}, false
	}
	count := int(c.counts[at])
	if count+n > c.n {
		wait := time.Duration(c.table.slots[at].fullAt - now)
		return Decision{RetryAfter: wait, Remaining: c.n - count, Reason: ReasonRate}, true
	}
	c.counts[at] += uint32(n)
	return Decision{Allowed: true, Remaining: c.n - count - n}, true
}

func (c *windows) take(now int64, ds []demand) {
	c.table.settle(now, ds, func(d *demand) int64 {
		if d.opens {
			return c.end(now)
		}
		return c.table.slots[d.at].fullAt
	})
	for i := range ds {
		d := &ds[i]
		for len(c.counts) <= d.at {
			c.counts = add(c.counts, 0, c.table.max)
		}
		if d.opens {
			c.counts[d.at] = 0
		}
		c.counts[d.at] += uint32(d.n)
	}
}

func (c *windows) left(now int64, d *demand) (remaining int, next int64) {
	count, open := c.open(d, now)
	if !open {
		return c.n, 0
	}
	return c.n - count, c.table.slots[d.at].fullAt - now
}

func (c *windows) done(string, int) {}

func (c *windows) held() int { return c.table.len() }

// logs remember when each event was admitted, as long as that matters. A key's slot
// holds the instant at which its last event no longer does.
type logs struct {
	n     int
	every int64
	table table
	rings []ring // by position in the table's slots
}

// A ring is the instants of one key's events, the first at head.
type ring struct {
	at   []int64
	head int
	len  int
}

// expire drops events that no longer matter. Each is dropped once.
func (r *ring) expire(before int64) {
	for r.len > 0 && r.at[r.head] <= before {
		r.head = (r.head + 1) % len(r.at)
		r.len--
	}
}

// nth is the instant of the i-th event, from 0.
func (r *ring) nth(i int) int64 { return r.at[(r.head+i)%len(r.at)] }

// push adds n events at now, of at most most that are ever held.
func (r *ring) push(now int64, n, most int) {
	if need := r.len + n; need > len(r.at) {
		grown := make([]int64, min(max(need, len(r.at)+len(r.at)/2+4), most))
		for i := range r.len {
			grown[i] = r.nth(i)
		}
		r.at, r.head = grown, 0
	}
	for range n {
		r.at[(r.head+r.len)%len(r.at)] = now
		r.len++
	}
}

func (c *logs) weigh(now int64, ds []demand) {
	c.table.secure(now, ds)
	for i := range ds {
		d := &ds[i]
		if !d.held {
			continue
		}
		r := &c.rings[d.at]
		r.expire(now - c.every)
		if over := r.len + d.n - c.n; over > 0 { // so many have to go first
			d.wait, d.reason = r.nth(over-1)+c.every-now, ReasonRate
		}
	}
}

func (c *logs) take(now int64, ds []demand) {
	c.table.settle(now, ds, func(*demand) int64 { return now + c.every })
	for i := range ds {
		d := &ds[i]
		for len(c.rings) <= d.at {
			c.rings = add(c.rings, ring{}, c.table.max)
		}
		c.rings[d.at].push(now, d.n, c.n)
	}
}

func (c *logs) left(now int64, d *demand) (remaining int, next int64) {
	if !d.held {
		return c.n, 0
	}
	r := &c.rings[d.at]
	r.expire(now - c.every)
	if r.len == 0 {
		return c.n, 0
	}
	return c.n - r.len, r.nth(0) + c.every - now
}

func (c *logs) done(string, int) {}

func (c *logs) held() int { return c.table.len() }
