package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A loopClient is a client whose sessions end after a number of calls. It does what
// runner.Renewed does on the plain path, on the loop's goroutine: the next session is
// opened before it is needed, and the last one ended when its calls have.
type loopClient struct {
	name      string
	greeting  []byte        // what its sessions begin with
	now, next *lease        // nil: there is none
	queue     []waitingCall // for the next session
	feeding   bool
}

// A waitingCall waits for a session.
type waitingCall struct {
	arrival history.Arrival
	done    func(history.Call)
}

// A lease is a session and how it is used.
type lease struct {
	lane         *lane
	err          error // why there is none
	ready        bool  // there is one, or there isn't
	used, active int   // calls
	retired      bool  // the next one is in its place
}

// addClients has sessions renewed, the given ones first.
func (l *Loop) addClients() error {
	l.clients = make(map[string]*loopClient, len(l.lanes))
	for name, ln := range l.lanes {
		s := ln.s
		_, _, settled := s.greets()
		switch {
		case !settled || ln.modern:
			return unsuited("how a session begins is to be found out anew")
		case s.o.Bearer != nil:
			return unsuited("tokens change")
		case s.url != s.o.URL:
			return unsuited("the set-up was led elsewhere")
		}
		l.clients[name] = &loopClient{name: name, next: &lease{lane: ln, ready: true}}
	}
	l.lanes = nil
	return nil
}

// sendRenewed is Send where sessions are renewed.
func (l *Loop) sendRenewed(a history.Arrival, done func(history.Call)) {
	c := l.clients[a.Client]
	if c == nil {
		panic("wire: internal error: no session for client " + a.Client)
	}
	c.queue = append(c.queue, waitingCall{a, done})
	l.feed(c)
}

// feed sends the calls of a client for which it has a session.
func (l *Loop) feed(c *loopClient) {
	if c.feeding {
		return // further up
	}
	c.feeding = true
	defer func() { c.feeding = false }()
	n := 0
	for ; n < len(c.queue) && l.current(c); n++ {
		w, le := c.queue[n], c.now
		if c.queue[n] = (waitingCall{}); le.err != nil {
			w.done(history.Call{Arrival: w.arrival, Sent: w.arrival.Due, Received: w.arrival.Due,
				Outcome: history.Broken, Detail: "no new session: " + le.err.Error()})
			continue
		}
		le.used++
		le.active++
		// Half-way, as on the plain path.
		if le.used == (l.cfg.Renew.Calls+1)/2 && c.next == nil {
			l.prepare(c)
		}
		l.sendOn(le.lane, w.arrival, func(call history.Call) { l.served(le, call, w.done) })
	}
	c.queue = c.queue[:copy(c.queue, c.queue[n:])]
}

// current sees to it that a client has a session for one more call, and reports if it
// has, or knows why it has none.
func (l *Loop) current(c *loopClient) bool {
	if le := c.now; le != nil && le.err == nil && le.used < l.cfg.Renew.Calls {
		return true
	}
	if c.next == nil {
		l.prepare(c)
	}
	if !c.next.ready {
		return false
	}
	old := c.now
	c.now, c.next = c.next, nil
	if old != nil && old.err == nil {
		if old.retired = true; old.active == 0 {
			l.part(old)
		}
	}
	return true
}

// served tells of a call that has ended.
func (l *Loop) served(le *lease, call history.Call, done func(history.Call)) {
	if spent := l.cfg.Renew.Spent; spent != nil && spent(&call) {
		le.used = l.cfg.Renew.Calls
	}
	le.active--
	if done(call); le.retired && le.active == 0 {
		l.part(le)
	}
}

// part ends a session whose calls are over, as Session.Close does.
func (l *Loop) part(le *lease) {
	ln := le.lane
	s := ln.s
	l.deafen(ln)
	if l.ctx.Err() != nil {
		return // it can't be deleted in time: see Renewal.Ended
	}
	l.moving++
	switch {
	case ln.apart:
		ctx := l.ctx
		l.wg.Go(func() {
			_ = s.Close(ctx) // its calls are over, and how it ends changes none of them
			l.ring(func() { l.parted(s) })
		})
	case s.closed.Swap(true):
		l.parted(s)
	case s.cancelling.Load() == 0 && s.answers.shut():
		l.forgo(ln)
	default:
		l.wg.Go(func() {
			s.cancels.Wait()
			s.answers.close()
			l.ring(func() { l.forgo(ln) })
		})
	}
}

// forgo asks the server to delete a session.
func (l *Loop) forgo(ln *lane) {
	s := ln.s
	if ln.link.unheard(); s.SessionID() == "" || l.ctx.Err() != nil {
		l.left(ln)
		return
	}
	p := l.message(ln, history.Call{}, http.MethodDelete, request{}, func(_ history.Call, a answer) {
		s.aside(history.Deletion, http.MethodDelete, a)
		l.left(ln)
	})
	l.calls.add(p, p.start+min(s.o.Timeout, closeTimeout))
	l.dispatch(p)
}

// left closes the link of a session.
func (l *Loop) left(ln *lane) {
	if !ln.heard {
		l.parted(ln.s)
		return
	}
	l.wg.Go(func() {
		_ = ln.link.close(context.Background()) // it has no error
		l.ring(func() { l.parted(ln.s) })
	})
}

// parted tells that a session is closed.
func (l *Loop) parted(s *Session) {
	l.moving--
	if l.cfg.Renew.Ended != nil {
		l.cfg.Renew.Ended(s)
	}
}

// settle waits for the sessions that are being opened or ended. Nobody waits for one
// any more that was refused for now.
func (l *Loop) settle() {
	if l.clients == nil {
		return
	}
	l.over = true
	for p := l.calls.first; p != nil; {
		next := p.link.next
		if p.paused {
			l.conclude(p, answer{fault: gaveUp(l.life)})
		}
		p = next
	}
	for l.moving > 0 {
		now := l.now()
		select {
		case <-l.cfg.Renew.Hurry:
			l.hurry(now)
		default:
		}
		l.expire(now)
		if l.next == l.ready {
			l.poll(now, l.nap(now, now+maxNap), nil)
		}
		l.handle(now + maxNap)
	}
	for _, c := range l.clients {
		for _, le := range []*lease{c.now, c.next} {
			if le != nil && le.lane != nil {
				l.deafen(le.lane)
			}
		}
	}
}

// hurry leaves a moment for what ends sessions.
func (l *Loop) hurry(now time.Duration) {
	l.cfg.Renew.Hurry = nil
	for p := l.calls.first; p != nil; {
		next := p.link.next
		if p.bare == http.MethodDelete && p.due > now+closeSoon {
			l.calls.remove(p)
			l.calls.add(p, now+closeSoon)
		}
		p = next
	}
}
