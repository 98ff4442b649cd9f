package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// lessFor takes a tool out of the lists of connections, by the turn in which each was
// first seen.
func lessFor(lacks func(turn int) bool) func(*traffic) {
	var mu sync.Mutex
	turns := map[string]int{}
	return on("tools/list", func(x *traffic) {
		if x.request == nil {
			return
		}
		mu.Lock()
		turn, ok := turns[x.request.RemoteAddr]
		if !ok {
			turn = len(turns)
			turns[x.request.RemoteAddr] = turn
		}
		mu.Unlock()
		if lacks(turn) {
			x.editResult(func(r map[string]any) {
				if list, ok := r["tools"].([]any); ok && len(list) > 1 {
					r["tools"] = list[1:]
				}
			})
		}
	})
}

// beginningBreaches break what a conversation begins with.
func beginningBreaches() []ConformFault {
	var agreed atomic.Int64
	return []ConformFault{
		{Name: "agrees-once", Row: "L03", Doc: "it agrees to a revision the first time only", after: on("initialize",
			func(x *traffic) {
				if agreed.Add(1) > 1 {
					x.editResult(func(r map[string]any) { r["protocolVersion"] = mcp.ProtocolVersion20241105 })
				}
			})},
		{Name: "undeclared-served", Row: "L04", Doc: "it serves what it doesn't declare",
			before: on("mcpload/no-such-feature",
				func(x *traffic) { x.result(map[string]any{"resultType": "complete"}) })},
		{Name: "second-beginning-breaks", Row: "L07", Doc: "it breaks when a session is begun twice",
			before: on("initialize", func(x *traffic) {
				if x.request != nil && x.request.Header.Get(server.HeaderKeySessionID) != "" {
					x.fails(http.StatusInternalServerError, -32603, "oops")
				}
			})},
		{Name: "early-request-breaks", Row: "L08", Doc: "it breaks when a request comes before its session",
			before: on("tools/list", func(x *traffic) {
				if x.request != nil && x.request.Header.Get(server.HeaderKeySessionID) == "" {
					x.fails(http.StatusInternalServerError, -32603, "oops")
				}
			})},
		{Name: "any-revision-served", Row: "D02", Doc: "it serves requests of a revision that nobody speaks",
			before: func(x *traffic) {
				if x.ID != nil && unknownRevision(x.sent) {
					x.result(map[string]any{"resultType": "complete", "tools": []any{}, "ttlMs": 0,
						"cacheScope": "private"})
				}
			}},
		{Name: "revisions-untold", Row: "D02", Doc: "it refuses a revision and doesn't say which it speaks",
			before: func(x *traffic) {
				if x.ID != nil && unknownRevision(x.sent) {
					x.fails(http.StatusBadRequest, -32022, "not this one")
				}
			}},
		{Name: "mute-to-older", Row: "D06", Doc: "it speaks one revision, and tells clients of older ones nothing",
			after:  modernOnly,
			before: on("initialize", func(x *traffic) { x.status, x.header = http.StatusBadRequest, http.Header{} })},
		{Name: "connections-differ", Row: "D07", Doc: "it lists fewer tools on every connection but its first",
			after: lessFor(func(turn int) bool { return turn > 0 })},
		{Name: "replica-differs", Row: "T12", Doc: "one connection in four is shown fewer tools",
			after: lessFor(func(turn int) bool { return turn%4 == 3 })},
		{Name: "claims-more", Row: "D08", Doc: "it names a revision that it refuses", before: on("initialize",
			func(x *traffic) {
				if asked(x.sent) == mcp.ProtocolVersion20250326 {
					x.fails(http.StatusBadRequest, -32602, "not this one")
				}
			})},
		{Name: "no-batches", Row: "R09", Doc: "it refuses batches where there are any", before: func(x *traffic) {
			if _, ok := batch(x.sent); ok {
				x.fails(http.StatusBadRequest, -32600, "one at a time")
			}
		}},
	}
}

// lineBreaches break what goes over lines, and the end of a process.
func lineBreaches() []ConformFault {
	var deaf, discovered atomic.Bool
	return []ConformFault{
		{Name: "answers-twice", Row: "R14", Stdio: true, Doc: "it answers each request twice", after: func(x *traffic) {
			if len(x.reply) > 0 && x.ID != nil {
				x.reply = bytes.Join([][]byte{x.reply, x.reply}, []byte("\n"))
			}
		}},
		{Name: "raw-line-breaks", Row: "S02", Stdio: true, Doc: "it writes line breaks in texts as they are",
			after: func(x *traffic) {
				x.reply = bytes.ReplaceAll(x.reply, []byte(`\n`), []byte("\n"))
			}},
		{Name: "outlives-stdin", Row: "S03", Stdio: true, Doc: "it runs on when its stdin is closed"},
		{Name: "ignores-term", Row: "S04", Stdio: true, Doc: "it runs on when it gets SIGTERM"},
		{Name: "deaf-after-garbage", Row: "S06", Stdio: true, Doc: "it answers nothing after a line that is no JSON",
			before: func(x *traffic) {
				if len(x.sent) > 0 && !json.Valid(x.sent) {
					deaf.Store(true)
				}
				if deaf.Load() {
					x.status = http.StatusAccepted
				}
			}},
		{Name: "one-era", Row: "S09", Stdio: true, Doc: "it is deaf to initialize after discovery",
			before: func(x *traffic) {
				if x.Method == "server/discover" {
					discovered.Store(true)
				}
				if x.Method == "initialize" && discovered.Load() {
					x.status = http.StatusAccepted
				}
			}},
		{Name: "early-roots", Row: "L05", Stdio: true, Doc: "it asks for roots before the session has begun",
			after: on("initialize", func(x *traffic) { x.stream(serverRequest) })},
	}
}
