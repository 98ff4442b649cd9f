package probe

import (
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// A log is a history as windows are fitted to it: what was admitted, what was
// refused, and what may have been admitted, each between the instants that it
// was sent and answered.
type log struct {
	taken    []history.Call // admitted, or perhaps; by sent
	admitted []history.Call // certainly admitted; by sent
	refused  []history.Call // by sent
}

func newLog(calls []history.Call, method string) log {
	var l log
	for _, c := range calls {
		switch {
		case c.Outcome == history.Limited && c.Label != verdict.Handshake:
			l.refused = append(l.refused, c)
		case c.Outcome == history.Limited || c.Outcome == history.Unsent:
		default:
			l.taken = append(l.taken, c)
			if c.Outcome == history.OK && c.Method == method {
				l.admitted = append(l.admitted, c)
			}
		}
	}
	for _, list := range [][]history.Call{l.taken, l.admitted, l.refused} {
		slices.SortStableFunc(list, func(a, b history.Call) int { return int(a.Sent - b.Sent) })
	}
	return l
}

// windows returns the window limiters that explain the history.
func (p *probe) windows() []verdict.Model {
	l := newLog(p.history(), p.load.Method)
	if len(l.refused) == 0 || len(l.admitted) == 0 {
		return nil
	}
	var list []verdict.Model
	p.lengths = map[string]verdict.Interval{}
	for _, fit := range []func() (verdict.Model, verdict.Interval, bool){l.fixed, l.sliding} {
		if m, length, ok := fit(); ok {
			list = append(list, m)
			p.lengths[m.Name] = length
		}
	}
	return list
}

// sliding fits "at most N admissions in any stretch of length W". For each N
// the history bounds W from both sides: N+1 admissions that were certainly
// decided within a stretch make W at most that long, and a refusal makes it
// longer than the time since the Nth admission before it.
func (l log) sliding() (m verdict.Model, length verdict.Interval, ok bool) {
	later, before := l.endsLater(), l.endsBefore()
	for n := l.beforeFirstRefusal() + 1; n >= 1; n-- {
		lo, hi := longerThan(before, n), atMost(later, n)
		if lo < hi && lo > 0 && !math.IsInf(hi, 1) {
			number := verdict.Interval{Lo: float64(n), Hi: float64(n)}
			return verdict.Model{Name: modelSliding, Number: number, Window: round(lo, hi)}, verdict.Interval{Lo: lo / 1e9, Hi: hi / 1e9}, true
		}
	}
	return m, length, false
}

// beforeFirstRefusal is how many calls may have been admitted by the end of
// the first refusal.
func (l log) beforeFirstRefusal() int {
	n := 0
	for _, c := range l.taken {
		if c.Sent <= l.refused[0].Received {
			n++
		}
	}
	return n
}

// endsLater has for each admission how long after its sending it and the ones
// sent later were answered, in nanoseconds and in order.
func (l log) endsLater() [][]float64 {
	list := make([][]float64, len(l.admitted))
	for i, c := range l.admitted {
		for _, other := range l.admitted[i:] {
			list[i] = append(list[i], float64(other.Received-c.Sent))
		}
		slices.Sort(list[i])
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

// endsBefore has for each refusal how long before its sending the calls were
// answered that may have been admitted before it, the latest first.
func (l log) endsBefore() [][]float64 {
	list := make([][]float64, len(l.refused))
	for i, r := range l.refused {
		for _, c := range l.taken {
			if c.Sent > r.Received {
				break
			}
			ago := float64(r.Sent - c.Received)
			if !c.Outcome.Answered() {
				ago = 0 // it may be decided at any time
			}
			list[i] = append(list[i], ago)
		}
		slices.Sort(list[i])
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
func (l log) edges() []edge {
	var list []edge
	r := 0
	for _, c := range l.admitted {
		last := -1
		for r < len(l.refused) && l.refused[r].Received <= c.Sent {
			last, r = r, r+1
		}
		if last >= 0 {
			list = append(list, edge{float64(l.refused[last].Sent), float64(c.Received)})
		}
	}
	return list
}

// fixed fits "at most N admissions in each window of length W". Wherever an
// admission follows a refusal, a window ended in between. Two such edges that
// are sharp give candidates for W, as a whole number of windows lies between
// them; all sharp edges together then bound W and the phase, and what they
// leave is searched.
func (l log) fixed() (m verdict.Model, length verdict.Interval, ok bool) {
	edges := l.edges()
	tried := map[verdict.Interval]bool{}
	for i := range edges {
		for k := i + 1; k < min(len(edges), i+4); k++ {
			apart := edges[k].middle() - edges[i].middle()
			if max(edges[i].width(), edges[k].width()) > 0.3*apart {
				continue
			}
			for parts := 1.0; parts <= 3; parts++ {
				fit, ok := fitEdges(edges, apart/parts)
				if !ok || tried[fit.length] {
					continue
				}
				tried[fit.length] = true
				if number, ok := l.search(fit); ok {
					w := fit.length
					return verdict.Model{Name: modelFixed, Number: number, Window: round(w.Lo, w.Hi)}, verdict.Interval{Lo: w.Lo / 1e9, Hi: w.Hi / 1e9}, true
				}
			}
		}
	}
	return m, length, false
}

// search tries the lengths and phases that sharp edges leave, and returns every
// number that explains the history with one of them.
func (l log) search(f fitted) (all verdict.Interval, found bool) {
	const lengths, phases = 32, 8
	for i := range lengths {
		w := f.length.Lo + (f.length.Hi-f.length.Lo)*(float64(i)+0.5)/lengths
		from, to := f.phase(w)
		for k := range phases {
			if from >= to {
				break
			}
			number, ok := l.fitsWindows(w, from+(to-from)*(float64(k)+0.5)/phases)
			switch {
			case !ok:
			case !found:
				all, found = number, true
			default:
				all = verdict.Interval{Lo: min(all.Lo, number.Lo), Hi: max(all.Hi, number.Hi)}
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
	number []float64        // of windows between the first edge and each
	length verdict.Interval // nanoseconds
}

// phase returns where the first edge may lie exactly, in nanoseconds, if the
// windows are of this length.
func (f fitted) phase(w float64) (from, to float64) {
	from, to = math.Inf(-1), math.Inf(1)
	for i, e := range f.edges {
		from, to = max(from, e.from-f.number[i]*w), min(to, e.to-f.number[i]*w)
	}
	return from, to
}

// fitEdges returns the lengths near w that put an end of a window into every
// edge that is sharp, pair by pair.
func fitEdges(all []edge, w float64) (f fitted, ok bool) {
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
	f.length = verdict.Interval{Lo: 0, Hi: math.Inf(1)}
	for i := range f.edges {
		for k := range i {
			apart := f.number[i] - f.number[k]
			if apart < 1 {
				return f, false
			}
			f.length.Lo = max(f.length.Lo, (f.edges[i].from-f.edges[k].to)/apart)
			f.length.Hi = min(f.length.Hi, (f.edges[i].to-f.edges[k].from)/apart)
		}
	}
	return f, f.length.Lo < f.length.Hi
}

// fitsWindows returns how many admissions a window may hold, and false where
// no number explains the history: no window certainly holds more, and one that
// a refusal fell into may have held as many. An instant within a hundredth of
// a window around an edge may be on either side of it, because lengths and
// phases are only sampled.
func (l log) fitsWindows(w, phase float64) (verdict.Interval, bool) {
	vague := 0.01 * w
	span := func(c history.Call) (first, last int) {
		to := float64(c.Received)
		if !c.Outcome.Answered() {
			to = math.Inf(1)
		}
		last = 1 << 40
		if !math.IsInf(to, 1) {
			last = int(math.Floor((to + vague - phase) / w))
		}
		return int(math.Floor((float64(c.Sent) - vague - phase) / w)), last
	}
	certain, possible := map[int]int{}, map[int]int{}
	everLater, lo := []int{}, 1
	for _, c := range l.taken {
		first, last := span(c)
		if last-first > 3 {
			everLater = append(everLater, first)
			continue
		}
		for n := first; n <= last; n++ {
			possible[n]++
		}
		if first == last && c.Outcome == history.OK {
			certain[first]++
			lo = max(lo, certain[first])
		}
	}
	hi := math.MaxInt
	for _, c := range l.refused {
		first, last := span(c)
		best := 0
		for n := first; n <= min(last, first+3); n++ {
			held := possible[n]
			for _, from := range everLater {
				if from <= n {
					held++
				}
			}
			best = max(best, held)
		}
		if hi = min(hi, best); hi < lo {
			return verdict.Interval{}, false
		}
	}
	return verdict.Interval{Lo: float64(lo), Hi: float64(hi)}, true
}
