package mock

import (
	"encoding/json"
	"net/http"
)

// messageBreaches break JSON-RPC.
func messageBreaches() []ConformFault {
	return []ConformFault{
		{Name: "ids-as-text", Row: "R01", Doc: "it answers number ids as strings", after: func(x *traffic) {
			x.edit(func(m map[string]json.RawMessage) {
				if id := string(m["id"]); id != "" && id[0] != '"' && id != "null" {
					m["id"] = quote(id)
				}
			})
		}},
		{Name: "falsy-ids", Row: "R01", Doc: "it takes requests with the id 0 or an empty one for notifications",
			before: func(x *traffic) {
				if id := string(x.ID); id == "0" || id == `""` {
					x.status = http.StatusAccepted
				}
			}},
		{Name: "old-version", Row: "R02", Doc: "its messages say that they are JSON-RPC 1.0", after: func(x *traffic) {
			x.edit(func(m map[string]json.RawMessage) { m["jsonrpc"] = json.RawMessage(`"1.0"`) })
		}},
		{Name: "error-code-text", Row: "R03", Doc: "the codes of its errors are texts", after: func(x *traffic) {
			x.edit(func(m map[string]json.RawMessage) {
				var e map[string]any
				if json.Unmarshal(m["error"], &e) == nil && e != nil {
					e["code"] = "-32601"
					m["error"] = marshalled(e)
				}
			})
		}},
		{Name: "unknown-served", Row: "R04", Doc: "it answers unknown methods with an empty result",
			before: on("mcpload/no-such-method", func(x *traffic) { x.result(map[string]any{}) })},
		{Name: "any-version", Row: "R06", Doc: "it serves requests of JSON-RPC 1.0", before: func(x *traffic) {
			var m map[string]json.RawMessage
			if json.Unmarshal(x.sent, &m) == nil && string(m["jsonrpc"]) == `"1.0"` {
				x.result(map[string]any{})
			}
		}},
		{Name: "batches", Row: "R08", Doc: "it runs batches", before: func(x *traffic) {
			var list []message
			if json.Unmarshal(x.sent, &list) != nil || len(list) == 0 {
				return
			}
			var out []any
			for _, m := range list {
				out = append(out, map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": map[string]any{}})
			}
			x.status, x.header, x.reply = http.StatusOK, http.Header{"Content-Type": {"application/json"}},
				marshalled(out)
		}},
		{Name: "notifications-answered", Row: "R10", Doc: "it answers notifications that it doesn't know",
			before: on("notifications/mcpload/unknown", func(x *traffic) { x.result(map[string]any{}) })},
	}
}

// asked is the revision that an initialize asks for.
func asked(sent []byte) string {
	var m struct {
		Params struct {
			Version string `json:"protocolVersion"`
		} `json:"params"`
	}
	if json.Unmarshal(sent, &m) != nil {
		return ""
	}
	return m.Params.Version
}

// drop takes a parameter out of the request.
func (x *traffic) drop(name string) {
	var m map[string]json.RawMessage
	var params map[string]json.RawMessage
	if json.Unmarshal(x.sent, &m) != nil || json.Unmarshal(m["params"], &params) != nil || params[name] == nil {
		return
	}
	delete(params, name)
	m["params"] = marshalled(params)
	x.sent = marshalled(m)
}

// garbageBreaches are about what is no JSON.
func garbageBreaches() []ConformFault {
	return []ConformFault{
		{Name: "garbage-accepted", Row: "R05", Doc: "it accepts what is no JSON", before: func(x *traffic) {
			if x.request != nil && len(x.sent) > 0 && !json.Valid(x.sent) {
				x.status, x.reply = http.StatusAccepted, nil
			}
		}},
		{Name: "garbage-breaks", Row: "R05-code", Doc: "it answers what is no JSON with HTTP 500",
			before: func(x *traffic) {
				if x.request != nil && len(x.sent) > 0 && !json.Valid(x.sent) {
					x.status, x.header, x.reply = http.StatusInternalServerError,
						http.Header{"Content-Type": {"text/plain"}}, []byte("oops")
				}
			}},
		{Name: "garbage-ignored", Row: "R05-lines", Stdio: true, Doc: "it says nothing to what is no JSON",
			before: func(x *traffic) {
				if !json.Valid(x.sent) {
					x.status = http.StatusAccepted
				}
			}},
	}
}
