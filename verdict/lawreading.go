package verdict

import (
	"maps"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// mostUnsaid is how many methods nobody may know the cost of for all readings to be tried:
// there are twice as many with each.
const mostUnsaid = 4

// JudgeReadings is JudgeLaws where of some laws nobody said what they charge (Charge.Presumed): they
// are kept if they are in each reading of that which explains the history.
func JudgeReadings(p promise.Promise, calls []history.Call, cfg LawConfig) LawJudgement {
	j := JudgeLaws(p, calls, cfg)
	read(p, calls, cfg, &j)
	return j
}

// read judges a history once more in every reading of what nobody said, and returns the
// promise in the one that explains it, or as it was where there are several. A server that
// charges a method always or never is honest in one of them: a law is kept if it is in all
// that explain the history, and not observed if there is none. What is broken, or unexplained,
// stays what no reading excuses.
func read(p promise.Promise, calls []history.Call, cfg LawConfig, j *LawJudgement) promise.Promise {
	if j.Verdict == Fail || len(calls) > mostExplained {
		return p
	}
	unsaid := unsaidMethods(p, calls)
	if len(unsaid) == 0 || len(unsaid) > mostUnsaid {
		return p
	}
	least := freely(p, calls, cfg, j, unsaid)
	var explains []promise.Promise
	kept := slices.Clone(j.Laws)
	for set := range 1 << len(unsaid) {
		q := readingOf(least, unsaid, set)
		one := JudgeLaws(q, calls, cfg)
		if one.Verdict == Fail || refusesFree(q, calls) {
			continue
		}
		for x, f := range one.Laws {
			f.Law = p[x]
			if len(explains) == 0 {
				kept[x] = f
				continue
			}
			if f.State != Kept {
				kept[x].State = NotObserved
			}
			kept[x].Units = Interval{min(kept[x].Units.Lo, f.Units.Lo), max(kept[x].Units.Hi, f.Units.Hi)}
			kept[x].Refused = min(kept[x].Refused, f.Refused)
		}
		explains = append(explains, q)
	}
	j.Laws, j.Verdict = kept, Pass
	for x := range kept {
		if len(explains) == 0 {
			kept[x].State = NotObserved
		}
		if kept[x].State != Kept {
			j.Verdict = Inconclusive
		}
	}
	if len(explains) != 1 {
		return p
	}
	return explains[0]
}

// unsaidMethods are those of a history that cost nothing or a unit, as nobody said which.
func unsaidMethods(p promise.Promise, calls []history.Call) []string {
	unsaid := map[string]bool{}
	for i := range calls {
		c := &calls[i]
		if c.Outcome == history.Unsent || c.Method == "" || unsaid[c.Method] {
			continue
		}
		unsaid[c.Method] = slices.ContainsFunc(p, func(l promise.Law) bool { return mayCost(&l, c) })
	}
	maps.DeleteFunc(unsaid, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(unsaid))
}

// mayCost reports if nobody said whether a law charges a message.
func mayCost(l *promise.Law, c *history.Call) bool {
	least, most := costOf(l, c)
	return l.Charge.Presumed && least < most
}

// readingOf is a promise in which those of the methods cost a unit that are in a set of their
// places, a bit each, and the others nothing.
func readingOf(p promise.Promise, unsaid []string, set int) promise.Promise {
	q := slices.Clone(p)
	for x := range q {
		if !q[x].Charge.Presumed {
			continue
		}
		q[x] = p[x].Clone()
		c := &q[x].Charge
		for k, method := range unsaid {
			switch charged := set&(1<<k) != 0; {
			case slices.Contains(c.Free, method):
			case charged:
				c.Methods = append(c.Methods, method)
			default:
				c.Free = append(c.Free, method)
			}
		}
	}
	return q
}

// refusesFree reports if a call was refused that no law charges.
func refusesFree(p promise.Promise, calls []history.Call) bool {
	return slices.ContainsFunc(calls, func(c history.Call) bool {
		return c.Outcome == history.Limited && c.Kind == history.Request && c.Planned() &&
			!slices.ContainsFunc(p, func(l promise.Law) bool { return l.Applies(c.Method, c.Tool) })
	})
}

// freely is a promise with those methods free that a law was seen to let through while it had
// nothing left.
func freely(p promise.Promise, calls []history.Call, cfg LawConfig, j *LawJudgement,
	unsaid []string) promise.Promise {
	p = slices.Clone(p)
	counters := newLawJudge(p, calls, cfg).counters
	for x := range p {
		l := p[x].Clone()
		odd := l.Elastic || l.Lockout+l.Wait > 0 || l.Returned() || l.Step > 0
		if c := l.Charge; odd || !c.Presumed || c.Refused || c.Outcomes == promise.Failures {
			continue
		}
		p[x] = l
		for _, method := range unsaid {
			free := func(c *counter) bool {
				return c.letsThrough(calls, method, func(call int32) bool { return j.by[call] == 1<<x })
			}
			if slices.ContainsFunc(counters[x], free) {
				p[x].Charge.Free = append(p[x].Charge.Free, method)
			}
		}
	}
	return p
}

// letsThrough reports if messages of a method can have cost nothing: between two calls that
// only this law can have refused, more of them were let in, and of what it surely charges,
// than it can have given back meanwhile. What it gives back it does bit by bit, which is at
// most what its pace brings, or all at once: then it would have had something left for the
// second. A sliding window gives back what it gave its length before.
func (c *counter) letsThrough(calls []history.Call, method string, alone func(call int32) bool) bool {
	var full *stake
	for i := range c.stakes {
		s := &c.stakes[i]
		if !s.refused || !alone(s.call) {
			continue
		}
		if full != nil && s.sent > full.received && c.free(full, s, calls, method) {
			return true
		}
		if full == nil || s.sent > full.received {
			full = s
		}
	}
	return false
}

// free reports that of two calls that a law refused.
func (c *counter) free(from, to *stake, calls []history.Call, method string) bool {
	took, may, seen := 0, 0, false
	slid := c.law.Kind == promise.Window && (c.law.Style == promise.Sliding || c.law.Style == promise.Unsaid)
	early, late := from.sent-c.longest(c.law.Every), to.received-c.fewest(c.law.Every)
	for i := range c.stakes {
		s := &c.stakes[i]
		if s.received == never || slid && s.sent <= late && s.received >= early {
			return false
		}
		if s.refused || s.received < from.sent || s.sent > to.received {
			continue
		}
		may += int(s.most)
		is := calls[s.call].Method == method
		if c.law.Charge.Outcomes != promise.All && calls[s.call].Outcome != history.OK {
			return false // it may have taken something, and have given it back
		}
		if s.sent < from.received || s.received > to.sent || !is && s.least == 0 ||
			is && calls[s.call].Outcome != history.OK {
			continue
		}
		seen = seen || is
		took += int(s.most)
	}
	back := c.law.Pace() * float64(c.longest(0)+to.received-from.sent) / 1e9 * (1 + c.clocks.Drift)
	if c.law.Kind == promise.Quota {
		back = 0
	}
	return seen && float64(took) > 2+back && may < c.law.N // it may count in whole units, and had less than one
}
