package mock

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mcpload/mcpload/internal/revision"
)

// serverRequest is what no server of the stateless era may send.
const serverRequest = `{"jsonrpc":"2.0","id":"roots","method":"roots/list"}`

// statelessBreaches break what the revisions without sessions demand.
func statelessBreaches() []ConformFault {
	return []ConformFault{
		{Name: "anonymous", Row: "R13", Doc: "its results don't name it", after: func(x *traffic) {
			x.editResult(func(r map[string]any) { delete(r, "_meta") })
		}},
		{Name: "stream-requests", Row: "H21", Doc: "it sends requests on the streams of its responses",
			after: func(x *traffic) {
				if x.Method == "tools/list" && x.status == http.StatusOK {
					x.header.Set("Content-Type", "text/event-stream")
					x.reply = append(event([]byte(serverRequest)), event(x.reply)...)
				}
			}},
		{Name: "stdout-requests", Row: "S05", Stdio: true, Doc: "it writes requests to its stdout",
			after: func(x *traffic) {
				if len(x.reply) > 0 {
					x.reply = append([]byte(serverRequest+"\n"), x.reply...)
				}
			}},
		{Name: "typeless", Row: "R11", Doc: "its results don't say of which type they are", after: func(x *traffic) {
			x.editResult(func(r map[string]any) { delete(r, "resultType") })
		}},
		{Name: "types-of-its-own", Row: "R11", Doc: "its lists are of a type that there is none of",
			after: on("tools/list", func(x *traffic) {
				x.editResult(func(r map[string]any) { r["resultType"] = "partial" })
			})},
		{Name: "own-codes", Row: "R12", Doc: "its errors have a code of the specification's range",
			after: coded(-32050)},
		{Name: "no-capabilities", Row: "D03", Doc: "it serves clients without capabilities", before: func(x *traffic) {
			if lacks(x, "clientCapabilities") {
				x.result(map[string]any{"resultType": "complete"})
			}
		}},
		{Name: "no-revision", Row: "D03", Doc: "it serves requests without their revision", before: func(x *traffic) {
			if x.request != nil && x.ID != nil && x.request.Header.Get("Mcp-Protocol-Version") == revision.R2026 &&
				!strings.Contains(string(x.sent), "io.modelcontextprotocol/protocolVersion") {
				x.result(map[string]any{"resultType": "complete"})
			}
		}},
		{Name: "names-demanded", Row: "D04", Doc: "it refuses clients without a name", before: func(x *traffic) {
			if lacks(x, "clientInfo") {
				x.fails(http.StatusBadRequest, -32602, "who are you?")
			}
		}},
		{Name: "other-version-header", Row: "H15", Doc: "it serves a version header that isn't the body's",
			before: func(x *traffic) {
				if x.request != nil && strings.Contains(string(x.sent), "io.modelcontextprotocol/protocolVersion") {
					x.request.Header.Set("Mcp-Protocol-Version", revision.R2026)
				}
			}},
	}
}

// coded puts another code on every error.
func coded(number int) func(*traffic) {
	return func(x *traffic) {
		if x.failed() {
			x.fails(x.status, number, "no")
		}
	}
}

// headerBreaches are of requests whose headers and bodies say different things, and of
// what may be kept.
func headerBreaches() []ConformFault {
	return []ConformFault{
		{Name: "header-code", Row: "H15-code", Doc: "it refuses headers with another code", after: coded(-32600)},
		{Name: "any-method-header", Row: "H16", Doc: "it looks at no Mcp-Method", before: func(x *traffic) {
			if x.request != nil && x.Method != "" && x.request.Header.Get("Mcp-Protocol-Version") == revision.R2026 {
				x.request.Header.Set("Mcp-Method", x.Method)
			}
		}},
		{Name: "unknown-method-200", Row: "H20", Doc: "it answers unknown methods with 200", after: func(x *traffic) {
			if x.status == http.StatusNotFound {
				x.status = http.StatusOK
			}
		}},
		{Name: "keep-negative", Row: "P04", Doc: "its lists may be kept for less than no time",
			after: func(x *traffic) {
				if x.Method == "tools/list" {
					x.editResult(func(r map[string]any) { r["ttlMs"] = json.Number("-1") })
				}
			}},
	}
}

// lacks reports if a request of the stateless era says nothing of name.
func lacks(x *traffic, name string) bool {
	return x.ID != nil && strings.Contains(string(x.sent), "io.modelcontextprotocol/protocolVersion") &&
		!strings.Contains(string(x.sent), name)
}
