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

// What a search for a step may take, and what it finds.
const (
	stepWork  = 400_000 // calls that are judged, over and over
	stepLeast = 100 * time.Millisecond
	stepMost  = 5 * time.Second
	stepFine  = 10 * time.Millisecond
)

// LawStep looks for the one step of the server's clock that alone explains why a history
// breaks laws, the history's own clock being right. It finds none where the laws are kept,
// or where what is wrong is wrong more than once.
func LawStep(p promise.Promise, calls []history.Call, cfg LawConfig) (ClockStep, bool) {
	found := JudgeLaws(p, calls, cfg)
	if found.Verdict != Fail {
		return ClockStep{}, false
	}
	j := &lawJump{promise: p, calls: calls, cfg: cfg, work: stepWork}
	j.stamp()
	for _, s := range j.silent(j.within(found)) {
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

// steps looks for how far the clock was set at a place. The further forward, the more may be
// let through and the less refused. Set back, a time comes twice: windows may go by what they
// noted the first time, and buckets don't fill.
func (j *lawJump) steps(s step) (least time.Duration, ok bool) {
	windows := slices.ContainsFunc(j.promise, func(l promise.Law) bool { return l.Kind != promise.Bucket })
	for _, try := range []struct {
		way   time.Duration
		twice bool
	}{{1, false}, {-1, false}, {-1, true}} {
		if try.twice && !windows {
			continue
		}
		if least, ok = j.stepsBy(s, try.way, try.twice); ok {
			break
		}
	}
	return least, ok
}

func (j *lawJump) stepsBy(s step, way time.Duration, twice bool) (least time.Duration, ok bool) {
	lo, hi := stepLeast, stepMost
	for hi-lo >= stepFine && j.work > 0 {
		mid := (lo + hi) / 2
		over, under := j.set(s, way*mid, twice)
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

// set judges the calls by the server's clock, had it been set at a place by so much. What comes
// while it shows a time again is decided at that time or, unless it comes twice, at the last
// new one.
func (j *lawJump) set(s step, by time.Duration, twice bool) (over, under bool) {
	all, last := slices.Clone(j.calls), time.Duration(s.to)
	for i := range all {
		c := &all[i]
		switch {
		case c.Sent < last && c.Received < last:
		case c.Sent < last:
			c.Received = max(c.Received+by, last)
		default:
			if c.Sent, c.Received = c.Sent+by, c.Received+by; c.Sent < last {
				c.Received = max(c.Received, last)
				if !twice {
					c.Sent = last
				}
			}
		}
	}
	return j.fails(all, j.cfg, 0)
}
