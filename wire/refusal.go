package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
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
	now    time.Time // for a Retry-After that is a date
}

// A ruling is what the classifier says of a response.
type ruling struct {
	outcome    history.Outcome
	code       int
	retryAfter time.Duration
	detail     string
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
//   - HTTP 503 with Retry-After. Without one it is an outage.
//   - a tool result that says isError and matches.
//   - a soft failure: a tool result that denies isError, but whose text is a
//     JSON object that says that it failed, and why, in words that match. A
//     plain text that merely talks about rate limits is a success.
func (r Refusal) classify(a response) ruling {
	wait := func(body []byte) time.Duration { return retryAfter(a.header, body, a.now) }
	if a.status == http.StatusTooManyRequests || a.status != 0 && r.lists(a.status) {
		out := ruling{history.Limited, 0, wait(a.body), fmt.Sprintf("HTTP %d", a.status)}
		for _, m := range []*message{a.reply, a.other} {
			if m != nil && m.failed {
				out.code, out.retryAfter = m.code, wait(m.data)
				out.detail += ": " + m.words()
				break
			}
		}
		return out
	}
	if a.reply != nil && a.reply.failed && r.matchesError(a.reply) {
		return ruling{history.Limited, a.reply.code, wait(a.reply.data), a.reply.words()}
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
		out := ruling{history.Limited, 0, wait(a.body), "HTTP 503 with Retry-After"}
		if a.reply != nil {
			out.code = a.reply.code
		}
		return out
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
		return ruling{history.Rejected, a.reply.code, 0, a.reply.words()}
	}
	return r.classifyResult(a)
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
			return ruling{outcome: history.Broken,
				detail: "unknown resultType " + excerpt([]byte(a.reply.resultType))}
		}
	}
	if a.method != methodCall {
		return ruling{outcome: history.OK}
	}
	for _, quoted := range a.reply.contents {
		if a.reply.isError {
			if text := unquote(quoted); r.matches(text) {
				return ruling{history.Limited, 0, retryAfter(a.header, []byte(text), a.now), excerpt([]byte(text))}
			}
			continue
		}
		if why, body, ok := r.softFailure(quoted); ok {
			return ruling{history.Limited, 0, retryAfter(a.header, body, a.now), excerpt([]byte(why))}
		}
	}
	if a.reply.isError {
		out := ruling{outcome: history.ToolError, detail: "isError"}
		if len(a.reply.contents) > 0 {
			out.detail = excerpt([]byte(unquote(a.reply.contents[0])))
		}
		return out
	}
	return ruling{outcome: history.OK}
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
	case a.status/100 == 3:
		out.detail += ": redirected to " + publicURL(a.header.Get("Location"))
	case bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<")):
		out.detail += ": a page of HTML or XML"
	case len(a.body) > 0:
		out.detail += ": " + excerpt(a.body)
	}
	return out
}

// matches reports if a text says that a rate limit refused.
func (r Refusal) matches(text string) bool { return r.Text != nil && r.Text.MatchString(text) }

// matchesError reports if a JSON-RPC error says that a rate limit refused.
func (r Refusal) matchesError(m *message) bool {
	if r.matches(m.text) {
		return true
	}
	meaningless := -32019 <= m.code && m.code <= -32000
	return !meaningless && slices.Contains(r.Codes, m.code)
}

// softFailure reads a quoted text as a JSON object that says that it failed.
// It returns the words that match, and the object.
func (r Refusal) softFailure(quoted []byte) (why string, body []byte, ok bool) {
	if r.Text == nil {
		return "", nil, false
	}
	body = bytes.TrimSpace([]byte(unquote(quoted)))
	var o map[string]json.RawMessage
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &o) != nil {
		return "", nil, false // a plain text
	}
	hasError := len(o["error"]) > 0 && !slices.Contains([]string{"null", "false", `""`}, string(o["error"]))
	failed := hasError || string(o["success"]) == "false" || string(o["ok"]) == "false" ||
		slices.Contains([]string{"error", "failed", "failure"}, saying(o["status"])) || saying(o["type"]) == "error"
	if !failed {
		return "", nil, false
	}
	for _, name := range []string{"error", "message"} {
		if why := saying(o[name]); r.matches(why) {
			return why, body, true
		}
	}
	return "", nil, false
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
