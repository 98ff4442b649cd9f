package drive

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// A mailbox is what a server wrote on a line and nobody has taken yet.
type mailbox struct {
	mu    sync.Mutex
	list  []conform.Message
	rest  []byte                  // what was no message, up to a bound
	odd   []conform.Event         // those that should have had one, up to a bound
	ended string                  // why nothing more comes; empty: it may
	news  chan struct{}           // has room for one
	asked func([]conform.Message) // is told of what came; nil: nobody is
}

// mostOdd bounds the events without a message that are kept.
const mostOdd = 10

func newMailbox() *mailbox { return &mailbox{news: make(chan struct{}, 1)} }

// text takes one text that the server wrote.
func (b *mailbox) text(raw []byte) {
	list := conform.ReadMessages(raw)
	if b.asked != nil {
		b.asked(list)
	}
	b.mu.Lock()
	b.list = append(b.list, list...)
	if len(list) == 0 && len(b.rest) < maxBody {
		b.rest = append(append(b.rest, raw...), '\n')
	}
	b.mu.Unlock()
	b.ring()
}

// event takes an event that should have a message.
func (b *mailbox) event(e conform.Event) {
	if len(conform.ReadMessages([]byte(e.Data))) > 0 {
		b.text([]byte(e.Data))
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.odd) < mostOdd {
		b.odd = append(b.odd, e)
	}
}

func (b *mailbox) end(why string) {
	b.mu.Lock()
	if b.ended == "" {
		b.ended = why
	}
	b.mu.Unlock()
	b.ring()
}

func (b *mailbox) ring() {
	select {
	case b.news <- struct{}{}:
	default: // somebody is told already
	}
}

// take empties the box into a reply, and reports if the answer is among it, or
// nothing more will come.
func (b *mailbox) take(reply *conform.Reply, await string) (done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	reply.Messages = append(reply.Messages, b.list...)
	reply.Body, reply.Events = append(reply.Body, b.rest...), append(reply.Events, b.odd...)
	b.list, b.rest, b.odd = nil, nil, nil
	if await != "" && reply.Answer(await) != nil {
		return true
	}
	if b.ended != "" {
		reply.Broken, reply.Ended = b.ended, true
		return true
	}
	return false
}

// wait takes what comes until the answer does, or the time is over. Where nothing is
// awaited it takes what there is.
func (b *mailbox) wait(ctx context.Context, reply *conform.Reply, r conform.Request) {
	timer := time.NewTimer(r.Within)
	defer timer.Stop()
	for {
		if b.take(reply, r.Await) || r.Await == "" {
			return
		}
		select {
		case <-b.news:
		case <-timer.C:
			reply.Broken, reply.Silent = fmt.Sprintf("no answer within %s", r.Within), true
			return
		case <-ctx.Done():
			reply.Broken = conform.Interrupted
			return
		}
	}
}
