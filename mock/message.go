package mock

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/ratelimit"
)

// maxMessage is the longest message that is read, in bytes.
const maxMessage = 4 << 20

// A message is what of a JSON-RPC message a limiter is asked about. Names match
// without regard to case, as in mcp-go behind us.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`

	escaped bool // the method is spelled with escapes
	cased   bool // the members are in another case
	twice   bool // the method, or the tool's name, stands in it twice

	Params struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"params"`
}

// parse returns a request. Notifications, responses, batches and what is no
// JSON-RPC message are none: they cost nothing, and mcp-go answers them.
func parse(raw []byte) (m message, request bool) {
	if json.Unmarshal(raw, &m) != nil {
		return message{}, false
	}
	id := string(m.ID)
	m.twice = repeats(raw)
	m.cased = !bytes.Contains(raw, []byte(`"method"`))
	m.escaped = !bytes.Contains(raw, quote(m.Method))
	return m, m.Method != "" && id != "" && id != "null"
}

// repeats reports if an object holds a member twice, or its parameters do.
func repeats(object []byte) bool {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	seen := map[any]bool{}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return false
		}
		if seen[name] || name == "params" && repeats(value) {
			return true
		}
		seen[name] = true
	}
	return false
}

// tool is the name of the tool that a request calls.
func (m message) tool() string {
	if m.Method == methodCall {
		return m.Params.Name
	}
	return ""
}

// lasts is how long the request is served, where every one takes at least so long.
func (m message) lasts(least time.Duration) time.Duration {
	if m.tool() != toolSlow {
		return least
	}
	var args map[string]any
	if json.Unmarshal(m.Params.Arguments, &args) != nil {
		return least + slowDefault
	}
	if ms, ok := args["ms"].(float64); ok && ms >= 0 {
		return least + time.Duration(min(ms*float64(time.Millisecond), float64(slowMax)))
	}
	return least + slowDefault
}

// number is the id where it is a whole number, and 0 elsewhere.
func (m message) number() int64 {
	n, err := strconv.ParseInt(string(m.ID), 10, 64)
	if err != nil {
		return 0 // ids may be strings
	}
	return n
}

// wrongID returns an id that nobody sent, of the same kind.
func wrongID(id json.RawMessage) json.RawMessage {
	if n, err := strconv.ParseInt(string(id), 10, 64); err == nil && n < 1<<52 {
		return strconv.AppendInt(nil, n+1_000_000, 10)
	}
	text := string(id)
	if err := json.Unmarshal(id, &text); err != nil {
		text = string(id) // a number that is no small integer
	}
	return quote("wrong-" + text)
}

func quote(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("mock: internal error: a string doesn't marshal: " + err.Error())
	}
	return quoted
}

// withID returns a request with another id.
func withID(raw []byte, id json.RawMessage) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		panic("mock: internal error: a parsed request is no object: " + err.Error())
	}
	for name := range members {
		if strings.EqualFold(name, "id") {
			delete(members, name)
		}
	}
	members["id"] = id
	text, err := json.Marshal(members)
	if err != nil {
		panic("mock: internal error: what was JSON isn't any more: " + err.Error())
	}
	return text
}

// A refusal is the reply to a request that was refused: a message, and what
// goes with it over HTTP.
type refusal struct {
	status int
	header map[string][]string
	body   []byte
}

// refuse returns the reply to a refused request.
func refuse(shape ratelimit.Shape, m message, a Answer) refusal {
	id := m.ID
	if a.WrongID {
		id = wrongID(id)
	}
	if a.AsSuccess {
		// Whatever the method: some clients look only for the absence of an error.
		body := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
		body = append(body,
			`,"result":{"content":[{"type":"text","text":"Rate limit exceeded, please try again later"}]}}`...)
		return refusal{200, map[string][]string{"Content-Type": {"application/json"}}, body}
	}
	no := ratelimit.Refusal{Shape: shape}
	if a.Law != "" {
		no.Message = ratelimit.DefaultMessage + ": " + a.Law
	}
	status, header, body := no.Reply(m.Method, id, ratelimit.Decision{
		RetryAfter: a.RetryAfter, Remaining: a.Remaining, Reason: ratelimit.ReasonRate,
	})
	return refusal{status, header, body}
}
