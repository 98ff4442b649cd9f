package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// lifecycleBreaches break what a session begins with.
func lifecycleBreaches() []ConformFault {
	return []ConformFault{
		{Name: "nameless", Row: "L01", Doc: "it introduces itself without a name",
			after: on("initialize", func(x *traffic) {
				x.editResult(func(r map[string]any) { r["serverInfo"] = map[string]any{"version": "1"} })
			})},
		{Name: "any-revision", Row: "L02", Doc: "it agrees to any revision", after: on("initialize", func(x *traffic) {
			if version := asked(x.sent); version == "1999-01-01" {
				x.editResult(func(r map[string]any) { r["protocolVersion"] = version })
			}
		})},
		{Name: "discovers-nothing", Row: "D01", Doc: "it tells no capabilities",
			after: on("server/discover", func(x *traffic) {
				x.editResult(func(r map[string]any) { delete(r, "capabilities") })
			})},
	}
}

// utilityBreaches break what several features share.
func utilityBreaches() []ConformFault {
	return []ConformFault{
		{Name: "talkative-ping", Row: "L06-empty", Doc: "it answers ping with a member",
			after: on("ping", func(x *traffic) { x.editResult(func(r map[string]any) { r["pong"] = true }) })},
		{Name: "list-for-ping", Row: "L06", Doc: "it answers ping with a list",
			after: on("ping", func(x *traffic) {
				x.edit(func(m map[string]json.RawMessage) {
					if m["result"] != nil {
						m["result"] = json.RawMessage("[]")
					}
				})
			})},
		{Name: "no-ping", Row: "L06", Doc: "it doesn't know ping",
			after: on("ping", func(x *traffic) { x.fails(http.StatusOK, -32601, "unknown") })},
		{Name: "empty-ping", Row: "L06", Doc: "it answers ping with an event stream that has nothing in it",
			after: on("ping", func(x *traffic) {
				x.status, x.reply, x.header = http.StatusOK, nil, http.Header{"Content-Type": {"text/event-stream"}}
			})},
		{Name: "any-cursor", Row: "P01", Doc: "it answers a cursor that it never gave with the first page",
			before: func(x *traffic) {
				if bytes.Contains(x.sent, []byte(`"mcpload-no-such-cursor"`)) {
					x.drop("cursor")
				}
			}},
	}
}
