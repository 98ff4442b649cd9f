package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A LawMeasure is what a history leaves of a window's other numbers, the rest of the
// promise as declared.
type LawMeasure struct {
	Exact bool            // with one unit more or less, the history isn't explained
	Every Interval        // its length, in seconds; Hi is +Inf where no reset was seen
	Kinds []promise.Style // where its windows may lie: what explains the history
}

// mostMeasured is how long a history may be for that to be worth its time: it takes some
// forty judgements.
const mostMeasured = 5000

// farEvery is how far from the declared length others are tried.
const farEvery = 4

// MeasureLaw tries lengths around the declared one, and the other kinds of windows, and
// returns which of them explain the history. It reports false of a law that is no window,
// or that isn't kept, and of a history that is too long.
//
// Of the lengths it finds the stretch around the declared one by bisection: of a sliding
// window, where a longer one lets through less and a shorter one refuses less, those are
// all that explain the history.
func MeasureLaw(p promise.Promise, x int, calls []history.Call, cfg LawConfig) (m LawMeasure, ok bool) {
	if l := p[x]; l.Kind != promise.Window || len(calls) > mostMeasured || !explains(p, calls, cfg) {
		return m, false
	}
	with := func(change func(l *promise.Law)) bool {
		q := slices.Clone(p)
		q[x] = p[x].Clone()
		change(&q[x])
		return explains(q, calls, cfg)
	}
	lasting := func(factor float64) bool {
		return with(func(l *promise.Law) { l.Every = time.Duration(math.Round(factor * float64(l.Every))) })
	}
	m.Exact = !with(func(l *promise.Law) { l.N++ }) && (p[x].N == 1 || !with(func(l *promise.Law) { l.N-- }))
	every := p[x].Every.Seconds()
	m.Every = Interval{Lo: every * edgeOf(1, 1.0/farEvery, lasting), Hi: every * edgeOf(1, farEvery, lasting)}
	if m.Every.Hi >= every*farEvery {
		m.Every.Hi = math.Inf(1)
	}
	if m.Every.Lo <= every/farEvery {
		m.Every.Lo = 0
	}
	for _, style := range []promise.Style{promise.Fixed, promise.Sliding, promise.Aligned, promise.Counter} {
		if with(func(l *promise.Law) { l.Style = style }) {
			m.Kinds = append(m.Kinds, style)
		}
	}
	return m, true
}

// edgeOf returns how far from a factor that holds, towards one that may not, the last lies
// that does, rounded towards the latter: the range is never said to be narrower than it is.
func edgeOf(holds, may float64, lasting func(factor float64) bool) float64 {
	if lasting(may) {
		return may
	}
	for range 13 {
		half := (holds + may) / 2
		if lasting(half) {
			holds = half
		} else {
			may = half
		}
	}
	return may
}
