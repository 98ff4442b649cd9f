package verdict

import (
	"cmp"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// LawConfig says how a history is to be held against a promise of several laws. The
// zero value takes clocks that agree for granted; most callers want DefaultClocks.
type LawConfig struct {
	Clocks    Clocks
	Tolerance float64 // tokens, for buckets; 0 means DefaultTolerance
	Shared    bool    // others may use the server: refusals can't be held against it

	// Identify names whom a call belongs to, in a dimension; false where it leaves that
	// to what the call itself says: its client and session. All calls have one address,
	// unless it says otherwise.
	Identify func(d promise.Dimension, c *history.Call) (name string, known bool)

	// Epoch is when instant 0 of the history was, for quotas: a calendar resets them. The
	// zero Epoch is known to nobody, so that a reset may have been at any time.
	Epoch time.Time

	// Fails says of a call that was answered that the server counts it as one that failed,
	// for laws that charge failures or successes only; nil: that is HTTP's status alone.
	Fails func(c *history.Call) bool

	// Lingering says that sessions that somebody opened before the history may be open still, so
	// that what a law of sessions refuses proves nothing.
	Lingering bool

	// Lasts is how long a call that is let in is served at least, for caps; nil: nobody
	// knows, so that no cap is ever found to let through too many.
	Lasts func(c *history.Call) time.Duration
}

// A LawState is what a history says of one law.
type LawState string

// The states.
const (
	NotObserved LawState = "not observed" // nothing contradicts it, and nothing shows it
	Kept        LawState = "kept"         // and one unit more would have been seen
	Broken      LawState = "broken"       // calls were let through that it forbids
)

// A LawFinding is what a history says of one law.
type LawFinding struct {
	Law     promise.Law
	State   LawState
	Key     string   // whose counter shows it; empty where everybody shares one
	Units   Interval // N, or the burst: what the history leaves of it, the other laws as declared
	Witness *Witness // of a broken law: the calls, and what it grants them
	Refused int      // calls that this law may have refused, and no other
	PutOut  int      // of sessions: how many a new one put out, in place of being refused
	InBeats bool     // of a bucket: its tokens come one at a time, by a clock of the limiter's own
}

// A Judgement of laws: each law's finding, and the refusals that no law explains.
type LawJudgement struct {
	Verdict     Verdict
	Laws        []LawFinding
	Unexplained []Unexplained
	Calls       int // calls that the laws are about

	by      []uint16      // see By
	mayTick bool          // see Court.MayTick
	unsure  time.Duration // see Unsure
}

// An Unexplained refusal is one that no law of the promise can have made.
type Unexplained struct {
	Call int      // 1-based position in the history
	Room []string // for each law that applies, what was surely left of it
}

// JudgeLaws holds a history against a promise of any laws. Over-admission is judged
// law by law, over what each surely charges. A refusal is unjustified only if no law
// can have made it: since a call that another law refused may have been charged first,
// which laws can have refused what is found as a fixed point, from above.
//
// Sound: whatever the delays, and whatever the clocks within their bounds, no history
// of a server that keeps all laws is failed. O(n log n) a law and round; there are
// at most as many rounds as laws, and one. It panics on a promise that Validate refuses.
func JudgeLaws(p promise.Promise, calls []history.Call, cfg LawConfig) LawJudgement {
	if err := p.Validate(); err != nil {
		panic("verdict: internal error: " + err.Error())
	}
	j := newLawJudge(p, calls, cfg)
	j.settle()
	out := j.judgement()
	if out.Verdict == Fail && j.inBeats() {
		return j.judgement()
	}
	out.mayTick, out.unsure = j.mayTick, j.unsure
	return out
}

func newLawJudge(p promise.Promise, calls []history.Call, cfg LawConfig) *lawJudge {
	cfg.Tolerance = cmp.Or(cfg.Tolerance, DefaultTolerance)
	return &lawJudge{promise: p, cfg: cfg, calls: calls, counters: counters(p, calls, cfg)}
}

type lawJudge struct {
	promise  promise.Promise
	cfg      LawConfig
	calls    []history.Call
	counters [][]*counter // by law

	by []uint16 // by call: the laws that can have refused it, a bit each

	mayTick bool          // a clock of beat's kind would explain what is wrong, and something else as well
	unsure  time.Duration // see LawJudgement.Unsure
}

// settle finds which laws can have refused which calls.
func (j *lawJudge) settle() {
	n := len(j.promise)
	j.by = make([]uint16, len(j.calls))
	for x := range j.promise {
		for _, c := range j.counters[x] {
			for _, i := range c.refuse {
				j.allow(x, c.stakes[i].call, true)
			}
		}
	}
	// What a law may have been paid depends on what the others can have refused, so it is
	// asked again only where that is news. To stop early would only be more lenient.
	news, seen := make([]int, n), make([]int, n)
	for round := 0; round <= n; round++ {
		for x := range j.promise {
			others := 1 - news[x]
			for _, more := range news {
				others += more
			}
			if seen[x] == others {
				continue
			}
			seen[x] = others
			for _, c := range j.counters[x] {
				if j.refusals(x, c) {
					news[x]++
				}
			}
		}
	}
}

// allow says if a law can have refused a call, and reports if that is news.
func (j *lawJudge) allow(x int, call int32, yes bool) bool {
	if j.may(x, call) == yes {
		return false
	}
	j.by[call] ^= 1 << x
	return true
}

// may reports if law x can have refused a call.
func (j *lawJudge) may(x int, call int32) bool { return j.by[call]&(1<<x) != 0 }

// alone reports if law x can have refused a call, and no other one.
func (j *lawJudge) alone(x int, call int32) bool { return j.by[call] == 1<<x }

// byAnother reports if a law other than x can have refused a call.
func (j *lawJudge) byAnother(x int, call int32) bool {
	return j.by[call]&^(1<<x) != 0
}

// refusals works out which refusals a counter can have made, as far as is known of the
// other laws, and reports if that is news.
func (j *lawJudge) refusals(x int, c *counter) (changed bool) {
	if len(c.refuse) == 0 {
		return false
	}
	limit, may := c.refusingN(j.cfg.Tolerance), make([]bool, len(c.refuse))
	c.bound = nil // the memory is needed while the next are worked out
	c.bound = c.bounds(j.charged(x, c))
	for k, bound := range c.bound {
		may[k] = j.shared(x) || limit < bound
	}
	for _, k := range c.prolong(may) {
		c.bound[k] = math.Inf(1) // it says nothing of the number
	}
	for k, i := range c.refuse {
		changed = j.allow(x, c.stakes[i].call, may[k]) || changed
	}
	return changed
}

// bounds are, of each refusal of a counter, the least N at which it can't have made it.
func (c *counter) bounds(charged func(s *stake) bool) []float64 {
	var counted *presence
	timed := c.ticking()
	if c.law.Kind == promise.Bucket {
		counted = timed.demand(charged)
	} else {
		counted = c.present(charged)
	}
	own := func(s *stake) int64 {
		if charged(s) {
			return int64(s.most) // it isn't in its own way
		}
		return 0
	}
	bounds := make([]float64, len(c.refuse))
	for k, i := range c.refuse {
		s := &timed.stakes[i]
		bounds[k] = counted.most(s.sent, s.received) - float64(own(s))
	}
	counted, timed = nil, nil // the next needs as much memory
	f := c.firstChain(charged)
	for k, i := range c.refuse {
		s := &c.stakes[i]
		if f != nil {
			if units, known := f.full(s, own(s)); known {
				bounds[k] = min(bounds[k], float64(units))
			}
		}
		bounds[k] += float64(s.most)
	}
	return bounds
}

// charged says which stakes may have cost something: a refused one only where refusals
// are charged, or where the law may have been paid before another one refused.
func (j *lawJudge) charged(x int, c *counter) func(s *stake) bool {
	return func(s *stake) bool {
		return !s.refused || c.law.Charge.Refused || s.parts || j.byAnother(x, s.call)
	}
}

// refusingN is the limit that a refusal is held against, as lenient as the law is.
func (c *counter) refusingN(tolerance float64) float64 {
	n := float64(c.law.N)
	if c.law.Kind == promise.Bucket {
		// Tokens in steps may lag behind by one; whoever may wait is let into a bucket
		// that is as much deeper.
		return n - float64(c.law.Step) + c.law.Rate*c.law.Wait.Seconds() - tolerance
	}
	return n
}

// prolong excuses what comes after a refusal, where that bars its key for a time, or
// prolongs the window, and returns the places of what it may have barred.
func (c *counter) prolong(may []bool) (barred []int) {
	bar := c.law.Lockout
	if c.law.Elastic {
		bar = max(bar, c.law.Every)
	}
	if bar == 0 {
		return nil
	}
	span, until := c.longest(bar), int64(math.MinInt64)
	for k, i := range c.refuse {
		s := &c.stakes[i]
		if s.sent <= until {
			may[k] = true
			barred = append(barred, k)
		}
		if may[k] {
			until = max(until, c.halts.over(s.received+span))
		}
	}
	return barred
}

// judgement puts together what is known of each law, and of refusals that none made.
func (j *lawJudge) judgement() LawJudgement {
	out := LawJudgement{Verdict: Pass}
	for x := range j.promise {
		f := j.finding(x)
		switch {
		case f.State == Broken:
			out.Verdict = Fail
		case f.State == NotObserved && out.Verdict == Pass:
			out.Verdict = Inconclusive
		}
		out.Laws = append(out.Laws, f)
	}
	out.Unexplained, out.by = j.unexplained(), j.by
	if len(out.Unexplained) > 0 {
		out.Verdict = Fail
	}
	if len(j.promise) == 0 {
		out.Verdict = Inconclusive
	}
	return out
}

// finding is what the counters of a law say: the one that breaks it most, else the one
// that shows it best.
func (j *lawJudge) finding(x int) LawFinding {
	f := LawFinding{Law: j.promise[x], State: NotObserved, Units: Interval{Lo: 0, Hi: math.Inf(1)}}
	for _, c := range j.counters[x] {
		f.InBeats = f.InBeats || c.beats
		lo, e, broken := c.excessOf(j.cfg.Tolerance)
		hi := j.least(x, c)
		if broken && f.State != Broken {
			f.State, f.Key, f.Witness = Broken, c.key, c.witness(e)
		}
		if calls, none := j.phaseless(x, c); none && f.State != Broken {
			f.State, f.Key, f.Witness = Broken, c.key, calls
		}
		own := func(s *stake) bool { return !j.shared(x) && j.alone(x, s.call) }
		if calls, some := c.unbarred(own); some && f.State != Broken {
			f.State, f.Key, f.Witness = Broken, c.key, calls
		}
		f.Units.Lo = max(f.Units.Lo, lo)
		f.Units.Hi = min(f.Units.Hi, hi)
		f.Refused += j.refusedAlone(x, c)
		lingering := j.cfg.Lingering && c.law.Kind == promise.Sessions
		if f.State == NotObserved && !lingering && (hi <= c.pinned() || j.plain(x, c) || c.waited(e)) {
			f.State, f.Key = Kept, c.key
		}
		if n := c.putOut(e); n > 0 && f.State == NotObserved {
			f.State, f.Key, f.PutOut, f.Units.Hi = Kept, c.key, n, float64(c.law.N)
		}
	}
	if f.Units.Hi < f.Units.Lo { // no number explains both what it let through and what it refused
		f.Units.Hi = math.Inf(1)
	}
	return f
}

// refusedAlone is how many refusals of a counter only this law can have made.
func (j *lawJudge) refusedAlone(x int, c *counter) (n int) {
	for _, i := range c.refuse {
		if j.alone(x, c.stakes[i].call) {
			n++
		}
	}
	return n
}

// least is the least N of which a counter's refusals leave something: those that only
// this law can have made.
func (j *lawJudge) least(x int, c *counter) float64 {
	least := math.Inf(1)
	for k, i := range c.refuse {
		if j.alone(x, c.stakes[i].call) && !j.shared(x) {
			least = min(least, c.bound[k])
		}
	}
	return c.units(least)
}

// excessOf is the least N that a counter needs, and what shows it; broken is set where
// that is more than the law's.
func (c *counter) excessOf(tolerance float64) (need float64, e excess, broken bool) {
	switch c.law.Kind {
	case promise.Bucket:
		step := float64(c.law.Step) // which may have come at any instant
		if need, e, broken = c.fillExcess(); broken {
			return need - step, e, true
		}
		need, e = c.bucketNeed()
		return need - step, e, need > float64(c.law.N)+step+tolerance
	case promise.Cap:
		e = c.crowd()
		return float64(e.units), e, e.units > c.law.N
	case promise.Sessions:
		e = c.gathering()
		return float64(e.units), e, e.units > c.law.N
	}
	if c.law.Kind == promise.Quota {
		if e, known := c.quotaExcess(); known && (e.units > c.law.N || c.law.Zone != "") {
			return float64(e.units), e, e.units > c.law.N
		}
	}
	e, broken = c.windowExcess()
	need = math.Ceil(float64(e.units) / float64(e.windows))
	if f := c.firstChain(anyStake); f != nil && !broken {
		if more, ok := f.excess(); ok {
			return float64(more.units), more, true
		}
	}
	if l := c.law; l.Style == promise.Fixed && (l.Elastic || l.Lockout > 0) && !broken {
		if more, ok := c.untilRefused(); ok {
			return float64(more.units), more, true
		}
	}
	return need, e, broken
}

// anyStake: whatever may have been charged, refused or not.
func anyStake(*stake) bool { return true }

// pinned is how much of a law's units its refusals may leave so that the law is shown:
// with one unit more, such a call would have been let through.
func (c *counter) pinned() float64 {
	if c.law.Kind == promise.Bucket {
		return float64(c.law.N+c.law.Step) + maxPin
	}
	return float64(c.law.N + c.grain() - 1)
}
