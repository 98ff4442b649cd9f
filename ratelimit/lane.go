package ratelimit

import (
	"sync/atomic"
	"time"
)

// A lane is the bucket of Allow while only the default clock moves it: one word
// that callers change without the lock. It is open while the word holds the
// bucket, and closed while the bucket is Limiter.fullAt and the lock is needed.
//
// A caller loads the word, reads the clock, and decides. If the word is then
// still the same, nobody's event came between: the decision is that of a bucket
// that was asked at the very instant at which the clock was read. So the
// decisions have an order, the instants in it don't go back, and each is exact.
// An admission makes sure by compare-and-swap; a refusal only loads the word
// again and writes nothing, so that refusing callers don't slow each other.
//
// The same word is the same bucket: its epoch is fixed (a moved one is a new
// lane) and each admission makes fullAt larger.
type lane struct {
	epoch  time.Time    // Limiter.epoch
	fullAt atomic.Int64 // ticks since the epoch, or closed

	_ [32]byte // fills a cache line, for two limiters' lanes not to share one
}

// closed is the word of a closed lane. A bucket's instant is never negative.
const closed = -1

// How long a caller waits that was overtaken, in turns of a loop that takes
// about 0.2 ns: 0.4 µs, then 0.8 and 1.6. Callers that retry at once take the
// word's cache line from each other at every step: two of them, on two cores,
// need 85 ns an admission, against 36 with this wait and 50 with a mutex.
const (
	firstWait = 1 << 11
	lastWait  = 1 << 13
)

// take judges n events now, 1 <= n <= burst. It reports false where the lock is
// needed: the lane is closed, or the epoch is due to move.
func (p *lane) take(q *quota, span time.Duration, n int) (outcome, bool) {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		fullAt := p.fullAt.Load()
		elapsed := time.Since(p.epoch) // the monotonic clock alone: half the time of time.Now
		if fullAt == closed || elapsed > span {
			return outcome{}, false
		}
		if excess, ok := p.settle(q, fullAt, int64(elapsed)*q.perNano, n); ok {
			return outcome{excess: excess}, true
		}
		for range wait { // in registers: a look at the word would take its line again
		}
	}
}

// settle judges n events at now, as quota.take does, and reports if the bucket
// was still full at fullAt. If not, nothing happened.
func (p *lane) settle(q *quota, fullAt, now int64, n int) (excess int64, ok bool) {
	next, excess := q.take(fullAt, now, n)
	if excess > 0 {
		return excess, p.fullAt.Load() == fullAt
	}
	return excess, p.fullAt.CompareAndSwap(fullAt, next)
}

// closeLane takes the bucket of Allow back under the lock, if it is in a lane.
// It needs mu.
func (l *Limiter) closeLane() {
	p := l.lane.Load()
	if p == nil {
		return
	}
	if fullAt := p.fullAt.Swap(closed); fullAt != closed {
		l.fullAt = fullAt
	}
}

// openLane puts the bucket of Allow into a lane, unless instants of a caller's
// choice move it. The epoch must be set. It needs mu.
func (l *Limiter) openLane() {
	if l.now != nil || l.given {
		return
	}
	p := l.lane.Load()
	if p == nil {
		p = &lane{epoch: l.epoch}
		p.fullAt.Store(l.fullAt)
		l.lane.Store(p)
		return
	}
	p.fullAt.Store(l.fullAt)
}
