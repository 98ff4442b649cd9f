package verdict

import (
	"fmt"
	"math"
	"time"
)

// A Model is a kind of limiter, and the numbers with which it explains a
// history. Each is judged by conditions that it must meet whatever the delays
// were, so a model that isn't listed is proven not to be at work; one that is
// listed explains the history, as others may.
type Model struct {
	Name   string        // one of the names below
	Number Interval      // admissions a window, or calls at a time; of a token bucket its burst
	Window time.Duration // of windows: the roundest length that explains the history; 0 for the others
	Length Interval      // of windows: every length that may, in seconds
	Box    *Measured     // of a token bucket
}

// The names of models.
const (
	TokenBucket    = "token bucket"
	FixedWindow    = "fixed window"
	SlidingWindow  = "sliding window"
	OpenedWindow   = "window that opens with its first call"
	ConcurrencyCap = "concurrency cap"
	NoLimit        = "no limit"
)

// String says the model in words.
func (m Model) String() string {
	switch {
	case m.Box != nil && m.Box.Burst.Hi < 2:
		return fmt.Sprintf("leaky bucket without burst (%s)", m.Box)
	case m.Box != nil:
		return fmt.Sprintf("token bucket (%s)", m.Box)
	case m.Window > 0:
		return fmt.Sprintf("%s (%s in %s)", m.Name, m.Number.whole(), m.Window.Round(time.Millisecond))
	case m.Name == ConcurrencyCap:
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
		return []Model{{Name: NoLimit}}
	}
	if m, ok := e.Measure(tolerance); ok {
		list = append(list, Model{Name: TokenBucket, Number: m.Burst, Box: &m})
	}
	b := e.busiest()
	for _, fit := range []func() (Model, bool){b.fixed, b.sliding, b.opening} {
		m, ok := fit()
		if same := m.Name == SlidingWindow && m.Number.Hi == 1 && len(list) > 0 && list[0].Box != nil; ok && !same {
			list = append(list, m) // one call a window is a bucket without burst, in other words
		}
	}
	if most := b.leastOverlap(); most >= 1 {
		list = append(list, Model{Name: ConcurrencyCap, Number: Interval{Lo: 1, Hi: float64(most)}})
	}
	return list
}

// busiest returns the bucket with the most calls, of those with a refusal where
// there is one.
func (e *Evidence) busiest() *bucket {
	best := &bucket{evidence: e}
	best.aside().prepare()
	for _, b := range e.buckets {
		b.prepare()
		refused, more := len(b.refusals) > 0, len(b.marks) > len(best.marks)
		if was := len(best.refusals) > 0; refused && !was || refused == was && more {
			best = b
		}
	}
	return best
}

// leastOverlap returns the smallest number of other calls that may have been
// in the server together with a refused one: a cap on concurrency can't be
// higher, and where it is 0 there is none.
func (b *bucket) leastOverlap() int {
	if len(b.refusals) == 0 {
		return 0
	}
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
