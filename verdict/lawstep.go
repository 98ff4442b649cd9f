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

// A ClockStep is a step of the server's own clock, as where NTP sets it in the middle of
// a run: limiters that go by the time of day give back too early then, or too late.
type ClockStep struct {
	After int           // the call that was sent last before it: a position in the history
	At    time.Duration // by when it had been, on the history's clock
	By    time.Duration // the least that explains it; negative where the clock was set back
}

// String says it in words.
func (s ClockStep) String() string {
	way := "forward"
	if s.By < 0 {
		way = "back"
	}
	return fmt.Sprintf("the server's clock having been set %s once, by %s or a little more, %s into the run", way,
		span(s.By.Abs().Round(10*time.Millisecond)), span(s.At))
}

// MostClockStep is how far a step may have set a clock. A limiter that goes by it may refuse
// all for so long.
const MostClockStep = 5 * time.Second

// What a search for a step may take, and what it finds.
const (
	stepWork  = 1_000_000 // calls that are judged, over and over
	stepLeast = 100 * time.Millisecond
	stepFine  = 10 * time.Millisecond

	mostEmptied = 1000 // tokens of buckets that may have lost what they held
)

// LawStep looks for the one step of the server's clock that alone explains why a history
// breaks laws, the history's own clock being right. It finds none where the laws are kept,
// or where what is wrong is wrong more than once.
func LawStep(p promise.Promise, calls []history.Call, cfg LawConfig) (ClockStep, bool) {
	found := judgeLaws(p, calls, cfg)
	if found.Verdict != Fail || timeless(p, calls, found) {
		return ClockStep{}, false
	}
	j := &lawJump{promise: p, calls: calls, cfg: cfg, work: stepWork}
	j.stamp()
	from, to := j.within(found)
	j.early, j.takers = upTo(calls, to), j.emptying()
	for _, s := range j.silent(from, to) {
		if by, ok := j.steps(s); ok {
			before := func(c history.Call) bool { return int64(c.Sent) < s.to && c.Outcome != history.Unsent }
			last := 0
			for i := range calls {
				if before(calls[i]) && (last == 0 || calls[i].Sent >= calls[last-1].Sent) {
					last = i + 1
				}
			}
			return ClockStep{After: last, At: time.Duration(s.to), By: by}, true
		}
	}
	return ClockStep{}, false
}

// within is where a step must lie: what was let through too much is so around it, and what
// was refused behind it.
func (j *lawJump) within(found LawJudgement) (from, to int64) {
	from, to = math.MinInt64, int64(never)
	for _, f := range found.Laws {
		if f.Witness != nil {
			from, to = max(from, int64(f.Witness.From)), min(to, int64(f.Witness.To))
		}
	}
	for _, u := range found.Unexplained {
		to = min(to, int64(j.calls[u.Call-1].Received))
	}
	return from, to
}

// silent are the places between two instants at which the clock may have been set, the
// likeliest first: where most time passed.
func (j *lawJump) silent(from, to int64) (out []step) {
	for k := 1; k < len(j.stamps); k++ {
		a, b := j.stamps[k-1], j.stamps[k]
		if a.at < b.at && b.at >= from && a.at <= to {
			out = append(out, step{at: k, pos: [2]int32{a.pos, b.pos}, from: a.at, to: b.at})
		}
	}
	slices.SortStableFunc(out, func(a, b step) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	return out
}

// A setting is what limiters make of a clock that was set.
type setting int

const (
	setOn    setting = iota // what comes while it shows a time again comes at the last new one
	setTwice                // it comes at that time
	setEmpty                // as setOn, and buckets may have lost what they held
)

// steps looks for how far the clock was set at a place. The further forward, the more may be
// let through and the less refused. Set back, a time comes twice: windows may go by what they
// noted the first time, and buckets don't fill, lose what came since each was last asked, or
// take it back.
func (j *lawJump) steps(s step) (least time.Duration, ok bool) {
	windows := slices.ContainsFunc(j.promise, func(l promise.Law) bool { return l.Kind != promise.Bucket })
	for _, try := range []struct {
		way time.Duration
		how setting
		of  bool
	}{{1, setOn, true}, {-1, setOn, true}, {-1, setTwice, windows}, {-1, setEmpty, len(j.takers) > 0}} {
		if !try.of {
			continue
		}
		if _, ok = j.stepsBy(j.early, s, try.way, try.how); ok {
			if least, ok = j.stepsBy(j.calls, s, try.way, try.how); ok {
				break
			}
		}
	}
	return least, ok
}

// upTo are the calls that may have to do with what was decided by an instant.
func upTo(calls []history.Call, to int64) (early []history.Call) {
	for _, c := range calls {
		if int64(c.Sent) > to {
			continue
		}
		if c.Outcome == history.Limited && int64(c.Received) > to {
			c.Outcome = history.TimedOut // what is left out may be its reason
		}
		early = append(early, c)
	}
	return early
}

func (j *lawJump) stepsBy(calls []history.Call, s step, way time.Duration, how setting) (least time.Duration, ok bool) {
	lo, hi := stepLeast, MostClockStep
	for hi-lo >= stepFine && j.work > 0 {
		mid := (lo + hi) / 2
		over, under := j.set(calls, s, way*mid, how)
		if over && under {
			break // no step here explains both
		}
		if over == under {
			least, ok = way*mid, true
		}
		if way > 0 && over || way < 0 && under {
			lo = mid
		} else {
			hi = mid
		}
	}
	return least, ok
}

// set judges the calls by the server's clock, had it been set at a place by so much.
func (j *lawJump) set(calls []history.Call, s step, by time.Duration, how setting) (over, under bool) {
	all, last := slices.Clone(calls), time.Duration(s.to)
	for i := range all {
		c := &all[i]
		switch {
		case c.Sent < last && c.Received < last:
		case c.Sent < last:
			c.Received = max(c.Received+by, last)
		default:
			if c.Sent, c.Received = c.Sent+by, c.Received+by; c.Sent < last {
				c.Received = max(c.Received, last)
				if how != setTwice {
					c.Sent = last
				}
			}
		}
	}
	if how == setEmpty {
		for _, c := range j.takers {
			c.Sent, c.Received = last, last
			all = append(all, c)
		}
	}
	return j.fails(all, j.cfg, 0)
}

// emptying are calls that may take all that any bucket holds, whenever they come.
func (j *lawJump) emptying() (takers []history.Call) {
	for x := range j.promise {
		l, emptied := &j.promise[x], map[identity]bool{}
		for i := range j.calls {
			c := j.calls[i]
			if _, most := costOf(l, &c); l.Kind != promise.Bucket || most == 0 || len(emptied)*l.N > mostEmptied {
				continue
			}
			if who := j.cfg.identityOf(l.Key, &c); !emptied[who] {
				emptied[who] = true
				c.Label, c.Outcome = history.Handshake, history.Limited
				takers = append(takers, slices.Repeat([]history.Call{c}, l.N)...)
			}
		}
	}
	return takers
}
