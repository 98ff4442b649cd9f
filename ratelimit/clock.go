package ratelimit

import "time"

// clock reads the clock, as a duration since the epoch. It needs mu, because
// an instant that is read outside may be old by the time that it is judged.
//
// time.Since reads the monotonic clock alone, which takes half as long as
// time.Now.
func (l *Limiter) clock() time.Duration {
	if l.now != nil {
		return l.since(l.now())
	}
	if l.started {
		if d := time.Since(l.epoch); d <= l.span {
			return d
		}
	}
	return l.since(time.Now())
}

// since turns t into a duration since the epoch, which is the first instant
// seen. It needs mu, and may move the epoch.
func (l *Limiter) since(t time.Time) time.Duration {
	if !l.started {
		l.started, l.epoch = true, t
	}
	d := t.Sub(l.epoch) // saturates at 292 years either way
	if d <= l.span {
		return d
	}
	l.rebase(t, d)
	return 0
}

// rebase makes t, which is d after the epoch, the new epoch, so that ticks
// never overflow: with 3 ticks a nanosecond that is due every 24 years, at the
// worst rates every few seconds. Buckets keep their distance to the epoch
// exactly; those that are full by t count as full at t, which is the same.
// It needs mu.
func (l *Limiter) rebase(t time.Time, d time.Duration) {
	l.closeLane()
	l.lane.Store(nil)
	shift := int64(3 * maxTicks) // later than any bucket is full
	if d < time.Duration(shift/l.quota.perNano) {
		shift = int64(d) * l.quota.perNano
	}
	l.epoch, l.latest = t, 0
	l.fullAt = max(0, l.fullAt-shift)
	l.keys.rebase(shift)
}

// advance moves the latest instant seen to t, or to now where t is nil, unless
// it is later already. It returns the instant to judge at in ticks, and how far
// t lies behind it, which wraps to a negative where that is over 292 years. It
// needs mu.
func (l *Limiter) advance(t *time.Time) (now int64, behind time.Duration) {
	if t != nil && !l.given {
		l.give()
	}
	var d time.Duration
	if t == nil {
		d = l.clock()
	} else {
		d = l.since(*t)
	}
	if d >= l.latest {
		l.latest = d
	} else {
		behind = l.latest - d
	}
	return int64(l.latest) * l.quota.perNano, behind
}

// give closes the lane for good, because callers choose instants from now on.
// What was judged in the lane lies before the present, and nobody wrote down how
// far, so the present counts as seen. It needs mu.
func (l *Limiter) give() {
	l.given = true
	l.closeLane()
	l.lane.Store(nil)
	if l.started && l.now == nil {
		now := l.clock() // may move the epoch, and latest with it
		l.latest = max(l.latest, now)
	}
}
