package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
)

// progress is a report of it.
func progress(token string, n int) string {
	return fmt.Sprintf(
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%q,"progress":%d}}`, token, n)
}

// progressToken is the text by which a call asks for reports; empty: it asks for none.
func (x *traffic) progressToken() string {
	var asked struct {
		Params struct {
			Meta struct {
				Token string `json:"progressToken"`
			} `json:"_meta"`
		}
	}
	if json.Unmarshal(x.sent, &asked) != nil {
		return "" // a batch
	}
	return asked.Params.Meta.Token
}

func reportsBehind(x *traffic) {
	if token := x.progressToken(); x.Method == "tools/call" && token != "" && !x.failed() {
		x.stream()
		x.reply = append(x.reply, event([]byte(progress(token, 9)))...)
	}
}

func reportsFall(x *traffic) {
	if token := x.progressToken(); token != "" && !x.failed() {
		x.stream(progress(token, 2), progress(token, 1))
	}
}

// callBreaches break calls of tools, and what they come to.
func callBreaches() []ConformFault {
	called := func(change func(r map[string]any)) func(*traffic) {
		return on("tools/call", func(x *traffic) { x.editResult(change) })
	}
	reports := func(wanted bool, before ...string) func(*traffic) {
		return on("tools/call", func(x *traffic) {
			if (x.progressToken() != "") == wanted && !x.failed() {
				x.stream(before...)
			}
		})
	}
	content := func(part map[string]any) func(map[string]any) {
		return func(r map[string]any) { r["content"] = []any{part} }
	}
	return []ConformFault{
		{Name: "arguments-error", Row: "T06", Doc: "arguments of a wrong type are an error of the protocol",
			after: on("tools/call", func(x *traffic) {
				if bytes.Contains(x.reply, []byte(`"isError":true`)) {
					x.fails(http.StatusOK, -32602, "invalid arguments")
				}
			})},
		{Name: "structure-missing", Row: "T07", Doc: "it gives no structured content",
			after: called(func(r map[string]any) { delete(r, "structuredContent") })},
		{Name: "structure-wrong", Row: "T07", Doc: "its structured content isn't of the tool's schema",
			after: called(func(r map[string]any) {
				if r["structuredContent"] != nil {
					r["structuredContent"] = map[string]any{"sum": "two"}
				}
			})},
		{Name: "structure-only", Row: "T08", Doc: "it gives structured content without the text of it",
			after: called(func(r map[string]any) {
				if r["structuredContent"] != nil {
					r["content"] = []any{}
				}
			})},
		{Name: "unknown-content", Row: "T09", Doc: "a part of its content is a video",
			after: called(content(map[string]any{"type": "video", "data": ""}))},
		{Name: "untyped-picture", Row: "T09", Doc: "a picture doesn't say of which type it is",
			after: called(content(map[string]any{"type": "image", "data": "AAAA"}))},
		{Name: "tells-traces", Row: "T14", Doc: "its errors tell where in its code they were", after: func(x *traffic) {
			if x.failed() {
				x.fails(x.status, -32603, "Traceback (most recent call last):\n  File \"/srv/app/server.py\", line 7")
			}
		}},
		{Name: "progress-falls", Row: "X01", Doc: "its progress falls",
			after: on("tools/call", reportsFall)},
		{Name: "progress-of-another", Row: "X01", Doc: "it reports progress of another's token",
			after: reports(true, progress("another", 1))},
		{Name: "progress-behind", Row: "X01-behind", Doc: "it reports progress behind it", after: reportsBehind},
		{Name: "progress-unasked", Row: "X02", Doc: "it reports progress that nobody asked for",
			after: reports(false, progress("7", 1))},
		{Name: "input-for-lists", Row: "X06", Doc: "it asks for input in answer to a list", after: on("tools/list",
			func(x *traffic) {
				x.editResult(func(r map[string]any) { r["resultType"], r["requestState"] = "input_required", "a" })
			})},
		{Name: "unknown-tasks", Row: "X08", Doc: "it knows every task", before: on("tasks/get", func(x *traffic) {
			x.result(map[string]any{"taskId": "mcpload-no-such-task", "status": "working"})
		})},
	}
}

// readBreaches break cursors, resources and subscriptions to them.
func readBreaches() []ConformFault {
	var turns atomic.Int64
	return []ConformFault{
		{Name: "cursors-wander", Row: "P03", Doc: "a cursor has another page each time", after: on("tools/list",
			func(x *traffic) {
				if bytes.Contains(x.sent, []byte(`"cursor"`)) && turns.Add(1)%2 == 0 {
					x.editResult(func(r map[string]any) { r["tools"] = []any{} })
				}
			})},
		{Name: "reads-files", Row: "P10", Doc: "it reads any file of its machine", before: on("resources/read",
			func(x *traffic) {
				if bytes.Contains(x.sent, []byte("etc/passwd")) {
					x.result(map[string]any{"contents": []any{map[string]any{"uri": "file:///etc/passwd",
						"text": "root:x:0:0:root:/root:/bin/sh\n"}},
						"resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
				}
			})},
		{Name: "no-subscriptions", Row: "P11", Doc: "it declares subscriptions, and has none",
			before: on("resources/subscribe", func(x *traffic) {
				x.fails(http.StatusOK, -32601, "there are none")
			})},
		{Name: "list-changed-text", Row: "T13", Doc: "it says with a text if its tools change",
			after: func(x *traffic) {
				if x.Method == "initialize" || x.Method == "server/discover" {
					x.editResult(func(r map[string]any) {
						if c, ok := r["capabilities"].(map[string]any); ok {
							c["tools"] = map[string]any{"listChanged": "yes"}
						}
					})
				}
			}},
	}
}
