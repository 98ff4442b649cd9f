package wire

import (
	"fmt"
	"net/url"
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
}

// addLanes makes a lane of each session, and a template of those that differ
// in their ids only.
func (l *Loop) addLanes(sessions []*Session) {
	for _, s := range sessions {
		link := s.link.(*httpLink)
		e := *s.era.Load()
		key := fmt.Sprintf("%q %q %v", e.revision, e.meta, link.poster.header)
		t, ok := l.forms[key]
		if !ok || len(e.params) > 0 || len(t.era.params) > 0 {
			t = newTemplate(s, l.url, link.poster.header)
			l.forms[key] = t
		}
		l.lanes[s.o.Client] = &lane{s: s, link: link, own: marks{id: e.sessionID, trace: e.trace}, modern: e.stateless,
			template: t,
			soft:     s.o.Refusal.softness(), plainOK: !s.o.Refusal.lists(200), wary: s.o.Refusal.Wary}
	}
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
