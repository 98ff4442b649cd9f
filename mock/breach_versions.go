package mock

import (
	"encoding/json"
	"net/http"
)

// versionBreaches break what requests say of themselves.
func versionBreaches() []ConformFault {
	return []ConformFault{
		{Name: "null-id", Row: "R07", Doc: "it serves requests whose id is null", before: func(x *traffic) {
			var m map[string]json.RawMessage
			if json.Unmarshal(x.sent, &m) == nil && string(m["id"]) == "null" {
				x.result(map[string]any{})
			}
		}},
		{Name: "strict-meta", Row: "R17", Doc: "it refuses metadata that it doesn't know", before: func(x *traffic) {
			if x.Method != "" && hasKey(x.sent, "org.example/mcpload") {
				x.fails(http.StatusBadRequest, -32602, "unknown metadata")
			}
		}},
		{Name: "cancel-answered", Row: "X03", Stdio: true, Doc: "it answers cancellations of what it doesn't know",
			before: on("notifications/cancelled", func(x *traffic) {
				x.fails(http.StatusBadRequest, -32602, "no such request")
			})},
	}
}

// hasKey reports if a request's metadata has a key.
func hasKey(sent []byte, name string) bool {
	var m struct {
		Params struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		} `json:"params"`
	}
	return json.Unmarshal(sent, &m) == nil && m.Params.Meta[name] != nil
}
