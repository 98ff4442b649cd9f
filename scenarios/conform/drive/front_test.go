package drive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// A front stands before a server that does everything right. Its answer may say something
// in place of the server, by true; it may change what comes back.
type front struct {
	answer func(w http.ResponseWriter, r *http.Request, m conform.Message) bool
	change func(method string, header http.Header, body []byte) []byte
}

// fronted tries rows at the front in one revision.
func fronted(t *testing.T, f front, revision string, rows ...string) []conform.Finding {
	t.Helper()
	c := target(t, conform.HTTP, "")
	behind, err := url.Parse(c.URL)
	require.NoError(t, err)
	path := behind.Path
	behind.Path = ""
	through := httputil.NewSingleHostReverseProxy(behind)
	through.ModifyResponse = func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		method, _ := resp.Request.Context().Value(asked{}).(string)
		if err != nil || f.change == nil || len(body) == 0 {
			resp.Body = io.NopCloser(bytes.NewReader(body))
			return err
		}
		body = f.change(method, resp.Header, body)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp.Header.Set("Content-Length", fmt.Sprint(len(body)))
		return nil
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var m conform.Message
		if ms := conform.ReadMessages(body); len(ms) == 1 {
			m = ms[0]
		}
		if f.answer != nil && f.answer(w, r, m) {
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), asked{}, m.Method))
		r.Body, r.Host = io.NopCloser(bytes.NewReader(body)), behind.Host
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	c.URL, c.Revisions, c.Seed = s.URL+path, []string{revision}, 1
	c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return !slices.Contains(rows, r.ID) })
	if slices.Contains(rows, "F01") {
		c.Rows, c.Fuzz = conform.Rows()[:1], 3*time.Second
	}
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	out := slices.DeleteFunc(found.Reports[0].Findings,
		func(f conform.Finding) bool { return !slices.Contains(rows, f.ID) })
	require.Len(t, out, len(rows))
	return out
}

// asked is the key of a request's method.
type asked struct{}

func refuse(w http.ResponseWriter, status int, id json.RawMessage, code int, text string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id, code, text)
	return true
}

// TestRightAnswersOfAnotherKind are of servers that do what they may, and that no row may
// be held against.
func TestRightAnswersOfAnotherKind(t *testing.T) {
	var busy, lists atomic.Int64
	for _, c := range []struct {
		name, revision, row string
		state               conform.State
		front               front
	}{
		{"one call at a time", conform.R2511, "R14", conform.NotTestable, front{
			answer: func(w http.ResponseWriter, r *http.Request, m conform.Message) bool {
				if m.Method == "ping" && busy.Add(1)%8 == 3 {
					return refuse(w, http.StatusConflict, []byte("null"), -32000, "busy")
				}
				return false
			}}},
		{"tools that come and go", conform.R2026, "D07", conform.NotTestable, front{answer: inTurns(&lists)}},
		{"tools are looked for before names are", conform.R2026, "H16-name", conform.Pass, front{
			answer: func(w http.ResponseWriter, r *http.Request, m conform.Message) bool {
				return bytes.Contains(m.Params, []byte("no-such-tool")) &&
					refuse(w, http.StatusBadRequest, m.ID, -32602, "unknown tool")
			}}},
		{"a resource that never changes", conform.R2511, "P11", conform.NotTestable, front{
			answer: func(w http.ResponseWriter, r *http.Request, m conform.Message) bool {
				return m.Method == "resources/subscribe" && refuse(w, http.StatusOK, m.ID, -32602, "it never changes")
			}}},
		{"event streams whose lines end with CR", conform.R2511, "R01", conform.Pass, front{change: asStream("\r")}},
		{"with CR and LF", conform.R2511, "R01", conform.Pass, front{change: asStream("\r\n")}},
		{"long bodies are refused unread", conform.R2511, "F01", conform.Pass, front{
			answer: func(_ http.ResponseWriter, r *http.Request, m conform.Message) bool {
				if len(m.Raw) > 32<<10 {
					panic(http.ErrAbortHandler)
				}
				return false
			}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := fronted(t, c.front, c.revision, c.row)[0]
			assert.Equal(t, c.state, got.State, got.Saw)
		})
	}
}

// inTurns lists another tool each time.
func inTurns(n *atomic.Int64) func(http.ResponseWriter, *http.Request, conform.Message) bool {
	return func(w http.ResponseWriter, r *http.Request, m conform.Message) bool {
		list := listing(`{"type":"object"}`, "")
		if m.Method == "tools/list" && n.Add(1)%2 == 0 {
			list = strings.Replace(list, `"name":"a"`, `"name":"b"`, 1)
		}
		return saying("tools/list", list)(w, r, m)
	}
}

// asStream makes a stream of an answer in JSON, behind a mark of the order of bytes.
func asStream(end string) func(string, http.Header, []byte) []byte {
	return func(_ string, h http.Header, body []byte) []byte {
		if !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
			return body
		}
		h.Set("Content-Type", "text/event-stream")
		return []byte("\ufeffdata: " + strings.TrimSpace(string(body)) + end + end)
	}
}

// TestWrongMembersAreSeen puts something wrong into one answer.
func TestWrongMembersAreSeen(t *testing.T) {
	for _, c := range []struct {
		name, revision, row, method, result string
	}{
		{"a number by a header", conform.R2026, "H18", "tools/list", listing(`{"type":"object","properties":`+
			`{"a":{"type":"number","x-mcp-header":"A"}}}`, "")},
		{"a header for what is in a list", conform.R2026, "H18", "tools/list", listing(`{"type":"object","properties":`+
			`{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}`, "")},
		{"a header for what is in a choice", conform.R2026, "H18", "tools/list", listing(`{"type":"object","anyOf":[`+
			`{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}`, "")},
		{"two of the same header, one below", conform.R2026, "H18", "tools/list", listing(`{"type":"object",`+
			`"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"object","properties":{"c":`+
			`{"type":"string","x-mcp-header":"a"}}}}}`, "")},
		{"a title that is no text", conform.R2511, "T10", "tools/list", listing(`{"type":"object"}`, `"title":7`)},
		{"a hint that is none", conform.R2511, "T10", "tools/list", listing(`{"type":"object"}`,
			`"title":"x","openWorldHint":1`)},
		{"a part without its resource", conform.R2511, "R16", "tools/call", `"content":[{"type":"resource"}]`},
		{"a link to nowhere", conform.R2511, "R16", "tools/call", `"content":[{"type":"resource_link","name":"x"}]`},
		{"a resource without content", conform.R2511, "R16", "resources/read", `"contents":[{"uri":"memo://a"}]`},
		{"a message of another type", conform.R2511, "P13", "prompts/get",
			`"messages":[{"role":"user","content":{"type":"video"}}]`},
		{"a time in quotes", conform.R2026, "P04", "tools/list", `"tools":[],"ttlMs":"0","cacheScope":"public"`},
		{"a resource without a time", conform.R2026, "P04", "resources/read",
			`"contents":[{"uri":"memo://a","text":""}],"cacheScope":"public"`},
		{"names are not looked at", conform.R2026, "H16-name", "tools/call", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := []string{c.row}
			if c.row == "R16" { // which looks at what others ask for
				rows = append(rows, map[string]string{"tools/call": "T09", "resources/read": "P09"}[c.method])
			}
			for _, f := range fronted(t, front{answer: saying(c.method, c.result)}, c.revision, rows...) {
				if f.ID == c.row {
					assert.Equal(t, conform.Fail, f.State, f.Saw)
					assert.NotEmpty(t, f.Shows)
				}
			}
		})
	}
}

// saying answers a method with a result whatever is asked; without a result, as where
// nobody looked at headers: a tool that there is none of is refused.
func saying(method, result string) func(http.ResponseWriter, *http.Request, conform.Message) bool {
	return func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
		switch {
		case m.Method != method:
			return false
		case result == "" && bytes.Contains(m.Params, []byte("no-such-tool")):
			return refuse(w, http.StatusBadRequest, m.ID, -32602, "unknown tool")
		case result == "":
			result = `"content":[]`
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete",%s}}`, m.ID, result)
		return true
	}
}

// listing is a list of one tool.
func listing(schema, annotations string) string {
	return `"ttlMs":0,"cacheScope":"public","tools":[{"name":"a","inputSchema":` + schema + `,"annotations":{` +
		annotations + `}}]`
}

// TestTheLastPageIsLookedAtToo: what is wrong with a tool may stand on any page.
func TestTheLastPageIsLookedAtToo(t *testing.T) {
	pages := func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
		switch {
		case m.Method != "tools/list":
			return false
		case bytes.Contains(m.Params, []byte(`"cursor":""`)):
			return saying(m.Method, `"tools":[{"name":"b c","inputSchema":{"type":"array"},"annotations":`+
				`{"openWorldHint":1}}]`)(w, nil, m)
		}
		return saying(m.Method, `"tools":[{"name":"a","inputSchema":{"type":"object"}}],"nextCursor":""`)(w, nil, m)
	}
	for _, f := range fronted(t, front{answer: pages}, conform.R2511, "T02", "T03", "T10") {
		assert.Equal(t, conform.Fail, f.State, "%s: %s", f.ID, f.Saw)
	}
}

// TestForbiddenInPlaceOfUnauthorized: who asks for a token with 403 is held to 401.
func TestForbiddenInPlaceOfUnauthorized(t *testing.T) {
	locked := func(w http.ResponseWriter, _ *http.Request, m conform.Message) bool {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="/nowhere"`)
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	got := fronted(t, front{answer: locked}, conform.R2511, "A01", "L01")
	for _, f := range got {
		want := map[string]conform.State{"A01": conform.Fail, "L01": conform.NotTestable}[f.ID]
		assert.Equal(t, want, f.State, "%s: %s", f.ID, f.Saw)
	}
}
