package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A wanting server answers a call only when it has what its wants are, and its state.
type wanting struct {
	wants, state string // members of the result that asks; empty: none
	always       bool   // it is never content
	stream       bool   // it answers by a stream
	asked        atomic.Int64
}

const wantsName = `"inputRequests":{"who":{"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}}`

// result is what it answers to a call: what it was told, at the end.
func (w *wanting) result(p posted) string {
	var params struct {
		Arguments json.RawMessage
		Responses json.RawMessage `json:"inputResponses"`
		State     json.RawMessage `json:"requestState"`
	}
	if err := json.Unmarshal(p.Params, &params); err != nil {
		panic(err)
	}
	if w.always || params.Responses == nil && params.State == nil {
		w.asked.Add(1)
		members := w.wants
		if w.state != "" {
			if members != "" {
				members += ","
			}
			members += fmt.Sprintf(`"requestState":%q`, w.state+string(p.ID))
		}
		return `{"resultType":"input_required",` + members + `}`
	}
	if string(params.Arguments) != string(echo.Arguments) {
		return `{"content":[],"isError":true}`
	}
	told := strings.ReplaceAll(fmt.Sprintf("%s|%s", params.Responses, params.State), `"`, "'")
	return `{"resultType":"complete","content":[],"structuredContent":{"id":` + string(p.ID) + `,"told":"` + told +
		`"}}`
}

// start serves it over HTTP.
func (w *wanting) start(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		p := read(t, r)
		switch {
		case p.Method == methodDiscover:
			reply(out,
				`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}`, p.ID)
		case w.stream:
			events(out, fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", p.ID, w.result(p)))
		default:
			reply(out, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, w.result(p))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
