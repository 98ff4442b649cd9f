package verdict

import (
	"math"
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// A model is a limiter as a hypothesis has it, which is led through a story: it
// says how many tokens it would hold at an instant, and is then told what the
// server did.
type model interface {
	level(at float64) float64 // tokens at an instant, in seconds; at never falls
	saw(at float64, admitted bool)
}

// A flow is a token bucket with one thing wrong.
type flow struct {
	l           promise.Limit
	refusalCost float64      // tokens that a refusal takes
	cap         float64      // what it holds at most; 0: the burst
	step, phase float64      // seconds between refills; 0: all the time
	fills       float64      // seconds after which it is full again; 0: never
	restFills   float64      // seconds without a call after which it is full; 0: never
	bars        float64      // seconds that too many refusals bar everything
	strikes     int          // how many refusals within a second are too many
	blind       float64      // seconds until a token that was taken is missed
	truncates   float64      // seconds whose fractions are lost at each call; 0: none
	once        bool         // the burst is granted once
	filled      []float64    // instants at which it is full again
	off         [][2]float64 // spans in which calls are let through and cost nothing
	mends       bool         // an answer that it doesn't explain sets it right

	begun    bool
	tokens   float64
	last     float64
	lastCall float64
	barred   float64
	refusals []float64 // of the last second
	due      []float64 // when tokens that were taken are missed
	emptied  bool
}

func (f *flow) level(at float64) float64 {
	if !f.begun {
		f.begun, f.tokens = true, float64(f.l.Burst)
		f.last, f.lastCall, f.barred = at, at, math.Inf(-1)
	}
	for len(f.due) > 0 && f.due[0] <= at {
		f.fill(f.due[0])
		f.tokens = max(0, f.tokens-1)
		f.due = f.due[1:]
	}
	if f.truncates > 0 { // it looks at its clock when it decides, and only then
		return min(float64(f.l.Burst), f.tokens+f.whole(at))
	}
	f.fill(at)
	switch {
	case at < f.barred:
		return 0
	case f.isOff(at):
		return max(1, f.tokens)
	}
	return f.tokens
}

// fill lets flow in what has flowed in by an instant.
func (f *flow) fill(at float64) {
	capacity := float64(f.l.Burst)
	if f.cap > 0 {
		capacity = f.cap
	}
	if f.once && f.emptied {
		capacity = 1
	}
	gain := f.l.Rate * (at - f.last)
	if f.step > 0 {
		gain = f.l.Rate * f.step * f.beats(f.step, at)
	}
	f.tokens = min(capacity, f.tokens+gain)
	if f.fills > 0 && f.beats(f.fills, at) > 0 || f.restFills > 0 && at-f.lastCall >= f.restFills {
		f.tokens = float64(f.l.Burst)
	}
	for _, t := range f.filled {
		if f.last < t && t <= at {
			f.tokens = float64(f.l.Burst) + f.l.Rate*(at-t)
			f.tokens = min(capacity, f.tokens)
		}
	}
	f.last = at
}

// whole is what flows in by an instant where fractions are lost.
func (f *flow) whole(at float64) float64 {
	return f.l.Rate * f.truncates * math.Floor((at-f.last)/f.truncates+1e-9)
}

// beats counts the ends of stretches of a length since the last look.
func (f *flow) beats(length, at float64) float64 {
	return math.Floor((at-f.phase)/length) - math.Floor((f.last-f.phase)/length)
}

func (f *flow) isOff(at float64) bool {
	return slices.ContainsFunc(f.off, func(span [2]float64) bool { return span[0] <= at && at <= span[1] })
}

func (f *flow) saw(at float64, admitted bool) {
	f.lastCall = at
	if f.truncates > 0 {
		f.tokens = min(float64(f.l.Burst), f.tokens+f.whole(at))
		f.last = at
	}
	switch {
	case admitted && f.isOff(at):
	case admitted && f.blind > 0:
		f.due = append(f.due, at+f.blind)
	case admitted:
		f.tokens--
		f.emptied = f.emptied || f.tokens < 1
	default:
		f.tokens = max(-float64(f.l.Burst), f.tokens-f.refusalCost)
		f.emptied = true
		f.strike(at)
	}
}

// mend makes the bucket hold what an unexplained answer tells that it held. One
// wrong guess of an instant would else make every answer after it look wrong.
func (f *flow) mend(admitted bool) {
	if admitted {
		f.tokens = 0
	} else {
		f.tokens = min(f.tokens, 0.999)
	}
}

// strike counts a refusal, and bars everything where there were too many.
func (f *flow) strike(at float64) {
	if f.bars == 0 || at < f.barred {
		return
	}
	f.refusals = append(slices.DeleteFunc(f.refusals, func(t float64) bool { return at-t > 1 }), at)
	if len(f.refusals) >= f.strikes {
		f.barred, f.refusals = at+f.bars, nil
	}
}

// An opening is a window that a call opens: so many calls in a length from there.
type opening struct {
	number   int
	length   float64 // seconds
	prolongs bool    // each call, refused or not, moves the window's end
	bars     float64 // seconds that a refusal bars everything, after which a new window may open; 0: none

	end  float64
	used int
}

func (o *opening) level(at float64) float64 {
	if o.used > 0 && at >= o.end {
		o.used = 0
	}
	return float64(o.number - o.used)
}

func (o *opening) saw(at float64, admitted bool) {
	if o.used == 0 && admitted {
		o.end = at + o.length
	}
	switch {
	case admitted:
		o.used++
	case o.bars > 0 && o.used <= o.number: // the first refusal bars, the others don't prolong it
		o.used, o.end = o.number+1, at+o.bars
	}
	if o.prolongs {
		o.end = at + o.length
	}
}

// A stack is two limits, both of which let a call through or neither does.
type stack struct{ first, second model }

func (s *stack) level(at float64) float64 { return min(s.first.level(at), s.second.level(at)) }

func (s *stack) saw(at float64, admitted bool) {
	if admitted { // what one refuses isn't charged by the other
		s.first.saw(at, true)
		s.second.saw(at, true)
	}
}

// A serial is two limits one behind the other: the first is charged for what the
// second refuses.
type serial struct{ first, second model }

func (s *serial) level(at float64) float64 { return min(s.first.level(at), s.second.level(at)) }

func (s *serial) saw(at float64, admitted bool) {
	if admitted || s.first.level(at) >= 1 {
		s.first.saw(at, true)
	}
	if admitted {
		s.second.saw(at, true)
	}
}
