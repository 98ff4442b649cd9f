package mock

import (
	"net/http"
)

// transportBreaches break what carries the messages.
func transportBreaches() []ConformFault {
	// without takes a header out of each request, so that nothing looks at it.
	without := func(name string) func(*traffic) {
		return func(x *traffic) {
			if x.request != nil {
				x.request.Header.Del(name)
			}
		}
	}
	status := func(from, to int) func(*traffic) {
		return func(x *traffic) {
			if x.status == from {
				x.status = to
			}
		}
	}
	return []ConformFault{
		{Name: "any-origin", Row: "H01", Doc: "it serves pages of any origin", before: without("Origin")},
		{Name: "any-origin-older", Row: "H01-older", Doc: "it serves pages of any origin", before: without("Origin")},
		{Name: "any-host", Row: "H02", Doc: "it serves requests under any host's name", before: func(x *traffic) {
			if x.request != nil {
				x.request.Host = "localhost"
			}
		}},
		{Name: "notifications-200", Row: "H03", Doc: "it accepts notifications with 200",
			after: status(http.StatusAccepted, http.StatusOK)},
		{Name: "plain-text", Row: "H04", Doc: "it calls its answers plain text", after: func(x *traffic) {
			if x.header != nil {
				x.header.Set("Content-Type", "text/plain")
			}
		}},
		{Name: "get-not-found", Row: "H05", Doc: "it answers GET with 404", before: func(x *traffic) {
			if x.request != nil && x.request.Method == http.MethodGet {
				x.status, x.header = http.StatusNotFound, http.Header{}
			}
		}},
		{Name: "spaced-session", Row: "H07", Doc: "its session ids have a space in them", after: func(x *traffic) {
			if x.header.Get("Mcp-Session-Id") != "" {
				x.header.Set("Mcp-Session-Id", x.header.Get("Mcp-Session-Id")+" 1")
			}
		}},
		{Name: "unknown-session-400", Row: "H10", Doc: "it answers unknown sessions with 400",
			after: status(http.StatusNotFound, http.StatusBadRequest)},
		{Name: "ended-session-400", Row: "H11", Doc: "it answers ended sessions with 400",
			after: status(http.StatusNotFound, http.StatusBadRequest)},
		{Name: "any-version-header", Row: "H13", Doc: "it looks at no version header",
			before: without("Mcp-Protocol-Version")},
		{Name: "chatty-stdout", Row: "S01", Stdio: true, Doc: "it writes a log to its stdout", after: func(x *traffic) {
			if len(x.reply) > 0 {
				x.reply = append([]byte("serving a request\n"), x.reply...)
			}
		}},
	}
}
