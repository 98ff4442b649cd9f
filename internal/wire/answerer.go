package wire

import (
	"context"
	"sync"
	"time"
)

// How many answers to requests by the server a session has under way at a time,
// and how many more wait for their turn. Each call may bring one, and a server
// that waits for the answers has no more calls in its hands than that; one that
// asks for more is left without an answer.
const (
	maxAnswering = 64
	maxWaiting   = 1024
	maxAnswerID  = 64 << 10 // bytes: an answer repeats the request's id
	maxWaitingID = 1 << 20  // of all that wait for their turn
)

// How long a session that closes waits for answers under way.
const answerGrace = time.Second

// An answerer answers the requests of a server, on the side: the call that they
// came with must not wait for it. Its methods may be called from several
// goroutines.
type answerer struct {
	respond func(*message) (request, bool) // what to answer, if anything
	dropped func(*message)                 // is told of a request that gets no answer
	carry   func(ctx context.Context, q request) answer
	noted   func(q request, a answer) // is told what came of an answer
	most    int                       // under way at a time

	life context.Context // of what is sent
	end  context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	busy    int // under way
	waiting []waitingAnswer
	ids     int // bytes of the ids of those
	closed  bool
}

// A waitingAnswer waits for its turn.
type waitingAnswer struct {
	request
	id int // bytes of the id that it repeats
}

// newAnswerer returns an answerer for the session's link, which is to set carry.
func (s *Session) newAnswerer(most int) *answerer {
	a := &answerer{respond: s.respond, dropped: s.unanswered, noted: s.answered, most: most}
	a.life, a.end = context.WithCancel(context.Background())
	s.answers = a
	return a
}

// answer answers a request by the server, if it should be.
func (a *answerer) answer(m *message) {
	q, ok := a.respond(m)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
	case a.busy < a.most:
		a.busy++
		a.wg.Go(func() { a.work(q) })
	case len(a.waiting) < maxWaiting && a.ids+len(m.id.raw) <= maxWaitingID:
		a.waiting = append(a.waiting, waitingAnswer{q, len(m.id.raw)})
		a.ids += len(m.id.raw)
	default:
		a.dropped(m)
	}
}

// work sends an answer, and then what waits.
func (a *answerer) work(q request) {
	for {
		a.noted(q, a.carry(a.life, q))
		a.mu.Lock()
		if len(a.waiting) == 0 {
			a.busy--
			a.mu.Unlock()
			return
		}
		q = a.waiting[0].request
		a.ids -= a.waiting[0].id
		a.waiting[0] = waitingAnswer{}
		a.waiting = a.waiting[1:]
		a.mu.Unlock()
	}
}

// idle reports if no answer is under way.
func (a *answerer) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.busy == 0
}

// shut sends no more if no answer is under way, and reports if that is so.
func (a *answerer) shut() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy > 0 {
		return false
	}
	a.closed = true
	a.end()
	return true
}

// close sends no more, and returns once what is under way has ended.
func (a *answerer) close() {
	a.mu.Lock()
	a.closed, a.waiting = true, nil
	a.mu.Unlock()
	late := time.AfterFunc(answerGrace, a.end)
	a.wg.Wait()
	late.Stop()
	a.end()
}
