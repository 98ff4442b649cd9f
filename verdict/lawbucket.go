package verdict

import (
	"math"
	"time"
)

// bucketNeed is the smallest burst that a bucket of the law's rate must have to have
// admitted what it surely did, and the stretch that says so; see sweepAdmissions.
func (c *counter) bucketNeed() (float64, excess) {
	sure := c.sure()
	rho := perNano(c.law.Rate) * (1 + c.clocks.Drift)
	tick := rho * float64(c.clocks.lag())
	var tree suffixTree
	tree.reset(len(sure), rho)
	need, e := 0.0, excess{}
	for _, k := range c.byReply(sure) {
		s := &c.stakes[sure[k]]
		tree.addOpen(k, s.least, s.sent)
		if n := tree.best(s.received) - tick; n > need {
			need, e = n, excess{units: int(tree.node[1].tokens), from: tree.node[1].from, to: s.received}
		}
	}
	e.calls = c.surelyIn(sure, e.from, e.to)
	return need, e
}

// mostFills is for how many steps of a bucket a stretch is looked for; a longer one is
// held against the flow, which is up to a step more.
const mostFills = 16

// lateTimer is how late a timer may fill a bucket.
const lateTimer = 50 * time.Millisecond

// fillExcess is what a bucket whose tokens come in steps surely let through too much, and
// the burst, one step included, that it would take. A stretch shorter than n times Every
// has at most n fills, wherever they lie, but for a timer that was late for one and not for
// the next.
func (c *counter) fillExcess() (need float64, e excess, broken bool) {
	l := c.law
	if l.Step == 0 || len(c.stakes) == 0 {
		return 0, e, false
	}
	length := c.last() - c.stakes[0].sent
	for fills := 1; fills <= mostFills; fills++ {
		span := c.fewest(time.Duration(fills)*l.Every - lateTimer)
		if e = c.sureWithin(span); e.units > l.N+fills*l.Step {
			return float64(e.units - (fills-1)*l.Step), e, true
		}
		if span > length {
			break
		}
	}
	return 0, excess{}, false
}

// demand is, at each of the sent instants, the most that may have been drawn from the
// law's bucket and not flowed back; see demandAt.
func (c *counter) demand(charged func(s *stake) bool) *presence {
	in := make([]int32, 0, len(c.stakes)) // by sent
	p := &presence{at: make([]int64, 0, len(c.stakes))}
	for i := range c.stakes {
		s := &c.stakes[i]
		if charged(s) {
			in = append(in, int32(i))
		} else if !s.refused {
			continue
		}
		if n := len(p.at); n == 0 || p.at[n-1] < s.sent {
			p.at = append(p.at, s.sent)
		}
	}
	lag := c.clocks.lag()
	missed := func(i int32) int64 {
		if r := c.stakes[i].received; r != never {
			return r + lag
		}
		return never
	}
	byEnd := make([]int32, 0, len(in))
	for _, i := range c.byEnd {
		if charged(&c.stakes[i]) {
			byEnd = append(byEnd, i)
		}
	}
	rho := perNano(c.law.Rate) * (1 - c.clocks.Drift)
	if c.law.Step > 0 { // a timer that is set anew each time may be a tick late each time
		rho *= float64(c.law.Every) / float64(c.law.Every+c.clocks.Tick)
	}
	value := make([]float64, len(p.at))
	best := latestWindow{rho: rho}
	flying, sent, open, done := 0, 0, 0, 0
	for k, t := range p.at {
		for ; sent < len(in) && c.stakes[in[sent]].sent <= t; sent++ {
			best.total += int64(c.stakes[in[sent]].most)
			flying += int(c.stakes[in[sent]].most)
		}
		for ; open < len(byEnd) && missed(byEnd[open]) <= t; open++ {
			best.open(missed(byEnd[open]), c.stakes[byEnd[open]].most)
		}
		for ; done < len(byEnd) && missed(byEnd[done]) < t; done++ {
			flying -= int(c.stakes[byEnd[done]].most)
		}
		value[k] = math.Max(float64(flying), best.asks(t))
	}
	p.tree.build(value)
	return p
}

// A latestWindow is the window that asks for most of all that end now, where calls come by
// their sent instants and windows open by the ends of calls. A call comes before it ends, and
// so counts in every window that is open by then: the best one stays the best until another
// opens. See suffixTree for calls that come in any order.
type latestWindow struct {
	rho   float64 // tokens a nanosecond that flow in
	total int64   // tokens of all calls
	ended int64   // tokens of those that have opened a window
	begun bool
	from  int64 // the best window's beginning
	apart int64 // tokens of the calls that don't count in it
}

// open has a window begin with the end of a call of so many tokens.
func (w *latestWindow) open(from int64, tokens int32) {
	if !w.begun || float64(w.ended-w.apart) <= w.rho*float64(from-w.from) {
		w.begun, w.from, w.apart = true, from, w.ended
	}
	w.ended += int64(tokens)
}

// asks is what the window asks for at an instant, -Inf where none is open.
func (w *latestWindow) asks(now int64) float64 {
	if !w.begun {
		return math.Inf(-1)
	}
	return float64(w.total-w.apart) - w.rho*float64(now-w.from)
}
