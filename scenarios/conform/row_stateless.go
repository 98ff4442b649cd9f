package conform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// statelessRows are about the revisions without sessions: metadata and headers of
// each request, and what results say of themselves.
func statelessRows() []Row {
	web := []string{HTTP}
	return []Row{
		{ID: "R11", Area: Messages, Level: Must, From: R2026, Section: "basic §Result Responses", Effect: Sends,
			Says: "says of which type each result is, one that there is", Watch: resultTypes},
		{ID: "R12", Area: Messages, Level: Must, From: R2026, Section: "basic §Error Codes", Effect: Sends,
			Says: "uses no error code that is reserved for others, or was given up", Watch: reservedCodes},
		{ID: "D03", Area: Lifecycle, Level: Must, From: R2026, Section: "basic §_meta", Effect: Sends,
			Says: "refuses a request without the client's capabilities with error -32602, and 400 over HTTP, and " +
				"doesn't serve one there without its revision",
			Answered: true, Check: demandsCapabilities},
		{ID: "D04", Area: Lifecycle, Level: Must, From: R2026, Section: "basic §_meta", Effect: Lists,
			Says: "serves a client that doesn't say its name", Answered: true, Check: servesTheNameless},
		{ID: "H15", Area: Transport, Level: Must, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Protocol Version Header",
			Effect: Sends, Says: "doesn't serve a request whose version header isn't the body's",
			Check: otherVersionServed},
		// A server of both eras may take such a request, by its header, as one of the
		// older era, and refuse it in that era's words.
		{ID: "H15-code", Area: Transport, Level: Practice, From: R2026, On: web,
			Section: "basic/transports/streamable-http §Server Validation",
			Effect:  Sends, Says: "refuses a version header that isn't the body's with 400 and error -32020",
			Check: otherVersionHeader},
		{ID: "H16", Area: Transport, Level: Must, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Server Validation",
			Effect: Sends, Says: "refuses an Mcp-Method that is missing, or isn't the body's, with 400 and " +
				"error -32020", Answered: true, Check: otherMethodHeader},
		{ID: "H20", Area: Transport, Level: Must, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Protocol Version Header",
			Effect: Sends, Says: "answers an unknown method with 404 and error -32601", Answered: true,
			Check: unknownMethodStatus},
		{ID: "P04", Area: Utilities, Level: Must, From: R2026, Section: "server/utilities/caching §Cacheable Results",
			Effect: Reads,
			Says:   "says of discovery, lists and a resource for how long, and for whom, they may be kept",
			Check:  cachingHints},
		{ID: "R13", Area: Messages, Level: Should, From: R2026, Section: "basic §_meta", Effect: Sends,
			Says: "names itself in the metadata of each result", Watch: namesItself},
		{ID: "H21", Area: Transport, Level: Must, From: R2026, On: web, Section: "basic/transports/streamable-http " +
			"§Receiving Messages",
			Effect: Sends, Says: "sends no requests on a response's stream", Watch: asksNothing},
		{ID: "S05", Area: Transport, Level: Must, From: R2026, On: []string{Stdio}, Section: "basic/transports/stdio " +
			"§Receiving Messages",
			Effect: Sends, Says: "writes no requests to its stdout", Watch: asksNothing},
	}
}

// ofThisEra reports if an exchange is of a session of the trial's era: rows that ask if older
// revisions are spoken begin sessions of those, in which a server may do what it does there.
func (t *Trial) ofThisEra(e *Exchange) bool {
	return e.session == nil || Stateless(e.session.revision) == Stateless(t.Revision)
}

// modern reports if an exchange was asked wholly in the trial's revision.
func (t *Trial) modern(e *Exchange) bool {
	said := text(member(member(member(e.Request.Body, "params"), "_meta"), "io.modelcontextprotocol/protocolVersion"))
	return said == t.Revision && (t.Transport != HTTP || e.Request.Header.Get("Mcp-Protocol-Version") == said)
}

func resultTypes(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		if !e.OK() || !t.modern(e) || e.Reply.Limited() { // which may be of something before the server
			continue
		}
		n++
		switch kind := text(member(e.result(), "resultType")); {
		case kind == "":
			return fail(e, "a result has no resultType: %s", e.words())
		case kind != "complete" && kind != "input_required" && len(members(t.server.capabilities["extensions"])) == 0:
			return fail(e, "a result is of the type %s, and no extension is declared that has it", excerpt(kind))
		}
	}
	if n == 0 {
		return skip("the server gave no result")
	}
	return pass("%d results", n)
}

func reservedCodes(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		m := e.Reply.FirstAnswer()
		if m == nil || m.Error == nil || !t.modern(e) {
			continue
		}
		code, err := m.Error.Code.Int64()
		if err != nil {
			continue // that it is a whole number is another row's
		}
		n++
		if why := badCode(int(code)); why != "" {
			return fail(e, "%s: %s", why, e.words())
		}
	}
	if n == 0 {
		return skip("the server sent no error")
	}
	return pass("%d errors", n)
}

// badCode says why an error's code isn't a server's to use; empty where it may be.
func badCode(code int) string {
	switch {
	case code == -32002 || code == -32042:
		return fmt.Sprintf("the code %d is an older revision's", code)
	case code <= -32020 && code >= -32099 && !slices.Contains([]int{-32020, -32021, -32022}, code):
		return fmt.Sprintf("the code %d is the specification's to define", code)
	}
	return ""
}

// without is a right request without a member of its metadata.
func (t *Trial) without(name string) Request {
	r := t.harmless(t.main)
	m := members(r.Body)
	params := members(m["params"])
	about := members(params["_meta"])
	delete(about, "io.modelcontextprotocol/"+name)
	params["_meta"] = encode(about)
	m["params"] = encode(params)
	r.Body = encode(m)
	return r
}

func demandsCapabilities(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	if a := t.refused(t.Send(t.without("clientCapabilities")), http.StatusBadRequest, "-32602"); a.State != Pass ||
		t.Transport != HTTP {
		return a // over lines a request without a revision may be one of an older era
	}
	e := t.Send(t.without("protocolVersion")) // whose header says of which era it is
	if e.OK() {
		return fail(e, "without the revision in its _meta it is served: %s", e.words())
	}
	return pass("%s", e.words())
}

func servesTheNameless(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.without("clientInfo"))
	switch {
	case e.OK():
		return pass("it is served")
	case e.Reply.Status == http.StatusUnauthorized:
		return skip("we may not: %s", e.words())
	}
	return fail(e, "it is refused: %s", e.words())
}

// refused holds a refusal to its error code, and over HTTP to its status.
func (t *Trial) refused(e *Exchange, status int, code string) Answer {
	switch {
	case e.Reply.Status == http.StatusUnauthorized:
		return skip("we may not: %s", e.words())
	case e.OK():
		return fail(e, "it is served: %s", e.words())
	case t.byGateway(e):
		return skip("who refuses it speaks no JSON-RPC, and may be a gateway before the server: %s", e.words())
	case t.Transport == HTTP && e.Reply.Status != status:
		return fail(e, "it is not %d: %s", status, e.words())
	case e.code() != code:
		return fail(e, "it is not error %s: %s", code, e.words())
	}
	return pass("%s", e.words())
}

// byGateway reports if a refusal may be of something before a server that isn't on this
// machine: a gateway that looks at headers refuses in words of its own, as it may.
func (t *Trial) byGateway(e *Exchange) bool {
	return !t.Loopback && e.Reply.Status >= 400 && e.Reply.FirstAnswer() == nil
}

func otherVersionServed(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Protocol-Version", R2511))
	if e.OK() {
		return fail(e, "it is served: %s", e.words())
	}
	return pass("%s", e.words())
}

func otherVersionHeader(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.harmless(t.main).With("Mcp-Protocol-Version", R2511))
	if e.Reply.Status == http.StatusBadRequest && e.code() == "-32022" {
		return pass("it doesn't speak the header's revision: %s", e.words())
	}
	return t.refused(e, http.StatusBadRequest, "-32020")
}

func otherMethodHeader(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	for _, method := range []string{"", "mcpload/other"} {
		a := t.refused(t.Send(t.harmless(t.main).With("Mcp-Method", method)), http.StatusBadRequest, "-32020")
		if a.State != Pass {
			return a
		}
	}
	return pass("one that is missing and one that is another are refused")
}

func unknownMethodStatus(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	return t.refused(t.Ask("mcpload/no-such-method", nil), http.StatusNotFound, "-32601")
}

func cachingHints(t *Trial) Answer {
	list := []*Exchange{t.main.opened}
	for _, l := range listers {
		if t.declares(l.capability) {
			list = append(list, t.Ask(l.method, nil))
		}
	}
	for _, r := range t.firstOf(listers[2], "resources/read", "uri") {
		list = append(list, t.Send(r))
	}
	n := 0
	for _, e := range list {
		if !e.OK() || text(member(e.result(), "resultType")) == "input_required" {
			continue
		}
		n++
		var hints struct {
			TTL   *float64 `json:"ttlMs"`
			Scope string   `json:"cacheScope"`
		}
		if json.Unmarshal(e.result(), &hints) != nil || hints.TTL == nil {
			return fail(e, "%s has no ttlMs, or hints of other types", e.method())
		}
		if ttl := *hints.TTL; ttl < 0 || ttl != float64(int64(ttl)) {
			return fail(e, "the ttlMs of %s is %s", e.method(), spelling(member(e.result(), "ttlMs")))
		}
		if hints.Scope != "public" && hints.Scope != "private" {
			return fail(e, "the cacheScope of %s is %s", e.method(), excerpt(hints.Scope))
		}
	}
	if n == 0 {
		return skip("the server gave no result")
	}
	return pass("%d results", n)
}

func namesItself(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		if !e.OK() || e.Reply.Limited() || !t.modern(e) {
			continue // a limiter in front, which speaks by a tool's result, is not the server
		}
		n++
		if text(member(member(member(e.result(), "_meta"), "io.modelcontextprotocol/serverInfo"), "name")) == "" {
			return fail(e, "a result doesn't name the server: %s", e.words())
		}
	}
	if n == 0 {
		return skip("the server gave no result")
	}
	return pass("%d results", n)
}

func asksNothing(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		if !t.ofThisEra(e) {
			continue
		}
		for _, m := range e.Reply.Messages {
			n++
			if m.Method != "" && m.ID != nil {
				return fail(e, "it sends the request %s", excerpt(m.Method))
			}
		}
	}
	if n == 0 {
		return skip("the server sent no message")
	}
	return pass("%d messages", n)
}
