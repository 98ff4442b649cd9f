package wire

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// What is kept at most of responses whose calls haven't asked for them yet.
const (
	maxEarly      = 256
	maxEarlyBytes = 1 << 20
)

// An elsewhere has the responses that came on a session's standalone stream, where none
// belongs. Some servers accept each request (202) and answer there, and the official
// clients take that: they look for a response by its id, on whatever stream. Its methods
// may be called from several goroutines.
type elsewhere struct {
	mu    sync.Mutex
	open  bool // the stream is listened to, or about to be
	slots map[int64]chan delivery
	early []earlyResponse // came before their calls asked, the oldest first
	held  int             // bytes of these
}

// An earlyResponse is a response that nobody has asked for yet.
type earlyResponse struct {
	delivery
	size int
}

// listen says that the stream is listened to, or about to be.
func (e *elsewhere) listen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open = true
}

// end says that it no longer is, or that there is none.
func (e *elsewhere) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open = false
	for id, slot := range e.slots {
		delete(e.slots, id)
		close(slot)
	}
}

// take takes a response of a number of bytes, which was read by an instant.
func (e *elsewhere) take(m *message, size int, at time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := delivery{reply: m, at: at}
	if slot, ok := e.slots[m.id.n]; ok {
		delete(e.slots, m.id.n)
		slot <- d
		return
	}
	e.early, e.held = append(e.early, earlyResponse{d, size}), e.held+size
	for len(e.early) > maxEarly || e.held > maxEarlyBytes {
		e.held -= e.early[0].size
		e.early[0] = earlyResponse{}
		e.early = e.early[1:]
	}
}

// expect opens a slot for the response to a request, in which there may be one already. It
// is closed where none will come.
func (e *elsewhere) expect(id int64) <-chan delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	slot := make(chan delivery, 1)
	for i, r := range e.early {
		if r.reply.id.n == id {
			e.early, e.held = append(e.early[:i], e.early[i+1:]...), e.held-r.size
			slot <- r.delivery
			return slot
		}
	}
	if !e.open {
		close(slot)
		return slot
	}
	if e.slots == nil {
		e.slots = map[int64]chan delivery{}
	}
	e.slots[id] = slot
	return slot
}

// forget closes the slot of a request.
func (e *elsewhere) forget(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.slots, id)
}

// answersElsewhere reports if the response to a request may come on the standalone
// stream: the server has accepted it, and has such a stream.
func (l *httpLink) answersElsewhere(a answer) bool {
	if a.status != http.StatusAccepted || a.reply != nil || a.other != nil {
		return false
	}
	l.elsewhere.mu.Lock()
	defer l.elsewhere.mu.Unlock()
	return l.elsewhere.open
}

// await waits for the response to a request that was accepted.
func (l *httpLink) await(ctx context.Context, id int64, a answer) answer {
	select {
	case d, ok := <-l.elsewhere.expect(id):
		if ok {
			a.reply, a.received, a.fault, a.body = d.reply, d.at, nil, nil
		}
	case <-ctx.Done():
		l.elsewhere.forget(id)
		a.fault, a.received = gaveUp(ctx), l.poster.now()
	}
	return a
}
