package conform

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Request is one message, or what is none, as it leaves us. Over lines only its
// Body is sent.
type Request struct {
	Verb   string      // HTTP method; empty: POST
	Path   string      // path and query on the same host in place of the endpoint's; empty: the endpoint
	Header http.Header // as it is sent; the user's own headers, such as a credential, are added unless Bare
	Host   string      // in place of the URL's; empty: the URL's
	Body   []byte
	Bare   bool // without the user's own headers
	Other  bool // with the second credential in place of the user's own headers
	Once   bool // isn't sent again where a limit refuses it

	// Await is the id, as JSON, whose answer ends the waiting over SSE and stdio;
	// empty: nothing is awaited. Over HTTP a response ends by itself.
	Await string
	// Within is how long to wait; 0: the trial's timeout.
	Within time.Duration
	// Streams says that the response may be a stream that doesn't end: reading it
	// stops at Within, and that is no fault.
	Streams bool
}

// Interrupted is what a reply is broken by where we have stopped ourselves.
const Interrupted = "interrupted"

// A Reply is what came back.
type Reply struct {
	Status   int // HTTP; 0 over lines
	Header   http.Header
	Body     []byte // as it came, up to a bound
	Messages []Message
	Events   []Event // of an event stream
	Broken   string  // why it isn't whole: "no answer within 5s"; empty: it is
	Cause    error   // by which net/http got no reply at all; nil: it got one, or we gave up
	Silent   bool    // broken because nothing came in time
	Ended    bool    // broken because the server's process has ended
	Open     bool    // a stream that was still open when reading stopped
	Took     time.Duration
}

// An Event is one of a stream.
type Event struct {
	ID, Kind, Data string
	Retry          time.Duration // how long to wait before a stream is taken up again; 0: it doesn't say
	Bare           bool          // it has no data at all, so that it is no event, and only its id and Retry count
}

// empty reports if an event is one that clients take for a message, and has something else.
func (e *Event) empty() bool {
	return (e.Kind == "" || e.Kind == "message") && strings.TrimSpace(e.Data) != "" &&
		len(ReadMessages([]byte(e.Data))) == 0
}

// An Exchange is a request and its reply.
type Exchange struct {
	Request Request
	Reply   Reply
	Row     string // that sent it
	Line    string // a shell line that repeats it; without credentials

	session *session // that it was sent in
}

// A Message is one JSON text that a server sent.
type Message struct {
	Raw     json.RawMessage
	Version string          // jsonrpc
	ID      json.RawMessage // nil: absent
	Method  string
	Params  json.RawMessage
	Result  json.RawMessage // nil: absent
	Error   *Error          // nil: absent
	Object  bool            // it is a JSON object
	HasErr  bool            // there is a member error, whatever it is
}

// An Error is a JSON-RPC error.
type Error struct {
	Code    json.Number
	Message string
	Data    json.RawMessage
}

// ReadMessages takes the messages out of one JSON text: one, or those of a batch. A
// text that is no JSON has none.
func ReadMessages(text []byte) []Message {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || !json.Valid(text) {
		return nil
	}
	if text[0] != '[' {
		return []Message{readMessage(text)}
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	var out []Message
	for _, raw := range list {
		out = append(out, readMessage(raw))
	}
	return out
}

func readMessage(raw []byte) Message {
	m := Message{Raw: bytes.Clone(raw)}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return m
	}
	m.Object = true
	m.ID, m.Params, m.Result = members["id"], members["params"], members["result"]
	m.Version, m.Method = text(members["jsonrpc"]), text(members["method"])
	if err, ok := members["error"]; ok {
		m.HasErr, m.Error = true, readError(err)
	}
	switch { // some send both members, one of them empty, which is one row's matter and no other's
	case m.HasErr && m.Result != nil && string(members["error"]) == "null":
		m.HasErr = false
	case m.HasErr && string(m.Result) == "null":
		m.Result = nil
	}
	return m
}

// readError is what there is of an error; nil where it is no object.
func readError(raw []byte) *Error {
	has := members(raw)
	if has == nil {
		return nil
	}
	e := &Error{Message: text(has["message"]), Data: has["data"]}
	if json.Unmarshal(has["code"], &e.Code) != nil {
		e.Code = "" // another row's matter
	}
	return e
}

// text is a JSON string's value; empty for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// Answers reports if the message is a response.
func (m *Message) Answers() bool { return m.Object && m.Method == "" && (m.Result != nil || m.HasErr) }

// Answer is the response to an id, as JSON; nil where there is none.
func (r *Reply) Answer(id string) *Message {
	for i := range r.Messages {
		if m := &r.Messages[i]; m.Answers() && sameJSON(m.ID, []byte(id)) {
			return m
		}
	}
	return nil
}

// FirstAnswer is the first response of any id; nil where there is none. What a framework
// or a gateway says in JSON of its own is none.
func (r *Reply) FirstAnswer() *Message {
	for i := range r.Messages {
		if m := &r.Messages[i]; m.Answers() && !r.foreign(m) {
			return m
		}
	}
	return nil
}

// sameJSON compares two scalars by type and value.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// foreign reports if a message may be none of the server's: with an HTTP status that is
// no success, or with 202, a body may be whatever a framework or a gateway says, and
// only what calls itself JSON-RPC is held to it.
func (r *Reply) foreign(m *Message) bool {
	return (r.Status >= 300 || r.Status == http.StatusAccepted) && member(m.Raw, "jsonrpc") == nil
}

// speaksOfLimits reports if a text speaks of a limit as refusals of those who ask too often do.
func speaksOfLimits(s string) bool {
	_, _, ok := history.LimitWords(s)
	return ok
}

// overloaded is what some say in place of 503.
const overloaded = 529

// tooLarge are statuses of requests that are too long, whose limits are none of how often.
var tooLarge = []int{http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
	http.StatusRequestHeaderFieldsTooLarge}

// limitCodes are the error codes that say so by themselves.
var limitCodes = []json.Number{"429", "-32029"}

// Limited reports if the reply says that we asked too often, which is no breach: one of a
// batch may be what was too much.
func (r *Reply) Limited() bool {
	if slices.Contains([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable, overloaded}, r.Status) {
		return true
	}
	if r.FirstAnswer() == nil && r.Status >= 400 {
		return speaksOfLimits(string(r.Body)) && !slices.Contains(tooLarge, r.Status)
	}
	said := r.Messages
	if len(said) == 0 { // as of verbs that have no message: what is before a server may say so to each
		said = ReadMessages(r.Body)
	}
	return slices.ContainsFunc(said, func(m Message) bool {
		switch {
		case !m.Answers() || r.foreign(&m):
			return false
		case m.Error != nil:
			return slices.Contains(limitCodes, m.Error.Code) || speaksOfLimits(m.Error.Message)
		}
		e := Exchange{Reply: Reply{Messages: []Message{m}}} // some say it as a tool's result
		return e.toolFailed() && speaksOfLimits(e.texts())
	})
}

// gatewaysOwn reports if the status is one that only something before a server gives,
// which couldn't reach it.
func (r *Reply) gatewaysOwn() bool {
	return r.Status == http.StatusBadGateway || r.Status == http.StatusGatewayTimeout
}

// Media is the content type without its parameters.
func (r *Reply) Media() string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// twofold reports if an exchange's answer has a result and an error, of which nobody can tell
// the one that counts.
func (e *Exchange) twofold() bool {
	m := e.answer()
	return m != nil && m.Result != nil && m.HasErr
}
