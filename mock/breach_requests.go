package mock

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// modernOnly speaks no older revision, and says so in discovery.
func modernOnly(x *traffic) {
	switch {
	case x.Method == "server/discover":
		x.editResult(func(r map[string]any) { r["supportedVersions"] = []string{mcp.ProtocolVersion20260728} })
	case x.Method == "initialize" && !x.failed() && len(x.reply) > 0:
		x.fails(http.StatusBadRequest, -32601, "this server speaks "+mcp.ProtocolVersion20260728)
	}
}

// of reports if a request says by its header that it is of a revision since one.
func (x *traffic) since(revision string) bool {
	return x.request != nil && x.request.Header.Get(mcp.HeaderProtocolVersion) >= revision
}

// stream makes an event stream of the reply, with messages before it.
func (x *traffic) stream(before ...string) {
	if x.request == nil { // over lines each is a line
		for k := len(before) - 1; k >= 0; k-- {
			x.reply = append([]byte(before[k]+"\n"), x.reply...)
		}
		return
	}
	var out []byte
	for _, text := range before {
		out = append(out, event([]byte(text))...)
	}
	x.reply = append(out, event(x.reply)...)
	x.header.Set("Content-Type", "text/event-stream")
}

// counted gives sessions numbers for ids, and knows them by those.
func countedSessions(spelt func(n int64) string) (before, after func(*traffic)) {
	var real sync.Map
	var last atomic.Int64
	before = func(x *traffic) {
		if x.request == nil {
			return
		}
		if id, ok := real.Load(x.request.Header.Get(server.HeaderKeySessionID)); ok {
			if text, ok := id.(string); ok {
				x.request.Header.Set(server.HeaderKeySessionID, text)
			}
		}
	}
	after = on("initialize", func(x *traffic) {
		if id := x.header.Get(server.HeaderKeySessionID); id != "" {
			number := spelt(last.Add(1))
			real.Store(number, id)
			x.header.Set(server.HeaderKeySessionID, number)
		}
	})
	return before, after
}

// requestBreaches break what HTTP requests are answered.
func requestBreaches() []ConformFault {
	numberIDs, giveNumbers := countedSessions(func(n int64) string { return strconv.FormatInt(1000+n, 10) })
	return []ConformFault{
		{Name: "get-streams", Row: "H06", Doc: "it answers GET of a revision that has none with a stream",
			after: modernOnly, before: func(x *traffic) {
				if x.request != nil && x.request.Method == http.MethodGet && x.since(mcp.ProtocolVersion20260728) {
					x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}
				}
			}},
		{Name: "counted-sessions", Row: "H08", Doc: "its session ids are a counter", before: numberIDs,
			after: giveNumbers},
		{Name: "no-session-404", Row: "H09", Doc: "it answers requests without their session id with 404",
			after: func(x *traffic) {
				if x.request != nil && x.status == http.StatusBadRequest &&
					x.request.Header.Get(server.HeaderKeySessionID) == "" {
					x.status = http.StatusNotFound
				}
			}},
		{Name: "version-demanded", Row: "H14", Doc: "it refuses requests of a session without a version header",
			before: func(x *traffic) {
				if x.ID != nil && x.Method != "initialize" && x.request != nil &&
					x.request.Header.Get(mcp.HeaderProtocolVersion) == "" {
					x.rpc(http.StatusBadRequest, nil, "error", map[string]any{"code": -32600,
						"message": "which version?"})
				}
			}},
		{Name: "any-name-header", Row: "H16-name", Doc: "it looks at no Mcp-Name", before: on("tools/call",
			func(x *traffic) {
				if x.since(mcp.ProtocolVersion20260728) {
					x.request.Header.Set("Mcp-Name", x.Params.Name)
				}
			})},
		{Name: "names-undecoded", Row: "H17", Doc: "it takes a name in Base64 for another one",
			before: func(x *traffic) {
				if x.request != nil && strings.HasPrefix(x.request.Header.Get("Mcp-Name"), "=?base64?") {
					x.fails(http.StatusBadRequest, -32020, "the header is another one")
				}
			}},
		{Name: "sessions-minted", Row: "H24", Doc: "it gives session ids in the era without sessions",
			after: func(x *traffic) {
				modernOnly(x)
				if x.since(mcp.ProtocolVersion20260728) {
					x.header.Set(server.HeaderKeySessionID, "1")
				}
			}},
		{Name: "put-breaks", Row: "H32", Doc: "it answers PUT with 500", before: func(x *traffic) {
			if x.request != nil && x.request.Method == http.MethodPut {
				x.status, x.header = http.StatusInternalServerError, http.Header{}
			}
		}},
		{Name: "streams-always", Row: "H33", Doc: "it sends event streams to those who accept JSON only",
			after: func(x *traffic) {
				if x.request != nil && x.request.Header.Get("Accept") == "application/json" &&
					x.status == http.StatusOK {
					x.stream()
				}
			}},
	}
}

// parameterBreaches break parameters that go by headers.
func parameterBreaches() []ConformFault {
	return []ConformFault{
		{Name: "bad-header-name", Row: "H18", Doc: "a tool's parameter goes by a header with a space in its name",
			after: on("tools/list", func(x *traffic) {
				x.editResult(func(r map[string]any) {
					if list, ok := r["tools"].([]any); ok && len(list) > 0 {
						if tool, ok := list[0].(map[string]any); ok {
							tool["inputSchema"] = map[string]any{"type": "object",
								"properties": map[string]any{"a": map[string]any{"type": "string",
									"x-mcp-header": "My Header"}}}
						}
					}
				})
			})},
		{Name: "any-parameter-header", Row: "H19", Doc: "it compares no header with its argument",
			before: on("tools/call", func(x *traffic) {
				if x.request != nil && x.request.Header.Get("Mcp-Param-Region") != "" {
					x.request.Header.Set("Mcp-Param-Region", "1")
				}
			})},
		{Name: "no-parameter-header", Row: "H19", Doc: "it does without a header that has to go with its argument",
			before: on("tools/call", func(x *traffic) {
				if x.request != nil && x.request.Header.Get("Mcp-Param-Region") == "" &&
					bytes.Contains(x.Params.Arguments, []byte(`"region"`)) {
					x.request.Header.Set("Mcp-Param-Region", "1")
				}
			})},
	}
}

// streamBreaches break event streams.
func streamBreaches() []ConformFault {
	const note = `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"a"}}`
	streamed := func(before ...string) func(*traffic) {
		return on("tools/list", func(x *traffic) {
			if x.status == http.StatusOK {
				x.stream(before...)
			}
		})
	}
	logs := on("tools/call", func(x *traffic) { x.stream(note) })
	return []ConformFault{
		{Name: "stream-stays", Row: "H22", Doc: "its streams stay open behind the response", after: func(x *traffic) {
			if x.Method == "tools/list" && x.status == http.StatusOK {
				x.stream()
				x.hold = true
			}
		}},
		{Name: "buffered", Row: "H23", Doc: "it lets proxies hold its streams back", after: streamed()},
		{Name: "event-ids-repeat", Row: "H25", Doc: "the first event of each of its streams has the id 1",
			after: func(x *traffic) {
				if x.status == http.StatusOK && len(x.reply) > 0 &&
					x.request.Header.Get(server.HeaderKeySessionID) != "" {
					x.reply = append([]byte("id: 1\n"), event(x.reply)...)
					x.header.Set("Content-Type", "text/event-stream")
				}
			}},
		{Name: "endpoint-second", Row: "H31", SSE: true, Doc: "its stream begins with a greeting",
			before: func(x *traffic) {
				if x.request.Method == http.MethodGet {
					x.first = []byte("event: hello\ndata: hello\n\n")
				}
			}},
		{Name: "unacknowledged", Row: "X04", Doc: "a subscription begins without an acknowledgement",
			before: on("subscriptions/listen", func(x *traffic) {
				x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}
				x.reply = event([]byte(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
			})},
		{Name: "acknowledges-all", Row: "X05", Doc: "it acknowledges subscriptions to what it doesn't have",
			before: on("subscriptions/listen", func(x *traffic) {
				x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}
				x.reply = event(marshalled(map[string]any{"jsonrpc": "2.0",
					"method": "notifications/subscriptions/acknowledged", "params": map[string]any{
						"_meta": map[string]any{"io.modelcontextprotocol/subscriptionId": x.ID},
						"notifications": map[string]any{"toolsListChanged": true, "promptsListChanged": true,
							"resourcesListChanged": true}}}))
			})},
		{Name: "logs-all", Row: "P16", Doc: "it logs whatever level is set", after: logs},
		{Name: "logs-unasked", Row: "P17", Doc: "it logs to clients that ask for nothing", after: streamed(note)},
	}
}
