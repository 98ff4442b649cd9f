package ratelimit

// A demand is what one event, or a batch of them, asks of one counter of a limit.
type demand struct {
	key   string
	n     int
	hash  uint32
	at    int  // position in the table's slots, where held
	held  bool // a counter for the key is there already
	opens bool // of windows: a new one would open

	wait   int64 // nanoseconds until it would be admitted; 0: now; never; unknown
	reason Reason
}

// Waits that are no number of nanoseconds.
const (
	never   = int64(Never)
	unknown = int64(Unknown)
)

// A counter is one limit's state, for all of its keys. Instants are nanoseconds
// since the stack's epoch, and never go back. All methods need the stack's lock; no
// other call may come between weigh and what is done on its word.
type counter interface {
	// weigh says of each demand how long it would have to wait. No two have the
	// same key.
	weigh(now int64, ds []demand)
	// take admits demands that weigh had nothing against.
	take(now int64, ds []demand)
	// left says how many events the counter of a demand would admit now, and in how
	// many nanoseconds it admits more; 0 where it holds all that it can, or where
	// nobody knows.
	left(now int64, d *demand) (remaining int, next int64)
	// done ends events that were admitted.
	done(key string, n int)
	// held is how many keys are held.
	held() int
}

// A quick counter judges one event of a key by itself, and takes it. It reports false,
// and has done nothing, where that takes more than looking at what it holds.
type quick interface {
	quick(now int64, key string, n int) (Decision, bool)
}

func newCounter(l *Limit, q quota) counter {
	keys := l.MaxKeys
	switch {
	case l.Scope == Everybody:
		keys = 1
	case keys == 0:
		keys = DefaultMaxKeys
	}
	switch l.Kind {
	case Bucket:
		return &buckets{quota: q, table: newTable(keys), span: maxTicks / q.perNano}
	case Sliding:
		c := &logs{n: l.N, every: int64(l.Every), table: newTable(keys)}
		c.table.gone = func(at uint32) { c.rings[at] = ring{} }
		return c
	case Cap:
		return &caps{n: l.N, most: keys, running: map[string]int{}}
	}
	return &windows{n: l.N, every: int64(l.Every), aligned: l.Kind == Aligned, table: newTable(keys)}
}

// secure finds the keys of demands, and makes room for those that are new. Where
// there is no room for them it refuses them: until the first held counter is as good
// as new, in the table's own unit, or for ever where there never is.
func (t *table) secure(now int64, ds []demand) {
	for {
		fresh := 0
		for i := range ds {
			d := &ds[i]
			d.hash = t.hash(d.key)
			if d.at, d.held = t.find(d.key, d.hash); !d.held {
				fresh++
			}
		}
		switch {
		case fresh == 0 || t.len()+fresh <= t.max:
			return
		case fresh > t.max:
			crowded(ds, never)
			return
		}
		// What is forgotten may be one of the demands' own, so they are sought again.
		if !t.vacate(now) {
			crowded(ds, t.soonest()-now)
			return
		}
	}
}

// vacate forgets a key, and reports false where none is as good as new; soonest is
// exact then.
func (t *table) vacate(now int64) bool {
	for before := t.len(); t.len() == before; {
		top := t.heap[0]
		switch {
		case top.queued <= now:
			t.forget(now)
		case top.queued == t.slots[top.at].fullAt:
			return false
		default:
			t.requeue()
		}
	}
	return true
}

// settle enters the instants at which demands' counters are as good as new again:
// those that are held first, so that entering a new key doesn't forget one of them.
// It fills in where the new ones lie. fresh is called with each demand.
func (t *table) settle(now int64, ds []demand, fresh func(d *demand) int64) {
	for i := range ds {
		if d := &ds[i]; d.held {
			t.slots[d.at].fullAt = fresh(d)
		}
	}
	for i := range ds {
		d := &ds[i]
		if d.held {
			continue
		}
		if !t.insert(d.key, d.hash, fresh(d), now) {
			panic("ratelimit: internal error: no room where secure made some")
		}
		d.at, d.held = t.find(d.key, d.hash)
	}
}

// crowded refuses demands for new keys.
func crowded(ds []demand, wait int64) {
	for i := range ds {
		if d := &ds[i]; !d.held {
			d.wait, d.reason = wait, ReasonKeys
		}
	}
}

// buckets are token buckets, in ticks since base.
type buckets struct {
	quota quota
	table table
	base  int64 // nanoseconds since the stack's epoch
	span  int64 // how far an instant may be from base
}

// ticks is an instant in the table's unit. It may move base, as Limiter.rebase moves
// the epoch.
func (c *buckets) ticks(now int64) int64 {
	if d := now - c.base; d > c.span {
		shift := int64(3 * maxTicks)
		if d < shift/c.quota.perNano {
			shift = d * c.quota.perNano
		}
		c.table.rebase(shift)
		c.base = now
	}
	return (now - c.base) * c.quota.perNano
}

func (c *buckets) fullAt(d *demand, now int64) int64 {
	if d.held {
		return c.table.slots[d.at].fullAt
	}
	return now
}

func (c *buckets) weigh(now int64, ds []demand) {
	at := c.ticks(now)
	c.table.secure(at, ds)
	for i := range ds {
		d := &ds[i]
		if d.reason == ReasonKeys {
			if d.wait != never {
				d.wait = int64(c.quota.nanos(d.wait))
			}
		} else if _, excess := c.quota.take(c.fullAt(d, at), at, d.n); excess > 0 {
			d.wait, d.reason = int64(c.quota.nanos(excess)), ReasonRate
		}
	}
}

func (c *buckets) quick(now int64, key string, n int) (Decision, bool) {
	at := c.ticks(now)
	place, held := c.table.find(key, c.table.hash(key))
	if !held {
		return Decision{}, false
	}
	slot := &c.table.slots[place]
	full, excess := c.quota.take(slot.fullAt, at, n)
	if excess > 0 {
		left := (c.quota.capacity - max(0, slot.fullAt-at)) / c.quota.cost
		return Decision{RetryAfter: c.quota.nanos(excess), Remaining: int(left), Reason: ReasonRate}, true
	}
	slot.fullAt = full
	return Decision{Allowed: true, Remaining: int((c.quota.capacity - max(0, full-at)) / c.quota.cost)}, true
}

func (c *buckets) take(now int64, ds []demand) {
	at := c.ticks(now)
	c.table.settle(at, ds, func(d *demand) int64 {
		next, _ := c.quota.take(c.fullAt(d, at), at, d.n)
		return next
	})
}

func (c *buckets) left(now int64, d *demand) (remaining int, next int64) {
	at := c.ticks(now)
	full := c.fullAt(d, at)
	missing := max(0, full-at) // ticks of tokens that aren't there
	remaining = int((c.quota.capacity - missing) / c.quota.cost)
	if missing > 0 {
		more := missing - (c.quota.capacity - int64(remaining+1)*c.quota.cost)
		next = int64(c.quota.nanos(more))
	}
	return remaining, next
}

func (c *buckets) done(string, int) {}

func (c *buckets) held() int { return c.table.len() }

// caps are how many events of each key run.
type caps struct {
	n, most int
	running map[string]int // without keys of which none runs
}

func (c *caps) weigh(_ int64, ds []demand) {
	room := c.most - len(c.running)
	for i := range ds {
		d := &ds[i]
		var running int
		if running, d.held = c.running[d.key]; !d.held {
			room--
		}
		switch {
		case running+d.n > c.n:
			d.wait, d.reason = unknown, ReasonCap
		case !d.held && room < 0:
			d.wait, d.reason = unknown, ReasonKeys
		}
	}
}

func (c *caps) take(_ int64, ds []demand) {
	for i := range ds {
		c.running[ds[i].key] += ds[i].n
	}
}

func (c *caps) left(_ int64, d *demand) (remaining int, next int64) {
	return c.n - c.running[d.key], 0
}

func (c *caps) done(key string, n int) {
	if left := c.running[key] - n; left > 0 {
		c.running[key] = left
		return
	}
	delete(c.running, key)
}

func (c *caps) held() int { return len(c.running) }
