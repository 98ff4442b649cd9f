package verdict

import (
	"math"
	"slices"
	"sort"
	"time"
)

// sliding fits "at most N admissions in any stretch of length W". For each N
// the history bounds W from both sides: N+1 admissions that were certainly
// decided within a stretch make W at most that long, 2N+1 at most half of it, and
// so on; and a refusal makes it longer than the time since the Nth admission before it.
func (b *bucket) sliding() (m Model, ok bool) {
	if len(b.refusals) == 0 {
		return m, false
	}
	later, before := b.endsLater(), b.endsBefore()
	for n := b.beforeFirstRefusal() + 1; n >= 1; n-- {
		seen := longerThan(before, n)
		lo, hi := b.shortest(seen), b.longest(spaced(later, n))
		if lo < hi && seen > 0 && !math.IsInf(hi, 1) {
			return windowModel(SlidingWindow, Interval{Lo: float64(n), Hi: float64(n)}, lo, hi), true
		}
	}
	return m, false
}

// shortest and longest are what a stretch of the history's clock is by the
// limiter's at least and at most, in nanoseconds.
func (b *bucket) shortest(x float64) float64 { return max(0, x*b.slow()-float64(b.lag)) }
func (b *bucket) longest(x float64) float64  { return x*b.fast() + float64(b.lag) }

// windowModel is the model of a window whose length is within a range of nanoseconds.
func windowModel(name string, number Interval, lo, hi float64) Model {
	return Model{Name: name, Number: number, Window: round(lo, hi), Length: Interval{Lo: lo / 1e9, Hi: hi / 1e9}}
}

// beforeFirstRefusal is how many calls may have been admitted by the end of
// the first refusal.
func (b *bucket) beforeFirstRefusal() int {
	n := 0
	for _, i := range b.bySent {
		if b.sent(i) <= b.end(b.refusals[0]) {
			n++
		}
	}
	return n
}

// endsLater has for each admission how long after its sending it and the ones
// sent later were answered, in nanoseconds and in order.
func (b *bucket) endsLater() [][]float64 {
	list := make([][]float64, len(b.sure))
	for k, i := range b.sure {
		for _, other := range b.sure[k:] {
			list[k] = append(list[k], b.end(other)-b.sent(i))
		}
		slices.Sort(list[k])
	}
	return list
}

// atMost is the shortest stretch, in nanoseconds, that certainly holds n+1
// admissions.
func atMost(later [][]float64, n int) float64 {
	shortest := math.Inf(1)
	for _, ends := range later {
		if len(ends) > n {
			shortest = min(shortest, ends[n])
		}
	}
	return shortest
}

// spaced is how long a stretch is at most of which n admissions may lie in each: what
// holds k times as many and one more is k of them long.
func spaced(later [][]float64, n int) float64 {
	shortest := math.Inf(1)
	for k := 1; k*n < len(later); k++ {
		shortest = min(shortest, atMost(later, k*n)/float64(k))
	}
	return shortest
}

// endsBefore has for each refusal how long before its sending the calls were
// answered that may have been admitted before it, the latest first.
func (b *bucket) endsBefore() [][]float64 {
	list := make([][]float64, len(b.refusals))
	for k, j := range b.refusals {
		for _, i := range b.bySent {
			if b.sent(i) > b.end(j) {
				break
			}
			ago := b.sent(j) - b.end(i)
			if math.IsInf(ago, -1) {
				ago = 0 // it may be decided at any time
			}
			list[k] = append(list[k], ago)
		}
		slices.Sort(list[k])
	}
	return list
}

// longerThan is the longest time, in nanoseconds, that a refusal proves to be
// within the window: since the nth admission before it, at the least. It is
// infinite where fewer can have been admitted before.
func longerThan(before [][]float64, n int) float64 {
	longest := 0.0
	for _, ago := range before {
		if len(ago) < n {
			return math.Inf(1)
		}
		longest = max(longest, ago[n-1])
	}
	return longest
}

// heldBefore bounds what a window that is w nanoseconds long holds, wherever it
// begins: where a call was refused, it was full of what the latest w may have let
// through.
func heldBefore(before [][]float64, w float64) int {
	least := math.MaxInt
	for _, ago := range before {
		least = min(least, sort.SearchFloat64s(ago, w))
	}
	return least
}

// round is a whole number of minutes, seconds or quarters of one in a range,
// as people configure windows, or else its middle.
func round(lo, hi float64) time.Duration {
	middle := (lo + hi) / 2
	for _, unit := range []time.Duration{time.Minute, time.Second, 250 * time.Millisecond} {
		if x := math.Round(middle/float64(unit)) * float64(unit); x > lo && x < hi {
			return time.Duration(x)
		}
	}
	return time.Duration(middle)
}

// An edge is where a window must have ended: between the sending of a refused
// call and the answer to an admitted one after it.
type edge struct{ from, to float64 }

// edges returns the distinct edges, in order.
func (b *bucket) edges() []edge {
	var list []edge
	r := 0
	for _, i := range b.sure {
		last := -1
		for r < len(b.refusals) && b.end(b.refusals[r]) <= b.sent(i) {
			last, r = r, r+1
		}
		if last >= 0 {
			list = append(list, edge{b.sent(b.refusals[last]), b.end(i)})
		}
	}
	return list
}

// fixed fits "at most N admissions in each window of length W". Wherever an
// admission follows a refusal, a window ended in between. Two such edges that
// are sharp give candidates for W, as a whole number of windows lies between
// them; all sharp edges together then bound W and the phase, and what they
// leave is searched. Clocks may wander apart in between, as far as they may drift.
func (b *bucket) fixed() (m Model, ok bool) {
	edges := b.edges()
	tried := map[Interval]bool{}
	for i := range edges {
		for k := i + 1; k < min(len(edges), i+4); k++ {
			apart := edges[k].middle() - edges[i].middle()
			if max(edges[i].width(), edges[k].width()) > 0.3*apart {
				continue
			}
			for parts := 1.0; parts <= 3; parts++ {
				fit, ok := b.fitEdges(edges, apart/parts)
				if !ok || tried[fit.length] {
					continue
				}
				tried[fit.length] = true
				number, ok := b.search(fit)
				// So many windows touch a stretch of L as it is long, and two: a bucket of
				// twice the number that fills as fast lets through no less.
				for ok && number.Lo <= number.Hi {
					if _, burst := b.tightest(number.Lo / (fit.length.Lo / 1e9)); burst <= 2*number.Lo {
						break
					}
					number.Lo++
				}
				if ok && number.Lo <= number.Hi {
					return windowModel(FixedWindow, number, fit.length.Lo, fit.length.Hi), true
				}
			}
		}
	}
	return m, false
}

// search tries the lengths and phases that sharp edges leave, and returns every
// number that explains the history with one of them. They are tried in steps, and
// an instant that lies nearer to an edge than half a step moves it may be on either
// side, so that nothing between two steps is passed over.
func (b *bucket) search(f fitted) (all Interval, found bool) {
	const lengths, phases = 32, 16
	atMost := heldBefore(b.endsBefore(), (f.length.Hi+float64(b.lag))/b.slow())
	width := f.length.Hi - f.length.Lo
	if from, to := f.around(f.length.Lo+width/2, width/2); from < to {
		if _, ok := b.fitsWindows(f.length.Lo+width/2, (from+to)/2, width/2, (to-from)/2, atMost); !ok {
			return all, false // all of them at once explain nothing, so none does
		}
	}
	half := width / lengths / 2
	for i := range lengths {
		w := f.length.Lo + half*float64(2*i+1)
		from, to := f.around(w, half)
		for k := range phases {
			if from >= to {
				break
			}
			step := (to - from) / phases
			number, ok := b.fitsWindows(w, from+step*(float64(k)+0.5), half, step/2, atMost)
			switch {
			case !ok:
			case !found:
				all, found = number, true
			default:
				all = Interval{Lo: min(all.Lo, number.Lo), Hi: max(all.Hi, number.Hi)}
			}
		}
	}
	return all, found
}

func (e edge) middle() float64 { return (e.from + e.to) / 2 }
func (e edge) width() float64  { return e.to - e.from }

// fitted are windows that end in every sharp edge.
type fitted struct {
	edges  []edge
	number []float64 // of windows between the first edge and each
	length Interval  // nanoseconds of the limiter's clock
	drift  float64   // by how much of the time since the first edge clocks may have drifted apart
	lag    float64   // nanoseconds that an edge may seem to be off besides
}

// phase returns where the first edge may lie exactly, in nanoseconds, if the
// windows are of this length: each edge may be off by as much as clocks wandered.
func (f fitted) phase(w float64) (from, to float64) {
	from, to = math.Inf(-1), math.Inf(1)
	for i, e := range f.edges {
		off := f.drift*f.number[i]*w + f.lag
		from, to = max(from, e.from-f.number[i]*w-off), min(to, e.to-f.number[i]*w+off)
	}
	return from, to
}

// around is phase for lengths within dw of w.
func (f fitted) around(w, dw float64) (from, to float64) {
	most := dw * f.number[len(f.number)-1]
	from, to = f.phase(w)
	return from - most, to + most
}

// fitEdges returns the lengths near w that put an end of a window into every
// edge that is sharp, pair by pair.
func (b *bucket) fitEdges(all []edge, w float64) (f fitted, ok bool) {
	f.drift, f.lag = b.evidence.clocks.Drift, float64(b.lag)
	if w < 1e6 {
		return f, false
	}
	for _, e := range all {
		if e.width() < 0.4*w {
			f.edges = append(f.edges, e)
		}
	}
	if len(f.edges) < 2 {
		return f, false
	}
	// Windows are numbered from edge to edge, so that an error of w doesn't add up.
	f.number = make([]float64, len(f.edges))
	for i := 1; i < len(f.edges); i++ {
		f.number[i] = f.number[i-1] + math.Round((f.edges[i].middle()-f.edges[i-1].middle())/w)
	}
	f.length = Interval{Lo: 0, Hi: math.Inf(1)}
	for i := range f.edges {
		for k := range i {
			apart := f.number[i] - f.number[k]
			if apart < 1 {
				continue // one and the same edge, seen twice
			}
			f.length.Lo = max(f.length.Lo, b.shortest(f.edges[i].from-f.edges[k].to)/apart)
			f.length.Hi = min(f.length.Hi, b.longest(f.edges[i].to-f.edges[k].from)/apart)
		}
	}
	return f, f.length.Lo < f.length.Hi && !math.IsInf(f.length.Hi, 1)
}

// fitsWindows returns how many admissions a window may hold, and false where
// no number explains the history: no window certainly holds more, and one that
// a refusal fell into may have held as many by then. Length and phase are known
// to within dw and dp only, all in nanoseconds; it is known that no window holds
// more than atMost.
func (b *bucket) fitsWindows(w, phase, dw, dp float64, atMost int) (Interval, bool) {
	vague := func(at float64) float64 {
		return dp + (dw/w+b.evidence.clocks.Drift)*math.Abs(at-phase) + float64(b.lag)
	}
	span := func(i int32) (first, last int) {
		last = 1 << 40
		if end := b.end(i); !math.IsInf(end, 1) {
			last = int(math.Floor((end + vague(end) - phase) / w))
		}
		return int(math.Floor((b.sent(i) - vague(b.sent(i)) - phase) / w)), last
	}
	certain, possible := map[int]int{}, map[int][]float64{} // by window; when they were sent
	everLater, lo := []int{}, 1
	for _, i := range b.bySent {
		first, last := span(i)
		if last-first > 3 {
			everLater = append(everLater, first)
			continue
		}
		for n := first; n <= last; n++ {
			possible[n] = append(possible[n], b.sent(i))
		}
		if first == last && b.marks[i].least > 0 {
			certain[first]++
			lo = max(lo, certain[first])
		}
	}
	hi := atMost
	if hi < lo {
		return Interval{}, false
	}
	for _, j := range b.refusals {
		first, last := span(j)
		best := 0
		for n := first; n <= min(last, first+3); n++ {
			held := sort.Search(len(possible[n]), func(k int) bool { return possible[n][k] > b.end(j) })
			for _, from := range everLater {
				if from <= n {
					held++
				}
			}
			best = max(best, held)
		}
		if hi = min(hi, best); hi < lo {
			return Interval{}, false
		}
	}
	return Interval{Lo: float64(lo), Hi: float64(hi)}, true
}
