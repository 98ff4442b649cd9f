// Package ratelimit decides, per key, if one more event fits a rate and a
// burst: a token bucket that is exact, for one bucket or for one bucket a key.
//
// Limits of other kinds, windows and caps, alone or several at once, are a [Stack].
//
// Most users want [New] and [Limiter.Allow], or [Limiter.AllowKey] for a bucket
// a client. An mcp-go server adds Middleware of package mcpgo (charges tools/call); another wraps
// its http.Handler in [NewHandler] (charges every JSON-RPC request).
//
// The package deliberately never waits or queues, talks to no other process,
// and trusts no client: a limit over several replicas, or for people rather
// than for sessions and addresses, needs an identity that only the caller has.
package ratelimit

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxKeys is how many keys a Limiter holds where Config says nothing.
const DefaultMaxKeys = 65536

// Never is the RetryAfter of a refusal that waiting doesn't mend.
const Never time.Duration = math.MaxInt64

// ErrUnconfigured is what Err returns for a Limiter that New didn't make.
var ErrUnconfigured = errors.New("ratelimit: the limiter was not made by New and refuses everything")

// Config says what a Limiter grants. The zero Config is refused by New.
type Config struct {
	// Rate is how many tokens a second flow into a bucket, above 0 and at most
	// 1e9 (one a nanosecond). Fractions are exact, and mean the number that was
	// written, not the float64 next to it: 0.1 is one token in 10 s, 1.0/3 is one
	// in 3 s.
	Rate float64
	// Burst is how many tokens a bucket holds, at least 1. A bucket is full at
	// first use. Burst/Rate, the time that an empty bucket takes to be full,
	// may be up to 73 years, and less for a rate that is no short fraction: New
	// names the largest burst.
	Burst int
	// MaxKeys is how many keys are held at once, for AllowKey only; 0 means
	// DefaultMaxKeys. A key costs at most 64 bytes beside its own.
	MaxKeys int
	// Now is the clock of Allow and AllowKey; nil means the monotonic clock,
	// which on Linux stands still while the machine sleeps. It is called with
	// the limiter locked, so it must not call the limiter; without it Allow takes
	// no lock.
	Now func() time.Time
}

// A Decision is the answer to one event.
type Decision struct {
	// Allowed reports if the event was admitted. Only then was a token taken:
	// refusals cost nothing.
	Allowed bool
	// RetryAfter is 0 where Allowed, else the smallest wait after which the
	// event is admitted if nobody else takes the token: refused at any instant
	// before t+RetryAfter, admitted at t+RetryAfter, t being the instant that
	// was given or read. It is Never where waiting doesn't help, and Unknown where
	// that depends on when others are done.
	RetryAfter time.Duration
	// Remaining is how many whole tokens are left in the bucket, 0 to Burst; 0
	// for a new key that found no room.
	Remaining int
	// Reason says why not; it is 0 where Allowed.
	Reason Reason
}

// A Reason says why an event was refused.
type Reason uint8

// The reasons.
const (
	ReasonRate         Reason = iota + 1 // the bucket has too few tokens
	ReasonKeys                           // a new key, and the table is full of keys whose buckets aren't
	ReasonSize                           // a batch of more events than the bucket can ever hold
	ReasonUnconfigured                   // the limiter was not made by New
	ReasonCap                            // as many events run as may at the same time
)

var reasonNames = [...]string{
	"",
	"rate limit exceeded",
	"too many clients",
	"batch larger than the burst",
	"limiter not configured",
	"too many calls at the same time",
}

// String returns the reason in a few words, and "" for an allowed event.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "invalid"
}

// A Limiter is one token bucket, or one a key. Allow and AllowKey don't share
// tokens: a program uses the one or the other. All methods may be called
// concurrently. The zero Limiter refuses everything, with ReasonUnconfigured,
// and Err says so.
//
// One clock serves all buckets, and it never moves back: an instant before the
// latest one seen is judged as the latest. That is what holds the limit under
// concurrency. Two callers read the clock at 1 s and 2 s and arrive in the
// other order; a bucket that went back to 1 s would earn the second between
// them twice (golang/go#65508). For the same reason no event comes between
// Allow's reading of the clock and its decision: on a clock of the caller's it
// holds a lock, and on the default clock it reads again if one did.
type Limiter struct {
	mu sync.Mutex

	// Set by New.
	rate  float64
	quota quota
	now   func() time.Time // nil: the monotonic clock
	span  time.Duration    // how far latest may be from the epoch before the epoch moves

	lane atomic.Pointer[lane] // nil until Allow opens one; set with mu held

	// Guarded by mu.
	started bool
	given   bool          // AllowAt or AllowKeyAt was called
	epoch   time.Time     // the first instant seen, until rebase moves it
	latest  time.Duration // the latest instant seen by those who hold mu, since the epoch
	fullAt  int64         // the bucket of Allow, in ticks since the epoch, unless it is in the lane
	keys    table         // the buckets of AllowKey
}

// New returns a limiter whose buckets are full. It fails for a Config that is
// out of range or that integers can't represent exactly.
func New(c Config) (*Limiter, error) {
	q, err := newQuota(c.Rate, c.Burst)
	if err != nil {
		return nil, err
	}
	if c.MaxKeys < 0 || int64(c.MaxKeys) > math.MaxInt32 {
		return nil, fmt.Errorf("ratelimit: max keys %d: want 1 to %d, or 0 for %d", c.MaxKeys, math.MaxInt32,
			DefaultMaxKeys)
	}
	maxKeys := c.MaxKeys
	if maxKeys == 0 {
		maxKeys = DefaultMaxKeys
	}
	return &Limiter{
		rate:  c.Rate,
		quota: q,
		now:   c.Now,
		span:  time.Duration(maxTicks / q.perNano),
		keys:  newTable(maxKeys),
	}, nil
}

// Err returns ErrUnconfigured for a limiter that New didn't make, else nil.
func (l *Limiter) Err() error {
	if l == nil || l.quota.perNano == 0 {
		return ErrUnconfigured
	}
	return nil
}

// Allow judges one event now. On the default clock it takes no lock.
func (l *Limiter) Allow() Decision { return l.allow(1) }

// AllowAt judges one event at t. Instants may have a monotonic reading or not,
// and may start anywhere; the first one seen finds a full bucket. A t before
// the latest instant seen is judged as that one.
//
// On a limiter whose Allow or AllowKey has read the default clock before, the
// first call of AllowAt or AllowKeyAt counts the present as seen. From then on
// Allow takes a lock.
func (l *Limiter) AllowAt(t time.Time) Decision {
	if l.Err() != nil {
		return unconfigured
	}
	return l.quota.decide(l.single(&t, 1), 1)
}

// AllowKey judges one event of key now, against the key's own bucket. A new
// key's bucket is full.
//
// At most MaxKeys keys are held. A key is forgotten only once its bucket is
// full again, so forgetting gives no token away. A new key that finds the
// table full is refused (ReasonKeys) until the first held bucket is full:
// the limiter fails closed. The limiter retains key until it is forgotten, so
// a key that is a small part of a large string is better cloned.
func (l *Limiter) AllowKey(key string) Decision { return l.allowKey(key, 1) }

// AllowKeyAt is AllowKey at t, with t as in AllowAt. The latest instant seen
// is one for all keys.
func (l *Limiter) AllowKeyAt(key string, t time.Time) Decision {
	if l.Err() != nil {
		return unconfigured
	}
	return l.quota.decide(l.keyed(key, &t, 1), 1)
}

// allow judges n events now, all or none.
func (l *Limiter) allow(n int) Decision {
	if l.Err() != nil {
		return unconfigured
	}
	if p := l.lane.Load(); p != nil && n <= l.quota.burst {
		if o, ok := p.take(&l.quota, l.span, n); ok {
			return l.quota.decide(o, n)
		}
	}
	return l.quota.decide(l.single(nil, n), n)
}

// allowKey judges n events of key now, all or none.
func (l *Limiter) allowKey(key string, n int) Decision {
	if l.Err() != nil {
		return unconfigured
	}
	return l.quota.decide(l.keyed(key, nil, n), n)
}

// single judges n events at t, or now where t is nil, against the bucket of
// Allow.
func (l *Limiter) single(t *time.Time, n int) outcome {
	l.mu.Lock()
	defer l.mu.Unlock() // deferred, because Config.Now is the caller's and may panic
	l.closeLane()
	defer l.openLane()
	now, behind := l.advance(t)
	if n > l.quota.burst {
		_, excess := l.quota.take(l.fullAt, now, 0)
		return outcome{excess: excess, reason: ReasonSize}
	}
	next, excess := l.quota.take(l.fullAt, now, n)
	if excess <= 0 {
		l.fullAt = next
	}
	return outcome{excess: excess, behind: behind}
}

// keyed judges n events of key at t, or now where t is nil.
func (l *Limiter) keyed(key string, t *time.Time, n int) outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, behind := l.advance(t)
	fullAt := now // the bucket of a new key
	hash := l.keys.hash(key)
	at, held := l.keys.find(key, hash)
	if held {
		fullAt = l.keys.slots[at].fullAt
	}
	if n > l.quota.burst { // and a new key isn't held for it
		_, excess := l.quota.take(fullAt, now, 0)
		return outcome{excess: excess, reason: ReasonSize}
	}
	next, excess := l.quota.take(fullAt, now, n)
	switch {
	case excess > 0:
	case held:
		l.keys.slots[at].fullAt = next
	case !l.keys.insert(key, hash, next, now):
		return outcome{excess: l.keys.soonest() - now, behind: behind, reason: ReasonKeys}
	}
	return outcome{excess: excess, behind: behind}
}

// Keys returns how many keys are held. Keys whose buckets are full again count
// until they are forgotten, which new keys bring about.
func (l *Limiter) Keys() int {
	if l.Err() != nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys.len()
}

var unconfigured = Decision{RetryAfter: Never, Reason: ReasonUnconfigured}
