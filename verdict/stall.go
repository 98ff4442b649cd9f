package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Stall is a span in which nothing at all was answered although something
// was in flight: the server, the network or we ourselves stood still. It delays
// whatever it meets, so no check that compares times may fail by it.
//
// Worked counter-example. A limiter of 12/s is called 16 times a second and
// answers within a millisecond. It is stopped from 1 s to 4 s, and has 16 tokens
// when it goes on: of the 48 calls that wait, 16 are admitted and 32 refused. In
// a run of seven seconds with 20 refusals elsewhere most refusals now took
// seconds and most admissions a millisecond, though refusals cost nothing. With
// the stall taken out each of them took a millisecond again.
//
// No call is a proof of its own excuse, and no refusal of another one's. Where
// only refusals are in flight and none is answered for a second, that is a stall
// or a server that holds them back, and nobody can tell which. So a stall is
// taken out of a call's time only where another call waited in it that wasn't
// refused.
type Stall struct {
	From, To time.Duration
	Lane     string // the connection that stood still; empty: all of them

	first   int           // index of the call in flight for longest that wasn't refused
	since   time.Duration // from when it was, and
	another time.Duration // from when one more was; To where none was
}

// Length is how long it lasted.
func (s Stall) Length() time.Duration { return s.To - s.From }

// stallLeast is how long a stall is at least. Shorter ones are what schedulers
// and networks do all the time.
const stallLeast = 100 * time.Millisecond

// laneOf is the connection of a call, as far as a history tells.
func laneOf(c history.Call) string { return c.Client + "/" + c.Session }

// Stalls returns the stalls of a history that last at least so long: of all
// connections together first, then of each by itself, in order.
func Stalls(calls []history.Call, least time.Duration) []Stall {
	all := make([]int, 0, len(calls))
	lanes := map[string][]int{}
	for i, c := range calls {
		if c.Outcome != history.Unsent && c.Received >= c.Sent {
			all = append(all, i)
			lanes[laneOf(c)] = append(lanes[laneOf(c)], i)
		}
	}
	list := stallsOf(calls, all, "", least)
	if len(lanes) < 2 {
		return list
	}
	names := make([]string, 0, len(lanes))
	for name := range lanes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, stallsOf(calls, lanes[name], name, least)...)
	}
	return list
}

// stallsOf returns the stalls of some calls, by their indices.
func stallsOf(calls []history.Call, some []int, lane string, least time.Duration) []Stall {
	var answers []time.Duration
	last := time.Duration(0)
	for _, i := range some {
		last = max(last, calls[i].Received)
		if calls[i].Outcome.Answered() || calls[i].Misanswered() {
			answers = append(answers, calls[i].Received)
		}
	}
	slices.Sort(answers)
	bySent := slices.Clone(some)
	slices.SortStableFunc(bySent, func(a, b int) int { return cmp.Compare(calls[a].Sent, calls[b].Sent) })
	var list []Stall
	from := time.Duration(-1 << 62)
	for _, to := range append(answers, last) {
		if to-from >= least {
			if s, ok := gap(calls, bySent, from, to); ok && s.Length() >= least {
				s.Lane = lane
				list = append(list, s)
			}
		}
		from = to
	}
	return list
}

// gap is the part of a span without answers in which something was in flight
// to its end; false where nothing was.
func gap(calls []history.Call, bySent []int, from, to time.Duration) (Stall, bool) {
	s, found := Stall{From: to, To: to, since: to, another: to}, false
	for _, i := range bySent {
		c := &calls[i]
		if c.Sent >= to {
			break
		}
		if c.Received < to {
			continue
		}
		since := max(from, c.Sent)
		if !found {
			s.From, found = since, true
		}
		switch {
		case c.Outcome == history.Limited:
		case s.since == to:
			s.first, s.since = i, since
		default:
			s.another = since
			return s, true
		}
	}
	return s, found
}

// without is what the server took for a call when all stalls are taken out of
// it, those of its connection and those of all together. at is its index.
func without(stalls []Stall, at int, c history.Call) time.Duration {
	var spans []Stall
	for _, s := range stalls {
		if s.Lane != "" && s.Lane != laneOf(c) {
			continue
		}
		since := s.since
		if s.first == at {
			since = s.another
		}
		if s.To-since < stallLeast {
			continue
		}
		s.From, s.To = max(s.From, c.Sent), min(s.To, c.Received)
		if s.Length() > 0 {
			spans = append(spans, s)
		}
	}
	return c.Service() - covered(spans)
}

// covered is how much time some spans take together. It sorts them.
func covered(spans []Stall) time.Duration {
	slices.SortFunc(spans, func(a, b Stall) int { return cmp.Compare(a.From, b.From) })
	sum, end := time.Duration(0), time.Duration(-1<<62)
	for _, s := range spans {
		if s.To > end {
			sum += s.To - max(s.From, end)
			end = s.To
		}
	}
	return sum
}

// Standstills returns the spans of at least so long in which we ourselves did
// nothing: a call was due in them, and was sent only when they were over. They
// begin with the last thing that we are known to have done before it was due.
func Standstills(calls []history.Call, least time.Duration) []Stall {
	var alive []time.Duration
	for _, c := range calls {
		if c.Outcome != history.Unsent {
			alive = append(alive, c.Sent, c.Received)
		}
	}
	slices.Sort(alive)
	var list []Stall
	for _, c := range calls {
		if c.Outcome == history.Unsent || c.Late() < least {
			continue
		}
		from := c.Due
		if at, _ := slices.BinarySearch(alive, c.Due); at > 0 {
			from = alive[at-1]
		}
		list = append(list, Stall{From: from, To: c.Sent})
	}
	return list
}
