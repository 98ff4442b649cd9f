package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// A hypothesis is one way in which a limiter may be wrong, as a small model
// that is led through a history: it says how many tokens it would hold before
// each call, and is then told what the server did.
type hypothesis struct {
	words string
	model func(l profiles.Limit) model
}

type model interface {
	level(at float64) float64 // tokens at an instant, in seconds; at never falls
	saw(at float64, admitted bool)
}

// hypotheses are the likeliest mistakes, the more special ones first: of those
// that explain a history equally well the first is named.
func hypotheses(l profiles.Limit) []hypothesis {
	full := float64(l.Burst) / l.Rate
	list := []hypothesis{
		{"refused calls cost a token too", func(l profiles.Limit) model { return &flow{l: l, refusalCost: 1} }},
		{"a check and its token aren't taken in one step: calls at the same time aren't counted", func(l profiles.Limit) model { return &flow{l: l, blind: 0.008} }},
		{"fractions of a token are lost: the rate is too low for calls that come often", func(l profiles.Limit) model { return &flow{l: l, truncates: true} }},
		{"a rest makes the bucket hold more than its burst: the burst is too big", func(l profiles.Limit) model { return &flow{l: l, cap: 3 * float64(l.Burst)} }},
		{"after the first burst the bucket holds one token: the burst is too small", func(l profiles.Limit) model { return &flow{l: l, once: true} }},
	}
	for _, s := range []float64{1, 0.5, 0.25, 0.2, 0.1} {
		for phase := range 10 {
			list = append(list, hypothesis{fmt.Sprintf("tokens come in steps, %.3g every %s", s*l.Rate, seconds(s)),
				func(l profiles.Limit) model { return &flow{l: l, step: s, phase: float64(phase) / 10 * s} }})
		}
	}
	for _, s := range []float64{0.5, 1, 2} {
		list = append(list,
			hypothesis{fmt.Sprintf("a rest of %s makes the bucket full again", seconds(s)), func(l profiles.Limit) model { return &flow{l: l, restFills: s} }},
			hypothesis{fmt.Sprintf("a refusal bars everything for %s", seconds(s)), func(l profiles.Limit) model { return &flow{l: l, bars: s} }})
	}
	for _, s := range []float64{1, 2, 4, 8, 16} {
		list = append(list, hypothesis{fmt.Sprintf("it stops refusing after %s or less", seconds(s)), func(l profiles.Limit) model { return &flow{l: l, offAfter: s} }})
	}
	for _, s := range []float64{0.02, 0.05, 0.1, 0.25} {
		list = append(list, hypothesis{fmt.Sprintf("it limits calls at the same time (a concurrency cap of %d), not a rate", l.Burst), func(l profiles.Limit) model { return &sliding{l: l, length: s} }})
	}
	for _, s := range []float64{10, 5, 2, 1} {
		for phase := range 20 {
			list = append(list, hypothesis{fmt.Sprintf("the bucket is full again every %s (a timer that resets it, or a clock that is set forward)", seconds(s)),
				func(l profiles.Limit) model { return &flow{l: l, fills: s, phase: float64(phase) / 20 * s} }})
		}
	}
	for _, s := range []float64{full, 1, 10, 60} {
		list = append(list, hypothesis{fmt.Sprintf("it is a sliding window of %d in %s", l.Burst, seconds(s)), func(l profiles.Limit) model { return &sliding{l: l, length: s} }})
		for phase := range 20 {
			list = append(list, hypothesis{fmt.Sprintf("it is a fixed window of %d in %s", l.Burst, seconds(s)),
				func(l profiles.Limit) model { return &flow{l: l, step: s, fills: s, phase: float64(phase) / 20 * s} }})
		}
	}
	return list
}

func seconds(s float64) string {
	return time.Duration(s * 1e9).Round(time.Millisecond).String()
}

// A flow is a token bucket with one thing wrong.
type flow struct {
	l           profiles.Limit
	refusalCost float64 // tokens that a refusal takes
	cap         float64 // what it holds at most; 0: the burst
	step, phase float64 // seconds between refills; 0: all the time
	fills       float64 // seconds after which it is full again; 0: never
	restFills   float64 // seconds without a call after which it is full; 0: never
	bars        float64 // seconds that a refusal bars everything
	blind       float64 // seconds until a token that was taken is missed
	truncates   bool    // whole tokens only, the rest is lost at each call
	once        bool    // the burst is granted once
	offAfter    float64 // seconds after which nothing is refused; 0: never

	begun         bool
	start         float64
	tokens, last  float64
	lastCall      float64
	barred        float64
	taken         []float64
	emptied       bool
	lastTruncated float64
}

func (f *flow) level(at float64) float64 {
	if !f.begun {
		f.begun, f.start, f.tokens = true, at, float64(f.l.Burst)
		f.last, f.lastCall, f.barred, f.lastTruncated = at, at, math.Inf(-1), at
	}
	capacity := float64(f.l.Burst)
	if f.cap > 0 {
		capacity = f.cap
	}
	if f.once && f.emptied {
		capacity = 1
	}
	var gain float64
	switch {
	case f.step > 0:
		gain = f.l.Rate * f.step * (math.Floor((at-f.phase)/f.step) - math.Floor((f.last-f.phase)/f.step))
	case f.truncates:
		gain = math.Floor(f.l.Rate * (at - f.lastTruncated))
	default:
		gain = f.l.Rate * (at - f.last)
	}
	if f.truncates {
		f.lastTruncated = at
	}
	f.tokens = min(capacity, f.tokens+gain)
	if f.fills > 0 && math.Floor((at-f.phase)/f.fills) > math.Floor((f.last-f.phase)/f.fills) || f.restFills > 0 && at-f.lastCall >= f.restFills {
		f.tokens = float64(f.l.Burst)
	}
	f.last = at
	if at < f.barred {
		return 0
	}
	if f.offAfter > 0 && at-f.start >= f.offAfter {
		f.tokens = max(f.tokens, 1)
	}
	level := f.tokens
	for _, t := range f.taken { // tokens that nobody misses yet
		if at-t < f.blind {
			level++
		}
	}
	return level
}

func (f *flow) saw(at float64, admitted bool) {
	f.lastCall = at
	switch {
	case admitted:
		f.tokens--
		if f.blind > 0 {
			f.taken = append(f.taken, at)
		}
		if f.blind > 0 || f.truncates {
			f.tokens = max(f.tokens, 0)
		}
		f.emptied = f.emptied || f.tokens < 1
	default:
		f.tokens = max(-float64(f.l.Burst), f.tokens-f.refusalCost)
		f.emptied = true
		if f.bars > 0 && at >= f.barred {
			f.barred = at + f.bars
		}
	}
}

// A sliding window counts the admissions of the last seconds.
type sliding struct {
	l      profiles.Limit
	length float64
	taken  []float64
}

func (s *sliding) level(at float64) float64 {
	s.taken = slices.DeleteFunc(s.taken, func(t float64) bool { return t <= at-s.length })
	return float64(s.l.Burst - len(s.taken))
}

func (s *sliding) saw(at float64, admitted bool) {
	if admitted {
		s.taken = append(s.taken, at)
	}
}

// A sight is one call as a hypothesis sees it: an admission as early as it can
// have been, a refusal as late, since then the call is explained best.
type sight struct {
	at       float64 // seconds
	slack    float64 // tokens that the unseen instant may account for
	admitted bool
}

func (c *Court) sights() []sight {
	b := c.evidence.busiest()
	var list []sight
	for i := range b.marks {
		m := &b.marks[i]
		s := sight{at: b.sent(int32(i)) / 1e9, admitted: m.kind == admitted}
		switch {
		case m.kind == maybe:
			continue
		case m.kind == refused:
			s.at = b.end(int32(i)) / 1e9
		}
		s.slack = 0.25 + c.profile.Limit.Rate*float64(m.received-m.sent)/1e9
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(x, y sight) int { return cmp.Compare(x.at, y.at) })
	return list
}

// contradictions counts the calls that a model can't explain: refused with a
// token to spare, or admitted without.
func contradictions(m model, calls []sight) int {
	n := 0
	for _, c := range calls {
		level := m.level(c.at)
		if c.admitted && level < 1-c.slack || !c.admitted && level >= 1+c.slack {
			n++
		}
		m.saw(c.at, c.admitted)
	}
	return n
}

// likeliest returns the words of the hypothesis that leaves the fewest calls
// unexplained, and false where none explains nearly all of them.
func (c *Court) likeliest() (string, bool) {
	calls := c.sights()
	if len(calls) > 5000 {
		calls = calls[:5000]
	}
	best, words := math.MaxInt, ""
	for _, h := range hypotheses(c.profile.Limit) {
		if n := contradictions(h.model(c.profile.Limit), calls); n < best {
			best, words = n, h.words
		}
	}
	plain := contradictions(&flow{l: c.profile.Limit}, calls)
	if 50*best > len(calls) || 2*best >= plain {
		return "", false
	}
	return words, true
}
