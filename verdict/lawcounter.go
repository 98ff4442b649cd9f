package verdict

import (
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// slotSlack is how long after its reply a request may still hold its place under a
// cap, or what it took where only failures are charged: servers give those back when
// the reply has been written.
const slotSlack = 50 * time.Millisecond

// A stake is what one message had to do with one counter: when it was decided, and
// what it took if it was admitted. Instants are nanoseconds from the first one, as wide
// as the clocks leave them.
type stake struct {
	sent, received int64 // received is never where no reply came
	least, most    int32 // units
	call           int32 // index in the history
	refused        bool
	brief          bool // what it takes is given back with the reply
}

// A counter is what the server counts by for one law and one key: the stakes of all
// that it charges, by their sent instants.
type counter struct {
	law    *promise.Law
	key    string // in words; empty where everybody shares it
	clocks Clocks
	origin int64 // what instants are reckoned from
	stakes []stake
	refuse []int32 // places of refused stakes
}

// counters lays out who counts what. Calls that were never sent say nothing.
func counters(p promise.Promise, calls []history.Call, cfg LawConfig) [][]*counter {
	origin := int64(never)
	for i := range calls {
		if calls[i].Outcome != history.Unsent {
			origin = min(origin, int64(calls[i].Sent))
		}
	}
	out := make([][]*counter, len(p))
	for x := range p {
		byKey := map[string]*counter{}
		for i := range calls {
			s, ok := stakeOf(&p[x], &calls[i], origin, cfg.Clocks)
			if !ok {
				continue
			}
			s.call = int32(i)
			key := cfg.keyOf(p[x].Key, &calls[i])
			c := byKey[key]
			if c == nil {
				c = &counter{law: &p[x], key: key, clocks: cfg.Clocks, origin: origin}
				byKey[key] = c
				out[x] = append(out[x], c)
			}
			c.stakes = append(c.stakes, s)
		}
		for _, c := range out[x] {
			slices.SortStableFunc(c.stakes, func(a, b stake) int { return compare(a.sent, b.sent) })
			for i := range c.stakes {
				if c.stakes[i].refused {
					c.refuse = append(c.refuse, int32(i))
				}
			}
		}
	}
	return out
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// stakeOf is what a call has to do with a law: nothing, where it costs nothing.
func stakeOf(l *promise.Law, c *history.Call, origin int64, clocks Clocks) (s stake, ok bool) {
	least, most := l.Charge.Cost(c.Method, c.Tool)
	if c.Outcome == history.Unsent || most == 0 {
		return s, false
	}
	s = stake{sent: int64(c.Sent) - origin - int64(clocks.Error), received: never, least: int32(least), most: int32(most)}
	if c.Outcome.Answered() {
		s.received = int64(c.Received) - origin + int64(clocks.Error)
	}
	if s.received < s.sent { // its instants contradict each other: it may have been at any time
		return stake{sent: 0, received: never, most: int32(most)}, c.Outcome != history.Limited
	}
	switch {
	case c.Outcome == history.Limited && c.Label == Handshake:
		s.least = 0 // never held against a server: nobody knows what was used before
	case c.Outcome == history.Limited:
		s.refused, s.least = true, 0
	case !c.Outcome.Admitted():
		s.least = 0
	}
	s.settle(l.Charge.Outcomes, c)
	return s, true
}

// settle says what a stake takes where only failures, or only successes, are charged.
// A limiter may count such a request at once and take it back when it knows better.
func (s *stake) settle(only promise.Outcomes, c *history.Call) {
	failed := c.Outcome.Answered() && c.Status >= 400
	fine := c.Outcome == history.OK && c.Status < 400
	switch {
	case only == promise.All || s.refused:
	case only == promise.Failures && failed, only == promise.Successes && fine:
		if failed {
			s.least = s.most
		}
	case only == promise.Failures && fine, only == promise.Successes && failed:
		s.least, s.brief = 0, true
	default:
		s.least = 0
	}
}

// keyOf names whose counter a call is charged to.
func (cfg LawConfig) keyOf(k promise.Key, c *history.Call) string {
	if len(k) == 0 {
		return ""
	}
	var parts []string
	for _, d := range k {
		parts = append(parts, cfg.identity(d, c))
	}
	return strings.Join(parts, ", ")
}

func (cfg LawConfig) identity(d promise.Dimension, c *history.Call) string {
	if cfg.Identify != nil {
		if name, known := cfg.Identify(d, c); known {
			return name
		}
	}
	switch d {
	case promise.Session:
		if c.Session != "" {
			return "session " + c.Client + "/" + c.Session
		}
		return "session " + c.Client
	case promise.Credential:
		return "credential " + c.Client
	case promise.Tool:
		return "tool " + c.Tool
	case promise.Method:
		return c.Method
	}
	return string(d) // one machine has one address
}

// fewest and most of the limiter's time are as long, by the history's clock, as this
// span of the limiter's may be.
func (c *counter) fewest(span time.Duration) int64 {
	return max(0, int64(float64(span)/(1+c.clocks.Drift))-int64(c.clocks.Tick)-2)
}

func (c *counter) longest(span time.Duration) int64 {
	return int64(float64(span)/(1-c.clocks.Drift)) + int64(c.clocks.Tick) + 2
}
