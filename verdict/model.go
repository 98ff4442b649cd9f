package verdict

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// A Model is a kind of limiter, and the numbers with which it explains a
// history. Each is judged by conditions that it must meet whatever the delays
// were, so a model that isn't listed is proven not to be at work; one that is
// listed explains the history, as others may.
type Model struct {
	Name   string        // "token bucket", "fixed window", "sliding window", "concurrency cap" or "no limit"
	Number Interval      // admissions a window, or calls at a time; of a token bucket its burst
	Window time.Duration // of windows; 0 for the others
	Box    *Measured     // of a token bucket
}

// String says the model in words.
func (m Model) String() string {
	switch {
	case m.Box != nil && m.Box.Burst.Hi < 2:
		return fmt.Sprintf("leaky bucket without burst (%s)", m.Box)
	case m.Box != nil:
		return fmt.Sprintf("token bucket (%s)", m.Box)
	case m.Window > 0:
		return fmt.Sprintf("%s (%s in %s)", m.Name, m.Number.whole(), m.Window.Round(time.Millisecond))
	case m.Name == "concurrency cap":
		return fmt.Sprintf("concurrency cap (at most %.0f)", m.Number.Hi)
	}
	return m.Name
}

// whole says a range of whole numbers.
func (i Interval) whole() string {
	if lo, hi := math.Ceil(i.Lo), math.Floor(i.Hi); lo < hi {
		return fmt.Sprintf("%.0f to %.0f", lo, hi)
	}
	return fmt.Sprintf("%.0f", math.Ceil(i.Lo))
}

// Models returns every model that explains the history, the token bucket
// first. Where a bucket is shared by all clients it judges their union, else
// the busiest client's calls.
func (e *Evidence) Models(tolerance float64) []Model {
	var list []Model
	if e.limited == 0 {
		return []Model{{Name: "no limit"}}
	}
	if m, ok := e.Measure(tolerance); ok {
		list = append(list, Model{Name: "token bucket", Number: m.Burst, Box: &m})
	}
	b := e.busiest()
	windows := b.windowLengths()
	for _, fit := range []struct {
		name string
		try  func(w float64) (Interval, bool)
	}{{"fixed window", b.fitFixed}, {"sliding window", b.fitSliding}} {
		if m, ok := fitWindow(fit.name, windows, fit.try); ok {
			list = append(list, m)
		}
	}
	if most := b.leastOverlap(); most >= 1 {
		list = append(list, Model{Name: "concurrency cap", Number: Interval{Lo: 1, Hi: float64(most)}})
	}
	return list
}

// busiest returns the bucket with the most calls.
func (e *Evidence) busiest() *bucket {
	best := &bucket{}
	for _, b := range e.buckets {
		if len(b.marks) > len(best.marks) {
			best = b
		}
	}
	best.prepare()
	return best
}

// windowLengths returns the lengths of windows worth trying, in nanoseconds:
// the customary ones, and those that the history itself suggests, which are
// the distances between the instants at which refusals gave way to admissions.
func (b *bucket) windowLengths() []float64 {
	lengths := []float64{}
	for _, s := range []float64{0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 300, 600, 3600} {
		lengths = append(lengths, s*1e9)
	}
	opened := b.reopenings()
	for i := range opened {
		for k := i + 1; k < len(opened) && k <= i+3; k++ {
			lengths = append(lengths, opened[k]-opened[i])
		}
	}
	if first := b.firstRefusal(); len(opened) > 0 && first > 0 {
		lengths = append(lengths, opened[0])
	}
	sort.Float64s(lengths)
	lengths = slices.CompactFunc(lengths, func(a, b float64) bool { return b-a < 0.002*a })
	return slices.DeleteFunc(lengths, func(w float64) bool { return w < 20e6 })
}

// reopenings are the instants at which an admission followed a refusal.
func (b *bucket) reopenings() []float64 {
	type event struct {
		at      float64
		refused bool
	}
	var events []event
	for _, i := range b.sure {
		events = append(events, event{b.sent(i), false})
	}
	for _, j := range b.refusals {
		events = append(events, event{b.sent(j), true})
	}
	slices.SortStableFunc(events, func(x, y event) int { return int(math.Copysign(1, x.at-y.at)) })
	var out []float64
	for k := 1; k < len(events); k++ {
		if events[k-1].refused && !events[k].refused {
			out = append(out, events[k].at)
		}
	}
	return out
}

func (b *bucket) firstRefusal() float64 {
	if len(b.refusals) == 0 {
		return math.Inf(1)
	}
	return b.sent(b.refusals[0])
}

// fitWindow tries window lengths and returns the first that explains the
// history. Customary lengths come first where several do, because they are
// what people configure.
func fitWindow(name string, lengths []float64, try func(w float64) (Interval, bool)) (Model, bool) {
	best, found := Model{}, false
	for _, w := range lengths {
		for _, near := range []float64{1, 0.995, 1.005, 0.99, 1.01, 0.98, 1.02} {
			n, ok := try(w * near)
			if !ok {
				continue
			}
			m := Model{Name: name, Number: n, Window: time.Duration(w * near)}
			if !found || customary(m.Window) && !customary(best.Window) {
				best, found = m, true
			}
			break
		}
	}
	return best, found
}

func customary(w time.Duration) bool { return w%(250*time.Millisecond) == 0 }

// fitSliding returns how many admissions a sliding window of this length
// allows, where some number explains the history: no stretch of that length
// certainly holds more, and whenever a call was refused one may have held as
// many.
func (b *bucket) fitSliding(w float64) (Interval, bool) {
	certain := 0
	ends := b.sureEnd
	for k, i := range b.sure { // windows that begin when an admission may have been decided
		if k > 0 && b.sent(i) == b.sent(b.sure[k-1]) {
			continue
		}
		n := 0
		for _, e := range ends {
			if b.end(e) >= b.sent(i)+w {
				break
			}
			if b.sent(e) >= b.sent(i) {
				n++
			}
		}
		certain = max(certain, n)
	}
	possible := math.MaxInt
	for _, j := range b.refusals {
		most := 0
		for _, t := range b.instantsIn(j) {
			n := 0
			for _, i := range b.bySent {
				if b.sent(i) > t {
					break
				}
				if b.end(i) > t-w {
					n++
				}
			}
			most = max(most, n)
		}
		possible = min(possible, most)
		if possible < max(1, certain) {
			return Interval{}, false
		}
	}
	return Interval{Lo: float64(max(1, certain)), Hi: float64(possible)}, true
}

// instantsIn are the instants at which the demand on a limiter may peak while
// a refused call was open.
func (b *bucket) instantsIn(j int32) []float64 {
	ts := []float64{b.sent(j)}
	for _, i := range b.bySent {
		if b.sent(i) > b.end(j) {
			break
		}
		if b.sent(i) > b.sent(j) {
			ts = append(ts, b.sent(i))
		}
	}
	return ts
}

// fitFixed returns how many admissions a fixed window of this length allows,
// for any phase of its edges: no window certainly holds more, and whenever a
// call was refused the window that it may have fallen into may have held as
// many.
func (b *bucket) fitFixed(w float64) (Interval, bool) {
	const phases = 100
	for k := range phases {
		if n, ok := b.fitPhase(w, float64(k)/phases*w); ok {
			return n, true
		}
	}
	return Interval{}, false
}

func (b *bucket) fitPhase(w, phase float64) (Interval, bool) {
	number := func(at float64) int { return int(math.Floor((at - phase) / w)) }
	certain, possible := map[int]int{}, map[int]int{}
	lo := 1
	for _, i := range b.bySent {
		first, last := number(b.sent(i)), number(b.sent(i))
		if end := b.end(i); !math.IsInf(end, 1) {
			last = number(end)
		}
		for n := first; n <= last; n++ {
			possible[n]++
		}
		if first == last && b.marks[i].kind == admitted {
			certain[first]++
			lo = max(lo, certain[first])
		}
	}
	hi := math.MaxInt
	for _, j := range b.refusals {
		most := 0
		for n := number(b.sent(j)); n <= number(b.end(j)); n++ {
			most = max(most, possible[n])
		}
		hi = min(hi, most)
		if hi < lo {
			return Interval{}, false
		}
	}
	return Interval{Lo: float64(lo), Hi: float64(hi)}, true
}

// leastOverlap returns the smallest number of other calls that may have been
// in the server together with a refused one: a cap on concurrency can't be
// higher, and where it is 0 there is none.
func (b *bucket) leastOverlap() int {
	least := math.MaxInt
	for _, j := range b.refusals {
		n := 0
		for _, i := range b.bySent {
			if b.sent(i) > b.end(j) {
				break
			}
			if b.end(i) >= b.sent(j) {
				n++
			}
		}
		least = min(least, n)
		if least == 0 {
			return 0
		}
	}
	return least
}
