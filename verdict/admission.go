package verdict

import "math"

// A window is a stretch of a history in which a number of tokens was taken.
// For every rate it bounds the burst by the line tokens - rate*length.
type window struct {
	bucket   *bucket
	from, to int64   // nanoseconds from the bucket's origin
	more     int64   // how much longer it may be because the limiter's clock ticks
	pace     float64 // how fast the limiter's clock runs in it, at worst
	tokens   float64
	refusal  int32 // over-rejection: the refused mark that the window excuses best
}

// at is the window's line: the burst that it speaks for at a rate.
func (w window) at(rate float64) float64 { return w.tokens - rate*w.seconds() }

// seconds is its length by the limiter's clock, at worst.
func (w window) seconds() float64 { return w.pace * float64(w.to-w.from+w.more) / 1e9 }

// sweepAdmissions calls visit for every certainly charged admission, by the
// instant of its reply, with
//
//	max over u of ( tokens certainly taken in [u, its reply] - rate*(its reply - u) )
//
// which is the burst that the windows ending there need, if the limiter's clock
// runs as fast as it may: that is a rate so much higher, for all windows alike. It costs O(n log n):
// admissions are put, in the order of their replies, into a tree over their
// sent instants, where each raises all windows that begin no later.
func (b *bucket) sweepAdmissions(rate float64, visit func(i int32, burst float64)) {
	b.prepare()
	if len(b.sure) == 0 {
		return
	}
	for at, i := range b.sure {
		b.rank[i] = int32(at)
	}
	rho := perNano(rate) * b.fast()
	b.tree.reset(len(b.sure), rho)
	tick := rho * float64(b.lag)
	for _, i := range b.sureEnd {
		b.tree.addOpen(b.rank[i], int32(b.marks[i].least), b.since(i))
		visit(i, b.tree.best(b.until(i))-tick)
	}
}

// tightest returns the window that needs the greatest burst at a rate, and
// that burst: b_min. Without an admission it is 0.
func (b *bucket) tightest(rate float64) (window, float64) {
	best, last := math.Inf(-1), int32(-1)
	b.sweepAdmissions(rate, func(i int32, burst float64) {
		if burst > best {
			best, last = burst, i
		}
	})
	if last < 0 {
		return window{bucket: b, refusal: -1}, 0
	}
	return b.windowEnding(last, rate), best
}

// windowEnding finds the beginning of the tightest window that ends with a
// mark's reply, by trying them all.
func (b *bucket) windowEnding(last int32, rate float64) window {
	b.prepare()
	rho, end := perNano(rate)*b.fast(), b.until(last)
	w := window{bucket: b, to: end, from: end, more: b.lag, pace: b.fast(), refusal: -1}
	best, tokens := math.Inf(-1), 0.0
	for at := len(b.sure) - 1; at >= 0; at-- {
		i := b.sure[at]
		if b.until(i) > end {
			continue
		}
		tokens += float64(b.marks[i].least)
		if value := tokens - rho*float64(end-b.since(i)); value >= best {
			best, w.from, w.tokens = value, b.since(i), tokens
		}
	}
	return w
}

// BurstMin returns the smallest burst that a bucket of this rate (tokens a
// second) must have to have admitted what it admitted: b_min. Over-admission
// is proven where it exceeds the promised burst.
func (e *Evidence) BurstMin(rate float64) float64 {
	_, burst := e.tightest(rate)
	return burst
}

func (e *Evidence) tightest(rate float64) (window, float64) {
	if w, burst := e.tightestAbove(rate, math.Inf(-1)); !math.IsInf(burst, -1) {
		return w, burst
	}
	return window{refusal: -1}, 0
}
