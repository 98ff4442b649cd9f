package mock

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

// A ConformFault is one way to break the protocol, whatever becomes of the limit.
type ConformFault struct {
	Name string
	Row  string // of the conformance table, that must see it
	Doc  string // what is wrong, in one sentence

	Revision string // the only one that shows it; empty: the newest with its row
	Stdio    bool   // it shows over stdio only, and not over HTTP
	SSE      bool   // it shows over the event streams of 2024-11-05 only

	// before may change the request, or answer it by setting its status; after may
	// change the reply. Either may be nil.
	before, after func(x *traffic)
}

// ConformFaults returns the catalogue, by area.
func ConformFaults() []ConformFault {
	return slices.Concat(messageBreaches(), garbageBreaches(),
		lifecycleBreaches(), featureBreaches(), utilityBreaches(),
		transportBreaches(), statelessBreaches(), headerBreaches(),
		shapeBreaches(), pageBreaches(), versionBreaches(), answerBreaches(), requestBreaches(), streamBreaches(),
		callBreaches(), readBreaches(),
		beginningBreaches(), lineBreaches(), parameterBreaches(), fuzzBreaches(), loadBreaches(), tokenBreaches(),
		paperBreaches())
}

// ConformFaultNamed returns the fault of that name.
func ConformFaultNamed(name string) (ConformFault, bool) {
	for _, f := range ConformFaults() {
		if f.Name == name {
			return f, true
		}
	}
	return ConformFault{}, false
}

func conformFaultNames() []string {
	var names []string
	for _, f := range ConformFaults() {
		names = append(names, f.Name)
	}
	return names
}

// traffic is one message of a client and what it is answered.
type traffic struct {
	message
	request *http.Request // nil over stdio
	sent    []byte
	status  int // HTTP; 0 while nobody has answered
	header  http.Header
	reply   []byte // empty: none
	first   []byte // goes before a stream of GET
	hold    bool   // the reply stays open behind its end
}

// rpc writes a message as the reply.
func (x *traffic) rpc(status int, id json.RawMessage, member string, value any) {
	if id == nil {
		id = json.RawMessage("null")
	}
	x.status, x.reply = status, marshalled(map[string]any{"jsonrpc": "2.0", "id": id, member: value})
	x.header = http.Header{"Content-Type": {"application/json"}}
}

// result answers with a result.
func (x *traffic) result(value any) { x.rpc(http.StatusOK, x.ID, "result", value) }

// fails answers with an error.
func (x *traffic) fails(status, code int, text string) {
	x.rpc(status, x.ID, "error", map[string]any{"code": code, "message": text})
}

// edit changes the members of the reply, where it is an object.
func (x *traffic) edit(change func(m map[string]json.RawMessage)) {
	var m map[string]json.RawMessage
	if json.Unmarshal(x.reply, &m) != nil || m == nil {
		return
	}
	change(m)
	x.reply = marshalled(m)
}

// editResult changes the members of the reply's result, where there is one.
func (x *traffic) editResult(change func(r map[string]any)) {
	x.edit(func(m map[string]json.RawMessage) {
		var r map[string]any
		if json.Unmarshal(m["result"], &r) == nil && r != nil {
			change(r)
			m["result"] = marshalled(r)
		}
	})
}

func marshalled(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("mock: internal error: what a fault says does not marshal: " + err.Error())
	}
	return text
}

// failed reports if the reply is an error.
func (x *traffic) failed() bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(x.reply, &m) == nil && m["error"] != nil
}

// on is a change to the requests of a method.
func on(method string, change func(x *traffic)) func(*traffic) {
	return func(x *traffic) {
		if x.Method == method {
			change(x)
		}
	}
}

// breached puts the fault, if there is one, before and behind an HTTP handler.
// Streams of GET pass as they are.
func (s *Server) breached(next http.Handler) http.Handler {
	f := s.breach
	if f == nil || f.Stdio {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && f.before == nil {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4*maxMessage))
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone, or sends without end
		}
		x := &traffic{request: r, sent: body}
		x.message, _ = parse(body)
		if f.before != nil {
			f.before(x)
		}
		if x.status == 0 && r.Method == http.MethodGet {
			if len(x.first) > 0 {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write(x.first) // a client that has gone needs none
			}
			next.ServeHTTP(w, r)
			return
		}
		if x.status == 0 {
			reply := newRecorder()
			next.ServeHTTP(reply, withBody(x.request, x.sent))
			x.status, x.header, x.reply = reply.status, reply.header, reply.body.Bytes()
			if text := bytes.TrimSpace(x.reply); json.Valid(text) { // an event ends by an empty line
				x.reply = text
			}
			if f.after != nil {
				f.after(x)
			}
		}
		out := recorder{header: x.header, status: x.status}
		out.header.Del("Content-Length")
		out.body.Write(x.reply)
		out.writeTo(w)
		if x.hold {
			_ = http.NewResponseController(w).Flush() // what can't be flushed isn't held open
			<-r.Context().Done()
		}
	})
}

// breachLine is breached for one line of stdio. answer makes the honest reply.
func (s *Server) breachLine(line []byte, answer func(line []byte) []byte) []byte {
	f := s.breach
	if f == nil {
		return answer(line)
	}
	x := &traffic{sent: line}
	x.message, _ = parse(line)
	if f.before != nil {
		f.before(x)
	}
	if x.status == 0 {
		x.reply = answer(x.sent)
		if f.after != nil {
			f.after(x)
		}
	}
	if len(x.reply) == 0 {
		return nil
	}
	return x.reply
}
