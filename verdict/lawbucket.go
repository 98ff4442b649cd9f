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
	byEnd, rank := make([]int32, 0, len(in)), make([]int32, len(c.stakes))
	for _, i := range c.byEnd {
		if charged(&c.stakes[i]) {
			rank[i] = int32(len(byEnd))
			byEnd = append(byEnd, i)
		}
	}
	rho := perNano(c.law.Rate) * (1 - c.clocks.Drift)
	if c.law.Step > 0 { // a timer that is set anew each time may be a tick late each time
		rho *= float64(c.law.Every) / float64(c.law.Every+c.clocks.Tick)
	}
	var tree suffixTree
	tree.reset(len(in), rho)
	value := make([]float64, len(p.at))
	flying, sent, open, done := 0, 0, 0, 0
	for k, t := range p.at {
		for ; sent < len(in) && c.stakes[in[sent]].sent <= t; sent++ {
			tree.add(rank[in[sent]], c.stakes[in[sent]].most)
			flying += int(c.stakes[in[sent]].most)
		}
		for ; open < len(byEnd) && missed(byEnd[open]) <= t; open++ {
			tree.open(int32(open), missed(byEnd[open]))
		}
		for ; done < len(byEnd) && missed(byEnd[done]) < t; done++ {
			flying -= int(c.stakes[byEnd[done]].most)
		}
		value[k] = math.Max(float64(flying), tree.best(t))
	}
	tree = suffixTree{} // the next needs memory as well
	p.tree.build(value)
	return p
}
