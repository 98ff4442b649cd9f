package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// What a search for a jump under laws may take.
const (
	jumpWork   = 2_000_000 // calls that are judged, over and over, and
	jumpEach   = 60        // more for each of the history
	jumpHidden = 80        // places that nothing points at, at most
	jumpSmall  = 1000      // calls of a history that is judged as a whole
	jumpGaps   = 48        // silences around a place that are tried as the true one
)

// LawJump looks for the one jump of the history's clock that alone explains why a
// history breaks laws. Places at which something speaks for a jump come first: where
// the order of the calls turns round, and silences that stand out. A clock that shows
// the time of day (it has an Epoch) may have been set elsewhere too, but only so that
// what lies between two instants there isn't out of the ordinary. It finds none where
// the laws are kept, or where it takes more than one.
func LawJump(p promise.Promise, calls []history.Call, cfg LawConfig) (Jump, bool) {
	if len(calls) < 2*jumpCalls || len(calls) > jumpMost {
		return Jump{}, false
	}
	j := &lawJump{promise: p, calls: calls, cfg: cfg, work: jumpWork + jumpEach*len(calls)}
	found := judgeLaws(p, calls, cfg)
	if found.Verdict != Fail {
		return Jump{}, false
	}
	j.stamp()
	shown := j.shownBy(found)
	if j.again(shown) {
		return Jump{}, false
	}
	for _, s := range j.places(shown) {
		if jump, ok := j.explained(s); ok {
			return jump, true
		}
	}
	return Jump{}, false
}

type lawJump struct {
	promise promise.Promise
	calls   []history.Call
	cfg     LawConfig
	work    int
	stamps  []stamp        // all instants of the history, in order
	early   []history.Call // those by which a step must show
	takers  []history.Call // what may have emptied buckets: see emptying
}

// shownBy is the instant by which the history is certainly broken: what lies behind
// isn't the reason.
func (j *lawJump) shownBy(found LawJudgement) int64 {
	by := int64(never)
	if len(found.Unexplained) > 0 {
		by = int64(j.calls[found.Unexplained[0].Call-1].Received)
	}
	for _, f := range found.Laws {
		if f.Witness != nil {
			by = min(by, int64(f.Witness.To))
		}
	}
	// A witness is the worst place, or lies all over; a beginning that is broken as well
	// is nearer to the reason.
	first := make([]time.Duration, len(j.calls)+1) // the first that is sent from here on
	first[len(j.calls)] = never
	for i := len(j.calls) - 1; i >= 0; i-- {
		first[i] = min(first[i+1], j.calls[i].Sent)
	}
	lo, hi := 0, len(j.calls)
	for hi-lo > 1 && j.work > jumpWork/2+jumpEach*len(j.calls)/2 {
		mid := lo + (hi-lo)/2
		part, end := slices.Clone(j.calls[:mid]), time.Duration(0)
		for i := range part {
			end = max(end, part[i].Received)
			if part[i].Outcome == history.Limited && part[i].Received >= first[mid] {
				part[i].Outcome = history.TimedOut // what is left out may be its reason
			}
		}
		if over, under := j.fails(part, j.cfg, 0); over || under {
			hi, by = mid, min(by, int64(end))
		} else {
			lo = mid
		}
	}
	return by
}

// again reports if what follows the first break breaks the laws as well, whatever was
// before: then one jump is no reason. A bucket may have been empty, so that refusals of
// one aren't judged, and of windows that hang on each other nothing is.
func (j *lawJump) again(shown int64) bool {
	refusals, memory := true, j.memory()
	for _, l := range j.promise {
		if l.Style == promise.Fixed {
			return false
		}
		refusals = refusals && l.Kind == promise.Window && !l.Elastic && l.Lockout == 0
	}
	if setBack(j.marks()).back {
		return false // what follows in time isn't what follows in the history
	}
	var rest []history.Call
	for _, c := range j.calls {
		if int64(c.Sent) <= shown {
			continue
		}
		if c.Outcome == history.Limited && int64(c.Sent) <= shown+int64(memory) {
			c.Outcome = history.TimedOut
		}
		rest = append(rest, c)
	}
	over, under := j.fails(rest, j.cfg, 0)
	return over || under && refusals
}

// memory is how long what is taken counts, and what it brings about.
func (j *lawJump) memory() (longest time.Duration) {
	for _, l := range j.promise {
		longest = max(longest, 2*l.Refilled()+2*l.Lockout+l.Wait+time.Second)
	}
	return longest
}

// fails judges calls, and says if too much was let through, or too little. It leaves out
// refusals of so many at the beginning.
func (j *lawJump) fails(calls []history.Call, cfg LawConfig, since int) (over, under bool) {
	j.work -= len(calls)
	got := judgeLaws(j.promise, calls, cfg)
	broken := func(f LawFinding) bool { return f.State == Broken }
	return slices.ContainsFunc(got.Laws, broken),
		slices.ContainsFunc(got.Unexplained, func(u Unexplained) bool { return u.Call > since })
}

// A stamp is one instant of a history, and the position of the call that it is of, from 1.
type stamp struct {
	at  int64
	pos int32
}

// inTime puts stamps in order.
func inTime(stamps []stamp) {
	slices.SortStableFunc(stamps, func(a, b stamp) int { return cmp.Compare(a.at, b.at) })
}

func (j *lawJump) stamp() {
	for i := range j.calls {
		c := &j.calls[i]
		if c.Outcome == history.Unsent {
			continue
		}
		j.stamps = append(j.stamps, stamp{int64(c.Sent), int32(i) + 1})
		if c.Received >= c.Sent {
			j.stamps = append(j.stamps, stamp{int64(c.Received), int32(i) + 1})
		}
	}
	inTime(j.stamps)
}

// gap is the silence before a stamp.
func (j *lawJump) gap(k int) int64 { return j.stamps[k].at - j.stamps[k-1].at }

// around are the silences around a step, without it. Where the order turns round, they are
// those between neighbours in the history.
func (j *lawJump) around(s step) (gaps []int64) {
	if s.back {
		at := int(s.pos[1]) - 1
		for i := max(1, at-jumpAround); i < min(len(j.calls), at+jumpAround); i++ {
			if i != at {
				gaps = append(gaps, max(0, int64(j.calls[i].Sent-j.calls[i-1].Sent)))
			}
		}
		return gaps
	}
	for k := max(1, s.at-jumpAround); k < min(len(j.stamps), s.at+jumpAround); k++ {
		if k != s.at {
			gaps = append(gaps, j.gap(k))
		}
	}
	return gaps
}

// stands reports if a silence is far longer than all around it.
func (j *lawJump) stands(k int) bool {
	for d := 1; d <= jumpAround; d++ {
		if k-d >= 1 && jumpStands*j.gap(k-d) > j.gap(k) ||
			k+d < len(j.stamps) && jumpStands*j.gap(k+d) > j.gap(k) {
			return false
		}
	}
	return true
}

// places are where the clock may have jumped, the likeliest first.
func (j *lawJump) places(shown int64) []step {
	var out, hidden []step
	if s := setBack(j.marks()); s.back {
		out = append(out, s)
	}
	for k := len(j.stamps) - 2*jumpCalls; k >= 2*jumpCalls; k-- {
		a, b := j.stamps[k-1], j.stamps[k]
		if b.at <= a.at || a.at > shown {
			continue
		}
		s := step{at: k, pos: [2]int32{a.pos, b.pos}, from: a.at, to: b.at}
		if j.stands(k) {
			s.most = b.at - a.at
			out = append(out, s)
		} else if len(hidden) < jumpHidden && !j.cfg.Epoch.IsZero() {
			hidden = append(hidden, s)
		}
	}
	return append(out, hidden...)
}

// marks are the calls as setBack reads them.
func (j *lawJump) marks() (all []filed) {
	for i := range j.calls {
		if c := &j.calls[i]; c.Outcome != history.Unsent && c.Received >= c.Sent {
			all = append(all, filed{mark: mark{sent: int64(c.Sent), received: int64(c.Received), pos: int32(i) + 1}})
		}
	}
	return all
}

// silences are how long it may truly have been between the two instants of a step:
// as around it, and of one that is seen or stands out, anything up to the jump.
func (j *lawJump) silences(s step) (out []int64, usual int64) {
	gaps := j.around(s)
	slices.Sort(gaps)
	for q := range jumpGaps {
		out = append(out, gaps[q*(len(gaps)-1)/(jumpGaps-1)])
	}
	usual = gaps[len(gaps)-1]
	for q := range int64(jumpGaps) {
		out = append(out, usual*(q+1)/jumpGaps)
	}
	most := s.most
	if s.back {
		most = int64(24 * time.Hour)
	}
	for long := usual; long < most; long += long/40 + 1e6 {
		out = append(out, long)
	}
	slices.Sort(out)
	return slices.Compact(out), usual
}

// explained looks for how far the clock jumped at a place, if that explains everything.
func (j *lawJump) explained(s step) (Jump, bool) {
	before, after := j.near(s)
	var fit []int64
	try := func(by int64) (over, under bool) {
		if by == 0 || j.work <= 0 {
			return true, true
		}
		if over, under = j.broken(s, before, after, by); !over && !under {
			fit = append(fit, by)
		}
		return over, under
	}
	var last int64
	var wasOver, wasUnder bool
	silences, usual := j.silences(s)
	for k, silence := range silences {
		if len(fit) > 0 && silence > 2*usual {
			break // the usual explains it
		}
		by := s.by(silence)
		over, under := try(by)
		if k > 0 && over != under && wasOver == under && wasUnder == over { // too much here, too little there
			for lo, hi := last, by; max(lo, hi)-min(lo, hi) > 1e5; {
				mid := lo + (hi-lo)/2
				o, u := try(mid)
				switch {
				case o == wasOver && u == wasUnder:
					lo = mid
				case o == over && u == under:
					hi = mid
				default:
					lo = hi
				}
			}
		}
		last, wasOver, wasUnder = by, over, under
	}
	slices.Sort(fit)
	for _, q := range []int{2, 1, 3, 0, 4} { // the middle, and out from there
		if len(fit) == 0 {
			break
		}
		by := fit[q*(len(fit)-1)/4]
		if over, under := j.broken(s, j.whole(), nil, by); over || under {
			continue
		}
		same := slices.DeleteFunc(fit, func(other int64) bool { return (other > 0) != (by > 0) })
		return s.jump([2]int64{same[0], same[len(same)-1]}), true
	}
	return Jump{}, false
}

// by is how far the clock jumped if it was silent for so long.
func (s step) by(silence int64) int64 {
	if s.back {
		return s.from - s.to + silence
	}
	return s.to - s.from - silence
}

func (j *lawJump) whole() []int32 {
	all := make([]int32, len(j.calls))
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// near are the calls, by their places, from which a jump is judged: before it as many as
// may count after it, and behind it as long.
func (j *lawJump) near(s step) (before, after []int32) {
	memory, whole := j.memory(), len(j.calls) <= jumpSmall
	for _, l := range j.promise { // each window hangs on the one before, and a level on all
		whole = whole || l.Style == promise.Fixed || l.Kind == promise.Bucket || l.Elastic || l.Lockout > 0
	}
	for i := range j.calls {
		sent := int64(j.calls[i].Sent)
		switch behind := s.behind(sent, int32(i)+1); {
		case !behind && (whole || sent >= s.from-int64(memory)):
			before = append(before, int32(i))
		case behind && (whole || sent <= s.to+int64(memory)):
			after = append(after, int32(i))
		}
	}
	return before, after
}

// broken judges calls as they would be had the clock not jumped by so much. Of those
// before it, refusals aren't judged, unless these are all.
func (j *lawJump) broken(s step, before, after []int32, by int64) (over, under bool) {
	all := make([]history.Call, 0, len(before)+len(after))
	for _, i := range slices.Concat(before, after) {
		c := j.calls[i]
		sent, received := s.moved(int64(c.Sent), int64(c.Received), i+1, by)
		c.Sent, c.Received = time.Duration(sent), time.Duration(received)
		all = append(all, c)
	}
	since := len(before)
	if len(all) == len(j.calls) {
		since = 0
	}
	over, under = j.fails(all, j.cfg, since)
	if !over && !under || j.cfg.Epoch.IsZero() || !j.promise.Has(promise.Quota) {
		return over, under
	}
	cfg := j.cfg // the clock may have been right behind the jump, and wrong before it
	if s.back {
		by = -by
	}
	cfg.Epoch = cfg.Epoch.Add(time.Duration(by))
	return j.fails(all, cfg, since)
}
