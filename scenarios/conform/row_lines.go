package conform

import (
	"strings"
	"time"
)

// lineRows are about what goes over stdin and stdout, and about the end of a process.
func lineRows() []Row {
	line := []string{Stdio}
	return []Row{
		{ID: "S02", Area: Transport, Level: Must, On: line, Section: "basic/transports §stdio", Effect: Sends,
			Says: "keeps a message on one line, and in UTF-8, whatever is in its texts", Check: keepsLines},
		{ID: "S03", Area: Transport, Level: Should, On: line, Section: "basic/lifecycle §Shutdown, basic/transports " +
			"§stdio", Effect: Sessions,
			Says: "ends by itself when its stdin is closed", Check: func(t *Trial) Answer { return t.ends(EndInput) }},
		{ID: "S04", Area: Transport, Level: Practice, On: line, Section: "basic/lifecycle §Shutdown, " +
			"basic/transports §stdio", Effect: Sessions,
			Says: "ends when it is asked to with SIGTERM", Check: func(t *Trial) Answer { return t.ends(EndSignal) }},
		{ID: "S06", Area: Transport, Level: Practice, On: line, Section: "JSON-RPC 2.0 §5.1", Effect: Sessions,
			Says: "serves on after an empty line, one that is no JSON, and one of 1 MiB", Check: standsOddLines},
		{ID: "S10", Area: Transport, Level: Practice, On: line, Section: "none: what users need", Effect: Sends,
			Says: "goes on running, whatever it is sent", Watch: goesOnRunning},
		{ID: "S09", Area: Transport, Level: Practice, From: R2026, On: line, Section: "basic/versioning §Backward " +
			"Compatibility", Effect: Sessions,
			Says:  "serves both eras, where it speaks both, to one process: discovery first, then initialize",
			Check: servesBothEras},
		{ID: "L05", Area: Lifecycle, Level: Should, To: R2511, On: []string{Stdio, SSE}, Section: "basic/lifecycle " +
			"§Initialization", Effect: Sessions,
			Says: "asks the client for nothing, but ping, before the session has begun", Check: asksNothingEarly},
	}
}

func keepsLines(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	const id = `"one\nline → 中 \u2028 end"`
	r := t.withID(id)
	e := t.Send(r)
	switch got := t.unasked(e); {
	case e.OK():
		return pass("an id with a line break and letters of other scripts came back on one line")
	case len(e.Reply.Body) == 0 && (e.answer() != nil || got != nil && got.HasErr):
		return skip("it has no result: %s", e.words())
	case len(e.Reply.Body) > 0 || got != nil:
		return fail(e, "the answer to an id with a line break in it is broken: %s",
			excerpt(string(e.Reply.Body))).hung()
	}
	return skip("there was no answer: %s", e.words())
}

// The ways to end a process.
const (
	EndInput  = "stdin"  // its stdin is closed
	EndSignal = "signal" // it gets SIGTERM, or what there is of it
)

// An Ender is what has a process that can be ended in one of these ways. What can't be
// done here is an error.
type Ender interface {
	End(how string, within time.Duration) (Ended, error)
}

// Ended is what became of a process that was to end.
type Ended struct {
	Done   bool          // it has, in time
	Status string        // how: "exit status 0"
	Took   time.Duration // until then
}

// ender is another session that works, over what can be ended.
func (t *Trial) ender() (*session, Ender, *Answer) {
	s, none := t.fresh()
	if none != nil {
		return nil, nil, none
	}
	l, ok := s.line.(Ender)
	if none = t.works(s); none == nil && !ok {
		none = new(skip("nothing here can be ended"))
	}
	if none != nil {
		s.line.Close()
	}
	return s, l, none
}

func (t *Trial) ends(how string) Answer {
	s, l, none := t.ender()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	end, err := l.End(how, t.Timeout)
	switch {
	case err != nil:
		return skip("it could not be ended so: %v", err)
	case !end.Done:
		return fail(nil, "it still runs %s later", t.Timeout)
	}
	return pass("it ended: %s", end.Status)
}

func standsOddLines(t *Trial) Answer {
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	for _, odd := range []struct{ what, body string }{{"an empty line", ""},
		{"a line that is no JSON", `{"jsonrpc":"2.0","id":`}, {"a line of 1 MiB", strings.Repeat("x", longBody)}} {
		sent := t.send(s, Request{Body: []byte(odd.body), Within: t.Timeout})
		if e := t.send(s, t.harmless(s)); !e.OK() {
			return fail(sent, "after %s it serves no more: %s", odd.what, e.words()).hung()
		}
	}
	return pass("it serves on after each of the three")
}

// goesOnRunning looks at whose processes ended at something, which was tried in two of them.
func goesOnRunning(t *Trial) Answer {
	switch {
	case len(t.deaths) > 0:
		e := t.deaths[0]
		return fail(e, "its process ends at %s, which %s sends, and did so twice", excerpt(string(e.Request.Body)),
			e.Row)
	case t.buried > 0:
		return skip("its process ended, and not again when the same was sent once more")
	case len(t.exchanges) == 0:
		return skip("nothing was sent")
	}
	return pass("it still runs after %d messages", len(t.exchanges))
}

func servesBothEras(t *Trial) Answer {
	older := ""
	for _, v := range t.supported() {
		if !Stateless(v) && v > older {
			older = v
		}
	}
	if older == "" {
		return needs("a server that speaks an older revision too", "it speaks none")
	}
	s, none := t.fresh() // which begins with discovery
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if _, e := t.begin(s.line, older); !e.OK() {
		return fail(e, "after discovery, initialize for %s: %s", older, e.words()).hung()
	}
	return pass("after discovery it serves initialize for %s", older)
}

func asksNothingEarly(t *Trial) Answer {
	line, none := t.anotherLine()
	if none != nil {
		return *none
	}
	defer line.Close()
	s, e := t.begin(line, t.Revision)
	if !e.OK() {
		return skip("a session could not be begun: %s", e.words())
	}
	ping := s.request("ping", nil)
	ping.Within = min(4*t.soon(), t.Timeout)
	list := []*Exchange{e, t.send(s, ping)}
	answered := list[1].OK()
	if list[1].Reply.Silent { // some answer nothing before
		list[1].Reply.Broken = ""
	}
	for _, e := range list {
		for _, m := range e.Reply.Messages {
			if m.Method != "" && m.ID != nil && m.Method != "ping" {
				return fail(e, "it sends the request %s before notifications/initialized", excerpt(m.Method))
			}
		}
	}
	if !answered {
		t.send(s, s.spelt("", "notifications/initialized", nil))
		if a := t.works(s); a != nil {
			return *a
		}
	}
	return pass("it asks for nothing")
}

// withID is a harmless request with another id, as JSON.
func (t *Trial) withID(id string) Request {
	r := t.harmless(t.main)
	m := members(r.Body)
	m["id"] = []byte(id)
	r.Body, r.Await = encode(m), id
	return r
}
