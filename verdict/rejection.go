package verdict

import "math"

// sweepRejections computes, for every refused call j,
//
//	1 + max over t in [s_j, r_j], u <= t of ( M(u,t) - rate*(t-u) )
//
// where M(u,t) counts the tokens of every call that may have been admitted in
// [u, t], and the limiter's clock runs as slowly as it may: the least burst at which the
// refusal would be unjustified. It calls visit with that bound and the instant t that
// excuses the refusal best.
//
// The sweep goes over t. A call is put into a tree over reply instants when t
// passes its sent instant, where it raises all windows that begin no later
// than its reply; windows may begin at a reply once t has passed it, or at t
// itself, where the calls in flight are what may have been admitted. Between
// two sent instants the value only falls, so t = s_j and the sent instants
// inside (s_j, r_j] are all that need be tried. O(n log n).
func (b *bucket) sweepRejections(rate float64, visit func(j int32, burst float64, t int64)) {
	b.prepare()
	if len(b.refusals) == 0 {
		return
	}
	for at, i := range b.byReceived {
		b.rank[i] = int32(at)
	}
	level := b.demand(perNano(rate) * b.slow())
	b.peaks.build(level)
	for k, j := range b.refusals {
		at := b.peaks.peak(int(b.open[k].from), int(b.open[k].to))
		visit(j, 1+level[at], b.times[at])
	}
}

// demand returns, at every sent instant t of the history in rising order, the
// most that may have been drawn from the bucket and not yet refilled:
// max over u <= t of ( M(u,t) - rho*(t-u) ), and never below 0.
func (b *bucket) demand(rho float64) []float64 {
	b.level = b.demandAt(rho, b.times, b.level)
	return b.level
}

// demandAt is demand at any instants in rising order. It fills level, if that
// has room, and wants b.rank to be places in byReceived.
func (b *bucket) demandAt(rho float64, times []int64, level []float64) []float64 {
	if cap(level) < len(times) {
		level = make([]float64, len(times))
	}
	level = level[:len(times)]
	b.tree.reset(len(b.byReceived), rho)
	inFlight := 0
	nextSent, nextOpen, nextDone := 0, 0, 0
	for k, t := range times {
		for ; nextSent < len(b.bySent) && b.since(b.bySent[nextSent]) <= t; nextSent++ {
			i := b.bySent[nextSent]
			b.tree.add(b.rank[i], int32(b.marks[i].most))
			inFlight += int(b.marks[i].most)
		}
		for ; nextOpen < len(b.byReceived) && b.missed(b.byReceived[nextOpen]) <= t; nextOpen++ {
			b.tree.open(int32(nextOpen), b.missed(b.byReceived[nextOpen]))
		}
		for ; nextDone < len(b.byReceived) && b.missed(b.byReceived[nextDone]) < t; nextDone++ {
			inFlight -= int(b.marks[b.byReceived[nextDone]].most)
		}
		level[k] = max(float64(inFlight), b.tree.best(t))
	}
	return level
}

// loosest returns the window that excuses the least excusable refusal at a
// rate, and the bound on the burst that this gives: b_max, strictly. Without a
// refusal it is +Inf.
//
// Where watched is one of its refusals, seen gets what that one allows.
func (b *bucket) loosest(rate float64, watched int32, seen *float64) (window, float64) {
	best, worst, at := math.Inf(1), int32(-1), int64(0)
	b.sweepRejections(rate, func(j int32, burst float64, t int64) {
		if j == watched {
			*seen = burst
		}
		if burst < best {
			best, worst, at = burst, j, t
		}
	})
	if worst < 0 {
		return window{bucket: b, refusal: -1}, best
	}
	return b.windowExcusing(worst, at, rate), best
}

// windowExcusing finds the beginning of the window ending at t that excuses a
// refusal best, by trying them all.
func (b *bucket) windowExcusing(j int32, t int64, rate float64) window {
	b.prepare()
	rho := perNano(rate) * b.slow()
	w := window{bucket: b, from: t, to: t, pace: b.slow(), refusal: j}
	tokens := 0.0
	at := len(b.byReceived) - 1
	for ; at >= 0 && b.missed(b.byReceived[at]) >= t; at-- {
		if i := b.byReceived[at]; b.since(i) <= t {
			tokens += float64(b.marks[i].most)
		}
	}
	best := tokens
	w.tokens = 1 + tokens
	for ; at >= 0; at-- {
		i := b.byReceived[at]
		if b.since(i) > t {
			continue
		}
		tokens += float64(b.marks[i].most)
		if value := tokens - rho*float64(t-b.missed(i)); value > best {
			best, w.from, w.tokens = value, b.missed(i), 1+tokens
		}
	}
	return w
}

// BurstMax returns the bound that the refusals put on the burst of a bucket of
// this rate (tokens a second): its burst is less than b_max, strictly.
// Over-rejection is proven where b_max is at or below the promised burst.
// Where nothing was refused it is +Inf.
func (e *Evidence) BurstMax(rate float64) float64 {
	_, burst := e.loosest(rate)
	return burst
}

func (e *Evidence) loosest(rate float64) (window, float64) {
	w, burst, _ := e.loosestBeside(rate, window{refusal: -1})
	return w, burst
}
