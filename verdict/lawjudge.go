package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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
}

// A Judgement of laws: each law's finding, and the refusals that no law explains.
type LawJudgement struct {
	Verdict     Verdict
	Laws        []LawFinding
	Unexplained []Unexplained
	Calls       int // calls that the laws are about
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
	cfg.Tolerance = cmp.Or(cfg.Tolerance, DefaultTolerance)
	j := &lawJudge{promise: p, cfg: cfg, calls: calls, counters: counters(p, calls, cfg)}
	j.settle()
	return j.judgement()
}

type lawJudge struct {
	promise  promise.Promise
	cfg      LawConfig
	calls    []history.Call
	counters [][]*counter // by law

	// By law, of each refused call's index: the least N at which the law can't have
	// refused it. A call that the law doesn't apply to isn't in it.
	bound []map[int32]float64
	may   []map[int32]bool // and if it can have
}

// settle finds which laws can have refused which calls.
func (j *lawJudge) settle() {
	n := len(j.promise)
	j.bound, j.may = make([]map[int32]float64, n), make([]map[int32]bool, n)
	for x := range j.promise {
		j.may[x] = map[int32]bool{}
		for _, c := range j.counters[x] {
			for _, i := range c.refuse {
				j.may[x][c.stakes[i].call] = true
			}
		}
	}
	for range n + 1 {
		before := j.count()
		for x := range j.promise {
			j.bound[x] = map[int32]float64{}
			may := map[int32]bool{}
			for _, c := range j.counters[x] {
				j.refusals(x, c, may)
			}
			j.may[x] = may
		}
		if j.count() == before {
			return
		}
	}
}

func (j *lawJudge) count() (n int) {
	for x := range j.may {
		for _, yes := range j.may[x] {
			if yes {
				n++
			}
		}
	}
	return n
}

// byAnother reports if a law other than x can have refused a call.
func (j *lawJudge) byAnother(x int, call int32) bool {
	for y := range j.may {
		if y != x && j.may[y][call] {
			return true
		}
	}
	return false
}

// refusals works out which refusals a counter can have made, as far as is known of the
// other laws.
func (j *lawJudge) refusals(x int, c *counter, may map[int32]bool) {
	if len(c.refuse) == 0 {
		return
	}
	charged := func(s *stake) bool {
		return !s.refused || c.law.Charge.Refused || s.most > 1 || j.byAnother(x, s.call)
	}
	var counted *presence
	if c.law.Kind == promise.Bucket {
		counted = c.demand(charged)
	} else {
		counted = c.present(charged)
	}
	limit := c.refusingN(j.cfg.Tolerance)
	for _, i := range c.refuse {
		s := &c.stakes[i]
		taken := counted.most(s.sent, s.received)
		if charged(s) {
			taken -= float64(s.most) // it isn't in its own way
		}
		j.bound[x][s.call] = taken + float64(s.most)
		may[s.call] = j.cfg.Shared || limit < taken+float64(s.most)
	}
	if f := c.firstChain(charged); f != nil && !j.cfg.Shared {
		for _, i := range c.refuse {
			s, own := &c.stakes[i], int64(0)
			if charged(s) {
				own = int64(s.most)
			}
			may[s.call] = may[s.call] && f.excuses(s, own)
		}
	}
	c.prolong(may)
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
// prolongs the window.
func (c *counter) prolong(may map[int32]bool) {
	bar := c.law.Lockout
	if c.law.Elastic {
		bar = max(bar, c.law.Every)
	}
	if bar == 0 {
		return
	}
	span, until := c.longest(bar), int64(math.MinInt64)
	for _, i := range c.refuse {
		s := &c.stakes[i]
		if s.sent <= until {
			may[s.call] = true
		}
		if may[s.call] {
			until = max(until, s.received+span)
		}
	}
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
	out.Unexplained = j.unexplained()
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
		lo, e, broken := c.excessOf(j.cfg.Tolerance)
		hi := j.least(x, c)
		if broken && f.State != Broken {
			f.State, f.Key, f.Witness = Broken, c.key, c.witness(e)
		}
		if calls, none := j.phaseless(x, c); none && f.State != Broken {
			f.State, f.Key, f.Witness = Broken, c.key, calls
		}
		f.Units.Lo = max(f.Units.Lo, lo)
		f.Units.Hi = min(f.Units.Hi, hi)
		if f.State == NotObserved && hi <= c.pinned() {
			f.State, f.Key = Kept, c.key
		}
		for _, i := range c.refuse {
			if call := c.stakes[i].call; j.may[x][call] && !j.byAnother(x, call) {
				f.Refused++
			}
		}
	}
	return f
}

// phaseless is the witness that no phase explains what an aligned law's counter did.
func (j *lawJudge) phaseless(x int, c *counter) (*Witness, bool) {
	charged := func(s *stake) bool {
		return !s.refused || c.law.Charge.Refused || s.most > 1 || j.byAnother(x, s.call)
	}
	own := func(s *stake) bool { return !j.cfg.Shared && j.may[x][s.call] && !j.byAnother(x, s.call) }
	out, none := c.phases(charged, own)
	if !none {
		return nil, false
	}
	e := excess{from: never, windows: 1}
	for _, r := range out {
		e.calls = append(e.calls, c.callsOf(r)...)
	}
	slices.Sort(e.calls)
	e.calls = slices.Compact(e.calls)
	for _, call := range e.calls {
		e.from, e.to = min(e.from, int64(j.calls[call].Sent)-c.origin), max(e.to, int64(j.calls[call].Received)-c.origin)
	}
	return c.witness(e), true
}

// least is the least N of which a counter's refusals leave something: those that only
// this law can have made.
func (j *lawJudge) least(x int, c *counter) float64 {
	least := math.Inf(1)
	for _, i := range c.refuse {
		call := c.stakes[i].call
		if j.may[x][call] && !j.byAnother(x, call) && !j.cfg.Shared {
			least = min(least, j.bound[x][call])
		}
	}
	if j.promise[x].Kind != promise.Bucket {
		least-- // N < bound, in whole numbers
	}
	return least
}

// excessOf is the least N that a counter needs, and what shows it; broken is set where
// that is more than the law's.
func (c *counter) excessOf(tolerance float64) (need float64, e excess, broken bool) {
	switch c.law.Kind {
	case promise.Bucket:
		need, e = c.bucketNeed()
		return need, e, need > float64(c.law.N+c.law.Step)+tolerance
	case promise.Cap:
		return 0, e, false // who lasts how long isn't known
	}
	e, broken = c.windowExcess()
	need = math.Ceil(float64(e.units) / float64(e.windows))
	if f := c.firstChain(anyStake); f != nil && !broken {
		if more, ok := f.excess(); ok {
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
	return float64(c.law.N)
}

// witness turns an excess into a witness: its calls by their positions.
func (c *counter) witness(e excess) *Witness {
	w := &Witness{From: time.Duration(c.origin + e.from), To: time.Duration(c.origin + e.to), Admitted: e.units}
	w.Allowed = c.law.Most(time.Duration(e.to - e.from))
	if e.windows > 0 {
		w.Allowed = float64(e.windows * c.law.N)
	}
	for _, call := range e.calls {
		w.Calls = append(w.Calls, int(call)+1)
	}
	slices.Sort(w.Calls)
	return w
}

// unexplained are the refusals that no law can have made. A call that no law is about
// isn't judged: nobody promised anything of it.
func (j *lawJudge) unexplained() []Unexplained {
	var out []Unexplained
	for i := range j.calls {
		call := int32(i)
		applies, made := false, false
		for x := range j.promise {
			yes, ok := j.may[x][call]
			applies, made = applies || ok, made || yes
		}
		if !applies || made {
			continue
		}
		u := Unexplained{Call: i + 1}
		for x := range j.promise {
			if bound, ok := j.bound[x][call]; ok {
				u.Room = append(u.Room, j.room(x, bound))
			}
		}
		out = append(out, u)
	}
	return out
}

// room says what was surely left of a law where it is at the least N that leaves
// something.
func (j *lawJudge) room(x int, bound float64) string {
	l := j.promise[x]
	left := float64(l.N) - (bound - 1)
	return fmt.Sprintf("%s: at least %s of %d left", l, whole(outwards(left, math.Floor)), l.N)
}
