package verdict

import (
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A calendar resets a quota at a full hour, or at a midnight, of its time zone. Those
// are all whole quarters of an hour in UTC, whatever the zone is: as every zone of today
// is so many quarters from it.
const (
	quarter      = 15 * time.Minute
	quarterSlack = 10 * time.Second // how far a server's clock, and ours, may be off
	mostQuarters = 4 * 24 * 31      // beyond that a history is no run
)

// quotaExcess is what a quota surely let through between two instants of which nobody
// could say that it was reset in between: more than N is a breach. Where nobody knows
// what time it was, that is held against two windows' worth.
func (c *counter) quotaExcess() (e excess, known bool) {
	if c.epoch.IsZero() {
		return excess{}, false
	}
	sure := c.sure()
	if len(sure) == 0 {
		return excess{windows: 1}, true
	}
	best, from := excess{windows: 1}, int64(-1<<62)
	first, last := c.stakes[sure[0]].sent, int64(0)
	for _, i := range sure {
		last = max(last, c.stakes[i].received)
	}
	count := func(from, to int64) {
		units := 0
		var begin, end int64 = never, 0
		for _, i := range sure {
			if s := &c.stakes[i]; s.sent >= from && s.received <= to {
				units += int(s.least)
				begin, end = min(begin, s.sent), max(end, s.received)
			}
		}
		if units > best.units {
			best = excess{units: units, from: begin, to: end, windows: 1, calls: c.surelyIn(sure, from, to)}
		}
	}
	// A server whose clock is behind ours may reset just after the first call.
	at := c.epoch.Add(time.Duration(c.origin+first) - quarterSlack).Truncate(quarter)
	for range mostQuarters {
		at = at.Add(quarter)
		bound := int64(at.Sub(c.epoch)) - c.origin
		if !c.mayReset(at) && bound-int64(quarterSlack) < last {
			continue
		}
		count(from, bound-int64(quarterSlack))
		from = bound + int64(quarterSlack)
		if bound > last {
			break
		}
	}
	return best, true
}

// mayReset reports if the quota may be reset at a quarter of an hour.
func (c *counter) mayReset(at time.Time) bool {
	where, err := time.LoadLocation(c.law.Zone)
	if c.law.Zone == "" || err != nil { // nobody said where: midnight is from 10:00 to 12:00 of the next day
		utc := at.UTC()
		return c.law.Unit != promise.Month || utc.Add(14*time.Hour).Month() != utc.Add(-12*time.Hour-1).Month()
	}
	local := at.In(where)
	switch c.law.Unit {
	case promise.Hour:
		return local.Minute() == 0
	case promise.Month:
		return local.Day() == 1 && local.Hour() == 0 && local.Minute() == 0
	}
	return local.Hour() == 0 && local.Minute() == 0
}
