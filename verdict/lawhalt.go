package verdict

import (
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A limiter may forget by a timer in place of looking at a clock, and a server that stands
// still has its timers late: what they were to give back comes when it goes on, after the
// requests that waited meanwhile, and a timer that is set anew each time is late for good.
// Such stretches excuse refusals; no excess of what was let through is judged by them.
//
// For example a bucket that a timer gives a token each 100 ms has got none in the three
// seconds for which it was stopped, and refuses what waited in them.
const (
	haltLeast = 20 * time.Millisecond // that something waited. That it stood still before as well
	haltSeen  = stallLeast            // takes so much, where nothing had come for longer than
	haltQuiet = time.Second
)

// halts are such stretches, in order, and for how long a bucket's timer may have stood still
// up to each of their ends.
type halts struct {
	spans []span64
	sum   []int64
}

// haltsOf are the stretches in which a server may have stood still: from the last answer
// before to the first of those that had waited for so long, longer than calls take anyway.
func haltsOf(calls []history.Call, origin int64) (h halts) {
	var answered []int32
	for i := range calls {
		if c := &calls[i]; c.Outcome != history.Unsent && c.Received >= c.Sent {
			answered = append(answered, int32(i))
		}
	}
	if len(answered) == 0 {
		return h
	}
	received := func(i int32) int64 { return int64(calls[i].Received) - origin }
	var took []int64 // of some thousands
	for k := 0; k < len(answered); k += 1 + len(answered)/4096 {
		took = append(took, int64(calls[answered[k]].Received-calls[answered[k]].Sent))
	}
	slices.Sort(took)
	least := max(int64(haltLeast), ordinary*took[len(took)/4])
	slices.SortFunc(answered, func(a, b int32) int { return compare(received(a), received(b)) })
	last, sum := int64(0), int64(0)
	for k, i := range answered {
		at, waited := received(i), int64(0)
		if at-last >= least {
			// Of those that it went on with, the first answered need not have come first.
			for _, other := range answered[k:] {
				if received(other) > at+int64(settled) {
					break
				}
				waited = max(waited, at-max(last, int64(calls[other].Sent)-origin))
			}
		}
		if waited >= least {
			if sum += waited; waited >= int64(haltSeen) || at-last <= int64(haltQuiet) {
				sum += at - last - waited
			}
			h.spans, h.sum = append(h.spans, span64{last, at}), append(h.sum, sum)
		}
		last = at
	}
	return h
}

// over is when what a timer was to do at an instant is surely done: then, or once a
// server that stood still has gone on.
func (h *halts) over(at int64) int64 {
	k := sort.Search(len(h.spans), func(k int) bool { return h.spans[k].to+int64(settled) >= at })
	if at == never || k == len(h.spans) || h.spans[k].from > at {
		return at
	}
	return h.spans[k].to + int64(settled)
}

// before is for how long a server may have stood still before an instant.
func (h *halts) before(at int64) (sum int64) {
	k := sort.Search(len(h.spans), func(k int) bool { return h.spans[k].to > at })
	if k > 0 {
		sum = h.sum[k-1]
	}
	if k < len(h.spans) {
		sum = max(sum, h.sum[k]-(h.spans[k].to-at)) // what was seen of it lies at its end
	}
	return sum
}

// ticking is a counter by the time of a timer that fills a bucket: it stands still with the
// server.
func (c *counter) ticking() *counter {
	if c.law.Step == 0 || len(c.halts.spans) == 0 {
		return c
	}
	t := *c
	t.stakes = slices.Clone(c.stakes)
	for i := range t.stakes {
		s := &t.stakes[i]
		if s.sent -= c.halts.before(s.sent); s.received != never {
			s.received -= c.halts.before(s.received)
		}
	}
	return &t
}
