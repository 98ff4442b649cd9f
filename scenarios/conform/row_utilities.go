package conform

import "net/http"

// utilityRows are about what several features share: ping, pages, logging,
// completion, progress and cancellation.
func utilityRows() []Row {
	return []Row{
		{ID: "L06", Area: Utilities, Level: Must, To: R2511, Section: "basic/utilities/ping", Effect: Sends,
			Says:     "answers ping with a result that is an object",
			Answered: true, Check: answersPing},
		// The text says that it is empty, and the schema lets any result have more members.
		{ID: "L06-empty", Area: Utilities, Level: Practice, To: R2511, Section: "basic/utilities/ping", Effect: Sends,
			Says:  "answers ping with an empty result",
			Check: pingIsEmpty},
		{ID: "P01", Area: Utilities, Level: Should, Section: "server/utilities/pagination §Error Handling",
			Effect:   Lists,
			Says:     "refuses a cursor that it never gave with error -32602",
			Answered: true, Check: refusesCursors},
	}
}

func answersPing(t *Trial) Answer {
	e := t.Ask("ping", nil)
	m := e.answer()
	switch {
	case m == nil && t.leavesPings(e):
		return fail(e, "it has no result, in another session too: %s", e.words())
	case m == nil:
		return skip("there was no answer: %s", e.words())
	case m.HasErr:
		return fail(e, "%s", e.words())
	}
	if m.Result[0] != '{' {
		return fail(e, "the result is no object: %s", e.words())
	}
	return pass("a result")
}

// leavesPings reports if a ping came to a whole reply over HTTP which doesn't answer it, in a
// new session too: one may be lost.
func (t *Trial) leavesPings(e *Exchange) bool {
	bare := func(e *Exchange) bool {
		got := e.Reply.FirstAnswer()
		return t.Transport == HTTP && e.Reply.Broken == "" && !t.byGateway(e) && !e.Reply.Limited() &&
			(e.Reply.Status/100 == 2 || e.Reply.Status == http.StatusBadRequest) && (got == nil || got.HasErr)
	}
	if !bare(e) {
		return false
	}
	s, none := t.fresh()
	if none != nil {
		return false
	}
	defer s.line.Close()
	return bare(t.send(s, s.request("ping", nil)))
}

func pingIsEmpty(t *Trial) Answer {
	e := t.Ask("ping", nil)
	if !e.OK() {
		return skip("ping has no result: %s", e.words())
	}
	for name := range members(e.result()) {
		if name != "_meta" {
			return fail(e, "the result has a member %s", excerpt(name))
		}
	}
	return pass("an empty result")
}

// lister is a method that lists, the member of its result, and the capability that
// goes with it.
type lister struct{ method, member, capability string }

var listers = []lister{
	{"tools/list", "tools", "tools"},
	{"prompts/list", "prompts", "prompts"},
	{"resources/list", "resources", "resources"},
	{"resources/templates/list", "resourceTemplates", "resources"},
}

func refusesCursors(t *Trial) Answer {
	tried := 0
	for _, l := range listers {
		if !t.declares(l.capability) {
			continue
		}
		if control := t.Ask(l.method, nil); !control.OK() {
			continue
		}
		tried++
		e := t.Ask(l.method, map[string]any{"cursor": "mcpload-no-such-cursor"})
		if m := e.answer(); m == nil {
			return skip("there was no answer: %s", e.words())
		} else if !m.HasErr {
			return fail(e, "%s answers it with a list", l.method)
		}
		if c := e.code(); c != "-32602" {
			return fail(e, "%s: %s", l.method, e.words())
		}
	}
	if tried == 0 {
		return needs("a server that lists something", "the server has no list that works")
	}
	return pass("%d lists refuse it", tried)
}
