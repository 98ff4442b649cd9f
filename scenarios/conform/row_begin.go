package conform

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// beginningRows are about what a conversation begins with: which revision it is in,
// what is declared, and what may come before.
func beginningRows() []Row {
	return []Row{
		{ID: "L03", Area: Lifecycle, Level: Must, To: R2511, Section: "basic/lifecycle §Version Negotiation",
			Effect: Sessions,
			Says:   "agrees to a revision that it supports each time that it is asked for it", Answered: true,
			Check: agreesAlways},
		{ID: "L04", Area: Lifecycle, Level: Should, Section: "basic/lifecycle §Capability Negotiation, §Error " +
			"Handling of each feature", Effect: Sends,
			Says: "answers the methods of features that it doesn't declare with error -32601", Answered: true,
			Check: hasNothingElse},
		{ID: "L07", Area: Lifecycle, Level: Practice, To: R2511, Section: "basic/lifecycle §Initialization",
			Effect: Sessions,
			Says:   "serves on in a session that is begun twice", Check: standsSecondBeginning},
		{ID: "L08", Area: Lifecycle, Level: Practice, To: R2511, Section: "basic/lifecycle §Initialization",
			Effect: Sessions,
			Says:   "stands a request before the beginning of its session, and can be begun after it",
			Check:  standsEarlyRequest},
		{ID: "D02", Area: Lifecycle, Level: Must, From: R2026, Section: "basic/versioning §Errors", Effect: Sends,
			Says: "refuses a revision that it doesn't know with error -32022, which names those that it does, and " +
				"400 over HTTP",
			Answered: true, Check: refusesRevisions},
		{ID: "D06", Area: Lifecycle, Level: Should, From: R2026, Section: "basic/versioning §Protocol Version " +
			"Negotiation", Effect: Sessions,
			Says:     "tells a client of an older revision, where it speaks none, which revisions it does",
			Answered: true, Check: tellsOlderClients},
		{ID: "D07", Area: Tools, Level: Must, From: R2026, Section: "server/tools §Listing Tools, basic §Statelessness",
			Effect: Lists, Needs: "tools",
			Says:  "lists the same tools on a new connection as on one that has a past",
			Check: func(t *Trial) Answer { return t.sameElsewhere(1) }},
		{ID: "T12", Area: Tools, Level: Must, From: R2026, On: []string{HTTP}, Section: "server/tools §Listing Tools",
			Effect: Lists, Needs: "tools",
			Says:  "lists the same tools on each of eight connections",
			Check: func(t *Trial) Answer { return t.sameElsewhere(8) }},
		{ID: "D08", Area: Lifecycle, Level: Must, From: R2026, Section: "server/discover §Response, basic/versioning",
			Effect: Sessions,
			Says:   "speaks every revision that it says it supports", Answered: true, Check: speaksWhatItSays},
	}
}

// begin sends initialize for a revision on a line of its own, whose owner is the
// caller.
func (t *Trial) begin(line Line, revision string) (*session, *Exchange) {
	// nobody else's answer has such an id
	s := &session{line: line, transport: t.Transport, revision: revision, next: 50_000}
	return s, t.send(s, s.request("initialize", t.hello(revision)))
}

// agreesAlways asks for other revisions between, which some servers remember for everybody.
func agreesAlways(t *Trial) Answer {
	line, none := t.anotherLine()
	if none != nil {
		return *none
	}
	defer line.Close()
	asked := []string{t.Revision}
	if t.Transport == HTTP { // each beginning is a session of its own there, and costs no process
		asked = []string{t.Revision, R2411, t.Revision, R2506, t.Revision}
	}
	for _, revision := range asked {
		_, e := t.begin(line, revision)
		switch v := text(member(e.result(), "protocolVersion")); {
		case revision != t.Revision:
		case !e.OK():
			return skip("a session could not be begun again: %s", e.words())
		case v != t.Revision:
			return fail(e, "asked for %s it answers %s, and has agreed to it before", t.Revision, excerpt(v))
		}
	}
	return pass("other sessions are of %s too", t.Revision)
}

// optional are methods of features that a server may do without, with the capability,
// and the revisions that have the method.
var optional = []struct {
	method, capability, from, to string
	params                       map[string]any
}{
	{"prompts/list", "prompts", "", "", nil},
	{"resources/list", "resources", "", "", nil},
	{"tools/list", "tools", "", "", nil},
	{"completion/complete", "completions", R2503, "", map[string]any{
		"ref":      map[string]any{"type": "ref/prompt", "name": "mcpload-no-such-prompt"},
		"argument": map[string]any{"name": "a", "value": ""}}},
	{"logging/setLevel", "logging", "", R2511, map[string]any{"level": "emergency"}},
	{"tasks/get", "tasks", R2511, R2511, map[string]any{"taskId": "mcpload-no-such-task"}},
	{"mcpload/no-such-feature", "", "", "", nil}, // which nobody declares
}

func hasNothingElse(t *Trial) Answer {
	n := 0
	for _, o := range optional {
		if t.Revision < o.from || o.to != "" && t.Revision > o.to || o.capability != "" && t.declares(o.capability) {
			continue
		}
		e := t.Ask(o.method, o.params)
		switch m := e.answer(); {
		case m == nil:
			return skip("%s is not answered: %s", o.method, e.words())
		case e.OK() && o.capability != "" && emptyList(m.Result):
			continue // nothing is what it has of it
		case e.code() != "-32601":
			return fail(e, "%s, of what it doesn't declare: %s", o.method, e.words())
		}
		n++
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	return pass("%d methods of what it doesn't declare", n)
}

// emptyList reports if a result is a list without anything in it.
func emptyList(result json.RawMessage) bool {
	for _, l := range listers {
		if string(member(result, l.member)) == "[]" {
			return true
		}
	}
	return false
}

func standsSecondBeginning(t *Trial) Answer {
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	r := s.request("initialize", t.hello(t.Revision))
	if s.id != "" {
		r = r.With("Mcp-Session-Id", s.id)
	}
	e := t.send(s, r)
	if e.Reply.Status >= 500 {
		return fail(e, "%s", e.words())
	}
	after := t.send(s, t.harmless(s))
	if a := fail(after, "after it the session serves no more: %s", after.words()); !after.OK() {
		a.Hung = t.Transport == Stdio && after.Reply.Ended // no network is between
		return a
	}
	return pass("%s, and the session serves on", e.words())
}

func standsEarlyRequest(t *Trial) Answer {
	line, none := t.anotherLine()
	if none != nil {
		return *none
	}
	defer line.Close()
	if a := t.works(t.main); a != nil {
		return *a
	}
	s := &session{line: line, transport: t.Transport, revision: t.Revision}
	r := s.request("tools/list", nil)
	if t.Transport != HTTP {
		r.Within = t.soon()
	}
	early := t.send(s, r)
	if early.Reply.Silent && t.Transport != HTTP {
		early.Reply.Broken = "" // it may wait for the beginning
	}
	s, e := t.begin(line, t.Revision)
	s.id = e.Reply.Header.Get("Mcp-Session-Id")
	t.send(s, s.spelt("", "notifications/initialized", nil))
	switch {
	case early.Reply.Status >= 500:
		return fail(early, "%s, though the fault is the sender's", early.words())
	case !e.OK():
		return fail(e, "after it the session can't be begun: %s", e.words())
	}
	if a := t.works(s); a != nil {
		return *a
	}
	return pass("%s, and then the session begins", early.words())
}

// ofVersion is a harmless request that says another revision, in its body and its
// header.
func (t *Trial) ofVersion(revision string) Request {
	r := t.varied(func(m map[string]any) { m["io.modelcontextprotocol/protocolVersion"] = revision })
	if t.Transport == HTTP {
		r = r.With("Mcp-Protocol-Version", revision)
	}
	return r
}

func refusesRevisions(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.ofVersion(noRevision))
	if a := t.refused(e, http.StatusBadRequest, "-32022"); a.State != Pass {
		return a
	}
	var data struct {
		Supported []string `json:"supported"`
		Requested string   `json:"requested"`
	}
	said := e.answer()
	if said == nil {
		said = e.Reply.FirstAnswer()
	}
	if json.Unmarshal(said.Error.Data, &data) != nil || !slices.Contains(data.Supported, t.Revision) ||
		data.Requested != noRevision {
		return fail(e, "its data don't name what it supports and what was asked: %s", spelling(said.Error.Data))
	}
	return pass("it names %s", strings.Join(data.Supported, ", "))
}

// supported are the revisions that the server says it speaks.
func (t *Trial) supported() []string {
	var list []string
	if json.Unmarshal(member(t.main.result, "supportedVersions"), &list) != nil {
		return nil // another row's matter
	}
	return list
}

func tellsOlderClients(t *Trial) Answer {
	if older := t.modernOnly(); older != nil {
		return *older
	}
	line, none := t.anotherLine()
	if none != nil {
		return *none
	}
	defer line.Close()
	_, e := t.begin(line, R2511)
	switch m := e.answer(); {
	case m == nil && e.Reply.FirstAnswer() == nil:
		return fail(e, "it says nothing of revisions: %s", e.words())
	case e.OK():
		return skip("it serves it: %s", e.words())
	case !strings.Contains(string(e.Reply.Body)+string(e.Reply.FirstAnswer().Raw), t.Revision):
		return fail(e, "it doesn't name a revision that it speaks: %s", e.words())
	}
	return pass("%s", e.words())
}

func (t *Trial) sameElsewhere(connections int) Answer {
	home := t.main
	return t.sameLists("connection", connections, func(k int) (*session, *Answer) {
		line, err := home.line.Open()
		if err != nil {
			return nil, new(skip("no other connection could be opened: %v", err))
		}
		next := int64(1000 * (k + 1))
		return &session{line: line, transport: t.Transport, revision: t.Revision, result: home.result, next: next}, nil
	})
}

// sameLists holds the list of tools against that of others, each a connection or a
// session of its own, one after the other.
func (t *Trial) sameLists(what string, others int, open func(k int) (*session, *Answer)) Answer {
	ours, _ := t.whole(listers[0])
	if len(ours) == 0 {
		return skip("the list of tools could not be read to its end")
	}
	first := ordered(listers[0], ours)
	if len(first) == 0 {
		return needs("a server that lists tools", "it lists none")
	}
	slices.Sort(first)
	home := t.main
	for k := range others {
		s, none := open(k)
		if none != nil {
			return *none
		}
		pages := t.wholeOf(s)
		names := ordered(listers[0], pages)
		slices.Sort(names)
		same := slices.Equal(first, names)
		still := same || t.sameList(home, first) && t.sameList(s, names) && t.sameList(home, first) &&
			t.sameList(home, first) // so that a list which changes each time isn't taken for two
		s.line.Close()
		switch {
		case len(pages) == 0:
			return skip("on another %s the list could not be read to its end", what)
		case !still:
			return skip("the tools themselves changed meanwhile")
		case !same:
			return fail(pages[0], "another %s is shown %d tools, of which not all are the %d of this one", what,
				len(names), len(first)).showing(ours[0], pages[0])
		}
	}
	return pass("%d tools each time", len(first))
}

// wholeOf is the list of tools that a session is shown.
func (t *Trial) wholeOf(s *session) []*Exchange {
	home := t.main
	t.main = s
	pages, _ := t.whole(listers[0])
	t.main = home
	return pages
}

func (t *Trial) sameList(s *session, sorted []string) bool {
	names := ordered(listers[0], t.wholeOf(s))
	slices.Sort(names)
	return slices.Equal(names, sorted)
}

func speaksWhatItSays(t *Trial) Answer {
	n := 0
	for _, revision := range t.supported() {
		if Stateless(revision) || !slices.Contains(Revisions(), revision) {
			continue // it is this one, or one that isn't known here
		}
		if revision < R2503 && t.Transport == HTTP {
			continue // which had another transport
		}
		line, none := t.anotherLine()
		if none != nil {
			return *none
		}
		_, e := t.begin(line, revision)
		line.Close()
		switch v := text(member(e.result(), "protocolVersion")); {
		case e.Reply.Status == http.StatusUnauthorized:
			return skip("we may not: %s", e.words())
		case e.answer() == nil && e.Reply.Status < 300:
			return skip("initialize for %s has no answer of its id: %s", revision, e.words())
		case !e.OK():
			return fail(e, "it names %s, and refuses it: %s", revision, e.words())
		case v != revision:
			return fail(e, "it names %s, and answers %s to it", revision, excerpt(v))
		}
		n++
	}
	if n == 0 {
		return needs("a server that names older revisions", "it names none that could be begun over this transport")
	}
	return pass("%d beside this one", n)
}
