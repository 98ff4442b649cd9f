package verdict

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A Lane says of one law, and of the counter of it that shows most, how many units an
// honest server must have counted at each instant: no choice of the unseen instants puts
// it below Least or above Most. Units count
//
//	of a bucket           until they have flowed back
//	of a fixed window     until the window closes that they were taken in
//	of any other window   for its length, wherever it begins
//	of a quota            for the longest that its unit lasts
//	of a cap              while they are served
//	of sessions           while they are open
//
// Where nobody knows what was decided when, the two are far apart.
type Lane struct {
	Law     promise.Law  // as it was judged
	Key     string       // whose counter; empty where everybody shares one
	Others  int          // how many more counters there are
	Curve   []Occupied   // in order; straight lines lie between
	Refused []LanePoint  // in order of the calls
	Opened  []LaneWindow // of a fixed window, as far as its windows can be followed
	charged map[int32]bool
}

// Occupied is how much of a law's units is taken at an instant.
type Occupied struct {
	At          time.Duration
	Least, Most float64
}

// A LanePoint is a refused call: how many units may have been taken when it came.
type LanePoint struct {
	Call  int // 1-based position in the history
	At    time.Duration
	Taken float64
	May   bool // this law can have refused it
	Alone bool // and no other
}

// A LaneWindow is between which two instants a window opened, and by when it has closed.
type LaneWindow struct{ From, To, Closed time.Duration }

// Has reports if a call, by its 1-based position, is one that the lane's counter may have
// charged, or refused.
func (l *Lane) Has(call int) bool { return l.charged[int32(call-1)] }

// Lanes returns a lane for each law of a promise, in its order: empty ones of laws that
// no call was about. It costs O(n log n) a law, beside the judgement.
func Lanes(p promise.Promise, calls []history.Call, cfg LawConfig) []Lane {
	j := newLawJudge(p, calls, cfg)
	j.settle()
	out := make([]Lane, len(p))
	for x := range p {
		out[x].Law = p[x]
		if c := j.telling(x); c != nil {
			j.fillLane(&out[x], x, c)
		}
	}
	return out
}

// Lanes are those of a court's history.
func (l *Laws) Lanes(c *Court) []Lane { return Lanes(l.Held, c.calls, l.config(c)) }

// telling is the counter that a finding is about, else the one that most calls are about.
func (j *lawJudge) telling(x int) *counter {
	list := j.counters[x]
	if len(list) == 0 {
		return nil
	}
	f := j.finding(x)
	if k := slices.IndexFunc(list, func(c *counter) bool { return f.State != NotObserved && c.key == f.Key }); k >= 0 {
		return list[k]
	}
	return slices.MaxFunc(list, func(a, b *counter) int { return cmp.Compare(len(a.stakes), len(b.stakes)) })
}

func (j *lawJudge) fillLane(l *Lane, x int, c *counter) {
	l.Key, l.Others, l.charged = c.key, len(j.counters[x])-1, map[int32]bool{}
	for i := range c.stakes {
		l.charged[c.stakes[i].call] = true
	}
	charged := j.charged(x, c)
	for k, i := range c.refuse {
		s := &c.stakes[i]
		p := LanePoint{Call: int(s.call) + 1, At: c.instant(s.sent), Taken: float64(c.law.N)}
		if k < len(c.bound) && !math.IsInf(c.bound[k], 1) {
			p.Taken = c.bound[k] - float64(s.most)
		}
		p.May, p.Alone = j.may(x, s.call), j.alone(x, s.call)
		l.Refused = append(l.Refused, p)
	}
	slices.SortFunc(l.Refused, func(a, b LanePoint) int { return cmp.Compare(a.Call, b.Call) })
	if c.law.Kind == promise.Bucket {
		l.Curve = c.drawn(charged)
	} else {
		l.Curve = c.held(charged, c.firstChain(charged), &l.Opened)
	}
	most := c.honest()
	for k := range l.Curve { // whatever may have been, an honest server counts no more
		l.Curve[k].Most = max(l.Curve[k].Least, min(l.Curve[k].Most, most))
	}
}

// honest is the most that an honest server ever counts, as a lane counts.
func (c *counter) honest() float64 {
	n := float64(c.law.N)
	if c.law.Kind == promise.Quota || c.law.Kind == promise.Window && c.law.Style != promise.Sliding &&
		c.law.Style != promise.Fixed {
		return 2 * n // two windows may touch
	}
	return n
}

func (c *counter) instant(at int64) time.Duration { return time.Duration(c.origin + at) }

// A shift is what happens to one of the sums of a lane at an instant.
type shift struct {
	at    int64
	sum   int // 0: least; 1 to 3: what may be taken, whose greatest counts
	units int32
}

// held is the curve of a law that gives back all of a unit at once.
func (c *counter) held(charged func(s *stake) bool, f *chain, opened *[]LaneWindow) []Occupied {
	var list []shift
	during := func(sum int, from, to int64, units int32) {
		if units > 0 && from < to {
			list = append(list, shift{from, sum, units}, shift{to, sum, -units})
		}
	}
	if f != nil {
		f.occupy(during, opened)
	} else {
		span := c.law.Every
		if c.law.Kind == promise.Quota {
			span = c.law.Unit.Length()
		}
		for i := range c.stakes {
			s := &c.stakes[i]
			if charged(s) {
				during(1, s.sent, c.remembered(s, span), s.most)
			}
			if from, to := c.surelyHeld(s, span); s.received != never {
				during(0, from, to, s.least)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b shift) int { return cmp.Compare(a.at, b.at) })
	var sums [4]int64
	var curve []Occupied
	for k, ch := range list {
		if k == 0 || list[k-1].at != ch.at {
			curve = append(curve, c.occupied(ch.at, &sums)) // what was until now
		}
		sums[ch.sum] += int64(ch.units)
		if k+1 == len(list) || list[k+1].at != ch.at {
			curve = append(curve, c.occupied(ch.at, &sums))
		}
	}
	return curve
}

func (c *counter) occupied(at int64, sums *[4]int64) Occupied {
	return Occupied{c.instant(at), float64(sums[0]), float64(max(sums[1], sums[2], sums[3]))}
}

// remembered is until when what a stake took may count.
func (c *counter) remembered(s *stake, span time.Duration) int64 {
	switch {
	case s.received == never:
		return c.last() + 1
	case c.law.Kind == promise.Sessions:
		return min(c.over(s), c.last()+1)
	case s.brief || c.law.Kind == promise.Cap:
		return s.received + int64(slotSlack)
	}
	return s.received + c.longest(span)
}

// surelyHeld is while a stake surely counts.
func (c *counter) surelyHeld(s *stake, span time.Duration) (from, to int64) {
	switch c.law.Kind {
	case promise.Cap:
		return c.served(s)
	case promise.Sessions:
		return s.received, c.surelyOpen(s)
	}
	return s.received, s.sent + c.fewest(span)
}

// last is the last instant of a counter.
func (c *counter) last() int64 {
	last := int64(0)
	for i := range c.stakes {
		s := &c.stakes[i]
		if last = max(last, s.sent); s.received != never {
			last = max(last, s.received)
		}
	}
	return last
}

// occupy says what may lie in each window, and what surely does. Neighbours may overlap,
// since nobody knows just when one closes, so they have a sum each; what can't be followed
// has the third.
func (f *chain) occupy(during func(sum int, from, to int64, units int32), opened *[]LaneWindow) {
	sure, may := 0, 0
	for k, w := range f.windows {
		closed := w.closed
		*opened = append(*opened, LaneWindow{f.instant(w.lo), f.instant(w.hi), f.instant(closed)})
		for sure < len(f.sure) && f.stakes[f.sure[sure]].sent < w.from {
			sure++
		}
		for n := sure; n < len(f.sure) && f.stakes[f.sure[n]].sent < w.lo+f.shut; n++ {
			if s := &f.stakes[f.sure[n]]; s.received < w.lo+f.shut {
				during(0, s.received, w.lo+f.shut, s.least)
			}
		}
		for may < len(f.may) && f.stakes[f.may[may]].received < w.lo && f.stakes[f.may[may]].received != never {
			may++
		}
		for n := may; n < len(f.may) && f.stakes[f.may[n]].sent <= closed; n++ {
			if s := &f.stakes[f.may[n]]; s.received >= w.lo {
				during(1+k%2, max(s.sent, w.lo), closed, s.most)
			}
		}
	}
	for _, l := range f.lost {
		for _, i := range f.may {
			if s := &f.stakes[i]; s.received >= l.from && s.sent <= l.to {
				during(3, max(s.sent, l.from), min(l.to, f.remembered(s, f.law.Every)), s.most)
			}
		}
	}
}

// drawn is the curve of a bucket: what was taken and hasn't flowed back.
func (c *counter) drawn(charged func(s *stake) bool) []Occupied {
	fast, slow := perNano(c.law.Rate)*(1+c.clocks.Drift), perNano(c.law.Rate)*(1-c.clocks.Drift)
	least := c.surelyDrawn(fast)
	var list []shift
	for i := range c.stakes {
		if s := &c.stakes[i]; charged(s) {
			list = append(list, shift{s.sent, 1, s.most})
			if s.received != never {
				list = append(list, shift{s.received + c.clocks.lag(), 2, s.most})
			}
		}
	}
	for _, l := range least {
		list = append(list, shift{at: l.at})
	}
	slices.SortStableFunc(list, func(a, b shift) int { return cmp.Compare(a.at, b.at) })
	var curve []Occupied
	flying, done, low, at, step := 0.0, 0.0, 0.0, int64(0), float64(c.law.Step)
	put := func() { curve = append(curve, Occupied{c.instant(at), max(0, low-step), flying + done + step}) }
	flow := func(to int64) { // in pieces: each of the two may run dry on the way
		a, b := at+int64(math.Ceil(done/slow)), at+int64(math.Ceil(low/fast))
		for _, dry := range []int64{min(a, b), max(a, b)} {
			if dry > at && dry < to {
				done, low, at = max(0, done-slow*float64(dry-at)), max(0, low-fast*float64(dry-at)), dry
				put()
			}
		}
		done, low, at = max(0, done-slow*float64(to-at)), max(0, low-fast*float64(to-at)), to
	}
	if len(list) > 0 {
		at = list[0].at
	}
	for next := 0; len(list) > 0; list = list[1:] {
		ch := list[0]
		flow(ch.at)
		put()
		switch ch.sum {
		case 1:
			flying += float64(ch.units)
		case 2:
			flying, done = flying-float64(ch.units), done+float64(ch.units)
		}
		for ; next < len(least) && least[next].at <= at; next++ {
			low = max(low, least[next].need)
		}
		put()
	}
	for dry := int64(math.Ceil(max(done/slow, low/fast))); dry > 0; dry = 0 {
		flow(at + dry)
		put()
	}
	return curve
}

// A drain is how much a bucket surely lacks at an instant.
type drain struct {
	at   int64
	need float64
}

// surelyDrawn are the instants at which something surely was taken; see sweepAdmissions.
func (c *counter) surelyDrawn(rho float64) (out []drain) {
	sure := c.sure()
	var tree suffixTree
	tree.reset(len(sure), rho)
	for _, k := range c.byReply(sure) {
		s := &c.stakes[sure[k]]
		tree.addOpen(k, s.least, s.sent)
		out = append(out, drain{s.received, tree.best(s.received) - rho*float64(c.clocks.lag())})
	}
	return out
}
