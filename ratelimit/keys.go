package ratelimit

import "hash/maphash"

// A table holds one bucket a key, at most max of them, and forgets only full
// ones.
//
// Three arrays of integers around one array of buckets, because at a million
// keys a Go map beside a heap of its keys costs twice as much: index finds a
// key (open addressing, linear probing, at most three quarters full), heap
// finds the bucket that is full first.
//
// The heap is lazy. An admission moves its bucket's fullAt on and leaves the
// heap alone; queued, by which the heap is ordered, is then too early, never
// too late. What comes to the top too early is queued again at its fullAt.
// Each such step is paid for by an admission since the last one, so a call
// costs O(log n) in the long run, and admissions of a held key cost nothing.
type table struct {
	max   int
	seed  maphash.Seed // random, so that clients can't choose keys that collide
	index []uint32     // position in slots plus 1, or 0; the length is a power of two
	slots []slot
	free  []uint32 // positions in slots that hold no key
	heap  []uint32 // positions in slots, a binary heap by queued
}

// A slot is a key and its bucket: 32 bytes.
type slot struct {
	key    string
	fullAt int64 // ticks since the limiter's epoch
	queued int64 // <= fullAt
}

// minIndex is the first size of an index.
const minIndex = 16

func newTable(maxKeys int) table {
	return table{max: maxKeys, seed: maphash.MakeSeed()}
}

func (t *table) len() int { return len(t.heap) }

// find returns the position of key in slots.
func (t *table) find(key string) (int, bool) {
	if len(t.index) == 0 {
		return 0, false
	}
	for i := t.home(key); t.index[i] != 0; i = t.next(i) {
		if at := int(t.index[i] - 1); t.slots[at].key == key {
			return at, true
		}
	}
	return 0, false
}

// insert adds a key that is not held and whose bucket is full at fullAt. It
// forgets up to two keys that are full at now, so that the table shrinks while
// it can and no call pays for all. It reports false where there is no room;
// soonest is exact then.
func (t *table) insert(key string, fullAt, now int64) bool {
	for range 2 {
		t.forget(now)
	}
	for t.len() >= t.max {
		if top := t.slots[t.heap[0]]; top.queued == top.fullAt && top.fullAt > now {
			return false
		}
		t.forget(now)
	}
	if 4*(t.len()+1) > 3*len(t.index) {
		t.grow()
	}
	var at uint32
	if last := len(t.free) - 1; last >= 0 {
		at, t.free = t.free[last], t.free[:last]
	} else {
		at = uint32(len(t.slots))
		t.slots = append(t.slots, slot{})
	}
	t.slots[at] = slot{key: key, fullAt: fullAt, queued: fullAt}
	t.place(at)
	t.push(at)
	return true
}

// soonest returns the instant at which the bucket on top of the heap is full.
// It is exact right after insert found no room, and too early at other times.
func (t *table) soonest() int64 { return t.slots[t.heap[0]].queued }

// forget looks at the top of the heap once. It removes the key if its bucket
// is full at now, and queues it again if it was queued too early.
func (t *table) forget(now int64) {
	if t.len() == 0 {
		return
	}
	at := t.heap[0]
	s := &t.slots[at]
	if s.fullAt > now {
		s.queued = s.fullAt
		t.sink(0)
		return
	}
	t.unplace(at)
	*s = slot{}
	t.free = append(t.free, at)
	last := len(t.heap) - 1
	t.heap[0] = t.heap[last]
	t.heap = t.heap[:last]
	t.sink(0)
}

// rebase moves the epoch on by shift ticks. The order of the heap stays.
func (t *table) rebase(shift int64) {
	for i := range t.slots {
		s := &t.slots[i]
		s.fullAt, s.queued = max(0, s.fullAt-shift), max(0, s.queued-shift)
	}
}

// home is where the search for key begins in index.
func (t *table) home(key string) int {
	return int(maphash.String(t.seed, key) & uint64(len(t.index)-1))
}

func (t *table) next(i int) int { return (i + 1) & (len(t.index) - 1) }

// place enters a slot into index, which has room.
func (t *table) place(at uint32) {
	i := t.home(t.slots[at].key)
	for t.index[i] != 0 {
		i = t.next(i)
	}
	t.index[i] = at + 1
}

// unplace takes a slot out of index, and moves the entries behind it up so
// that no search ends at the hole.
func (t *table) unplace(at uint32) {
	hole := t.home(t.slots[at].key)
	for t.index[hole] != at+1 {
		hole = t.next(hole)
	}
	for i := t.next(hole); t.index[i] != 0; i = t.next(i) {
		// An entry may move up to the hole unless its home lies behind the hole.
		home, mask := t.home(t.slots[t.index[i]-1].key), len(t.index)-1
		if (i-home)&mask >= (i-hole)&mask {
			t.index[hole], hole = t.index[i], i
		}
	}
	t.index[hole] = 0
}

// grow doubles index.
func (t *table) grow() {
	t.index = make([]uint32, max(minIndex, 2*len(t.index)))
	for _, at := range t.heap {
		t.place(at)
	}
}

// push adds a slot to the heap.
func (t *table) push(at uint32) {
	t.heap = append(t.heap, at)
	for i := len(t.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !t.before(i, parent) {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

// sink moves the heap's entry i down to where it belongs.
func (t *table) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if right := child + 1; right < len(t.heap) && t.before(right, child) {
			child = right
		}
		if !t.before(child, i) {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}

func (t *table) before(i, j int) bool {
	return t.slots[t.heap[i]].queued < t.slots[t.heap[j]].queued
}
