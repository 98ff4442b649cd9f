package drive_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// A peculiar server does nothing that it may not, and does it oddly. The zero value is a
// plain one of 2025-11-25 and 2025-06-18 with two tools, that answers in JSON and has
// sessions.
type peculiar struct {
	revisions []string // that it speaks, the newest first; nil: 2025-11-25, 2025-06-18
	stateless bool     // it gives no session ids
	bare      bool     // it declares nothing
	stream    bool     // it answers by event streams, each with a priming event
	poll      bool     // and closes each behind that, so that the answer is fetched by GET
	noListen  bool     // GET is answered with 405
	noDelete  bool     // DELETE is answered with 405
	gone      bool     // DELETE is answered with 404
	pages     int      // tools a page; 0: all on one
	tools     int      // 0: two
	slow      time.Duration
	shuffled  bool // answers of calls at once come in another order
	extra     bool // each object has members that nobody knows
	chatty    bool // notifications come in the middle of every stream
	textual   bool // what is refused is refused in HTML
	framework bool // or in JSON that is no JSON-RPC
	pretty    bool // JSON over many lines, with odd white space, and escaped
	rate      int  // requests a second; more are refused with 429
	locked    bool // everything without the token is answered with 401
	patient   bool // the connection stays open for a while behind the answer
	prompts   bool // it has prompts in place of tools, whose names are of other scripts

	mu       sync.Mutex
	sessions map[string]bool
	waiting  map[string][]byte // answers to be fetched, by event id
	minted   int
	window   time.Time
	taken    int
}

const peculiarToken = "only-this-one"

func (p *peculiar) start(t *testing.T) string {
	t.Helper()
	p.sessions, p.waiting = map[string]bool{}, map[string][]byte{}
	if p.revisions == nil {
		p.revisions = []string{conform.R2511, conform.R2506}
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

func (p *peculiar) refuse(w http.ResponseWriter, status int, id json.RawMessage, code int, text string) {
	if p.textual {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><h1>%d</h1><p>%s</p></html>", status, text)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if p.framework {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"statusCode":%d,"error":%q,"message":%q}`, status, http.StatusText(status), text)
		return
	}
	if id == nil {
		id = json.RawMessage("null")
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id, code, text)
}

// over reports if a request is one too many.
func (p *peculiar) over() bool {
	if p.rate == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.window) >= time.Second {
		p.window, p.taken = now, 0
	}
	p.taken++
	return p.taken > p.rate
}

// ServeHTTP implements http.Handler.
func (p *peculiar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch host, _, _ := strings.Cut(r.Host, ":"); {
	case r.Header.Get("Origin") != "" || host != "127.0.0.1":
		p.refuse(w, http.StatusForbidden, nil, -32000, "not from there")
		return
	case r.URL.Path != "/mcp":
		http.NotFound(w, r)
		return
	case p.locked && r.Header.Get("Authorization") != "Bearer "+peculiarToken:
		w.Header().Set("WWW-Authenticate", `Bearer realm="here", error="invalid_token"`)
		p.refuse(w, http.StatusUnauthorized, nil, -32000, "who are you?")
		return
	case p.over():
		w.Header().Set("Retry-After", "1")
		p.refuse(w, http.StatusTooManyRequests, nil, -32000, "too many requests")
		return
	}
	switch r.Method {
	case http.MethodPost:
		p.post(w, r)
	case http.MethodGet:
		p.get(w, r)
	case http.MethodDelete:
		p.end(w, r)
	default:
		w.Header().Set("Allow", "POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// session checks the request's session, and reports if it may go on.
func (p *peculiar) session(w http.ResponseWriter, r *http.Request, id json.RawMessage) bool {
	if p.stateless {
		return true
	}
	p.mu.Lock()
	known, given := p.sessions[r.Header.Get("Mcp-Session-Id")], r.Header.Get("Mcp-Session-Id") != ""
	p.mu.Unlock()
	switch {
	case !given:
		p.refuse(w, http.StatusBadRequest, id, -32000, "a session id is required")
	case !known:
		p.refuse(w, http.StatusNotFound, id, -32001, "no such session")
	default:
		return true
	}
	return false
}

func (p *peculiar) end(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.noDelete || p.stateless:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case p.gone:
		w.WriteHeader(http.StatusNotFound)
	case p.session(w, r, nil):
		p.mu.Lock()
		delete(p.sessions, r.Header.Get("Mcp-Session-Id"))
		p.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *peculiar) get(w http.ResponseWriter, r *http.Request) {
	switch last := r.Header.Get("Last-Event-ID"); {
	case !p.session(w, r, nil):
	case p.poll && last != "":
		p.mu.Lock()
		text := p.waiting[last]
		p.mu.Unlock()
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "id: %s-answer\ndata: %s\n\n", last, text)
	case p.noListen:
		w.Header().Set("Allow", "POST, DELETE")
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		fmt.Fprint(w, ": nothing yet\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
	}
}

func (p *peculiar) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var m struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  *string         `json:"method"`
		Params  json.RawMessage `json:"params"`
	}
	id := func() json.RawMessage {
		if len(m.ID) > 0 && (m.ID[0] == '"' || m.ID[0] >= '0' && m.ID[0] <= '9' || m.ID[0] == '-') {
			return m.ID
		}
		return nil
	}
	switch {
	case err != nil || !json.Valid(body):
		p.refuse(w, http.StatusBadRequest, nil, -32700, "that is no JSON")
		return
	case json.Unmarshal(body, &m) != nil || m.Version != "2.0" || m.Method == nil ||
		m.ID != nil && id() == nil || m.Params != nil && m.Params[0] != '{':
		p.refuse(w, http.StatusBadRequest, id(), -32600, "that is no request")
		return
	}
	if v := r.Header.Get("Mcp-Protocol-Version"); v != "" && !slices.Contains(p.revisions, v) {
		p.refuse(w, http.StatusBadRequest, id(), -32000, "no such revision")
		return
	}
	if *m.Method != "initialize" && !p.session(w, r, id()) {
		return
	}
	if m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if *m.Method == "initialize" && !p.stateless {
		p.mu.Lock()
		p.minted++
		name := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d %d", p.minted, time.Now().UnixNano()*7919)))
		p.sessions[name] = true
		p.mu.Unlock()
		w.Header().Set("Mcp-Session-Id", name)
	}
	if p.slow > 0 {
		time.Sleep(p.slow)
	}
	if p.shuffled && m.ID[len(m.ID)-1]%2 == 0 {
		time.Sleep(4 * time.Millisecond)
	}
	result, code, why := p.answer(*m.Method, m.Params)
	message := map[string]any{"jsonrpc": "2.0", "id": m.ID}
	if why != "" {
		message["error"] = map[string]any{"code": code, "message": why}
	} else {
		message["result"] = result
	}
	if p.extra {
		message["x-more"] = []any{map[string]any{}, nil}
	}
	text, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	p.write(w, text)
}

// write sends an answer in the server's way.
func (p *peculiar) write(w http.ResponseWriter, text []byte) {
	if p.pretty {
		var v any
		if json.Unmarshal(text, &v) == nil {
			text, _ = json.MarshalIndent(v, " \t", "  ") // what was read is written
		}
		text = append([]byte(" \r\n"), append(text, "\n\n"...)...)
	}
	if !p.stream {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(text) // who has gone reads nothing
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	p.mu.Lock()
	p.minted++
	event := fmt.Sprintf("e-%d", p.minted)
	p.waiting[event] = text
	p.mu.Unlock()
	fmt.Fprintf(w, ": hello\nid: %s\nretry: 10\ndata:\n\n", event)
	if p.poll {
		fmt.Fprint(w, "event: else\ndata: nothing of ours, and without an id\n\nretry: 10\n\n")
		return
	}
	if p.chatty {
		fmt.Fprint(w, "event: message\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"notifications/tools/list_changed\"}\n\n")
		fmt.Fprint(w, "event: else\ndata: nothing of ours\n\n: beat\n\n")
	}
	fmt.Fprintf(w, "id:%s-a\r\nevent: message\r\n", event)
	for _, line := range strings.Split(string(text), "\n") {
		fmt.Fprintf(w, "data: %s\r\n", strings.TrimSuffix(line, "\r"))
	}
	fmt.Fprint(w, "\r\n")
	if p.patient {
		w.(http.Flusher).Flush()
		time.Sleep(3 * time.Millisecond)
	}
}

// answer is the result of a request, or an error.
func (p *peculiar) answer(method string, params json.RawMessage) (result any, code int, why string) {
	more := func(m map[string]any) map[string]any {
		if p.extra {
			m["x-more"], m["_meta"] = 7.5, map[string]any{"example.com/x": nil}
		}
		return m
	}
	switch method {
	case "initialize":
		var in struct{ ProtocolVersion string }
		if json.Unmarshal(params, &in) != nil || !slices.Contains(p.revisions, in.ProtocolVersion) {
			in.ProtocolVersion = p.revisions[0]
		}
		can := map[string]any{"tools": more(map[string]any{})}
		switch {
		case p.bare:
			can = map[string]any{}
		case p.prompts:
			can = map[string]any{"prompts": map[string]any{}, "experimental": map[string]any{"x": map[string]any{}}}
		}
		return more(map[string]any{"protocolVersion": in.ProtocolVersion, "capabilities": can,
			"serverInfo": more(map[string]any{"name": "", "version": ""})}), 0, ""
	case "ping":
		return map[string]any{}, 0, ""
	}
	if p.prompts {
		return greetings(method, params)
	}
	if p.bare || method != "tools/list" && method != "tools/call" {
		return nil, -32601, "there is no " + method
	}
	if method == "tools/list" {
		return p.list(params, more)
	}
	var in struct {
		Name      string
		Arguments map[string]json.RawMessage
	}
	switch {
	case json.Unmarshal(params, &in) != nil || !strings.HasPrefix(in.Name, "tool-"):
		return nil, -32602, "there is no such tool"
	case len(in.Arguments["x"]) > 0 && in.Arguments["x"][0] != '"':
		return more(map[string]any{"isError": true, "content": []any{
			more(map[string]any{"type": "text", "text": "x is no text"})}}), 0, ""
	}
	return more(map[string]any{"content": []any{}, "structuredContent": map[string]any{}}), 0, ""
}

// greetings are two prompts, one on each page.
func greetings(method string, params json.RawMessage) (any, int, string) {
	names := []string{"Grüße an alle", "挨拶"}
	var in struct {
		Cursor, Name string
		Arguments    map[string]string
	}
	if json.Unmarshal(params, &in) != nil && params != nil {
		return nil, -32602, "no such parameters"
	}
	k := slices.Index(names, in.Name)
	switch {
	case method == "prompts/list" && (in.Cursor == "" || in.Cursor == "→"):
		one := map[string]any{"name": names[len(in.Cursor)/3], "arguments": []any{map[string]any{"name": "кому",
			"required": true}}}
		out := map[string]any{"prompts": []any{one}}
		if in.Cursor == "" {
			out["nextCursor"] = "→"
		}
		return out, 0, ""
	case method == "prompts/list":
		return nil, -32602, "no such cursor"
	case method == "prompts/get" && k >= 0 && in.Arguments["кому"] != "":
		return map[string]any{"messages": []any{map[string]any{"role": "assistant", "content": map[string]any{
			"type": "text", "text": in.Name + " " + in.Arguments["кому"]}}}}, 0, ""
	case method == "prompts/get":
		return nil, -32602, "no such prompt, or not its arguments"
	}
	return nil, -32601, "there is no " + method
}

// list is a page of the tools. Its cursors are JSON.
func (p *peculiar) list(params json.RawMessage, more func(map[string]any) map[string]any) (any, int, string) {
	var in struct{ Cursor *string }
	var at struct{ From int }
	if json.Unmarshal(params, &in) == nil && in.Cursor != nil && json.Unmarshal([]byte(*in.Cursor), &at) != nil {
		return nil, -32602, "no such cursor"
	}
	all, size := max(2, p.tools), p.pages
	if p.tools < 0 {
		all = 0
	}
	if size == 0 {
		size = max(all, 1)
	}
	list := []any{}
	for i := at.From; i < min(all, at.From+size); i++ {
		list = append(list, more(map[string]any{"name": fmt.Sprintf("tool-%d", i), "description": "",
			"annotations": more(map[string]any{"readOnlyHint": true}),
			"inputSchema": map[string]any{"type": "object", "required": []string{"x"},
				"properties": map[string]any{"x": map[string]any{"type": "string"}}}}))
	}
	out := more(map[string]any{"tools": list})
	if next := at.From + size; next < all {
		text, err := json.Marshal(map[string]any{"From": next, "and": "ü \" {}"})
		if err != nil {
			panic(err)
		}
		out["nextCursor"] = string(text)
	}
	return out, 0, ""
}

// TestPeculiar holds correct servers, each odd in its own way, to the table: nothing may
// be held against any of them, and not much be left open.
func TestPeculiar(t *testing.T) {
	ours := http.Header{"Authorization": {"Bearer " + peculiarToken}}
	for _, c := range []struct {
		name   string
		server *peculiar
		header http.Header
		judged int
		but    string // a row below a MUST that is right about it
	}{
		{"plain", &peculiar{}, nil, 40, ""},
		{"nothing is declared", &peculiar{bare: true}, nil, 22, ""},
		{"no sessions", &peculiar{stateless: true, noListen: true}, nil, 30, ""},
		{"no tools in the list", &peculiar{tools: -1}, nil, 30, ""},
		{"prompts of other scripts, and no tools", &peculiar{prompts: true}, nil, 30, ""},
		{"3,000 tools", &peculiar{tools: 3000, stateless: true}, nil, 30, ""},
		{"2,000 tools, 300 a page", &peculiar{tools: 2000, pages: 300}, nil, 40, ""},
		{"one tool a page", &peculiar{tools: 9, pages: 1}, nil, 40, ""},
		{"event streams with priming events", &peculiar{stream: true, chatty: true, extra: true}, nil, 40, "H33"},
		{"streams that stay open for a while", &peculiar{stream: true, patient: true, pretty: true}, nil, 40, "H33"},
		{"answers that are fetched", &peculiar{stream: true, poll: true}, nil, 40, "H33"},
		{"405 for GET and DELETE", &peculiar{noListen: true, noDelete: true}, nil, 38, ""},
		{"404 for DELETE", &peculiar{gone: true}, nil, 38, ""},
		{"slow", &peculiar{slow: 5 * time.Millisecond}, nil, 40, ""},
		{"out of order", &peculiar{shuffled: true, extra: true}, nil, 40, ""},
		{"refusals in HTML", &peculiar{textual: true}, nil, 36, ""},
		{"errors of a framework", &peculiar{framework: true}, nil, 36, ""},
		{"JSON over many lines", &peculiar{pretty: true, extra: true}, nil, 40, ""},
		{"5 requests a second", &peculiar{rate: 5, stateless: true, bare: true}, nil, 1, ""},
		{"401 for all without the token", &peculiar{locked: true}, nil, 0, ""},
		{"a token for all", &peculiar{locked: true}, ours, 40, ""},
		{"the first revision only", &peculiar{revisions: []string{conform.R2411}, stateless: true}, nil, 10, ""},
		{"a revision that nobody knows", &peculiar{revisions: []string{"2031-01-01", conform.R2511}}, nil, 40, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := drive.Config{URL: c.server.start(t), Timeout: 5 * time.Second, Header: c.header}
			if c.server.revisions[0] != conform.R2411 {
				config.Revisions = []string{conform.R2511}
			}
			found, err := drive.Run(context.Background(), config)
			require.NoError(t, err)
			judged := map[string]bool{}
			for _, r := range found.Reports {
				assert.Equal(t, c.server.locked && c.header == nil, r.Ended != "", "%s: %s", r.Revision, r.Ended)
				for _, f := range r.Findings {
					if f.State != conform.NotTestable {
						judged[f.ID] = true
					}
					if f.State == conform.Fail && (f.ID != c.but || f.Level == conform.Must) {
						assert.Fail(t, "a wrong accusation", "%s %s %s: %s", r.Revision, f.Level, f.ID, f.Saw)
					}
				}
			}
			assert.GreaterOrEqual(t, len(judged), c.judged)
		})
	}
}
