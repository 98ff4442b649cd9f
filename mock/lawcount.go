package mock

import (
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

// A count is what one law remembers of one key. Instants never move back. Whoever waits
// is charged for the instant at which it is let in, so that may lie ahead.
type count interface {
	// next is the earliest instant from at on at which so many units are granted;
	// ratelimit.Never where that is no instant.
	next(at time.Duration, units int) time.Duration
	// take charges units that are granted at an instant, or that a refused request costs.
	take(at time.Duration, units int, lasts time.Duration)
	// left is how many units are granted at an instant.
	left(at time.Duration) int
	// prolong is what a refused request does to an elastic window.
	prolong(at time.Duration)
}

// newCount is the count of a law's key of which nothing was taken yet. Faults of time
// are in quirk.
func newCount(l promise.Law, epoch time.Time, quirk quirk) count {
	switch l.Kind {
	case promise.Bucket:
		return &flow{bucket: full(l.Rate, float64(l.N)), step: l.Step, every: l.Every, quirk: quirk}
	case promise.Cap:
		return &slots{n: l.N, quirk: quirk}
	case promise.Sessions:
		return &rooms{n: l.N, quirk: quirk}
	case promise.Quota:
		return &spans{n: l.N, quirk: quirk, bounds: calendar(l.Unit, l.Zone, epoch)}
	}
	switch l.Style {
	case promise.Fixed:
		return &opened{n: l.N, length: l.Every, quirk: quirk}
	case promise.Aligned:
		return &spans{n: l.N, quirk: quirk, bounds: even(l.Every)}
	case promise.Counter:
		return &fading{n: l.N, length: l.Every, quirk: quirk}
	}
	return &trail{n: l.N, length: l.Every, quirk: quirk} // an unsaid kind is any: a log is one
}

// A flow is a bucket whose tokens flow, or come in steps.
type flow struct {
	bucket *bucket
	step   int
	every  time.Duration
	quirk  quirk
}

func (f *flow) at(at time.Duration) {
	if f.step > 0 {
		at = at / f.every * f.every
	}
	if at > f.bucket.at {
		if f.quirk.never {
			f.bucket.at = at
		}
		if period := f.quirk.early; period > 0 && at/period > f.bucket.at/period {
			f.bucket.level = f.bucket.burst
		}
		f.bucket.flow(at)
	}
}

func (f *flow) next(at time.Duration, units int) time.Duration {
	f.at(at)
	at = max(at, f.bucket.at)
	need := float64(units) - f.bucket.level
	switch {
	case need <= slack:
		return at
	case units > int(f.bucket.burst) || f.quirk.never:
		return ratelimit.Never
	case f.step > 0:
		steps := math.Ceil(need/float64(f.step) - slack)
		return (at/f.every + time.Duration(steps)) * f.every
	}
	return at + time.Duration(math.Ceil(need/f.bucket.rate*1e9))
}

func (f *flow) take(at time.Duration, units int, _ time.Duration) {
	f.at(at)
	f.bucket.level = max(-f.bucket.burst, f.bucket.level-float64(units))
}

func (f *flow) left(at time.Duration) int { f.at(at); return int(max(0, f.bucket.level+slack)) }
func (f *flow) prolong(time.Duration)     {}

// A trail is a log of what was granted in the latest while.
type trail struct {
	n      int
	length time.Duration
	log    []time.Duration // the instants of the latest n units, in order
	quirk  quirk
}

func (t *trail) next(at time.Duration, units int) time.Duration {
	if t.quirk.early > 0 && len(t.log) > 0 && at-t.log[len(t.log)-1] >= t.quirk.early {
		t.log = nil
	}
	// It fits once the unit is forgotten that stands in its way.
	way := len(t.log) - (t.n - units + 1)
	switch {
	case units > t.n:
		return ratelimit.Never
	case way < 0:
		return at
	case t.quirk.never:
		return ratelimit.Never
	}
	return max(at, t.log[way]+t.length)
}

func (t *trail) take(at time.Duration, units int, _ time.Duration) {
	if len(t.log) > 0 {
		at = max(at, t.log[len(t.log)-1])
	}
	for range min(units, t.n) {
		t.log = append(t.log, at)
	}
	t.log = t.log[max(0, len(t.log)-t.n):]
}

func (t *trail) left(at time.Duration) int {
	live := 0
	for _, unit := range t.log {
		if unit+t.length > at || t.quirk.never {
			live++
		}
	}
	return t.n - live
}

func (t *trail) prolong(time.Duration) {}

// An opened window opens with the first request after the last has closed.
type opened struct {
	n, used int
	length  time.Duration
	closes  time.Duration // the last one; 0: there was none
	quirk   quirk
}

func (o *opened) isOver(at time.Duration) bool {
	closes := o.closes
	if o.quirk.early > 0 && at-(closes-o.length) >= o.quirk.early {
		return true
	}
	return closes == 0 || at >= closes && !o.quirk.never
}

func (o *opened) next(at time.Duration, units int) time.Duration {
	switch {
	case o.isOver(at) && units <= o.n:
		return at
	case !o.isOver(at) && o.used+units <= o.n+o.quirk.edge(at, o.closes, o.length, o.n):
		return max(at, o.closes-o.length) // it may open only when somebody's wait is over
	case units > o.n || o.quirk.never:
		return ratelimit.Never
	}
	return max(at, o.closes)
}

func (o *opened) take(at time.Duration, units int, _ time.Duration) {
	if o.isOver(at) {
		o.closes, o.used = at+o.length, 0
	}
	o.used += units
}

func (o *opened) left(at time.Duration) int {
	if o.isOver(at) {
		return o.n
	}
	return max(0, o.n-o.used)
}

func (o *opened) prolong(at time.Duration) { o.closes = at + o.length }

// Spans are windows one after the other, by bounds that the clock sets.
type spans struct {
	n, used int
	bounds  func(at time.Duration) (from, to time.Duration) // of the window that an instant lies in
	to      time.Duration                                   // the end of the one that was counted last
	from    time.Duration
	quirk   quirk
}

func (s *spans) turn(at time.Duration) {
	if s.to == 0 {
		s.from, s.to = s.bounds(at)
	}
	if at >= s.to && !s.quirk.never {
		s.from, s.to = s.bounds(at)
		s.used = 0
	}
	if early := s.quirk.early; early > 0 && at-s.from >= early && at < s.to {
		s.from, s.used = at, 0
	}
}

func (s *spans) next(at time.Duration, units int) time.Duration {
	s.turn(at)
	switch {
	case s.used+units <= s.n+s.quirk.edge(at, s.to, s.to-s.from, s.n):
		return max(at, s.from)
	case units > s.n || s.quirk.never:
		return ratelimit.Never
	}
	return max(at, s.to)
}

func (s *spans) take(at time.Duration, units int, _ time.Duration) { s.turn(at); s.used += units }
func (s *spans) left(at time.Duration) int                         { s.turn(at); return max(0, s.n-s.used) }
func (s *spans) prolong(at time.Duration)                          { s.to = at + (s.to - s.from) }

// even are windows of one length from instant 0 on.
func even(length time.Duration) func(time.Duration) (from, to time.Duration) {
	return func(at time.Duration) (from, to time.Duration) {
		from = at / length * length
		return from, from + length
	}
}

// calendar are the hours, days or months of a time zone. Instant 0 was at epoch.
func calendar(u promise.Unit, zone string, epoch time.Time) func(time.Duration) (from, to time.Duration) {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC // NewLaws has refused it
	}
	return func(at time.Duration) (from, to time.Duration) {
		now := epoch.Add(at).In(where)
		y, m, d := now.Date()
		begin, end := time.Date(y, m, 1, 0, 0, 0, 0, where), time.Date(y, m+1, 1, 0, 0, 0, 0, where)
		switch u {
		case promise.Day:
			begin, end = time.Date(y, m, d, 0, 0, 0, 0, where), time.Date(y, m, d+1, 0, 0, 0, 0, where)
		case promise.Hour:
			begin = now.Truncate(time.Hour)
			end = begin.Add(time.Hour)
		}
		return begin.Sub(epoch), end.Sub(epoch)
	}
}

// Fading windows are aligned; of the last one's count the part counts that the present
// one hasn't reached yet.
type fading struct {
	n          int
	used, last int
	length     time.Duration
	index      time.Duration // of the window that used is of
	quirk      quirk
}

func (f *fading) turn(at time.Duration) {
	if i := at / f.length; i > f.index && !f.quirk.never {
		f.last = 0
		if i == f.index+1 && f.quirk.early == 0 {
			f.last = f.used
		}
		f.used, f.index = 0, i
	}
}

// weight is what counts at an instant, as if nothing was taken in between.
func (f *fading) weight(at time.Duration) float64 {
	used, last := float64(f.used), float64(f.last)
	for i := f.index; i < at/f.length && i < f.index+3 && !f.quirk.never; i++ {
		used, last = 0, used
	}
	return used + last*(1-float64(at%f.length)/float64(f.length))
}

func (f *fading) next(at time.Duration, units int) time.Duration {
	f.turn(at)
	at = max(at, f.index*f.length)
	if units > f.n || f.quirk.never && f.weight(at)+float64(units) > float64(f.n) {
		return ratelimit.Never
	}
	// The weight falls until the present window's count alone is too much, and then with
	// the next window: the instant is sought in small steps, which only a mock may do.
	for t := at; t < at+3*f.length; t += max(f.length/1000, 1) {
		if f.weight(t)+float64(units) <= float64(f.n)+slack {
			return t
		}
	}
	return at + 3*f.length
}

func (f *fading) take(at time.Duration, units int, _ time.Duration) { f.turn(at); f.used += units }
func (f *fading) left(at time.Duration) int {
	f.turn(at)
	return int(max(0, float64(f.n)-f.weight(at)+slack))
}
func (f *fading) prolong(time.Duration) {}

// Slots are requests that are served at the same time.
type slots struct {
	n     int
	ends  []time.Duration // of those that are let in, in order
	quirk quirk
}

func (s *slots) next(at time.Duration, units int) time.Duration {
	// It fits once the request has ended that stands in its way.
	way := len(s.ends) - (s.n - units + 1)
	switch {
	case units > s.n:
		return ratelimit.Never
	case way < 0:
		return at
	case s.quirk.never:
		return ratelimit.Never
	}
	return max(at, s.ends[way])
}

func (s *slots) take(at time.Duration, units int, lasts time.Duration) {
	for range units {
		s.ends = append(s.ends, at+lasts)
	}
	slices.Sort(s.ends)
	s.ends = s.ends[max(0, len(s.ends)-s.n):]
}

func (s *slots) left(at time.Duration) int {
	live := 0
	for _, end := range s.ends {
		if end > at || s.quirk.never {
			live++
		}
	}
	return s.n - live
}

func (s *slots) prolong(time.Duration) {}
