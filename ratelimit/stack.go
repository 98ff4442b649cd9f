package ratelimit

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// StackConfig says what a Stack grants. The zero StackConfig is refused by NewStack.
type StackConfig struct {
	Limits []Limit
	// Now is the clock of Acquire; nil means the monotonic clock. It is called with
	// the stack locked, so it must not call the stack.
	Now func() time.Time
}

// An Event is what a Stack judges: one request, as far as limits look at it.
type Event struct {
	Client string // whose counters of limits PerClient count it
	Method string // for Limit.Charges
	Tool   string // for Limit.Charges, and for limits PerTool
	N      int    // how many units it costs; 0 means one
}

// A Stack is one limit of any kind, or several that all have to admit an event: then
// each counts it. A refused event costs nothing, whichever of them refused it. All
// methods may be called concurrently.
//
// As with a Limiter, one clock serves all limits and never moves back.
type Stack struct {
	mu sync.Mutex

	limits []Limit // set by NewStack
	now    func() time.Time
	caps   bool
	scopes Scope // all that some limit tells apart
	quick  quick // of the one limit that counts every event; nil where there are more

	// Guarded by mu.
	counters []counter
	started  bool
	epoch    time.Time
	latest   int64      // nanoseconds since the epoch
	asked    [][]demand // of each limit, by the event that is being judged
}

// NewStack returns a stack whose counters are empty, and its buckets full.
func NewStack(c StackConfig) (*Stack, error) {
	if len(c.Limits) < 1 || len(c.Limits) > MaxLimits {
		return nil, fmt.Errorf("ratelimit: %d limits: want 1 to %d", len(c.Limits), MaxLimits)
	}
	s := &Stack{now: c.Now, limits: append([]Limit(nil), c.Limits...), asked: make([][]demand, len(c.Limits))}
	names := map[string]bool{}
	for i := range s.limits {
		l := &s.limits[i]
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("ratelimit: limit %d: %w", i+1, err)
		}
		var q quota
		if l.Kind == Bucket {
			var err error
			if q, err = newQuota(l.Rate, l.Burst); err != nil {
				return nil, fmt.Errorf("ratelimit: limit %d: %w", i+1, err)
			}
		}
		if names[l.name()] {
			return nil, fmt.Errorf("ratelimit: limit %d: another one is named %q too", i+1, l.name())
		}
		names[l.name()] = true
		s.scopes |= l.Scope
		s.caps = s.caps || l.Kind == Cap
		s.counters = append(s.counters, newCounter(l, q))
	}
	if len(s.limits) == 1 && s.limits[0].Charges == nil {
		s.quick, _ = s.counters[0].(quick)
	}
	return s, nil
}

// Err returns ErrUnconfigured for a stack that NewStack didn't make, else nil.
func (s *Stack) Err() error {
	if s == nil || len(s.counters) == 0 {
		return ErrUnconfigured
	}
	return nil
}

// Acquire judges an event now. The function has to be called once the event is over,
// whatever was decided: a stack with a Cap counts until then. It may be called again,
// to no effect.
func (s *Stack) Acquire(e Event) (Decision, func()) {
	return s.acquire(nil, e)
}

// AcquireAt is Acquire at t. A t before the latest instant seen is judged as that one.
func (s *Stack) AcquireAt(e Event, t time.Time) (Decision, func()) {
	return s.acquire(&t, e)
}

// acquire judges one event: at once where it is of a counter that is held, as most are,
// and else as judge does.
func (s *Stack) acquire(t *time.Time, e Event) (Decision, func()) {
	if s == nil || s.quick == nil || e.N < 0 || e.N > s.limits[0].most() {
		d, _, done := s.judge(t, []Event{e}, false)
		return d, done
	}
	s.mu.Lock()
	defer s.mu.Unlock() // as in judge
	now, behind := s.advance(t)
	if behind == 0 {
		if d, ok := s.quick.quick(now, s.limits[0].key(e.Client, e.Tool), max(1, e.N)); ok {
			return d, nothing
		}
	}
	if err := s.demand([]Event{e}); err != nil {
		return unsized, nothing
	}
	d, _, done := s.decide(now, behind, false)
	return d, done
}

// A Standing is what is left of one limit, for one key, at an instant.
type Standing struct {
	Limit     *Limit // not to be changed
	Remaining int    // how many events it would admit at that instant
	// Next is the time until it would admit more than Remaining; 0 where nothing is
	// taken, or nobody knows when.
	Next time.Duration
}

// AcquireStanding is Acquire, and says where each limit that counts the event stands
// right after it.
func (s *Stack) AcquireStanding(e Event) (Decision, []Standing, func()) {
	return s.judge(nil, []Event{e}, true)
}

// Keys returns how many counters are held, of all limits. Those that are as good as
// new count until they are forgotten, which new keys bring about.
func (s *Stack) Keys() int {
	if s.Err() != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.counters {
		n += c.held()
	}
	return n
}

func nothing() {}

// judge admits events, all or none, at t, or now where t is nil.
func (s *Stack) judge(t *time.Time, events []Event, standing bool) (Decision, []Standing, func()) {
	if s.Err() != nil {
		return unconfigured, nil, nothing
	}
	s.mu.Lock()
	defer s.mu.Unlock() // deferred, because Config.Now and Limit.Charges are the caller's and may panic
	if err := s.demand(events); err != nil {
		return unsized, nil, nothing
	}
	now, behind := s.advance(t)
	return s.decide(now, behind, standing)
}

// decide judges what is asked of all limits. It needs mu.
func (s *Stack) decide(now int64, behind time.Duration, standing bool) (Decision, []Standing, func()) {
	d := s.weigh(now)
	if d.Allowed {
		for i, c := range s.counters {
			if len(s.asked[i]) > 0 {
				c.take(now, s.asked[i])
			}
		}
	} else if d.RetryAfter != Never && d.RetryAfter != Unknown {
		if d.RetryAfter += behind; d.RetryAfter < 0 {
			d.RetryAfter = Never
		}
	}
	standings := s.standings(now, &d, standing)
	if !d.Allowed || !s.caps {
		return d, standings, nothing
	}
	return d, standings, s.release()
}

var (
	unsized  = Decision{RetryAfter: Never, Reason: ReasonSize}
	errUnits = errors.New("units below 0")
)

// demand works out what events ask of each limit: one demand a key.
func (s *Stack) demand(events []Event) error {
	for i := range s.limits {
		l := &s.limits[i]
		asked := s.asked[i][:0]
	events:
		for k := range events {
			e := &events[k]
			if e.N < 0 {
				return errUnits
			}
			if l.Charges != nil && !l.Charges(e.Method, e.Tool) {
				continue
			}
			key, n := l.key(e.Client, e.Tool), max(1, e.N)
			for j := range asked {
				if asked[j].key == key {
					asked[j].n = min(asked[j].n+n, l.most()+1)
					continue events
				}
			}
			asked = append(asked, demand{key: key, n: min(n, l.most()+1)})
		}
		s.asked[i] = asked
	}
	return nil
}

// weigh asks all limits. The wait is that of the one that asks for the longest.
func (s *Stack) weigh(now int64) Decision {
	worst := demand{}
	for i, c := range s.counters {
		asked := s.asked[i]
		if len(asked) == 0 {
			continue
		}
		tooMany := false
		for k := range asked {
			if asked[k].n > s.limits[i].most() {
				tooMany, asked[k].n = true, 0 // so that no sum overflows
			}
		}
		c.weigh(now, asked)
		for k := range asked {
			a := &asked[k]
			if tooMany {
				a.wait, a.reason = never, ReasonSize
			}
			if a.reason != 0 && (worst.reason == 0 || rank(a.wait) > rank(worst.wait)) {
				worst = *a
			}
		}
	}
	return Decision{Allowed: worst.reason == 0, RetryAfter: time.Duration(worst.wait), Reason: worst.reason}
}

// rank orders waits: what nobody knows is longer than any time, and never than that.
func rank(wait int64) int64 {
	if wait == unknown {
		return never - 1
	}
	return wait
}

// standings fills in what is left, at the least of all limits that were asked, and
// lists it where that is wanted.
func (s *Stack) standings(now int64, d *Decision, list bool) []Standing {
	var out []Standing
	least := -1
	for i, c := range s.counters {
		one := Standing{Limit: &s.limits[i], Remaining: -1}
		for k := range s.asked[i] {
			a := &s.asked[i][k]
			left, next := c.left(now, a)
			if a.reason == ReasonKeys {
				left = 0
			}
			if one.Remaining < 0 || left < one.Remaining {
				one.Remaining, one.Next = left, time.Duration(next)
			}
		}
		if one.Remaining < 0 {
			continue // it doesn't count these events
		}
		if least < 0 || one.Remaining < least {
			least = one.Remaining
		}
		if list {
			out = append(out, one)
		}
	}
	d.Remaining = max(0, least)
	return out
}

// release returns the function that ends the events just admitted.
func (s *Stack) release() func() {
	type held struct {
		c   counter
		key string
		n   int
	}
	var list []held
	for i, c := range s.counters {
		if s.limits[i].Kind == Cap {
			for _, d := range s.asked[i] {
				list = append(list, held{c, d.key, d.n})
			}
		}
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, h := range list {
				h.c.done(h.key, h.n)
			}
		})
	}
}

// furthest is how far an instant may be from the epoch: 146 years, so that no sum
// with a window overflows. There the clock stands still, and so fails closed.
const furthest = 2 * maxTicks

// advance moves the latest instant seen to t, or to now where t is nil, unless it is
// later already. behind is how far t lies before it.
func (s *Stack) advance(t *time.Time) (now int64, behind time.Duration) {
	var d time.Duration
	switch {
	case t == nil && s.now == nil && s.started:
		d = time.Since(s.epoch)
	default:
		at := t
		if at == nil {
			read := s.read()
			at = &read
		}
		if !s.started {
			s.start(*at)
		}
		d = at.Sub(s.epoch)
	}
	at := min(int64(d), furthest)
	if at >= s.latest {
		s.latest = at
	} else {
		behind = time.Duration(s.latest) - d
	}
	return s.latest, behind
}

func (s *Stack) read() time.Time {
	if s.now != nil {
		return s.now()
	}
	return time.Now()
}

// start makes t the epoch. Windows that are aligned lie by its wall clock.
func (s *Stack) start(t time.Time) {
	s.started, s.epoch = true, t
	for _, c := range s.counters {
		if w, ok := c.(*windows); ok && w.aligned {
			w.phase = phase(t, w.every)
		}
	}
}

// phase is how far t lies in a window of this length, windows beginning in 1970.
func phase(t time.Time, every int64) int64 {
	const second = int64(time.Second)
	// Seconds and length may be large, so that their product isn't taken.
	var p int64
	if every%second == 0 {
		p = t.Unix()%(every/second)*second + int64(t.Nanosecond())
	} else {
		p = t.UnixNano() % every // past 2262 windows lie elsewhere
	}
	if p < 0 {
		p += every
	}
	return p
}
