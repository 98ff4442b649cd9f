package ratelimit

import "hash/maphash"

// A table holds one bucket a key, at most max of them, and forgets only full
// ones.
//
// Arrays of integers around one array of buckets, because at a million keys a Go
// map beside a heap of its keys costs twice as much: index finds a key (open
// addressing, linear probing, at most three quarters full), heap finds the
// bucket that is full first.
//
// The heap is lazy. An admission moves its bucket's fullAt on and leaves the
// heap alone; queued, by which the heap is ordered, is then too early, never
// too late. What comes to the top too early is queued again at its fullAt.
// Each such step is paid for by an admission since the last one, so a call
// costs O(log n) in the long run, and admissions of a held key cost nothing.
//
// What costs at a million keys is memory that isn't in the processor's cache.
// So the heap holds what it is ordered by, and an entry has four children, which
// fill a cache line; and a key is fetched only where its hash is the one that is
// looked for.
type table struct {
	max    int
	seed   maphash.Seed // random, so that clients can't choose keys that collide
	index  []uint32     // position in slots plus 1, or 0; the length is a power of two
	slots  []slot
	hashes []uint32        // of the keys in slots; of a slot without a key, what free was before
	free   uint32          // position plus 1 of the last slot that lost its key, or 0
	heap   []entry         // by queued, the children of i at 4*i+1 to 4*i+4
	gone   func(at uint32) // called for a slot that lost its key; may be nil
}

// A slot is a key and its bucket: 24 bytes.
type slot struct {
	key    string
	fullAt int64 // ticks since the limiter's epoch
}

// An entry is a key's place in the heap: 16 bytes.
type entry struct {
	queued int64  // <= the slot's fullAt
	at     uint32 // position in slots
}

// minIndex is the first size of an index.
const minIndex = 16

func newTable(maxKeys int) table {
	return table{max: maxKeys, seed: maphash.MakeSeed()}
}

func (t *table) len() int { return len(t.heap) }

// hash returns where in index the search for key begins, in its lower bits.
func (t *table) hash(key string) uint32 { return uint32(maphash.String(t.seed, key)) }

// find returns the position in slots of a key with this hash.
func (t *table) find(key string, hash uint32) (int, bool) {
	if len(t.index) == 0 {
		return 0, false
	}
	for i := t.home(hash); t.index[i] != 0; i = t.next(i) {
		if at := int(t.index[i] - 1); t.hashes[at] == hash && t.slots[at].key == key {
			return at, true
		}
	}
	return 0, false
}

// insert adds a key that is not held and whose bucket is full at fullAt. It
// forgets up to two keys that are full at now, so that the table shrinks while
// it can and no call pays for all. It reports false where there is no room;
// soonest is exact then.
func (t *table) insert(key string, hash uint32, fullAt, now int64) bool {
	for range 2 {
		t.forget(now)
	}
	if t.len() >= t.max && !t.vacate(now) {
		return false
	}
	if 4*(t.len()+1) > 3*len(t.index) {
		t.grow()
	}
	var at uint32
	if t.free != 0 {
		at = t.free - 1
		t.free = t.hashes[at]
	} else {
		at = uint32(len(t.slots))
		t.slots, t.hashes = add(t.slots, slot{}, t.max), add(t.hashes, 0, t.max)
	}
	t.slots[at], t.hashes[at] = slot{key: key, fullAt: fullAt}, hash
	t.place(at)
	t.push(entry{queued: fullAt, at: at})
	return true
}

// soonest returns the instant at which the bucket on top of the heap is full.
// It is exact right after insert found no room, and too early at other times.
func (t *table) soonest() int64 { return t.heap[0].queued }

// forget looks at the top of the heap once. It removes the key if its bucket
// is full at now, and queues it again if it was queued too early.
func (t *table) forget(now int64) {
	if t.len() == 0 || t.heap[0].queued > now {
		return
	}
	top := t.heap[0]
	if t.slots[top.at].fullAt > now {
		t.requeue()
		return
	}
	t.unplace(top.at)
	if t.gone != nil {
		t.gone(top.at)
	}
	t.slots[top.at] = slot{}
	t.hashes[top.at], t.free = t.free, top.at+1
	last := len(t.heap) - 1
	moved := t.heap[last]
	t.heap = t.heap[:last]
	if last > 0 {
		t.sink(moved)
	}
}

// requeue moves the top of the heap to where its bucket's fullAt belongs.
func (t *table) requeue() {
	top := t.heap[0]
	top.queued = t.slots[top.at].fullAt
	t.sink(top)
}

// rebase moves the epoch on by shift ticks. The order of the heap stays.
func (t *table) rebase(shift int64) {
	for i := range t.slots {
		t.slots[i].fullAt = max(0, t.slots[i].fullAt-shift)
	}
	for i := range t.heap {
		t.heap[i].queued = max(0, t.heap[i].queued-shift)
	}
}

// home is where the search for a key with this hash begins in index.
func (t *table) home(hash uint32) int { return int(hash) & (len(t.index) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.index) - 1) }

// place enters a slot into index, which has room.
func (t *table) place(at uint32) {
	i := t.home(t.hashes[at])
	for t.index[i] != 0 {
		i = t.next(i)
	}
	t.index[i] = at + 1
}

// unplace takes a slot out of index, and moves the entries behind it up so that
// no search ends at the hole.
func (t *table) unplace(at uint32) {
	hole := t.home(t.hashes[at])
	for t.index[hole] != at+1 {
		hole = t.next(hole)
	}
	for i := t.next(hole); t.index[i] != 0; i = t.next(i) {
		// An entry may move up to the hole unless its home lies behind the hole.
		home, mask := t.home(t.hashes[t.index[i]-1]), len(t.index)-1
		if (i-home)&mask >= (i-hole)&mask {
			t.index[hole], hole = t.index[i], i
		}
	}
	t.index[hole] = 0
}

// grow doubles index.
func (t *table) grow() {
	t.index = make([]uint32, max(minIndex, 2*len(t.index)))
	for _, e := range t.heap {
		t.place(e.at)
	}
}

// add is append for an array of at most most elements. It grows by a fifth and
// not by a quarter, so that a key costs at most 64 bytes at any length.
func add[T any](s []T, v T, most int) []T {
	if len(s) == cap(s) {
		s = append(make([]T, 0, min(len(s)+len(s)/5+16, most)), s...)
	}
	return append(s, v)
}

// push adds an entry to the heap.
func (t *table) push(e entry) {
	t.heap = add(t.heap, e, t.max)
	i := len(t.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if t.heap[parent].queued <= e.queued {
			break
		}
		t.heap[i], i = t.heap[parent], parent
	}
	t.heap[i] = e
}

// sink puts an entry in the place of the heap's top, and down to where it
// belongs.
func (t *table) sink(e entry) {
	i, n := 0, len(t.heap)
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		child := first
		for c := first + 1; c < min(first+4, n); c++ {
			if t.heap[c].queued < t.heap[child].queued {
				child = c
			}
		}
		if t.heap[child].queued >= e.queued {
			break
		}
		t.heap[i], i = t.heap[child], child
	}
	t.heap[i] = e
}
