package conform

import (
	"bytes"
	"net/http"
	"strings"
)

// transportRows are about what carries the messages.
func transportRows() []Row {
	web := []string{HTTP}
	return []Row{
		{ID: "H01", Area: Transport, Level: Must, From: R2511, On: web, Section: "basic/transports §Security",
			Effect: Sends,
			Says:   "answers a request from a foreign page, by its Origin, with 403", Check: foreignOrigin},
		{ID: "H01-older", Area: Transport, Level: Must, From: R2503, To: R2506, On: web,
			Section: "basic/transports §Security Warning", Effect: Sends,
			Says: "doesn't serve a request from a foreign page, by its Origin", Check: foreignOrigin},
		{ID: "H02", Area: Transport, Level: Practice, From: R2503, On: web, Section: "basic/transports §Security",
			Effect: Sends,
			Says:   "on the user's machine, doesn't serve a request under another host's name", Check: foreignHost},
		{ID: "H03", Area: Transport, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Sending Messages", Effect: Sends,
			Says: "answers a notification that it accepts with 202 and no body", Check: acceptsNotifications},
		{ID: "H04", Area: Transport, Level: Must, From: R2503, On: web, Section: "basic/transports §Sending Messages",
			Effect: Sends,
			Says:   "answers requests in JSON or an event stream, and says which", Watch: mediaTypes},
		{ID: "H05", Area: Transport, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Listening for Messages", Effect: Sessions,
			Says: "answers GET with an event stream, or with 405", Check: listens},
		{ID: "H07", Area: Transport, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sessions,
			Says: "makes its session ids of visible ASCII characters", Check: visibleSession},
		{ID: "H10", Area: Transport, Level: Practice, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sends,
			Says: "answers a session id that it never gave with 404", Check: unknownSession},
		{ID: "H11", Area: Transport, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sessions,
			Says: "answers a session that has ended with 404", Check: endedSession},
		{ID: "H13", Area: Transport, Level: Must, From: R2506, To: R2511, On: web, Section: "basic/transports " +
			"§Protocol Version Header", Effect: Sends,
			Says: "answers a version header that names no revision with 400", Check: unknownVersionHeader},
		{ID: "S01", Area: Transport, Level: Must, On: []string{Stdio}, Section: "basic/transports §stdio",
			Effect: Sends,
			Says:   "writes nothing to its stdout but messages, each on one line", Watch: cleanStdout},
	}
}

// foreign is a page's origin that no server on a user's machine knows.
const foreign = "http://mcpload-foreign.example"

func foreignOrigin(t *Trial) Answer {
	if !t.Loopback {
		return needs("a server on this machine", "a public server may let every page in on purpose")
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Origin", foreign))
	switch {
	case e.OK():
		return fail(e, "it is served: %s", e.words())
	case e.Reply.Status != http.StatusForbidden && t.Revision >= R2511:
		return fail(e, "it is not 403: %s", e.words())
	}
	return pass("%s", e.words())
}

func foreignHost(t *Trial) Answer {
	if !t.Loopback {
		return needs("a server on this machine", "a public server is known by names that we can't know")
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	r := t.harmless(t.main)
	r.Host = strings.TrimPrefix(foreign, "http://")
	e := t.Send(r)
	if e.OK() {
		return fail(e, "it is served: %s", e.words())
	}
	return pass("%s", e.words())
}

func acceptsNotifications(t *Trial) Answer {
	e := t.Send(t.main.spelt("", "notifications/cancelled", map[string]any{"requestId": "mcpload-none",
		"reason": "none"}))
	if a := t.works(t.main); a != nil {
		return *a
	}
	switch body := bytes.TrimSpace(e.Reply.Body); {
	case e.Reply.Status >= 300:
		return skip("it accepts no such notification: %s", e.words())
	case e.Reply.Status != http.StatusAccepted:
		return fail(e, "it is accepted with another status: %s", e.words())
	case len(body) > 0 || len(e.Reply.Messages) > 0:
		return fail(e, "the answer has a body: %s", e.words())
	}
	return pass("202, without a body")
}

func mediaTypes(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		if !e.OK() {
			continue
		}
		n++
		if m := e.Reply.Media(); m != "application/json" && m != "text/event-stream" {
			return fail(e, "a result came as %s", excerpt(e.Reply.Header.Get("Content-Type")))
		}
	}
	if n == 0 {
		return skip("the server gave no result")
	}
	return pass("%d results", n)
}

func listens(t *Trial) Answer {
	s, none := t.fresh() // a server may allow one stream a session
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	h := s.header("", nil)
	h.Del("Content-Type")
	h.Set("Accept", "text/event-stream")
	e := t.send(s, Request{Verb: http.MethodGet, Header: h, Within: t.soon(), Streams: true})
	switch {
	case e.Reply.Status == http.StatusUnauthorized || e.Reply.Status == http.StatusForbidden:
		return skip("we may not: %s", e.words())
	case e.Reply.Status == http.StatusMethodNotAllowed:
		return pass("405")
	case e.Reply.Status == http.StatusOK && e.Reply.Media() == "text/event-stream":
		return pass("an event stream")
	}
	return fail(e, "it is no event stream, nor 405: HTTP %d, %s", e.Reply.Status,
		excerpt(e.Reply.Header.Get("Content-Type")))
}

// sessionless says that there is no session id; nil where there is one.
func (t *Trial) sessionless() *Answer {
	if t.main.id != "" {
		return nil
	}
	return new(needs("a server that gives session ids", "it gives no session id"))
}

func visibleSession(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	for _, b := range []byte(t.main.id) {
		if b < 0x21 || b > 0x7E {
			return fail(t.main.opened, "a session id has the byte 0x%02X in it", b)
		}
	}
	return pass("%d characters", len(t.main.id))
}

func unknownSession(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Session-Id", "5f0c8a52-0000-4000-8000-6d63706c6f61"))
	return t.status(e, http.StatusNotFound)
}

func endedSession(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	h := s.header("", nil)
	h.Del("Content-Type")
	end := t.send(s, Request{Verb: http.MethodDelete, Header: h})
	if got := end.Reply.Status; got != http.StatusOK && got != http.StatusNoContent {
		return skip("it doesn't let us end sessions: HTTP %d", got)
	}
	return t.status(t.send(s, t.harmless(s)), http.StatusNotFound)
}

func unknownVersionHeader(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	return t.status(t.Send(t.harmless(t.main).With("Mcp-Protocol-Version", noRevision)), http.StatusBadRequest)
}

// status holds a refusal to its HTTP status.
func (t *Trial) status(e *Exchange, want int) Answer {
	switch {
	case e.Reply.Status == http.StatusUnauthorized:
		return skip("we may not: %s", e.words())
	case e.Reply.Status != want:
		return fail(e, "it is not %d: %s", want, e.words())
	}
	return pass("%s", e.words())
}

func cleanStdout(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		n += len(e.Reply.Messages)
		if len(bytes.TrimSpace(e.Reply.Body)) > 0 {
			return fail(e, "a line is no message: %s", excerpt(string(e.Reply.Body)))
		}
	}
	if n == 0 {
		return skip("the server wrote nothing")
	}
	return pass("%d messages", n)
}
