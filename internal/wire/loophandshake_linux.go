package wire

import (
	"context"
	"net/http"

	"github.com/mcpload/mcpload/history"
)

// A handshake opens a client's next session on a loop, by the messages and the judgement
// of Dial. What leads elsewhere is left to Dial's own code, on a goroutine.
type handshake struct {
	l     *Loop
	c     *loopClient
	le    *lease
	s     *Session
	lane  *lane
	told  func(*Session, error)
	tries int // of the message that it is at
}

// greets says which revision a session begins with, and if the server must agree; ok is
// false where that is to be found out first.
func (s *Session) greets() (revision string, exact, ok bool) {
	switch p := s.o.Protocol; {
	case p != autoProtocol:
		return p, true, !isStateless(p)
	case s.o.Known:
		return sessionRevisions[0], false, true
	}
	return "", false, false
}

// prepare begins to open a client's next session.
func (l *Loop) prepare(c *loopClient) {
	c.next = &lease{}
	o, told := l.cfg.Renew.Next(c.name)
	h := &handshake{l: l, c: c, le: c.next, told: told}
	l.moving++
	s, err := newSession(o)
	if err != nil {
		h.end(nil, err)
		return
	}
	s.transport, s.calls = HTTP, make([]history.Call, 0, 2)
	s.useHTTP()
	h.s, h.lane = s, l.newLane(s)
	if l.ctx.Err() != nil {
		h.end(nil, s.undialled(l.ctx, &DialError{Kind: Cancelled, Detail: "cancelled", Err: context.Cause(l.ctx)}))
		return
	}
	h.greet()
}

// message sends the next message.
func (h *handshake) message(method, bare string, arguments []byte, then func(history.Call, answer)) {
	s := h.s
	call := history.Call{Arrival: history.Arrival{Due: s.o.Now(), Client: s.o.Client, Method: method,
		Arguments: arguments, Label: handshakeLabel}}
	if bare == "" {
		s.number(&call)
	} else {
		call.Kind = history.Notification
	}
	q, err := s.era.Load().encodeLine(call.ID, method, "", arguments) // the lane knows the headers
	if err != nil {
		panic("internal error: wire: a handshake can't be written: " + err.Error())
	}
	p := h.l.message(h.lane, call, bare, q, then)
	h.l.calls.add(p, p.start+s.o.Patience)
	h.l.dispatch(p)
}

// greet sends initialize.
func (h *handshake) greet() {
	if h.c.greeting == nil {
		revision, _, _ := h.s.greets()
		h.c.greeting = h.s.greeting(revision)
	}
	h.message(methodInitialize, "", h.c.greeting, h.greeted)
}

func (h *handshake) greeted(call history.Call, got answer) {
	s := h.s
	if crossedIdle(got) { // it is sent again until it is on a new connection
		s.aside(history.Request, call.Method, got)
		h.greet()
		return
	}
	s.judge(&call, got)
	revision, exact, _ := s.greets()
	if got.fault == nil {
		if to, f := redirect(s.url, got); to != "" || f != nil {
			h.followed(&exchanged{call, got}, revision, exact)
			return
		}
	}
	call = s.asked(call, got)
	h.tries++
	if mayBeLimited(call, got, h.tries) {
		h.pause(call, got, h.greet)
		return
	}
	if e := s.greeted(call, got, revision, exact); e != nil {
		h.fail(e)
		return
	}
	h.lane, h.tries = h.l.newLane(s), 0
	h.introduce()
}

// introduce sends notifications/initialized.
func (h *handshake) introduce() {
	h.message(methodInitialized, http.MethodPost, nil, h.introduced)
}

func (h *handshake) introduced(call history.Call, got answer) {
	s := h.s
	if crossedIdle(got) {
		h.introduce()
		return
	}
	s.judge(&call, got)
	s.calls = append(s.calls, call)
	h.tries++
	again, e := s.introduced(call, got)
	switch {
	case again:
		h.pause(call, got, h.introduce)
	case e != nil:
		h.fail(e)
	default:
		s.dialled()
		h.l.listen(h.lane)
		h.end(s, nil)
	}
}

// pause waits until a message that was refused for its rate may be repeated.
func (h *handshake) pause(call history.Call, got answer, repeat func()) {
	l := h.l
	wait, e := h.s.waits(h.tries, call, got)
	switch {
	case e != nil:
		h.fail(e)
		return
	case l.over:
		h.fail(pausedFor(call.Method, l.life))
		return
	}
	p := l.blank(h.lane)
	p.paused = true
	p.then = func(_ history.Call, a answer) {
		if a.fault != nil {
			h.fail(pausedFor(call.Method, l.ctx))
			return
		}
		repeat()
	}
	l.calls.add(p, p.start+wait)
}

// pausedFor says that the caller came to an end while a message waited.
func pausedFor(method string, ctx context.Context) *DialError {
	return &DialError{Kind: Cancelled, Detail: "while waiting to repeat " + method, Err: context.Cause(ctx)}
}

// fail ends a session that can't be set up.
func (h *handshake) fail(e *DialError) {
	l, ctx := h.l, h.l.ctx
	l.wg.Go(func() {
		err := h.s.undialled(ctx, e)
		l.ring(func() { h.end(nil, err) })
	})
}

// followed has the plain path go on where the server led it elsewhere. So do the calls
// of the session.
func (h *handshake) followed(from *exchanged, revision string, exact bool) {
	l, s, ctx := h.l, h.s, h.l.ctx
	s.given = from
	l.wg.Go(func() {
		if e := s.initialize(ctx, revision, exact); e != nil {
			err := s.undialled(ctx, e)
			l.ring(func() { h.end(nil, err) })
			return
		}
		s.dialled()
		s.listen()
		l.ring(func() {
			h.lane = l.newLane(s)
			h.lane.apart = true
			h.end(s, nil)
		})
	})
}

// end tells what came of it.
func (h *handshake) end(s *Session, err error) {
	h.l.moving--
	h.told(s, err)
	h.le.ready, h.le.err, h.le.lane = true, err, h.lane
	if err != nil {
		h.le.lane = nil
	}
	h.l.feed(h.c)
}

// message makes a message that is no call of the run's, to be dispatched: one that gets
// a response, or where bare is its verb, one that gets none.
func (l *Loop) message(ln *lane, call history.Call, bare string, q request, then func(history.Call, answer)) *pending {
	p := l.blank(ln)
	p.call, p.bare, p.q, p.then = call, bare, q, then
	verb := bare
	if verb == "" {
		verb = http.MethodPost
	}
	p.out = ln.template.message(p.out[:0], ln.marks(l.url), verb, q)
	return p
}

// How a session listens on a loop: it asks for the server's own stream over a connection
// beside those of the calls. Where there is one, the plain path takes that connection.

// listen asks for a session's own stream, if there is to be one.
func (l *Loop) listen(ln *lane) {
	s, link := ln.s, ln.link
	if !s.Listens() {
		return
	}
	ln.life, link.deaf = context.WithCancel(context.Background())
	link.elsewhere.listen()
	p := l.message(ln, history.Call{}, http.MethodGet, request{},
		func(_ history.Call, a answer) { l.unlistened(ln, a) })
	ln.get = p
	l.dispatch(p)
}

// unlistened takes in that there is no such stream, or that nobody knows.
func (l *Loop) unlistened(ln *lane, a answer) {
	stale := ln.get.reused
	ln.get = nil
	if a.fault == nil || ln.life.Err() != nil {
		ln.s.aside(history.Stream, http.MethodGet, a)
		ln.link.elsewhere.end()
		return
	}
	if stale { // the connection had ended: it is asked for once more, as net/http does
		l.hearOn(ln, nil)
		return
	}
	ln.s.aside(history.Stream, http.MethodGet, a)
	l.hearOn(ln, func(*poster) (*http.Response, *fault) { return nil, a.fault })
}

// hearOn has the plain path listen. Where the stream is asked for already, begun has
// what came of that.
func (l *Loop) hearOn(ln *lane, begun func(*poster) (*http.Response, *fault)) {
	ln.heard = true
	link, ear := ln.link, ln.s.ear()
	link.rests.Go(func() {
		defer ear.close()
		link.listenOn(ln.life, ear, begun)
	})
}

// deafen has a session no longer wait for its own stream.
func (l *Loop) deafen(ln *lane) {
	if ln.get == nil {
		return
	}
	ln.link.deaf()
	l.cut(ln.get, ln.life)
}

// dispatchBeside gives a message a connection beside those of the calls.
func (l *Loop) dispatchBeside(p *pending) {
	now := l.now()
	for n := len(l.beside); n > 0; n = len(l.beside) {
		c := l.beside[n-1]
		l.beside = l.beside[:n-1]
		if now-c.since < idleConn {
			l.carry(c, p, now)
			return
		}
		l.drop(c)
	}
	p.waiting = true
	turn := p.turn
	l.wg.Go(func() {
		nc, err := dialerOf(l.timeout, l.source).DialContext(l.life, l.network, l.addr)
		l.ring(func() {
			fd := -1
			if err == nil {
				fd, err = descriptor(nc)
			}
			var c *conn
			if err == nil {
				c, err = l.adopted(fd)
			}
			waits := p.turn == turn && p.waiting
			switch {
			case err != nil && waits:
				p.waiting = false
				l.fail(p, netFault(context.Background(), err))
			case err != nil:
			case waits:
				p.waiting, c.beside = false, true
				l.carry(c, p, l.now())
			default:
				c.beside = true
				l.beside = append(l.beside, c)
			}
		})
	})
}
