package conform

import (
	"encoding/json"
)

// versionRows are about the metadata that requests of 2026-07-28 carry, and about ids
// and members that a server hasn't met.
func versionRows() []Row {
	return []Row{
		{ID: "R07", Area: Messages, Level: Practice, Section: "basic §Requests", Effect: Sends,
			Says:  "serves no request whose id is null",
			Check: refusesNullID},
		{ID: "R17", Area: Messages, Level: Practice, Section: "basic §_meta", Effect: Sends,
			Says:     "serves a request whose _meta has a key that it doesn't know",
			Answered: true, Check: toleratesMeta},
		{ID: "X03", Area: Utilities, Level: Should, To: R2511, Section: "basic/utilities/cancellation §Error Handling",
			Effect: Sends,
			Says:   "ignores that a request is cancelled which it doesn't know",
			Check:  ignoresCancels},
	}
}

// varied is a harmless request with its parameters' _meta changed.
func (t *Trial) varied(change func(m map[string]any)) Request {
	r := t.harmless(t.main)
	var m map[string]any
	if json.Unmarshal(r.Body, &m) != nil {
		panic("internal error: conform: our own request is no object")
	}
	params, _ := m["params"].(map[string]any)
	if params == nil {
		params = map[string]any{}
	}
	inner, _ := params["_meta"].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
	}
	change(inner)
	params["_meta"], m["params"], m["id"] = inner, params, json.RawMessage(r.Await)
	r.Body = encode(m)
	return r
}

func refusesNullID(t *Trial) Answer {
	right := t.harmless(t.main)
	var m map[string]json.RawMessage
	if json.Unmarshal(right.Body, &m) != nil {
		panic("internal error: conform: our own request is no object")
	}
	m["id"] = json.RawMessage("null")
	right.Body, right.Await = encode(m), "null"
	e, dead := t.provoke(t.main, right)
	if dead != nil {
		return *dead
	}
	for _, m := range e.Reply.Messages {
		if m.Answers() && !m.HasErr && string(m.ID) == "null" {
			return fail(e, "it has a result")
		}
	}
	return pass("%s", e.words())
}

func toleratesMeta(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e := t.Send(t.varied(func(m map[string]any) { m["org.example/mcpload"] = map[string]any{"a": []int{1}} }))
	switch m := e.answer(); {
	case e.OK():
		return pass("it has a result")
	case m != nil && m.HasErr:
		return fail(e, "%s", e.words())
	}
	return skip("there was no answer: %s", e.words())
}

func ignoresCancels(t *Trial) Answer {
	m, e, dead := t.answered("notifications/cancelled", map[string]any{"requestId": "mcpload-no-such-request"})
	switch {
	case dead != nil && e.Reply.Broken == "" && !e.Reply.Limited() && e.Reply.Status < 300:
		return skip("after it no right request has a result: %s", dead.Saw)
	case dead != nil:
		return *dead
	case m != nil:
		return fail(e, "it is answered: %s", e.words())
	case e.Reply.Status >= 400:
		return fail(e, "it is refused: %s", e.words())
	}
	return pass("%s", e.words())
}
