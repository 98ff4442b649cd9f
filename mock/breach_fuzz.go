package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync/atomic"
)

// fuzzBreaches show under odd arguments, or right requests beside the rows.
func fuzzBreaches() []ConformFault {
	var turns atomic.Int64
	odd := func(x *traffic) bool { // a list, or null, where it takes neither
		return x.Method == methodCall && (bytes.ContainsAny(x.Params.Arguments, "[") ||
			bytes.Contains(x.Params.Arguments, []byte("null")))
	}
	fifth := func(x *traffic) bool {
		return (x.Method == "ping" || x.Method == "tools/list") && len(x.reply) > 0 && turns.Add(1)%5 == 0
	}
	return []ConformFault{
		{Name: "odd-breaks", Row: "F01", Doc: "lists as arguments break it", before: func(x *traffic) {
			if odd(x) {
				x.status, x.header = http.StatusInternalServerError, http.Header{}
			}
		}},
		{Name: "odd-hangs", Row: "F02", Doc: "it never answers lists as arguments", before: func(x *traffic) {
			if odd(x) {
				x.status, x.header, x.hold = http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}, true
			}
		}},
		{Name: "odd-tells", Row: "F03", Doc: "it tells where in its code lists as arguments failed",
			before: func(x *traffic) {
				if odd(x) {
					x.fails(http.StatusOK, -32603, "goroutine 7 [running]:\nmain.handle")
				}
			}},
		{Name: "load-crosses", Row: "U01", Doc: "one answer in five has another's id", after: func(x *traffic) {
			if fifth(x) {
				x.edit(func(m map[string]json.RawMessage) { m["id"] = wrongID(x.ID) })
			}
		}},
		{Name: "load-fails", Row: "U02", Doc: "one answer in five is an error", after: func(x *traffic) {
			if fifth(x) {
				x.fails(http.StatusOK, -32603, "busy")
			}
		}},
	}
}
