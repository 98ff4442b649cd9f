package conform

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// callRows call tools that say that they only read, or the one that the user names.
func callRows() []Row {
	return []Row{
		{ID: "T06", Area: Tools, Level: Should, From: R2511, Section: "server/tools §Error Handling", Effect: Calls,
			Needs: "tools",
			Says:  "answers arguments of a wrong type with a result that says that the tool failed, and why",
			Check: saysWhatIsWrong},
		{ID: "T07", Area: Tools, Level: Must, From: R2506, Section: "server/tools §Output Schema", Effect: Calls,
			Needs: "tools",
			Says:  "gives structured content that keeps the tool's outputSchema", Check: keepsOutputSchemas},
		{ID: "T08", Area: Tools, Level: Should, From: R2506, Section: "server/tools §Structured Content", Effect: Calls,
			Needs: "tools",
			Says:  "gives structured content as text too", Check: structureIsText},
		{ID: "T09", Area: Tools, Level: Must, Section: "server/tools §Tool Result, schema ContentBlock", Effect: Calls,
			Needs: "tools",
			Says:  "gives content of known types, and pictures and sound in Base64 with their type",
			Check: contentIsKnown},
		{ID: "T14", Area: Tools, Level: Practice, Section: "server/tools §Security Considerations", Effect: Calls,
			Says: "gives away no stack traces, inner paths or inner addresses with its errors", Watch: keepsItsInside},
		{ID: "X01", Area: Utilities, Level: Must, Section: "basic/utilities/progress §Behavior Requirements",
			Effect: Calls, Needs: "tools",
			Says: "reports progress of the token that was given, and of values that grow", Check: progressGrows},
		// The text says that it MUST stop, and queues may let reports and answers cross.
		{ID: "X01-behind", Area: Utilities, Level: Practice, On: []string{HTTP, Stdio}, Section: "basic/utilities/" +
			"progress §Implementation Notes", Effect: Calls, Needs: "tools",
			Says: "reports no progress behind the answer", Check: progressStops},
		{ID: "X02", Area: Utilities, Level: Must, Section: "basic/utilities/progress §Behavior Requirements",
			Effect: Calls, Needs: "tools",
			Says: "reports no progress to whom gave no token", Check: noProgressUnasked},
	}
}

func saysWhatIsWrong(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	for _, c := range list {
		if !c.OK() || c.toolFailed() || c.asksInput() {
			continue // what is wrong with it isn't known
		}
		for _, name := range sortedKeys(c.arguments) {
			bad, ok := unsuiting(member(member(c.tool["inputSchema"], "properties"), name))
			if !ok {
				continue
			}
			args := map[string]any{}
			for k, v := range c.arguments {
				args[k] = v
			}
			args[name] = bad
			e := t.Send(t.callOf(c.tool, args, nil).With("X-Mcpload-Wrong", name))
			switch m := e.answer(); {
			case m == nil:
				return skip("there was no answer: %s", e.words())
			case m.HasErr && e.code() == mismatch:
				continue
			case m.HasErr:
				return fail(e, "%s of %s with an object for its %s: %s", c.name(), excerpt(name),
					text(member(member(member(c.tool["inputSchema"], "properties"), name), "type")), e.words())
			case !e.toolFailed():
				return skip("%s takes an object for %s, as it may", excerpt(c.name()), excerpt(name))
			case strings.TrimSpace(e.texts()) == "":
				return fail(e, "it says that the tool failed, and not why")
			}
			return pass("%s", excerpt(e.texts()))
		}
	}
	return needs("--tool NAME --args JSON, of a tool that needs arguments", "no tool that may be called needs "+
		"arguments of one type")
}

func sortedKeys(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// structured are the calls that came to a result of a tool with an outputSchema.
func (t *Trial) structured() ([]call, *Answer) {
	list, none := t.calls()
	if none != nil {
		return nil, none
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c call) bool {
		schema := c.tool["outputSchema"]
		return schema == nil || string(schema) == "null" || !c.OK() || c.toolFailed() || c.asksInput()
	})
	if len(list) == 0 {
		return nil, new(needs("--tool NAME of a tool with an outputSchema",
			"no tool that may be called has an outputSchema and came to a result"))
	}
	return list, nil
}

func keepsOutputSchemas(t *Trial) Answer {
	list, none := t.structured()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		why, known := badOutput(c.name(), compiledSchema(c.tool["outputSchema"]), c.result())
		if why != "" {
			return fail(c.Exchange, "%s", why)
		}
		if known {
			n++
		}
	}
	if n == 0 {
		return skip("no outputSchema could be read here")
	}
	return pass("%d results", n)
}

func structureIsText(t *Trial) Answer {
	list, none := t.structured()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		content := member(c.result(), "structuredContent")
		if content == nil {
			continue // another row's matter
		}
		n++
		var want any
		if json.Unmarshal(content, &want) != nil {
			continue
		}
		parts, _ := c.contents()
		same := func(part json.RawMessage) bool { return saysTheSame(text(member(part, "text")), want) }
		if !slices.ContainsFunc(parts, same) && !inParts(parts, want) {
			return fail(c.Exchange, "no text of %s's result is its structuredContent", excerpt(c.name()))
		}
	}
	if n == 0 {
		return skip("no result has structuredContent")
	}
	return pass("%d results", n)
}

func saysTheSame(said string, want any) bool {
	var got any
	return json.Unmarshal([]byte(said), &got) == nil && reflect.DeepEqual(got, want)
}

// inParts reports if a value stands in texts piece by piece, as of a list or of what
// is wrapped into a member result.
func inParts(parts []json.RawMessage, want any) bool {
	if m, ok := want.(map[string]any); ok && len(m) == 1 {
		for _, inner := range m {
			want = inner
		}
	}
	var all []any
	for _, part := range parts {
		said := text(member(part, "text"))
		var v any
		if json.Unmarshal([]byte(said), &v) != nil {
			v = said
		}
		all = append(all, v)
		if reflect.DeepEqual(v, want) || said == want {
			return true
		}
	}
	return reflect.DeepEqual(all, want)
}

// kinds are the types of content, with the revision that began them.
var kinds = map[string]string{"text": "", "image": "", "resource": "", "audio": R2503, "resource_link": R2506}

func contentIsKnown(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		if !c.OK() || c.asksInput() {
			continue
		}
		parts, why := badContent(t.Revision, c.result())
		if why != "" {
			return fail(c.Exchange, "%s: %s", excerpt(c.name()), why)
		}
		n += parts
	}
	if n == 0 {
		return needs("--tool NAME", "no tool that may be called gave any content")
	}
	return pass("%d parts", n)
}

func isText(raw json.RawMessage) bool {
	var s string
	return json.Unmarshal(raw, &s) == nil && string(raw) != "null"
}

// progress are the reports of progress that came with an answer.
func (e *Exchange) progress() (list []Message) {
	for _, m := range e.Reply.Messages {
		if m.Method == "notifications/progress" {
			list = append(list, m)
		}
	}
	return list
}

// progressBehind is a report of our progress that came behind the answer, on the stream that
// had it; nil where there is none. Where a task goes on it may.
func (e *Exchange) progressBehind() *Message {
	if member(e.result(), "task") != nil || e.asksInput() {
		return nil
	}
	done := false
	for i := range e.Reply.Messages {
		m := &e.Reply.Messages[i]
		if done && m.Method == "notifications/progress" && sameJSON(member(m.Params, "progressToken"),
			e.progressToken()) {
			return m
		}
		done = done || m.Answers() && sameJSON(m.ID, []byte(e.Request.Await))
	}
	return nil
}

func progressStops(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		if !c.OK() || c.toolFailed() {
			continue
		}
		e := t.watched(&c)
		if t.Transport == Stdio { // what comes behind the answer comes before the next one
			e.Reply.Messages = append(e.Reply.Messages, t.Send(t.harmless(t.main)).Reply.Messages...)
		}
		if late := e.progressBehind(); late != nil {
			return fail(e, "it reports progress behind the answer: %s", excerpt(string(late.Raw)))
		}
		n += len(e.progress())
	}
	if n == 0 {
		return needs("--tool NAME of a tool that reports progress", "no tool that may be called reports progress")
	}
	return pass("%d reports", n)
}

// progressOf is the value that a report gives; false where that is no number.
func progressOf(m Message) (value float64, ok bool) {
	raw := member(m.Params, "progress")
	ok = json.Unmarshal(raw, &value) == nil && string(raw) != "null"
	return value, ok
}

// progressToken is what ours begin with, each of its own.
const progressToken = "mcpload-progress-"

// progressToken is the token that a request gives, as JSON; nil where it gives none.
func (e *Exchange) progressToken() json.RawMessage {
	return member(member(member(e.Request.Body, "params"), "_meta"), "progressToken")
}

// watched is a call once more, with a token for reports of its progress.
func (t *Trial) watched(c *call) *Exchange {
	t.tokens++
	token := progressToken + strconv.Itoa(t.tokens)
	return t.Send(t.callOf(c.tool, c.arguments, map[string]any{"progressToken": token}))
}

func progressGrows(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		if !c.OK() || c.toolFailed() {
			continue
		}
		e := t.watched(&c)
		last, some := 0.0, false
		for _, m := range e.progress() {
			n++
			switch token := member(m.Params, "progressToken"); {
			case sameJSON(token, e.progressToken()):
			case t.Transport != HTTP && strings.HasPrefix(text(token), progressToken):
				continue // of a call before, behind whose answer it came: another row's matter
			default:
				return fail(e, "it reports progress of %s, and the token is %s", spelling(token), e.progressToken())
			}
			value, ok := progressOf(m)
			if !ok {
				return fail(e, "the progress is %s", spelling(member(m.Params, "progress")))
			}
			if some && value <= last {
				return fail(e, "the progress is %g after %g", value, last)
			}
			last, some = value, true
		}
	}
	if n == 0 {
		return needs("--tool NAME of a tool that reports progress", "no tool that may be called reports progress")
	}
	return pass("%d reports", n)
}

func noProgressUnasked(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	n := 0
	for _, c := range list {
		if !c.OK() {
			continue
		}
		n++
		if reports := c.progress(); len(reports) > 0 {
			return fail(c.Exchange, "it reports progress of %s, and no token was given",
				spelling(member(reports[0].Params, "progressToken")))
		}
	}
	if n == 0 {
		return needs("--tool NAME", "no call had a result")
	}
	return pass("%d calls", n)
}
