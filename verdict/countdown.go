package verdict

import (
	"slices"
	"time"
)

// workedOut reports if hints of a sort are worked out, so that one that is too long is
// wrong: they differ, and those of two refusals between which nothing was taken name the
// same instant, in seconds or in milliseconds. A server that always says the same names a
// time that is long enough for any refusal; one that draws its hints by lot, so that
// clients don't all come back at once, or has them grow with each refusal, asks for more
// patience than needed on purpose.
//
// For example of three calls refused within 10 ms by a bucket of 10/s, the first is told
// to come back after 6 s, the others after 6 s and 7 s: whole seconds, rounded either way,
// of one instant. Where they are told 5 s, 1 s and 4 s, there is none.
func (r *hintReading) workedOut(from string) bool {
	var list []hinted
	vary := false
	for _, h := range r.waits {
		if h.From == from {
			list = append(list, h)
			vary = vary || h.Lo != list[0].Lo
		}
	}
	slices.SortStableFunc(list, func(a, b hinted) int { return int(a.call.Sent - b.call.Sent) })
	return vary && (r.t.court.oneInstant(list, 1) || r.t.court.oneInstant(list, time.Second/time.Millisecond))
}

// oneInstant reports if hints, in a unit that is so much smaller than they say, count down
// to one instant as long as nothing is taken.
func (c *Court) oneInstant(list []hinted, smaller time.Duration) bool {
	last := map[likeness]hinted{}
	for _, b := range list {
		a, ok := last[likenessOf(&b.call)]
		last[likenessOf(&b.call)] = b
		if !ok || c.taken(a.call) <= b.call.Received {
			continue
		}
		if a.call.Sent+a.Lo/smaller > b.call.Received+b.Hi/smaller ||
			b.call.Sent+b.Lo/smaller > a.call.Received+a.Hi/smaller {
			return false
		}
	}
	return true
}
