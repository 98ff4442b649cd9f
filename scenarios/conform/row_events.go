package conform

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// eventRows are about subscriptions, logging, cursors, tasks and what a server reads.
func eventRows() []Row {
	return []Row{
		{ID: "P03", Area: Utilities, Level: Should, Section: "server/utilities/pagination §Implementation Guidelines",
			Effect: Lists,
			Says:   "gives the same page to the same cursor", Check: cursorsAreStable},
		{ID: "P10", Area: Resources, Level: Must, Section: "server/resources §Security Considerations", Effect: Reads,
			Needs: "resources",
			Says:  "reads no file of its machine to whom asks for one by its path", Check: readsNoFiles},
		{ID: "P11", Area: Resources, Level: Must, To: R2511, Section: "server/resources §Subscriptions",
			Effect: Sessions, Needs: "resources.subscribe",
			Says: "takes subscriptions, and gives them up, where it declares them", Answered: true, Check: subscribes},
		{ID: "P16", Area: Utilities, Level: Practice, To: R2511, Section: "server/utilities/logging §Setting Log Level",
			Effect: Calls, Needs: "logging",
			Says: "logs nothing to the client below the level that is set", Check: logsWhatIsAsked},
		{ID: "P17", Area: Utilities, Level: Must, From: R2026, Section: "server/utilities/logging §Log Level",
			Effect: Sends, Needs: "logging",
			Says: "logs nothing to a client that asks for no level", Watch: logsNothingUnasked},
		{ID: "T13", Area: Tools, Level: Must, Section: "server/tools §Capabilities, schema ServerCapabilities",
			Effect: Lists, Needs: "tools",
			Says: "says as true or false if it tells of changes to its lists", Check: listChangedIsBoolean},
		{ID: "X04", Area: Utilities, Level: Must, From: R2026, Section: "basic/patterns/subscriptions §Acknowledgment",
			Effect: Sessions,
			Says:   "acknowledges a subscription before anything else, under its id", Check: acknowledges},
		{ID: "X05", Area: Utilities, Level: Must, From: R2026, Section: "basic/patterns/subscriptions §Acknowledgment",
			Effect: Sessions,
			Says:   "acknowledges no subscription to what it doesn't declare", Check: acknowledgesWhatItHas},
		{ID: "X06", Area: Utilities, Level: Must, From: R2026, Section: "basic/patterns/mrtr §Supported Requests, " +
			"§Server Requirements", Effect: Sends,
			Says:  "asks for input in answer to calls, prompts and reads only, and says what it wants",
			Watch: asksWhereItMay},
		{ID: "X08", Area: Utilities, Level: Must, From: R2511, To: R2511, Section: "basic/utilities/tasks §Error " +
			"Handling", Effect: Sends, Needs: "tasks",
			Says: "answers for a task that it doesn't know with error -32602", Answered: true, Check: unknownTasks},
	}
}

func cursorsAreStable(t *Trial) Answer {
	n := 0
	for _, l := range listers {
		if !t.declares(l.capability) {
			continue
		}
		first := t.Ask(l.method, nil)
		next := text(member(first.result(), "nextCursor"))
		if next == "" {
			continue
		}
		n++
		one, two := t.Ask(l.method, map[string]any{"cursor": next}), t.Ask(l.method, map[string]any{"cursor": next})
		if !one.OK() {
			return fail(one, "%s refuses the cursor that it gave: %s", l.method, one.words())
		}
		if !two.OK() || !sameNames(l, one, two) {
			return fail(two, "%s has two pages for one cursor", l.method).showing(one, two)
		}
	}
	if n == 0 {
		return needs("a list of two pages", "no list has more than one page")
	}
	return pass("%d cursors", n)
}

// secretPaths are ways to ask for a file that every machine has.
var secretPaths = []string{"file:///etc/passwd", "file:///../../../../../../etc/passwd",
	"file:///%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"}

func readsNoFiles(t *Trial) Answer {
	asked := slices.Clone(secretPaths)
	if e := t.Ask("resources/templates/list", nil); e.OK() {
		var list []json.RawMessage
		if json.Unmarshal(member(e.result(), "resourceTemplates"), &list) == nil {
			for _, one := range list[:min(len(list), mostReads)] {
				before, rest, ok := strings.Cut(text(member(one, "uriTemplate")), "{")
				if ok && (before == "file://" || before == "file:///") {
					return skip("it offers the files of its machine: %s", excerpt(text(member(one, "uriTemplate"))))
				}
				if _, after, closed := strings.Cut(rest, "}"); ok && closed && !strings.Contains(after, "{") {
					asked = append(asked, before+"../../../../../../etc/passwd"+after, before+
						"..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd"+after)
				}
			}
		}
	}
	pages, _ := t.whole(listers[2])
	known := ordered(listers[2], pages)
	if len(known) == 0 {
		return needs("a server that lists resources", "it lists none")
	}
	if control := t.Ask("resources/read", map[string]any{"uri": known[0]}); !control.OK() || member(control.result(),
		"contents") == nil {
		return skip("a resource that it lists could not be read: %s", control.words())
	}
	n := 0
	for _, uri := range asked {
		e := t.Ask("resources/read", map[string]any{"uri": uri})
		if e.answer() == nil {
			continue
		}
		n++
		if strings.Contains(string(e.result()), "root:x:0:0:") || strings.Contains(string(e.result()),
			"cm9vdDp4OjA6MD") {
			return fail(e, "%s gives the machine's own /etc/passwd", excerpt(uri))
		}
	}
	if n == 0 {
		return skip("no read was answered")
	}
	return pass("%d ways to ask for a file give none", n)
}

func subscribes(t *Trial) Answer {
	pages, _ := t.whole(listers[2])
	var uris []string
	for _, page := range pages {
		uris = append(uris, ordered(listers[2], []*Exchange{page})...)
	}
	if len(uris) == 0 {
		return needs("a server that lists resources", "it lists none")
	}
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	var refused *Exchange
	for _, uri := range uris[:min(len(uris), mostReads)] { // not every one of them need change
		e := t.send(s, s.request("resources/subscribe", map[string]any{"uri": uri}))
		switch {
		case e.answer() == nil:
			return skip("resources/subscribe: %s", e.words())
		case e.OK():
			return t.unsubscribes(s, uri)
		case refused == nil || e.code() == "-32601":
			refused = e
		}
	}
	if refused.code() != "-32601" {
		return skip("it takes none of %d resources, and may take others: %s", min(len(uris), mostReads),
			refused.words())
	}
	return fail(refused, "it declares subscriptions, and resources/subscribe of a resource that it lists: %s",
		refused.words())
}

func (t *Trial) unsubscribes(s *session, uri string) Answer {
	e := t.send(s, s.request("resources/unsubscribe", map[string]any{"uri": uri}))
	switch {
	case e.answer() == nil:
		return skip("resources/unsubscribe: %s", e.words())
	case !e.OK():
		return fail(e, "resources/unsubscribe of a resource that is subscribed to: %s", e.words())
	}
	return pass("a resource is subscribed to, and no more")
}

// severity is how grave a log message is; -1 where there is no such level.
func severity(level string) int {
	return slices.Index([]string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"},
		level)
}

func logsWhatIsAsked(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	if e := t.Ask("logging/setLevel", map[string]any{"level": "error"}); !e.OK() {
		return skip("the level could not be set: %s", e.words())
	}
	n := 0
	for _, c := range list {
		if !c.OK() {
			continue
		}
		e := t.Send(t.callOf(c.tool, c.arguments, nil))
		after := t.Send(t.harmless(t.main))
		if !e.OK() {
			continue
		}
		n++
		for _, m := range append(slices.Clone(e.Reply.Messages), after.Reply.Messages...) {
			if level := text(member(m.Params, "level")); m.Method == "notifications/message" && severity(level) >= 0 &&
				severity(level) < severity("error") {
				return fail(e, "the level is error, and it logs %s", excerpt(string(m.Params)))
			}
		}
	}
	if n == 0 {
		return needs("--tool NAME", "no call had a result")
	}
	return pass("%d calls", n)
}

func logsNothingUnasked(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		if e.method() == "server/discover" || !e.OK() || !t.modern(e) {
			continue
		}
		n++
		for _, m := range e.Reply.Messages {
			if m.Method == "notifications/message" {
				return fail(e, "no level was asked for, and it logs %s", excerpt(string(m.Params)))
			}
		}
	}
	if n == 0 {
		return skip("the server gave no result")
	}
	return pass("%d results", n)
}

func listChangedIsBoolean(t *Trial) Answer {
	n := 0
	for _, name := range []string{"tools", "prompts", "resources"} {
		raw := member(t.server.capabilities[name], "listChanged")
		if raw == nil {
			continue
		}
		if n++; string(raw) != "true" && string(raw) != "false" {
			return fail(t.main.opened, "listChanged of %s is %s", name, spelling(raw))
		}
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	if n == 0 {
		return needs("a server that says so", "no feature has listChanged")
	}
	return pass("%d features", n)
}

// everything is a subscription to all that there is.
func (t *Trial) everything() (asked map[string]bool, filter map[string]any) {
	asked = map[string]bool{
		"toolsListChanged": t.declares("tools.listChanged"), "promptsListChanged": t.declares("prompts.listChanged"),
		"resourcesListChanged": t.declares("resources.listChanged"),
	}
	return asked, map[string]any{"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true}
}

// listening asks for everything on a line of its own, which it closes.
func (t *Trial) subscription() (*Exchange, *Answer) {
	s, none := t.fresh()
	if none != nil {
		return nil, none
	}
	defer s.line.Close()
	_, filter := t.everything()
	r := s.request("subscriptions/listen", map[string]any{"notifications": filter})
	r.Within, r.Streams = t.soon(), true
	e := t.send(s, r)
	if e.Reply.Silent {
		e.Reply.Broken = "" // it listens
	}
	switch {
	case e.code() == "-32601" || e.Reply.Status == http.StatusNotFound || e.Reply.Status == http.StatusMethodNotAllowed:
		return e, new(needs("a server with subscriptions", "it has none: %s", e.words()))
	case e.answer() != nil && e.answer().HasErr:
		return e, new(skip("it refuses the subscription: %s", e.words()))
	case len(e.Reply.Messages) == 0:
		return e, new(skip("nothing came in %s", r.Within))
	case e.Reply.Messages[0].Result != nil: // as where a limiter let it in no further
		return e, new(skip("it ends the subscription before it has begun: %s",
			excerpt(string(e.Reply.Messages[0].Raw))))
	}
	return e, nil
}

const acknowledged = "notifications/subscriptions/acknowledged"

func acknowledges(t *Trial) Answer {
	e, none := t.subscription()
	if none != nil {
		return *none
	}
	first := e.Reply.Messages[0]
	switch id := member(member(first.Params, "_meta"), "io.modelcontextprotocol/subscriptionId"); {
	case first.Method != acknowledged:
		return fail(e, "the first message is %s", excerpt(string(first.Raw)))
	case !sameJSON(id, []byte(e.Request.Await)):
		return fail(e, "the acknowledgement's subscriptionId is %s, and the request's id %s", spelling(id),
			e.Request.Await)
	}
	return pass("it is acknowledged first")
}

func acknowledgesWhatItHas(t *Trial) Answer {
	e, none := t.subscription()
	if none != nil {
		return *none
	}
	k := slices.IndexFunc(e.Reply.Messages, func(m Message) bool { return m.Method == acknowledged })
	if k < 0 {
		return skip("it is not acknowledged, which is another row's matter")
	}
	asked, _ := t.everything()
	n := 0
	for name, has := range asked {
		if has {
			continue
		}
		if n++; string(member(member(e.Reply.Messages[k].Params, "notifications"), name)) == "true" {
			return fail(e, "it doesn't declare %s, and acknowledges it", name)
		}
	}
	if n == 0 {
		return needs("a server that lacks one of the kinds", "it has all of them")
	}
	return pass("%d kinds that it lacks are left out", n)
}

// mayAsk are the methods whose results may ask for input.
var mayAsk = []string{"tools/call", "prompts/get", "resources/read"}

func asksWhereItMay(t *Trial) Answer {
	n := 0
	for _, e := range t.exchanges {
		kind := text(member(e.result(), "resultType"))
		if e == t.main.opened || !e.OK() || !t.modern(e) || kind == "" {
			continue
		}
		n++
		if kind != "input_required" {
			continue
		}
		wants := members(member(e.result(), "inputRequests"))
		switch {
		case !slices.Contains(mayAsk, e.method()):
			return fail(e, "%s asks for input", e.method())
		case wants == nil && member(e.result(), "requestState") == nil:
			return fail(e, "it asks for input, and has neither inputRequests nor a requestState")
		case len(wants) > 0:
			return fail(e, "it asks for what the client doesn't declare: %s",
				excerpt(string(member(e.result(), "inputRequests"))))
		}
	}
	if n == 0 {
		return skip("the server gave no result of a type")
	}
	return pass("%d results", n)
}

func unknownTasks(t *Trial) Answer {
	n := 0
	for _, method := range []string{"tasks/get", "tasks/result", "tasks/cancel"} {
		e := t.Ask(method, map[string]any{"taskId": "mcpload-no-such-task"})
		switch m := e.answer(); {
		case m == nil:
			return skip("%s is not answered: %s", method, e.words())
		case e.code() == "-32601" && method == "tasks/cancel":
			continue // it may have no cancelling
		case !m.HasErr:
			return fail(e, "%s of a task that it doesn't know has a result: %s", method, e.words())
		case e.code() != "-32602":
			return fail(e, "%s of a task that it doesn't know: %s", method, e.words())
		}
		n++
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	return pass("%d methods refuse it", n)
}
