package wire

import (
	"sync"
	"time"
)

// A mailbox hands responses that arrive on one shared stream to the calls
// that wait for them. Its methods may be called from several goroutines.
type mailbox struct {
	issued  func(id int64) bool // has such a request been sent at all?
	strays  *strayLog
	respond func(*message) // is called for each request by the server

	mu      sync.Mutex
	waiting map[int64]waiter
	late    map[int64]bool // calls that were given up, and may still be answered once
	down    *fault         // why nothing will arrive any more
}

// A waiter is a call that waits for its response. It is given one delivery,
// without a lock being held.
type waiter interface{ take(d delivery) }

// A slot is a waiter that holds its delivery until somebody fetches it.
type slot chan delivery

func (s slot) take(d delivery) { s <- d }

// A delivery is the response that a call waited for, or why there is none.
type delivery struct {
	reply *message
	at    time.Duration // when it had been read
	fault *fault
}

// expect opens a slot for the response to a request. It says why where
// nothing will arrive any more.
func (b *mailbox) expect(id int64) (<-chan delivery, *fault) {
	s := make(slot, 1)
	return s, b.await(id, s)
}

// await has a waiter wait for the response to a request. It says why where
// nothing will arrive any more.
func (b *mailbox) await(id int64, w waiter) *fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return b.down
	}
	if b.waiting == nil {
		b.waiting = map[int64]waiter{}
		b.late = map[int64]bool{}
	}
	b.waiting[id] = w
	return nil
}

// forget lets a call go that was given up, and reports if it still waited.
func (b *mailbox) forget(id int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.waiting[id]
	if ok {
		delete(b.waiting, id)
		if len(b.late) < maxTracked {
			b.late[id] = true
		}
	}
	return ok
}

// text delivers the messages of one JSON text, which was read by the given
// instant. The mailbox keeps the text.
func (b *mailbox) text(text []byte, at time.Duration) {
	if err := readMessages(text, func(m *message) { b.deliver(m, text, at) }); err != nil {
		b.strays.add(NotMCP, at, 0, text)
	}
}

// deliver hands one message to whom it is for.
func (b *mailbox) deliver(m *message, text []byte, at time.Duration) {
	switch {
	case m.request():
		m.at = at
		b.respond(m)
		return
	case !m.response():
		return
	case !m.id.present:
		b.strays.add(NoID, at, 0, text)
		return
	}
	id := m.id.n // 0, which nobody uses, where it is no number
	b.mu.Lock()
	w, ok := b.waiting[id]
	late := b.late[id]
	delete(b.waiting, id)
	delete(b.late, id)
	b.mu.Unlock()
	switch {
	case ok:
		if m.id.text {
			b.strays.add(TextID, at, id, text)
		}
		w.take(delivery{reply: m, at: at})
	case late:
		b.strays.add(Late, at, id, text)
	case b.issued(id):
		b.strays.add(Duplicate, at, id, text)
	default:
		b.strays.add(UnknownID, at, id, text)
	}
}

// fail fails every call that waits.
func (b *mailbox) fail(f *fault, at time.Duration) {
	b.mu.Lock()
	waiting := b.waiting
	b.waiting = map[int64]waiter{}
	for id := range waiting {
		if len(b.late) < maxTracked {
			b.late[id] = true
		}
	}
	b.mu.Unlock()
	for _, w := range waiting {
		w.take(delivery{at: at, fault: f})
	}
}

// shut fails every call that waits, and every later one. The first reason
// stays.
func (b *mailbox) shut(f *fault, at time.Duration) {
	b.mu.Lock()
	if b.down != nil {
		b.mu.Unlock()
		return
	}
	b.down = f
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, w := range waiting {
		w.take(delivery{at: at, fault: f})
	}
}
