package wire

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// A lane is a session on a loop.
type lane struct {
	s        *Session
	link     *httpLink // nil over stdio
	pipe     *pipe     // nil over HTTP
	own      marks     // of the session
	turns    int64     // of cookies that own knows of
	modern   bool
	soft     softness
	plainOK  bool // a status of 200 is no refusal
	wary     bool // what replies say of limits is kept
	template *template

	// Where sessions are renewed.
	apart bool            // the session leads elsewhere: the plain path carries it
	heard bool            // the plain path listens to its own stream
	life  context.Context // ends with the session
	get   *pending        // asks for its own stream; nil: nobody does any more
}

// addLanes makes a lane of each session, and a template of those that differ
// in their ids only.
func (l *Loop) addLanes(sessions []*Session) {
	for _, s := range sessions {
		l.lanes[s.o.Client] = l.newLane(s)
	}
}

func (l *Loop) newLane(s *Session) *lane {
	link := s.link.(*httpLink)
	e := s.era.Load()
	return &lane{s: s, link: link, own: marks{id: e.sessionID, trace: e.trace}, modern: e.stateless,
		template: l.form(s, e, link.poster.header), heard: link.deaf != nil,
		soft: s.o.Refusal.softness(), plainOK: !s.o.Refusal.lists(200), wary: s.o.Refusal.Wary}
}

// form returns the template of a session. Those that begin one after the other are
// mostly of one form.
func (l *Loop) form(s *Session, e *era, header http.Header) *template {
	for _, t := range l.latest {
		if t != nil && t.era.revision == e.revision && !e.stateless && !t.era.stateless && len(e.params) == 0 &&
			len(t.era.params) == 0 && maps.EqualFunc(t.header, header, slices.Equal[[]string]) {
			return t
		}
	}
	key := fmt.Sprintf("%q %q %v", e.revision, e.meta, header)
	t, ok := l.forms[key]
	if !ok || len(e.params) > 0 || len(t.era.params) > 0 {
		t = newTemplate(s, l.url, header)
		l.forms[key] = t
	}
	l.latest[0], l.latest[1] = t, l.latest[0]
	return t
}

// marks are what tells the session's requests from those of others.
func (ln *lane) marks(at *url.URL) marks {
	if c := ln.link.poster.cookies; c != nil && c.turns.Load() != ln.turns {
		ln.turns = c.turns.Load()
		ln.own.cookie = c.line(at)
	}
	ln.own.token = ln.link.poster.shown()
	return ln.own
}

// Replace has a client's calls go over another session with the same server
// from now on. It is called where Send may be. Calls in flight end as they would
// have.
func (l *Loop) Replace(s *Session) error {
	r, err := routeOf([]*Session{s})
	if err != nil {
		return err
	}
	if r.url == nil || l.url == nil || r.network != l.network || r.addr != l.addr || *r.url != *l.url {
		return unsuited("the session leads elsewhere")
	}
	l.addLanes([]*Session{s})
	return nil
}
