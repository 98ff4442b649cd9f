package conform

import (
	"encoding/base64"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// requestRows are about HTTP requests: other verbs, headers that are missing, wrong
// or of other eras, and bodies that are long.
func requestRows() []Row {
	web := []string{HTTP}
	return []Row{
		{ID: "H06", Area: Transport, Level: Should, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Earlier Streamable HTTP Revisions", Effect: Sends,
			Says: "answers GET and DELETE of this revision with 405", Check: takesPostsOnly},
		{ID: "H08", Area: Transport, Level: Should, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sessions,
			Says: "makes session ids that are unique, and that nobody guesses", Check: unguessable},
		{ID: "H09", Area: Transport, Level: Should, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sends,
			Says: "answers a request that lacks the session id which it requires with 400", Check: lacksSession},
		{ID: "H14", Area: Transport, Level: Practice, From: R2506, To: R2511, On: web, Section: "basic/transports " +
			"§Protocol Version Header", Effect: Sends,
			Says: "serves a request of a session that has no version header", Check: servesWithoutVersion},
		{ID: "H16-name", Area: Transport, Level: Must, From: R2026, On: web,
			Section: "basic/transports/streamable-http §Server Validation", Effect: Calls, Needs: "tools",
			Says:  "refuses an Mcp-Name that is missing, or isn't the body's, with 400 and error -32020",
			Check: otherNameHeader},
		{ID: "H17", Area: Transport, Level: Must, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Value Encoding", Effect: Sends, Needs: "tools",
			Says: "takes an Mcp-Name that is spelt in Base64 for what it says", Check: decodesNames},
		{ID: "H24", Area: Transport, Level: Should, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Earlier Streamable HTTP Revisions", Effect: Sends,
			Says: "looks at no session id and no Last-Event-ID, and gives no session id", Check: ignoresSessions},
		{ID: "H32", Area: Transport, Level: Practice, From: R2503, On: web, Section: "RFC 9110 §9, §15.5",
			Effect: Sends,
			Says:   "refuses or serves other verbs, long bodies and many headers, and doesn't fail of itself",
			Check:  standsOddRequests},
		{ID: "H33", Area: Transport, Level: Practice, From: R2503, On: web, Section: "RFC 9110 §12.5.1",
			Effect: Sessions,
			Says:   "sends no event stream to a client that accepts JSON only", Check: sendsWhatIsAccepted},
	}
}

// modernOnly is the answer where the server speaks older revisions too, which have
// sessions and streams of GET: as it says itself, or as it does.
func (t *Trial) modernOnly() *Answer {
	for _, v := range t.supported() {
		if v < R2026 {
			return new(needs("a server that speaks no older revision", "it speaks %s too", excerpt(v)))
		}
	}
	line, none := t.anotherLine()
	if none != nil {
		return none
	}
	defer line.Close()
	if _, e := t.begin(line, R2511); e.OK() {
		return new(needs("a server that speaks no older revision", "it begins a session of %s too",
			excerpt(text(member(e.result(), "protocolVersion")))))
	}
	return nil
}

func takesPostsOnly(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	for _, verb := range []string{http.MethodGet, http.MethodDelete} {
		h := t.main.header("", nil)
		h.Del("Content-Type")
		h.Del("Mcp-Method")
		e := t.Send(Request{Verb: verb, Header: h, Within: t.soon(), Streams: true})
		if a := t.status(e, http.StatusMethodNotAllowed); a.State != Pass {
			if older := t.modernOnly(); older != nil {
				return *older
			}
			a.Saw = verb + ": " + a.Saw
			return a
		}
	}
	return pass("GET and DELETE: 405")
}

// How many sessions are opened to look at their ids, and how many bits at least must
// change among so few for the ids to be more than a counter or a clock.
const (
	idSample  = 16
	leastBits = 24
)

func unguessable(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	ids := []string{t.main.id}
	shown := []*Exchange{t.main.opened}
	for len(ids) < idSample {
		s, none := t.fresh()
		if none != nil {
			return *none
		}
		s.line.Close()
		if slices.Contains(ids, s.id) {
			return fail(s.opened, "two sessions have the id %s", excerpt(s.id)).
				showing(shown[slices.Index(ids, s.id)], s.opened)
		}
		ids, shown = append(ids, s.id), append(shown, s.opened)
	}
	if bits := varying(ids); bits < leastBits {
		return fail(nil, "%d ids in a row differ in few places: %s, %s, %s", len(ids), excerpt(ids[0]), excerpt(ids[1]),
			excerpt(ids[2])).showing(shown[:2]...)
	}
	return pass("%d ids in a row differ in many places", len(ids))
}

// varying is how many bits of ids change, counted place by place from the characters
// that were seen there. It is far less than what they may hold: a sample of 16 sees 4
// bits of a place at most.
func varying(ids []string) int {
	longest := 0
	for _, id := range ids {
		longest = max(longest, len(id))
	}
	bits := 0.0
	for k := range longest {
		seen := map[byte]bool{}
		for _, id := range ids {
			if k < len(id) {
				seen[id[k]] = true
			}
		}
		if len(seen) > 0 {
			bits += math.Log2(float64(len(seen)))
		}
	}
	return int(bits)
}

func lacksSession(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Session-Id", ""))
	if e.OK() {
		return needs("a server that requires session ids", "it serves a request without one")
	}
	return t.status(e, http.StatusBadRequest)
}

func servesWithoutVersion(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Protocol-Version", ""))
	switch {
	case e.OK():
		return pass("it is served")
	case e.Reply.Status == http.StatusUnauthorized:
		return skip("we may not: %s", e.words())
	}
	return fail(e, "it is refused: %s", e.words())
}

// noTool is a call of a tool that there is none of. A right server refuses it for
// that, and not for its headers.
func (t *Trial) noTool() Request {
	return t.Right("tools/call", map[string]any{"name": "mcpload-no-such-tool", "arguments": map[string]any{}})
}

// mismatch is the error for a header that isn't the body's.
const mismatch = "-32020"

// firstOf asks for the first thing that is listed; nil where there is none.
func (t *Trial) firstOf(l lister, method, member string) []Request {
	if !t.declares(l.capability) {
		return nil
	}
	names := ordered(l, []*Exchange{t.Ask(l.method, nil)})
	if len(names) == 0 {
		return nil
	}
	return []Request{t.Right(method, map[string]any{member: names[0]})}
}

// otherNameHeader tries a tool that there is none of, as nothing is executed then. Who
// refuses that whatever its name is tried by a call that may be made; and by reads and
// prompts, which show a breach, and don't show that calls have none.
func otherNameHeader(t *Trial) Answer {
	a, shown := t.comparesName(t.noTool())
	if !shown {
		calls, _ := t.calls()
		if k := slices.IndexFunc(calls, func(c call) bool { return c.OK() }); k >= 0 {
			if b, known := t.comparesName(t.callOf(calls[k].tool, calls[k].arguments, nil)); known {
				a, shown = b, true
			}
		}
	}
	if a.State == Fail {
		return a
	}
	for _, r := range append(t.firstOf(listers[2], "resources/read", "uri"), t.firstOf(listers[1], "prompts/get",
		"name")...) {
		if b, shown := t.comparesName(r); shown && b.State == Fail {
			return b
		}
	}
	if !shown {
		a.Need = "--tool NAME"
	}
	return a
}

// comparesName varies the Mcp-Name of a right request. What is refused for another
// reason, whatever its name, shows nothing.
func (t *Trial) comparesName(r Request) (a Answer, shown bool) {
	control := t.Send(r)
	if control.answer() == nil || control.code() == mismatch {
		return skip("the same request, right, is refused for its headers, or not answered: %s", control.words()), false
	}
	for _, name := range []string{"", "mcpload-another-name"} {
		e := t.Send(t.renumbered(r).With("Mcp-Name", name))
		if e.code() != "" && e.code() == control.code() {
			return skip("it is refused for what it asks for, before its name is looked at: %s", e.words()), false
		}
		if a = t.refused(e, http.StatusBadRequest, mismatch); a.State != Pass {
			return a, true
		}
	}
	return pass("one that is missing and one that is another are refused"), true
}

// renumbered is a request with an id of its own.
func (t *Trial) renumbered(r Request) Request {
	m := members(r.Body)
	t.main.next++
	m["id"] = encode(t.main.next)
	r.Body, r.Await = encode(m), string(m["id"])
	return r
}

func decodesNames(t *Trial) Answer {
	if control := t.Send(t.noTool()); control.answer() == nil || control.code() == mismatch {
		return skip("the same call, in plain text, is refused for its headers, or not answered: %s", control.words())
	}
	spelt := func(name string) string { return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(name)) + "?=" }
	other := t.Send(t.noTool().With("Mcp-Name", spelt("mcpload-another-tool")))
	same := t.Send(t.noTool().With("Mcp-Name", spelt("mcpload-no-such-tool")))
	switch {
	case other.code() != mismatch:
		return skip("a name in Base64 that isn't the body's is not refused for that: %s", other.words())
	case same.code() == mismatch:
		return fail(same, "the body's own name, in Base64, is refused as another one: %s", same.words())
	case same.answer() == nil:
		return skip("there was no answer: %s", same.words())
	}
	return pass("the body's own name is taken, and another one refused")
}

func ignoresSessions(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Session-Id", "5f0c8a52-0000-4000-8000-6d63706c6f61").With("Last-Event-ID",
		"7"))
	if !e.OK() || e.Reply.Header.Get("Mcp-Session-Id") != "" {
		if older := t.modernOnly(); older != nil {
			return *older
		}
	}
	if !e.OK() {
		return fail(e, "a request with a session id and a Last-Event-ID is refused: %s", e.words())
	}
	if id := e.Reply.Header.Get("Mcp-Session-Id"); id != "" {
		return fail(e, "it gives a session id")
	}
	return pass("it is served, and gets no session id")
}

// longBody is how long a body is that a server may refuse, and mustn't fail of.
const longBody = 1 << 20

func standsOddRequests(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	odd := map[string]Request{}
	for _, verb := range []string{http.MethodPut, http.MethodPatch, http.MethodOptions, http.MethodHead} {
		h := t.main.header("", nil)
		h.Del("Content-Type")
		odd[verb] = Request{Verb: verb, Header: h, Within: t.soon(), Streams: true}
	}
	long := t.varied(func(m map[string]any) { m["org.example/mcpload"] = strings.Repeat("x", longBody) })
	odd["a body of 1 MiB"] = long
	many := t.harmless(t.main)
	for k := range 64 {
		many = many.With("X-Mcpload-"+strconv.Itoa(k), "1")
	}
	odd["64 more headers"] = many
	for _, what := range []string{http.MethodPut, http.MethodPatch, http.MethodOptions, http.MethodHead,
		"a body of 1 MiB", "64 more headers"} {
		e := t.Send(odd[what])
		if e.Reply.Silent && odd[what].Streams {
			e.Reply.Broken = "" // it holds it open, as for a stream
		}
		switch status := e.Reply.Status; {
		case e.Reply.Broken != "" && len(odd[what].Body) > 64<<10:
			e.Reply.Broken = "" // who refuses a body may close before it has read it
		case status >= 500 && status != http.StatusNotImplemented && status != http.StatusServiceUnavailable:
			return fail(e, "%s: %s, though the fault is the sender's", what, e.words())
		}
	}
	if a := t.works(t.main); a != nil {
		return skip("after them no right request has a result: %s", a.Saw)
	}
	return pass("four verbs, a long body and many headers")
}

// sendsWhatIsAccepted asks in a session of its own: some send event streams in each that was
// once told of something, so that it would depend on the rows before.
func sendsWhatIsAccepted(t *Trial) Answer {
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	e := t.send(s, t.harmless(s).With("Accept", "application/json"))
	switch {
	case e.OK() && e.Reply.Media() == "text/event-stream":
		return fail(e, "to a client that accepts application/json only it sends %s", excerpt(e.Reply.Media()))
	case e.Reply.Status >= 500:
		return fail(e, "to a client that accepts application/json only: %s", e.words())
	}
	return pass("%s", e.words())
}
