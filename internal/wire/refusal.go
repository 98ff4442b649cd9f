package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A response is what the classifier judges: everything that a server said in
// answer to one request, and no more.
type response struct {
	method string      // of the request
	status int         // HTTP status; 0 on transports without one
	header http.Header // nil on transports without one
	body   []byte      // of an HTTP reply that held no usable message
	reply  *message    // the response with the request's id; nil where there is none
	other  *message    // in its absence, an error with another id or none

	modern bool      // the request was of the stateless era
	now    time.Time // for hints that name an instant
	clean  redactor  // takes secrets out of what is quoted; nil: there are none
}

// A ruling is what the classifier says of a response.
type ruling struct {
	outcome history.Outcome
	code    int
	hints   []history.Hint
	detail  string
}

// classify says what came of a request that got a whole answer. It is pure.
//
// Limited needs a signal that can mean nothing else, since a server that is
// merely broken must never count as one that limits. In this order:
//
//   - HTTP 429, or a status that the operator lists: whatever the body says,
//     because proxies refuse with empty bodies, HTML, or another id.
//   - a JSON-RPC error with a listed code. The codes -32000 to -32019 carry no
//     meaning of their own (revision 2026-07-28, section Error Codes), and
//     FastMCP uses -32000 for a rate limit as for an unknown session, so such
//     a code counts only together with a matching message.
//   - a JSON-RPC error of any code whose message matches: limiters answer
//     with -32602, -32603, -32003 or 0 too.
//   - HTTP 503 with Retry-After. Without one it is an outage; with one it may
//     still be, which only the whole history can tell (see verdict.NewCourt).
//   - a tool result that says isError and matches.
//   - a soft failure: a tool result that denies isError, but whose text or
//     structured content is a JSON object that says that it failed, and why, in
//     words that match. A plain text that merely talks about rate limits is a
//     success, unless the operator gave the pattern for just that.
//
// What the operator says is no refusal is none, whatever it looks like. A failure that speaks
// of a limit, and says when to come back, is told with that: the whole history tells what it is.
func (r Refusal) classify(a response) ruling {
	out := r.rule(a)
	failed := out.outcome == history.Rejected || out.outcome == history.ToolError
	if failed && r.Text != nil && history.SpeaksOfLimit(out.code, out.detail) && !r.denies(out.code, out.detail) {
		out.hints = slices.DeleteFunc(a.hints(a.bodies()...), func(h history.Hint) bool {
			return h.Kind != history.HintWait
		})
	}
	return out
}

// bodies are where a failure may say when to come back.
func (a response) bodies() []hintBody {
	list := []hintBody{{"body", a.body}}
	if m := a.reply; m != nil {
		list = append(list, hintBody{"error.data", m.data}, hintBody{"structuredContent", m.structured})
		for _, quoted := range m.contents[:min(len(m.contents), maxContents)] {
			list = append(list, hintBody{"text", []byte(unquote(quoted))})
		}
	}
	return list
}

// rule is classify for what one answer alone tells.
func (r Refusal) rule(a response) ruling {
	not := slices.Contains(r.Not.Statuses, a.status)
	if !not && a.status != 0 && (a.status == http.StatusTooManyRequests || r.lists(a.status)) {
		out := ruling{outcome: history.Limited, detail: fmt.Sprintf("HTTP %d", a.status)}
		data, said := hintBody{}, string(a.body)
		for _, m := range []*message{a.reply, a.other} {
			if m != nil && m.failed {
				out.code, data, said = m.code, hintBody{"error.data", m.data}, m.text
				out.detail += ": " + m.words()
				break
			}
		}
		if !r.denies(out.code, said) {
			out.hints = a.hints(data, hintBody{"body", a.body})
			return out
		}
	}
	if !not && a.reply != nil && a.reply.failed && r.matchesError(a.reply) {
		return ruling{history.Limited, a.reply.code, a.hints(hintBody{"error.data", a.reply.data}), a.reply.words()}
	}
	if !not && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
		out := ruling{outcome: history.Limited, detail: history.Unavailable, hints: a.hints(hintBody{"body", a.body})}
		said := string(a.body)
		if a.reply != nil {
			out.code, said = a.reply.code, a.reply.text
		}
		if !r.denies(out.code, said) {
			return out
		}
	}
	if a.status != 0 && a.status/100 != 2 {
		return rejectedStatus(a)
	}
	switch {
	case a.reply == nil:
		out := ruling{outcome: history.Broken, detail: "no reply"}
		if a.other != nil {
			out.code = a.other.code
			out.detail = "a reply with " + a.other.id.String() + ": " + a.other.words()
		}
		return out
	case a.reply.failed:
		return ruling{outcome: history.Rejected, code: a.reply.code, detail: a.reply.words()}
	}
	return r.classifyResult(a)
}

// hints are what a refusal says of when to come back.
func (a response) hints(bodies ...hintBody) []history.Hint {
	return readHints(a.header, a.now, a.clean, bodies...)
}

// classifyResult says what came of a request that got a result.
func (r Refusal) classifyResult(a response) ruling {
	if a.modern {
		// An absent resultType means complete, an unknown one makes the
		// result invalid (revision 2026-07-28, section ResultType).
		switch a.reply.resultType {
		case "", "complete":
		case "input_required":
			return ruling{outcome: history.Rejected, detail: "the result asks for input in place of answering"}
		default:
			return ruling{outcome: history.Broken, detail: "unknown resultType " + excerpt([]byte(a.reply.resultType))}
		}
	}
	if a.method != methodCall {
		return ruling{outcome: history.OK}
	}
	limited := func(why string, body hintBody) ruling {
		return ruling{history.Limited, 0, a.hints(body, hintBody{"structuredContent", a.reply.structured}),
			excerpt([]byte(why))}
	}
	for i, quoted := range a.reply.contents {
		text := unquote(quoted)
		body := hintBody{"text", []byte(text)}
		if a.reply.isError && r.matches(text) || r.plain(text) {
			return limited(text, body)
		}
		if a.reply.isError || i >= maxContents {
			continue
		}
		if why, ok := r.softFailure(body.text); ok {
			return limited(why, body)
		}
	}
	for _, quoted := range a.reply.embedded {
		if text := unquote(quoted); a.reply.isError && r.matches(text) || r.plain(text) {
			return limited(text, hintBody{"text", []byte(text)})
		}
	}
	if s := string(a.reply.structured); s != "" {
		why, soft := r.softFailure(a.reply.structured)
		switch {
		case a.reply.isError && r.matches(s), r.plain(s):
			return limited(s, hintBody{})
		case !a.reply.isError && soft:
			return limited(why, hintBody{})
		}
	}
	if a.reply.isError {
		return ruling{outcome: history.ToolError, detail: a.reply.toolError()}
	}
	return ruling{outcome: history.OK, detail: r.suspicion(a.reply)}
}

// maxContents is how many texts of a result are read as JSON.
const maxContents = 100

// toolError is what a result with isError says.
func (m *message) toolError() string {
	switch {
	case len(m.contents) > 0 && len(m.contents[0]) > len(`""`):
		return excerpt([]byte(unquote(m.contents[0])))
	case len(m.embedded) > 0:
		return excerpt([]byte(unquote(m.embedded[0])))
	case len(m.structured) > 0:
		return excerpt(m.structured)
	}
	return "isError"
}

// suspicion quotes where a result speaks of a limit as refusals do. It changes
// no outcome: a result may have every reason to speak of limits, and only the
// whole history can tell if this one came in place of an answer.
func (r Refusal) suspicion(m *message) string {
	const most = 4 << 10
	if !r.Wary {
		return ""
	}
	look := func(text []byte) string {
		text = text[:min(len(text), most)]
		from, to, ok := history.LimitWords(string(text))
		if !ok || r.notMeant(string(text)) {
			return ""
		}
		return history.Speaks + excerpt(bytes.ToValidUTF8(text[max(0, from-40):min(len(text), to+60)], nil))
	}
	for i, quoted := range m.contents {
		if s := look([]byte(unquote(quoted))); s != "" || i >= maxContents {
			return s
		}
	}
	return look(m.structured)
}

// rejectedStatus says what came of a request that got an HTTP status that is
// neither a success nor a refusal.
func rejectedStatus(a response) ruling {
	out := ruling{outcome: history.Rejected, detail: fmt.Sprintf("HTTP %d", a.status)}
	switch {
	case a.reply != nil && a.reply.failed:
		out.code = a.reply.code
		out.detail += ": " + a.reply.words()
	case a.reply != nil:
		out.detail += " with a result"
	case a.other != nil:
		out.code = a.other.code
		out.detail += ": " + a.other.words()
	case a.status/100 == 3 && a.header.Get("Location") != "":
		out.detail += ": redirected to " + publicURL(a.header.Get("Location"))
	case bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<")):
		out.detail += ": a page of HTML or XML"
	case len(a.body) > 0:
		out.detail += ": " + excerpt(a.body)
	}
	return out
}

// firstOf is how much of a text is looked at for what refuses: no refusal has so many words, and
// who reads a text of megabytes by patterns sends nothing meanwhile.
func firstOf(text string) string { return text[:min(len(text), 16<<10)] }

// matches reports if a text says that a rate limit refused.
func (r Refusal) matches(text string) bool {
	text = firstOf(text)
	return r.Text != nil && (r.Text.MatchString(text) || usual.MatchString(text)) && !r.notMeant(text)
}

// usual are words that can mean nothing else, and count beside the profile's.
var usual = regexp.MustCompile(`(?i)rate-limit|rate_?limited|rate_limit_(exceeded|reached|error)` +
	`|ratelimit(error|exceeded)|too[ _-]many[ _-]((concurrent|simultaneous|parallel)[ _-])?(requests|calls)`)

// plain reports if a text of a result that says no error is a refusal, because
// the operator said so.
func (r Refusal) plain(text string) bool {
	return r.Plain != nil && r.Plain.MatchString(firstOf(text)) && !r.notMeant(text)
}

// notMeant reports if a text is no refusal, because the operator said so.
func (r Refusal) notMeant(text string) bool {
	return r.Not.Text != nil && r.Not.Text.MatchString(firstOf(text))
}

// denies reports if a code or a text is no refusal, because the operator said so.
func (r Refusal) denies(code int, text string) bool {
	return code != 0 && slices.Contains(r.Not.Codes, code) || r.notMeant(text)
}

// codeLimited is the code by which limiters of MCP gateways refuse; nothing reserves it, so
// that it counts beside words only.
const codeLimited = -32029

// limitedData finds a member of an error's data, or the whole of it, that is the name of a
// refusal.
var limitedData = regexp.MustCompile(
	`(?i)"(rate[ _-]?limit(ed|[ _-]?(exceeded|reached|error))|too[ _-]?many[ _-]?requests)"\s*([,}\]]|$)`)

// matchesError reports if a JSON-RPC error says that a rate limit refused.
func (r Refusal) matchesError(m *message) bool {
	if r.denies(m.code, m.text) {
		return false
	}
	if r.matches(m.text) || r.plain(m.text) || r.Text != nil && limitedData.MatchString(firstOf(string(m.data))) {
		return true
	}
	if _, _, ok := history.LimitWords(firstOf(m.text)); ok && r.Text != nil && m.code == codeLimited {
		return true
	}
	meaningless := -32019 <= m.code && m.code <= -32000
	return !meaningless && slices.Contains(r.Codes, m.code)
}

// softFailure reads a text as a JSON object that says that it failed. It returns
// the words that match.
func (r Refusal) softFailure(text []byte) (why string, ok bool) {
	if r.Text == nil {
		return "", false
	}
	text = bytes.TrimSpace(text)
	var o map[string]json.RawMessage
	if len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &o) != nil {
		return "", false // a plain text
	}
	hasError := len(o["error"]) > 0 && !slices.Contains([]string{"null", "false", `""`}, string(o["error"]))
	failed := hasError || string(o["success"]) == "false" || string(o["ok"]) == "false" ||
		slices.Contains([]string{"error", "failed", "failure"}, saying(o["status"])) || saying(o["type"]) == "error"
	if !failed {
		return "", false
	}
	for _, name := range []string{"error", "message"} {
		if why := saying(o[name]); r.matches(why) {
			return why, true
		}
	}
	return "", false
}

// saying returns a text, or the message of an object that has one.
func saying(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var nested struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &nested) == nil {
		return nested.Message
	}
	return "" // neither: it says nothing
}

// words says what an error says.
func (m *message) words() string {
	if !m.failed {
		return "a result"
	}
	if m.text == "" {
		return fmt.Sprintf("error %d", m.code)
	}
	return fmt.Sprintf("error %d: %s", m.code, excerpt([]byte(m.text)))
}

// lists reports if a status is a refusal whatever the body says.
func (r Refusal) lists(status int) bool { return slices.Contains(r.Statuses, status) }
