package wire

import (
	"context"
	"net/http"
	"time"
)

// A GetStream says if a session listens to the server's standalone stream: over
// it a server asks and tells what belongs to no call.
type GetStream string

// The choices. The zero value is GetOff.
const (
	GetOff  GetStream = ""
	GetAuto GetStream = "auto" // where the server has given the session an id
	GetOn   GetStream = "on"   // also where it hasn't
)

// firstGetStream is the first revision with standalone streams.
const firstGetStream = "2025-03-26"

// maxListenFaults is how often in a row a standalone stream may fail before nobody
// listens any more.
const maxListenFaults = 3

// Listens reports if the session listens to the server's standalone stream, or tries
// to.
func (s *Session) Listens() bool {
	_, http := s.link.(*httpLink)
	e := s.era.Load()
	switch {
	case !http, s.o.GetStream == GetOff, e.stateless, e.revision < firstGetStream:
		return false
	}
	return s.o.GetStream == GetOn || e.sessionID != ""
}

// listen opens the standalone stream, if there is to be one, on a connection of its
// own: it would take one from the calls.
func (s *Session) listen() {
	l, ok := s.link.(*httpLink)
	if !ok || !s.Listens() {
		return
	}
	p := s.ear()
	life, end := context.WithCancel(context.Background())
	l.deaf = end
	l.elsewhere.listen() // the first call may come before the stream is open
	l.rests.Go(func() {
		defer p.close()
		l.listenOn(life, p, nil)
	})
}

// ear returns what the standalone stream is asked for by.
func (s *Session) ear() *poster {
	o := s.o
	o.Conns, o.MaxConns, o.Phase = nil, 1, nil
	p := newPoster(o)
	p.cookies, p.aside = s.link.(*httpLink).poster.cookies, s.aside
	return p
}

// listenOn listens until life ends, or the server has no such stream. Where that is
// asked for already, begun has what came of it; it is nil elsewhere.
func (l *httpLink) listenOn(life context.Context, p *poster, begun func(*poster) (*http.Response, *fault)) {
	s := l.newSink(nobody)
	s.c.elsewhere = l.elsewhere.take
	defer l.elsewhere.end()
	get := func(p *poster) (*http.Response, *fault) { return l.get(life, life, p, s.events.id) }
	next := get
	if begun != nil {
		next = begun
	}
	for faults := 0; faults < maxListenFaults; {
		resp, f := next(p)
		next = get
		switch {
		case life.Err() != nil:
			return
		case f != nil:
			faults++
		case resp.StatusCode != http.StatusOK || replyType(resp.Header) != eventStream:
			_ = resp.Body.Close() // nothing follows from how it ends
			return                // it has none, mostly by 405
		default:
			faults = 0
			l.again.count.listened.Add(1)
			in := l.reader(life, func() {})
			in.alone = true
			f, _, body := in.events(resp.Body, s)
			_ = body.Close() // nothing follows from how it ends
			in.hold.free()
			s.c.odd = nil
			switch {
			case life.Err() != nil:
				return
			case f != nil:
				l.again.count.broke.Add(1)
			default:
				l.again.count.ended.Add(1)
			}
		}
		if !pauseFor(life, s.rest(faults)) {
			return
		}
		s.total = 0
		s.events.resumed()
	}
}

// pauseFor waits, and reports if it did so to the end.
func pauseFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
