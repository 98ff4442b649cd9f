package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// What a server must understand beside the protocol to show the faults that only an
// audit sees: batches, and names of tools that are spelled in another way.

// batch is a JSON-RPC batch, where the server's fault is to take them; else nil, and
// mcp-go turns them away as every revision but 2025-03-26 wants.
func (s *Server) batch(body []byte) []json.RawMessage {
	var list []json.RawMessage
	if s.config.Fault != "batch-costs-one" || json.Unmarshal(body, &list) != nil {
		return nil
	}
	return list
}

// serveBatch answers each message of a batch.
func (f *front) serveBatch(w http.ResponseWriter, r *http.Request, list []json.RawMessage, from origin) {
	var replies [][]byte
	for i, text := range list {
		m, request := parse(text)
		reply := newRecorder()
		if from.batch = i; request {
			f.serve(reply, withBody(r, text), text, m, f.server.decide(m, from))
			replies = append(replies, bytes.TrimSpace(reply.body.Bytes()))
			continue
		}
		f.next.ServeHTTP(reply, withBody(r, text))
	}
	all := newRecorder()
	all.header.Set("Content-Type", "application/json")
	all.body.WriteString("[")
	all.body.Write(bytes.Join(replies, []byte(",")))
	all.body.WriteString("]")
	all.writeTo(w)
}

// refillsAtEnds is the fault that the end of a session shows.
const refillsAtEnds = "ended-sessions-refill"

// ending tells the limiter of the end of a session, where its fault is to care.
func (s *Server) ending(r *http.Request) {
	if r.Method == http.MethodDelete && s.config.Fault == refillsAtEnds {
		s.decide(message{Method: http.MethodDelete}, origin{})
	}
}

// What a limiter is told of a request by names that no header has: the order of its headers, and
// a capability that its session declared.
const (
	Order    = "(order)"
	Declared = "(declared)"
)

// told is what a limiter is told of a request by name: its headers, and what isn't among them.
func (f *front) told(r *http.Request, body []byte) func(name string) string {
	return func(name string) string {
		switch name {
		case Order:
			if conn, ok := r.Context().Value(heardKey{}).(*heard); ok {
				order, _ := conn.order.Load().(string)
				return order
			}
			return ""
		case Declared:
			if bytes.Contains(body, []byte(`"elicitation":`)) { // where there are no sessions each says it
				return "elicitation"
			}
			declared, _ := f.server.declared.Load(r.Header.Get("Mcp-Session-Id"))
			text, _ := declared.(string)
			return text
		case "Version":
			return r.Proto
		case "Path":
			return r.URL.RequestURI()
		case "Host":
			return r.Host
		case "Transfer-Encoding":
			return strings.Join(r.TransferEncoding, ", ")
		}
		return r.Header.Get(name)
	}
}

// The faults that they show.
const (
	perOrder     = "per-header-order"
	freeWithUser = "users-free"
)

// declares notes that a session declares what programs with a user do.
func (s *Server) declares(session string, body []byte) {
	var m struct {
		Params struct {
			Capabilities map[string]json.RawMessage `json:"capabilities"`
		} `json:"params"`
	}
	// What can't be read declares nothing.
	if json.Unmarshal(body, &m) == nil && m.Params.Capabilities["elicitation"] != nil {
		s.declared.Store(session, "elicitation")
	}
}

// The faults that notifications show: of what is cancelled, and any other.
const (
	refundsCancels = "cancels-refund"
	refundsNotes   = "notifications-refund"
)

// Refunds reports if it gives a token back for a notification.
func (c Config) Refunds(method string) bool {
	return c.Fault == refundsCancels && method == Cancelled ||
		c.Fault == refundsNotes && method != Cancelled && strings.HasPrefix(method, "notifications/")
}

// Refills reports if it fills buckets when sessions end.
func (c Config) Refills() bool { return c.Fault == refillsAtEnds }

// plainName is a tool's name without what misspells it: capitals, spaces, signs that aren't
// seen, wide letters, and Cyrillic ones that look like Latin ones.
func plainName(name string) string {
	return strings.TrimSpace(strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r == '\u200b':
			return -1
		case r >= '\uff01' && r <= '\uff5e':
			return r - '\uff01' + '!'
		}
		return r
	}, latin.Replace(name))))
}

var latin = strings.NewReplacer("\u0430", "a", "\u0441", "c", "\u0435", "e", "\u0456", "i", "\u043e", "o",
	"\u0440", "p", "\u0455", "s", "\u0445", "x", "\u0443", "y")

// misspelt reports if a request calls a tool by a name that is almost its own.
func (s *Server) misspelt(m message) bool {
	name := m.tool()
	return name != "" && !s.tools[name] && s.tools[plainName(name)]
}

// corrected is a request that calls the tool that was meant, where the server's fault
// is to take such.
func (s *Server) corrected(m message, body []byte) []byte {
	if s.config.Fault != "spelling-free" && s.config.Fault != unlikeFree || !s.misspelt(m) {
		return body
	}
	return bytes.Replace(body, quote(m.tool()), quote(plainName(m.tool())), 1)
}
