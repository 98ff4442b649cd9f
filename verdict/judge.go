package verdict

import (
	"math"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// DefaultTolerance is the tolerance in tokens that widens the promised burst
// on both sides, because real limiters round. It is the only one there is.
const DefaultTolerance = 0.05

// A Bound is what one of the two checks found.
type Bound struct {
	Violated bool
	Burst    float64  // b_min or b_max at the promised rate; b_max is +Inf where nothing was refused
	Witness  *Witness // nil unless Violated
}

// A Judgement is what a history says of a limit.
type Judgement struct {
	Verdict       Verdict
	Calls         int // calls that were sent
	Misdated      int // those of them whose instants contradict each other
	OverAdmission Bound
	OverRejection Bound
	Measured      *Measured // nil where no token bucket explains the history, or there is nothing to judge
	Tolerance     float64   // tokens
	Clocks        Clocks    // how far they were taken to disagree at most
}

// JudgeLimit holds a recorded history against a limit, without any scenario. It passes a history that an
// honest token bucket can have produced, fails one that none can, whatever the
// delays were, and is inconclusive only where there is nothing to judge: no
// call that was certainly admitted, and none that was refused.
//
// The calls may come in any order. One whose instants contradict each other
// (Received before Sent, or Sent before the run's start) says nothing of when
// it was decided: it may have cost a token at any time, and is held against
// nobody. Judgement.Misdated counts them. A limit that no bucket can have (a
// rate that is negative or no number, a burst below 1) is inconclusive.
func JudgeLimit(limit promise.Limit, calls []history.Call) Judgement {
	return Gather(limit, calls).Judge(limit, DefaultTolerance)
}

// Judge holds the evidence against a limit's rate and burst, with a tolerance in tokens.
// Whom it limits and what it charges was settled when the evidence was gathered.
func (e *Evidence) Judge(l promise.Limit, tolerance float64) Judgement {
	j := e.Check(l, tolerance)
	if j.Verdict == Inconclusive {
		return j
	}
	if m, ok := e.MeasureAround(l.Rate, tolerance); ok {
		j.Measured = &m
	}
	return j
}

// Check is Judge without the measured box, which takes most of its time.
func (e *Evidence) Check(l promise.Limit, tolerance float64) Judgement {
	j := Judgement{Calls: e.calls, Misdated: e.misdated, Tolerance: tolerance, Clocks: e.clocks,
		OverRejection: Bound{Burst: math.Inf(1)}}
	if !e.Judgeable() || !possible(l) || !(tolerance >= 0) {
		return j
	}
	// of several that are as bad the first is the witness, whatever was asked before
	e.greediest, e.stingiest = nil, nil
	low, burstMin := e.tightest(l.Rate)
	high, burstMax := e.loosest(l.Rate)
	j.OverAdmission = Bound{Violated: burstMin > float64(l.Burst)+tolerance, Burst: burstMin}
	j.OverRejection = Bound{Violated: burstMax <= float64(l.Burst)-tolerance, Burst: burstMax}
	if j.OverAdmission.Violated {
		j.OverAdmission.Witness = low.overAdmission(l)
	}
	if j.OverRejection.Violated {
		j.OverRejection.Witness = high.overRejection(l)
	}
	j.Verdict = Pass
	if j.OverAdmission.Violated || j.OverRejection.Violated {
		j.Verdict = Fail
	}
	return j
}

// possible reports if a bucket can have a rate and a burst. One that never
// refills can be.
func possible(l promise.Limit) bool {
	return l.Rate >= 0 && !math.IsInf(l.Rate, 1) && l.Burst >= 1
}

// overAdmission names the calls in the window: all were certainly decided
// inside it, and all were admitted.
func (w window) overAdmission(l promise.Limit) *Witness {
	b := w.bucket
	b.prepare()
	out := &Witness{From: b.instant(w.from + b.early), To: b.instant(w.to - b.late), Allowed: float64(l.Burst) +
		l.Rate*w.seconds()}
	for _, i := range b.sure {
		if b.since(i) >= w.from && b.until(i) <= w.to {
			out.Calls = append(out.Calls, int(b.marks[i].pos))
			out.Admitted += int(b.marks[i].least)
		}
	}
	return out
}

// overRejection names the refused call first, and then every call that may
// have drawn from the bucket in the window that excuses the refusal best.
// Allowed is what the bucket could have granted there, and still did not.
func (w window) overRejection(l promise.Limit) *Witness {
	b := w.bucket
	b.prepare()
	out := &Witness{From: b.instant(w.from - b.late - b.lag), To: b.instant(w.to + b.early), Allowed: float64(l.Burst) +
		l.Rate*w.seconds()}
	if w.from == w.to { // an instant, with whatever was in flight
		out.From = out.To
	}
	out.Calls = append(out.Calls, int(b.marks[w.refusal].pos))
	for _, i := range b.bySent {
		if b.since(i) <= w.to && b.missed(i) >= w.from {
			out.Calls = append(out.Calls, int(b.marks[i].pos))
			out.Admitted += int(b.marks[i].most)
		}
	}
	return out
}
