package verdict

import (
	"slices"
	"sort"
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
	parts          bool // refused, and may have paid a part first: nobody knows how many it takes
	brief          bool // what it takes is given back with the reply
}

// A counter is what the server counts by for one law and one key: the stakes of all
// that it charges, by their sent instants.
type counter struct {
	law    *promise.Law
	key    string // in words; empty where everybody shares it
	clocks Clocks
	origin int64  // what instants are reckoned from
	halts  *halts // in which its timers may have been late
	stakes []stake
	byEnd  []int32   // places of stakes, by received
	refuse []int32   // places of refused stakes
	beats  bool      // its instants are those of a limiter's clock that ticks once a token's time
	bound  []float64 // of each of those, the least N at which this counter can't have refused it

	epoch time.Time                      // when instant 0 of the history was; zero: nobody knows
	lasts func(call int32) time.Duration // how long a call is served at least; nil: nobody knows
	stays map[int32]stay                 // of sessions, where the law counts them, by the calls that opened them
}

// counters lays out who counts what. Calls that were never sent say nothing.
func counters(p promise.Promise, calls []history.Call, cfg LawConfig) [][]*counter {
	origin := int64(never)
	for i := range calls {
		if calls[i].Outcome != history.Unsent {
			origin = min(origin, int64(calls[i].Sent))
		}
	}
	still := haltsOf(calls, origin)
	out, caughtUp := make([][]*counter, len(p)), catchUp(calls, origin, int64(cfg.Clocks.Error))
	var open map[int32]stay
	if p.Has(promise.Sessions) {
		open = stays(calls, origin, cfg.Clocks)
	}
	for x := range p {
		byKey, last, c := map[identity]*counter{}, identity{}, (*counter)(nil)
		for i := range calls {
			s, ok := stakeOf(&p[x], &calls[i], origin, &cfg, caughtUp)
			if !ok {
				continue
			}
			s.call = int32(i)
			key := cfg.identityOf(p[x].Key, &calls[i])
			if c == nil || key != last {
				c, last = byKey[key], key
			}
			if c == nil {
				c = &counter{law: &p[x], key: key.String(), clocks: cfg.Clocks, origin: origin, epoch: cfg.Epoch,
					halts: &still, stays: open}
				if cfg.Lasts != nil {
					c.lasts = func(call int32) time.Duration { return cfg.Lasts(&calls[call]) }
				}
				if len(p[x].Key) == 0 {
					c.stakes = make([]stake, 0, len(calls))
				}
				byKey[key] = c
				out[x] = append(out[x], c)
			}
			c.stakes = append(c.stakes, s)
		}
		for _, c := range out[x] {
			c.line()
		}
	}
	return out
}

// line puts the stakes in order.
func (c *counter) line() {
	if cap(c.stakes) > len(c.stakes)+len(c.stakes)/16 {
		c.stakes = append(make([]stake, 0, len(c.stakes)), c.stakes...) // it is kept for long
	}
	slices.SortStableFunc(c.stakes, func(a, b stake) int { return compare(a.sent, b.sent) })
	c.byEnd = make([]int32, len(c.stakes))
	for i := range c.stakes {
		c.byEnd[i] = int32(i)
		if c.stakes[i].refused {
			c.refuse = append(c.refuse, int32(i))
		}
	}
	slices.SortStableFunc(c.byEnd, func(a, b int32) int { return compare(c.stakes[a].received, c.stakes[b].received) })
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

// catchUp returns by when the server had certainly decided a message that nothing
// answers: see tacit. It looks at the calls when it is first asked, as most histories
// have no such message.
func catchUp(calls []history.Call, origin, early int64) func(out int64) int64 {
	var sent, first []int64 // and the first answer to one of the calls from there on
	return func(out int64) int64 {
		if first == nil {
			sent, first = answeredBy(calls, origin, early)
		}
		k := sort.Search(len(sent), func(k int) bool { return sent[k] >= out })
		if first[k] == never {
			return never
		}
		return first[k] + int64(settled)
	}
}

// answeredBy are the instants at which the answered requests were sent, in order, and for each,
// and for none, the first answer to one of those from there on.
func answeredBy(calls []history.Call, origin, early int64) (sent, first []int64) {
	order := make([]int32, 0, len(calls))
	for i := range calls {
		if c := &calls[i]; c.Kind == history.Request && c.Outcome.Answered() && c.Received >= c.Sent {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return compare(int64(calls[a].Sent), int64(calls[b].Sent)) })
	first = make([]int64, len(order)+1)
	first[len(order)] = never
	for k := len(order) - 1; k >= 0; k-- {
		first[k] = min(first[k+1], int64(calls[order[k]].Received)-origin+early)
	}
	for _, i := range order {
		sent = append(sent, int64(calls[i].Sent)-origin-early)
	}
	return sent, first
}

// costOf is what a law charges for a call, least and most.
func costOf(l *promise.Law, c *history.Call) (least, most int) {
	if c.Kind != history.Request && c.Kind != history.Notification {
		return l.Charge.Aside()
	}
	return l.Charge.Cost(c.Method, c.Tool)
}

// stakeOf is what a call has to do with a law: nothing, where it costs nothing.
func stakeOf(l *promise.Law, c *history.Call, origin int64, cfg *LawConfig, caughtUp func(out int64) int64) (s stake,
	ok bool) {
	clocks := cfg.Clocks
	least, most := costOf(l, c)
	if l.Kind == promise.Sessions && (c.Detail == Sessionless || c.Outcome == history.Limited && !c.Planned()) {
		return s, false
	}
	if c.Outcome == history.Unsent || most == 0 {
		return s, false
	}
	s = stake{sent: int64(c.Sent) - origin - int64(clocks.Error), received: never, least: int32(least),
		most: int32(most)}
	switch {
	case c.Outcome.Answered():
		s.received = int64(c.Received) - origin + int64(clocks.Error)
	case c.Kind != history.Request && c.Outcome == history.Unknown:
		s.received = caughtUp(int64(max(c.Sent, c.Received)) - origin + int64(clocks.Error))
	}
	if s.received < s.sent { // its instants contradict each other: it may have been at any time
		return stake{sent: 0, received: never, most: int32(most)}, c.Outcome != history.Limited
	}
	switch {
	case c.Outcome == history.Limited && (!c.Planned() || c.Kind != history.Request):
		s.least = 0 // never held against a server: what sets up or stands beside, it may refuse as it likes
	case c.Outcome == history.Limited:
		s.refused, s.parts, s.least = true, s.least < s.most && s.most > 1, 0
	case !c.Outcome.Admitted():
		s.least = 0
	}
	s.settle(l.Charge.Outcomes, c, cfg.Fails)
	return s, true
}

// settle says what a stake takes where only failures, or only successes, are charged.
// A limiter may count such a request at once and take it back when it knows better.
func (s *stake) settle(only promise.Outcomes, c *history.Call, fails func(c *history.Call) bool) {
	failed := c.Outcome.Answered() && (c.Status >= 400 || fails != nil && fails(c))
	fine := c.Outcome == history.OK && !failed
	if only == promise.All || s.refused {
		return
	}
	if s.received != never {
		s.received += int64(slotSlack) // or it counts it when the reply has been written
	}
	switch {
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

// An identity is whose counter a call is charged to: for each dimension of a law's key,
// who it is, and empty for the others.
type identity struct{ session, credential, address, tool, method string }

// String says who that is, in words; empty of everybody.
func (id identity) String() string {
	var parts []string
	for _, part := range []struct{ name, value string }{
		{"session ", id.session}, {"credential ", id.credential}, {"", id.address}, {"tool ", id.tool}, {"", id.method},
	} {
		if part.value != "" {
			parts = append(parts, part.name+part.value)
		}
	}
	return strings.Join(parts, ", ")
}

func (cfg *LawConfig) identityOf(k promise.Key, c *history.Call) (id identity) {
	for _, d := range k {
		name, known := "", false
		if cfg.Identify != nil {
			name, known = cfg.Identify(d, c)
		}
		switch d {
		case promise.Session:
			if id.session = name; !known {
				id.session = c.Client
				if c.Session != "" {
					id.session += "/" + c.Session
				}
			}
		case promise.Credential:
			if id.credential = name; !known {
				id.credential = c.Client
			}
		case promise.Address:
			if id.address = name; !known {
				id.address = "one address" // as one machine has
			}
		case promise.Tool:
			id.tool = c.Tool
		case promise.Method:
			id.method = c.Method
		}
	}
	return id
}

// fewest and most of the limiter's time are as long, by the history's clock, as this
// span of the limiter's may be.
func (c *counter) fewest(span time.Duration) int64 {
	return max(0, int64(float64(span)/(1+c.clocks.Drift))-int64(c.clocks.Tick)-2)
}

func (c *counter) longest(span time.Duration) int64 {
	return int64(float64(span)/(1-c.clocks.Drift)) + int64(c.clocks.Tick) + 2
}
