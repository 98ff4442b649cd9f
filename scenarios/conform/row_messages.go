package conform

import (
	"encoding/json"
	"fmt"
	"slices"
)

// messageRows are about JSON-RPC, whatever is asked and however it is carried.
func messageRows() []Row {
	return []Row{
		{ID: "R01", Area: Messages, Level: Must, Section: "basic §Responses", Effect: Sends,
			Says:     "answers with the id of the request, of the same type: numbers, and strings of any characters",
			Answered: true, Check: echoesIDs},
		{ID: "R02", Area: Messages, Level: Must, Section: "basic §Responses", Effect: Sends,
			Says:  "sends messages of JSON-RPC 2.0, and in each response a result or an error, not both",
			Watch: wellFormed},
		{ID: "R03", Area: Messages, Level: Must, Section: "basic §Errors", Effect: Sends,
			Says:  "gives each error a whole number as its code, and a text as its message",
			Watch: errorsAreErrors},
		{ID: "R04", Area: Messages, Level: Must, Section: "JSON-RPC 2.0 §5.1", Effect: Sends,
			Says:     "answers an unknown method with error -32601",
			Answered: true, Check: unknownMethod},
		{ID: "R05", Area: Messages, Level: Must, On: []string{HTTP}, Section: "JSON-RPC 2.0 §5.1", Effect: Sends,
			Says:  "answers a text that is no JSON with an error, and serves on",
			Check: malformed},
		{ID: "R05-code", Area: Messages, Level: Practice, On: []string{HTTP}, Section: "RFC 9110 §15.5", Effect: Sends,
			Says:  "blames the sender with a status of 400 to 499 for what is no JSON, or no JSON-RPC 2.0 request",
			Check: blamesTheSender},
		{ID: "R05-lines", Area: Messages, Level: Practice, On: []string{SSE, Stdio}, Section: "JSON-RPC 2.0 §5.1",
			Effect: Sends,
			Says: "answers a text that is no JSON with error -32700, or its post with a status of 400 to 499, and " +
				"serves on",
			Answered: true, Check: malformed},
		{ID: "R06", Area: Messages, Level: Practice, Section: "JSON-RPC 2.0 §4", Effect: Sends,
			Says: "doesn't serve what is no JSON-RPC 2.0 request: another version, no method, parameters that " +
				"are a text",
			Check: invalidRequests},
		{ID: "R08", Area: Messages, Level: Practice, From: R2506, Section: "changelog 2025-06-18: no batches",
			Effect: Sends,
			Says:   "runs no batch",
			Check:  runsNoBatch},
		{ID: "R10", Area: Messages, Level: Must, Section: "basic §Notifications", Effect: Sends,
			Says:  "answers no notification, not even one that it doesn't know",
			Check: answersNoNotification},
	}
}

func echoesIDs(t *Trial) Answer {
	if e := t.Send(t.harmless(t.main)); e.Reply.FirstAnswer() == nil || e.Reply.FirstAnswer().HasErr {
		return skip("a right request has no result: %s", e.words())
	}
	for _, id := range []string{`"mcpload-1"`, `"ü → 中"`, `"7000002"`, `7000001`, `0`, `""`} {
		e := t.Send(t.withID(id))
		switch got := e.Reply.FirstAnswer(); {
		case e.OK():
		case got == nil:
			return t.leavesUnanswered(id, e)
		case got.HasErr && len(got.ID) == 0 || string(got.ID) == "null":
			return fail(e, "the request with the id %s is answered with the id null: %s", id, e.words())
		case !sameJSON(got.ID, []byte(id)):
			return t.answersTo(id, got.ID, e)
		default:
			return skip("the request with the id %s has no result: %s", id, e.words())
		}
	}
	return pass("six ids, numbers and strings, came back as they were sent")
}

// leavesUnanswered is the answer where one id has none: a server that takes 0 or "" for no id
// at all leaves it so each time, and answers others.
func (t *Trial) leavesUnanswered(id string, first *Exchange) Answer {
	again := t.Send(t.withID(id))
	lost := again.Reply.Broken != "" && (t.Transport == HTTP || !again.Reply.Silent)
	if again.Reply.FirstAnswer() != nil || again.Reply.Status >= 300 || first.Reply.Status >= 300 || lost {
		return skip("to the id %s there was no answer: %s", id, first.words())
	}
	before := len(t.exchanges)
	if a := t.works(t.main); a != nil {
		return *a
	}
	if slices.ContainsFunc(t.exchanges[before:], func(e *Exchange) bool { return e.Reply.Answer(id) != nil }) {
		return skip("to the id %s the answer came late", id)
	}
	return fail(first, "the request with the id %s is not answered, though others are: %s", id,
		first.words()).hung()
}

// answersTo is what follows from an answer by another id. Where answers to all requests come on
// one line, it may be a late one to another request, and the right one late too: there it must
// be of an id that was never ours, and come again.
func (t *Trial) answersTo(id string, other json.RawMessage, e *Exchange) Answer {
	told := fail(e, "the request with the id %s is answered with the id %s", id, other)
	if !e.Reply.Silent {
		return told
	}
	ours := slices.ContainsFunc(t.exchanges, func(e *Exchange) bool {
		return slices.ContainsFunc(ReadMessages(e.Request.Body), func(m Message) bool { return sameJSON(m.ID, other) })
	})
	again := t.Send(t.withID(id))
	if got := again.Reply.FirstAnswer(); ours || got == nil || !sameJSON(got.ID, other) {
		return skip("to the id %s there was no answer: %s", id, e.words())
	}
	return told.hung()
}

func wellFormed(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		for _, event := range e.Reply.Events {
			if event.empty() {
				return fail(e, "an event that should have a message has none: %s", excerpt(event.Data))
			}
		}
		for _, m := range e.Reply.Messages {
			if e.Reply.foreign(&m) {
				continue
			}
			n++
			switch {
			case !m.Object:
				return fail(e, "a message is no JSON object: %s", excerpt(string(m.Raw)))
			case m.Version != "2.0":
				return fail(e, "a message's jsonrpc is not \"2.0\": %s", excerpt(string(m.Raw)))
			case m.Method == "" && member(m.Raw, "result") != nil && member(m.Raw, "error") != nil:
				return fail(e, "a response has a result and an error: %s", excerpt(string(m.Raw)))
			case m.Method == "" && m.Result == nil && !m.HasErr:
				return fail(e, "a message has no method, no result and no error: %s", excerpt(string(m.Raw)))
			}
		}
	}
	if n == 0 {
		return skip("the server sent no message")
	}
	return pass("%d messages", n)
}

func errorsAreErrors(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		for _, m := range e.Reply.Messages {
			if !m.HasErr || e.Reply.foreign(&m) {
				continue
			}
			n++
			var shape struct {
				Code    *json.RawMessage `json:"code"`
				Message *string          `json:"message"`
			}
			var code int64
			err := json.Unmarshal(member(m.Raw, "error"), &shape)
			switch {
			case err != nil || shape.Message == nil || shape.Code == nil:
				return fail(e, "an error has no code, or no text as its message: %s", excerpt(string(m.Raw)))
			case json.Unmarshal(*shape.Code, &code) != nil:
				return fail(e, "an error's code is no whole number: %s", excerpt(string(m.Raw)))
			}
		}
	}
	if n == 0 {
		return skip("the server sent no error")
	}
	return pass("%d errors", n)
}

func unknownMethod(t *Trial) Answer {
	e := t.Ask("mcpload/no-such-method", nil)
	if a := t.works(t.main); a != nil {
		return *a
	}
	switch {
	case e.code() == "-32601":
		return pass("error -32601")
	case t.byGateway(e):
		return skip("who refuses it speaks no JSON-RPC, and may be a gateway before the server: %s", e.words())
	case e.Reply.Silent:
		return skip("there was no answer: %s", e.words())
	case e.Reply.Broken != "":
		return fail(e, "%s, and the server serves on", e.words())
	}
	return fail(e, "%s", e.words())
}

func malformed(t *Trial) Answer {
	if a := t.works(t.main); a != nil {
		return *a
	}
	e, dead := t.provoke(t.main, t.main.raw(`{"jsonrpc":"2.0","id":1,"method":`, "null"))
	m := e.Reply.FirstAnswer()
	switch {
	case dead != nil && e.Reply.Broken == "":
		return fail(e, "after it no right request has a result: %s", dead.Saw)
	case dead != nil:
		return *dead
	case m != nil && !m.HasErr:
		return fail(e, "it is answered with a result: %s", e.words())
	case e.silent():
		return fail(e, "it is not answered, though requests behind it are")
	case m == nil && e.Reply.Status/100 == 2:
		return fail(e, "it is accepted: %s", e.words())
	case t.Transport == SSE && m == nil && e.Reply.Status/100 == 4: // the post itself is refused
	case t.Transport != HTTP && e.code() != "-32700":
		return fail(e, "%s", e.words())
	}
	return pass("%s", e.words())
}

// invalid are requests that are none of JSON-RPC 2.0, each made of a right one.
func (t *Trial) invalid() (list []Request, what []string) {
	for _, c := range []struct {
		what   string
		change func(m map[string]json.RawMessage)
	}{
		{"the version 1.0", func(m map[string]json.RawMessage) { m["jsonrpc"] = []byte(`"1.0"`) }},
		{"no method", func(m map[string]json.RawMessage) { delete(m, "method") }},
		{"a text as its parameters", func(m map[string]json.RawMessage) { m["params"] = []byte(`"x"`) }},
	} {
		r := t.harmless(t.main)
		var m map[string]json.RawMessage
		if json.Unmarshal(r.Body, &m) != nil {
			panic("internal error: conform: our own request is no object")
		}
		m["id"] = json.RawMessage(fmt.Sprintf(`"invalid %s"`, c.what[:4]))
		c.change(m)
		r.Body, r.Await = encode(m), string(m["id"])
		list, what = append(list, r), append(what, text(member(t.harmless(t.main).Body, "method"))+" with "+c.what)
	}
	return list, what
}

func invalidRequests(t *Trial) Answer {
	list, what := t.invalid()
	for i, r := range list {
		e, dead := t.provoke(t.main, r)
		got := e.Reply.FirstAnswer()
		switch {
		case dead != nil:
			return *dead
		case got != nil && got.Result != nil && !got.HasErr:
			return fail(e, "%s is answered with a result: %s", what[i], e.words())
		}
	}
	return pass("three invalid requests have no result")
}

func blamesTheSender(t *Trial) Answer {
	list, what := t.invalid()
	list = append(list, t.main.raw(`{"jsonrpc":"2.0","id":1,"method":`, "null"))
	what = append(what, "what is no JSON")
	refused := 0
	for i, r := range list {
		e, dead := t.provoke(t.main, r)
		switch {
		case dead != nil:
			return *dead
		case e.Reply.Status >= 500:
			return fail(e, "%s: %s, though the fault is the sender's", what[i], e.words())
		case e.Reply.Status < 400 && (e.Reply.FirstAnswer() == nil || !e.Reply.FirstAnswer().HasErr):
		default:
			refused++
		}
	}
	if refused == 0 {
		return skip("none of four is refused") // which is another row's matter
	}
	return pass("%d of four are answered as a fault of the sender's, and none as one of the server's", refused)
}

func runsNoBatch(t *Trial) Answer {
	one, two := t.harmless(t.main), t.harmless(t.main)
	r := one
	r.Body = []byte("[" + string(one.Body) + "," + string(two.Body) + "]")
	e, dead := t.provoke(t.main, r)
	if dead != nil {
		return *dead
	}
	n := 0
	for _, id := range []string{one.Await, two.Await} {
		if m := e.Reply.Answer(id); m != nil && m.Result != nil {
			n++
		}
	}
	switch first := e.Reply.FirstAnswer(); {
	case n > 0:
		return fail(e, "%d of the 2 requests of a batch are answered with a result", n)
	case first != nil && first.Result != nil:
		return fail(e, "it is answered with a result: %s", e.words())
	}
	return pass("%s", e.words())
}

func answersNoNotification(t *Trial) Answer {
	m, e, dead := t.answered("notifications/mcpload/unknown", map[string]any{"a": 1})
	if dead != nil {
		return *dead
	}
	switch {
	case m == nil:
		return pass("%s", e.words())
	case m.Result == nil && e.Reply.Status >= 400:
		return pass("it is refused, which HTTP allows: %s", e.words())
	}
	return fail(e, "it is answered: %s", e.words())
}
