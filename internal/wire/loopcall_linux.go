package wire

import (
	"context"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A pending is a call under way, and what is needed to carry it. It is used
// again for other calls.
type pending struct {
	call  history.Call
	lane  *lane
	done  func(history.Call)
	start time.Duration
	turn  uint64 // how often it has been used

	out     []byte // the request
	written int    // bytes of it
	stamped bool   // Sent is set: the request is being written
	conn    *conn  // that carries it; nil while it waits for one
	waiting bool   // in the queue, over stdio that of its pipe
	token   string // that it shows; empty where there is none
	anew    bool   // the plain path has repeated it where it could be
	rounds  int    // how often it was sent again with what was asked for
	more    []byte // that: members of the parameters; nil where nothing was

	// Of a message that is no call of the run's.
	then   func(history.Call, answer) // gets the answer; nil: it is a call
	bare   string                     // the verb of what gets no response; empty elsewhere
	q      request                    // as the plain path writes it
	reused bool                       // its connection has carried another one before
	paused bool                       // it is none, but waits for its time: that is no time-out

	link link2         // in the list of what is due
	due  time.Duration // when
	next *pending      // in the list of free ones
}

type link2 struct {
	prev, next *pending
	in         bool
}

// A dueList holds calls by when something is due. What is added is mostly due last,
// because the time that each has is the same.
type dueList struct {
	first, last *pending
}

func (d *dueList) add(p *pending, at time.Duration) {
	p.due = at
	before := d.last
	for before != nil && before.due > at {
		before = before.link.prev
	}
	p.link = link2{prev: before, next: d.first, in: true}
	if before != nil {
		p.link.next, before.link.next = before.link.next, p
	} else {
		d.first = p
	}
	if p.link.next != nil {
		p.link.next.link.prev = p
	} else {
		d.last = p
	}
}

func (d *dueList) remove(p *pending) {
	k := p.link
	if !k.in {
		return
	}
	if k.prev == nil {
		d.first = k.next
	} else {
		k.prev.link.next = k.next
	}
	if k.next == nil {
		d.last = k.prev
	} else {
		k.next.link.prev = k.prev
	}
	p.link = link2{}
}

// newPending makes a call of an arrival.
func (l *Loop) newPending(ln *lane, a history.Arrival, done func(history.Call)) *pending {
	p := l.blank(ln)
	p.done = done
	p.call = history.Call{Arrival: a}
	ln.s.number(&p.call)
	return p
}

// blank is a pending that is nothing yet.
func (l *Loop) blank(ln *lane) *pending {
	p := l.free
	if p == nil {
		p = &pending{}
	} else {
		l.free = p.next
	}
	p.turn++
	p.lane, p.done, p.start, p.next = ln, nil, l.now(), nil
	p.written, p.stamped, p.waiting, p.anew = 0, false, false, false
	p.rounds, p.more = 0, nil
	if p.then != nil {
		p.then, p.bare, p.q, p.reused, p.paused = nil, "", request{}, false, false
	}
	return p
}

// finish tells what came of a call, and keeps the pending for another one.
func (l *Loop) finish(p *pending) {
	l.calls.remove(p)
	done, call := p.done, p.call
	l.recycle(p)
	done(call)
}

func (l *Loop) recycle(p *pending) {
	p.conn = nil
	if cap(p.out) > readBuffer {
		p.out = nil
	}
	p.turn++
	p.next, l.free = l.free, p
}

// conclude judges what the plain path made of a call.
func (l *Loop) conclude(p *pending, a answer) {
	a.sent, a.wrote = p.start, p.written > 0
	if p.stamped {
		a.sent = p.call.Sent
	}
	if p.then != nil {
		l.calls.remove(p)
		p.then(p.call, a)
		l.recycle(p)
		return
	}
	if !p.anew && p.lane.link != nil && l.sendAnew(p, a) {
		return
	}
	if p.lane.modern && l.supply(p, a) {
		return
	}
	p.lane.s.judge(&p.call, a)
	if a.reply != nil && l.cfg.Read != nil {
		l.cfg.Read(&p.call, a.reply.result)
	}
	l.finish(p)
}

// sendAnew has the plain path send a request once more whose answer says that this
// may come to something else, and reports if it does.
func (l *Loop) sendAnew(p *pending, a answer) bool {
	link := p.lane.link
	switch {
	case link.tokenless(a):
		l.aside(p, func(ctx context.Context, tell func(answer)) { tell(link.anew(ctx, p.request(), a, p.token)) })
	case crossedIdle(a) && p.lane.s.mayRepeat(p.call.Method, p.call.Tool):
		l.repeat(p, a)
	case link.answersElsewhere(a):
		l.aside(p, func(ctx context.Context, tell func(answer)) { tell(link.await(ctx, p.call.ID, a)) })
	default:
		return false
	}
	p.anew = true
	return true
}

// supply sends a request again with what its answer asks for, and reports if it does.
func (l *Loop) supply(p *pending, a answer) bool {
	more, ok := p.lane.s.input(p.call.Method, a)
	if !ok || p.rounds == maxRounds || l.ctx.Err() != nil || p.lane.s.closed.Load() {
		return false
	}
	p.lane.s.nextRound(&p.call, a)
	p.rounds, p.more, p.written = p.rounds+1, more, 0
	l.calls.remove(p)
	l.calls.add(p, p.start+l.timeout)
	q := p.request()
	if p.lane.pipe != nil {
		p.out = append(append(p.out[:0], q.body...), '\n')
		p.lane.pipe.send(p)
		return true
	}
	own := p.lane.marks(l.url)
	p.token, p.out = own.token, p.lane.template.whole(p.out[:0], own, q)
	l.dispatch(p)
	return true
}

// fail ends a call that got no reply.
func (l *Loop) fail(p *pending, f *fault) {
	l.conclude(p, answer{received: l.now(), fault: f})
}

// expire ends what has been waited for long enough. What has come by now is read
// first: if it was us who stood still, the replies are there, and late through no
// fault of the server's.
func (l *Loop) expire(now time.Duration) {
	if p := l.calls.first; p != nil && p.due <= now {
		l.catchUp()
	}
	l.expireTrails(now)
	for p := l.calls.first; p != nil && p.due <= now; p = l.calls.first {
		if p.paused {
			l.conclude(p, answer{})
			continue
		}
		l.cut(p, l.late)
	}
	if l.ctx.Err() != nil {
		for p := l.calls.first; p != nil; p = l.calls.first {
			l.cut(p, l.ctx)
		}
	}
}

// catchUp handles all that has come by now: of each source once.
func (l *Loop) catchUp() {
	l.handle(math.MaxInt64)
	for range len(l.sources)/maxEvents + 1 {
		l.ready, l.next = l.pollNow(), 0
		l.handle(math.MaxInt64)
	}
}

// cut ends a call before its reply is whole, for the reason of a context that
// has ended. The connection can't be used again.
func (l *Loop) cut(p *pending, why context.Context) {
	c := p.conn
	if p.lane.pipe != nil {
		p.lane.pipe.giveUp(p, why)
		return
	}
	if c == nil {
		p.waiting = false // the queue passes over it
		l.fail(p, gaveUp(why))
		return
	}
	a := l.ended(c, why, why.Err())
	l.drop(c)
	l.conclude(p, a)
	l.serve()
}

// sendOn sends an arrival on a session.
func (l *Loop) sendOn(ln *lane, a history.Arrival, done func(history.Call)) {
	if a.Method == "" && a.Tool != "" {
		a.Method = methodCall
	}
	if len(a.Method) > 14 && a.Method[:14] == "notifications/" || ln.apart || ln.s.closed.Load() ||
		l.ctx.Err() != nil {
		l.sendPlain(l.ctx, ln, a, done)
		return
	}
	p := l.newPending(ln, a, done)
	var err error
	if ln.pipe != nil {
		p.out, err = ln.template.line(p.out[:0], p.call.ID, a.Method, a.Tool, a.Arguments)
	} else {
		own := ln.marks(l.url)
		p.token = own.token
		p.out, err = ln.template.request(p.out[:0], own, p.call.ID, a.Method, a.Tool, a.Arguments)
	}
	if err != nil {
		p.call.Outcome, p.call.Detail = history.Unsent, ln.s.clean.finish(err.Error())
		p.call.Sent, p.call.Received = p.start, p.start
		l.finish(p)
		return
	}
	l.calls.add(p, p.start+l.timeout)
	if ln.pipe != nil {
		ln.pipe.send(p)
		return
	}
	l.dispatch(p)
}

// sendPlain has the plain path carry a call that is out of the ordinary.
func (l *Loop) sendPlain(ctx context.Context, ln *lane, a history.Arrival, done func(history.Call)) {
	l.wg.Go(func() {
		c := ln.s.Exchange(ctx, a)
		l.ring(func() { done(c) })
	})
}
