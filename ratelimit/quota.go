package ratelimit

import (
	"fmt"
	"math"
	"math/big"
	"time"
)

// maxTicks bounds every sum of the arithmetic: an instant is at most maxTicks
// from the epoch and a bucket takes at most maxTicks to fill, so that no
// expression exceeds 3*maxTicks < 1<<63.
const maxTicks = 1 << 61

// maxRate is one token a nanosecond, the clock's resolution.
const maxRate = 1e9

// A quota is a rate and a burst as integers. The algorithm is GCRA (ITU-T
// I.371): the whole state of a bucket is the instant at which it is full
// again. A token taken moves that instant on by what a token takes to flow in,
// and is there if the instant then lies at most a whole bucket ahead.
//
// Time is counted in ticks. The nanosecond is too coarse: at 15/s a token takes
// 66,666,666.67 ns, and whichever way that is rounded, the error adds up with
// each token. So it is written as a fraction cost/perNano of whole numbers,
// here 200,000,000/3, and a tick is 1/perNano ns: a nanosecond is 3 ticks and a
// token is 200,000,000 ticks. All else is addition and comparison of integers,
// which neither rounds nor drifts.
//
// A float64 stands for every number that rounds to it. A whole rate is taken
// as it is. For any other rate, the token's nanoseconds are the fraction with
// the smallest denominator whose rate rounds to that float64: 0.1/s is
// 10,000,000,000 ns and not 9,999,999,999.9999994, 1.0/3 is 3 s, 0.7 is
// 10,000,000,000/7 ns. Below a token in 52 days a float64 stands for several
// whole nanoseconds, and the smallest is taken.
type quota struct {
	cost     int64 // ticks that one token takes to flow in
	perNano  int64 // ticks a nanosecond
	capacity int64 // ticks that an empty bucket takes to be full: burst tokens
	burst    int
}

// newQuota refuses what isn't a limit, and what 64-bit ticks can't hold.
func newQuota(rate float64, burst int) (quota, error) {
	if math.IsNaN(rate) || math.IsInf(rate, 0) || rate <= 0 || rate > maxRate {
		return quota{}, fmt.Errorf("ratelimit: rate %v/s: want above 0 and at most %v tokens a second", rate, maxRate)
	}
	if burst < 1 {
		return quota{}, fmt.Errorf("ratelimit: burst %d: want at least 1", burst)
	}
	token := tokenNanos(rate)
	largest := new(big.Int).Quo(big.NewInt(maxTicks), token.Num())
	if largest.Sign() == 0 {
		return quota{}, fmt.Errorf("ratelimit: rate %v/s: a token takes more than 73 years", rate)
	}
	if largest.Cmp(big.NewInt(int64(burst))) < 0 {
		return quota{}, fmt.Errorf("ratelimit: burst %d: at %v/s the largest that can be counted exactly is %v", burst,
			rate, largest)
	}
	// Both fit: cost <= maxTicks was just shown, and perNano is at most the
	// rate in tokens a nanosecond (<= 1) times cost.
	cost := token.Num().Int64()
	return quota{cost: cost, perNano: token.Denom().Int64(), capacity: cost * int64(burst), burst: burst}, nil
}

// tokenNanos returns how long a token takes, in nanoseconds.
func tokenNanos(rate float64) *big.Rat {
	second := new(big.Rat).SetInt64(int64(time.Second))
	exact := new(big.Rat).SetFloat64(rate)
	if exact.IsInt() {
		return new(big.Rat).Quo(second, exact)
	}
	half := big.NewRat(1, 2)
	middle := func(neighbour float64) *big.Rat {
		m := new(big.Rat).SetFloat64(neighbour)
		return m.Mul(m.Add(m, exact), half)
	}
	slowest, fastest := middle(math.Nextafter(rate, 0)), middle(math.Nextafter(rate, math.Inf(1)))
	return simplest(new(big.Rat).Quo(second, fastest), new(big.Rat).Quo(second, slowest))
}

// simplest returns the fraction with the smallest denominator in [lo, hi],
// 0 < lo < hi: a whole number if there is one, else the common whole part and
// the reciprocal of the simplest fraction of the reciprocal interval. The depth
// is that of the continued fraction of lo.
func simplest(lo, hi *big.Rat) *big.Rat {
	whole := new(big.Rat).SetInt(new(big.Int).Quo(lo.Num(), lo.Denom()))
	if whole.Cmp(lo) == 0 {
		return whole
	}
	if next := new(big.Rat).Add(whole, big.NewRat(1, 1)); next.Cmp(hi) <= 0 {
		return next
	}
	lo, hi = new(big.Rat).Sub(lo, whole), new(big.Rat).Sub(hi, whole)
	rest := simplest(hi.Inv(hi), lo.Inv(lo))
	return whole.Add(whole, rest.Inv(rest))
}

// take judges n events at now, 1 <= n <= burst, against the bucket that is full
// at fullAt. They are admitted, all or none, if excess isn't positive. Then the
// bucket is full at next, and -excess ticks are left in it; else excess is what
// is missing.
func (q *quota) take(fullAt, now int64, n int) (next, excess int64) {
	next = max(fullAt, now) + int64(n)*q.cost
	return next, next - (now + q.capacity)
}

// An outcome is a decision in ticks. Turning it into units takes divisions,
// which are made when the lock is no longer held.
type outcome struct {
	excess int64         // see take
	behind time.Duration // how far the caller's instant lies behind the one judged
	reason Reason        // 0 where a token or its lack decides
}

// decide turns what came of n events into a Decision.
func (q *quota) decide(o outcome, n int) Decision {
	switch {
	case o.reason == ReasonSize:
		return Decision{RetryAfter: Never, Remaining: int(-o.excess / q.cost), Reason: ReasonSize}
	case o.excess <= 0:
		return Decision{Allowed: true, Remaining: int(-o.excess / q.cost)}
	}
	d := Decision{RetryAfter: q.nanos(o.excess) + o.behind, Reason: o.reason}
	if d.RetryAfter < 0 { // behind by so much that it wrapped: over 230 years
		d.RetryAfter = Never
	}
	if d.Reason == 0 {
		d.Reason = ReasonRate
		if n > 1 {
			d.Remaining = int((int64(n)*q.cost - o.excess) / q.cost)
		}
	}
	return d
}

// nanos returns the least whole nanoseconds that are at least this many ticks.
func (q *quota) nanos(ticks int64) time.Duration {
	return time.Duration((ticks + q.perNano - 1) / q.perNano)
}
