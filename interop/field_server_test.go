//go:build field

package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A visit is one HTTP request at the small MCP server of the field test.
type visit struct {
	http.ResponseWriter
	*http.Request
	ID       json.RawMessage
	RPC      string // its method; empty for what is no POST
	Tool     string
	asked    string // protocol revision of an initialize
	fails    bool   // the call is of a tool that fails
	modern   bool
	answered bool
}

func (v *visit) session() string { return v.Request.Header.Get("Mcp-Session-Id") }
func (v *visit) isCall() bool    { return v.RPC == "tools/call" }

func (v *visit) send(status int, body any) {
	text, _ := json.Marshal(body) // of maps and strings, it can't fail
	v.ResponseWriter.Header().Set("Content-Type", "application/json")
	v.ResponseWriter.WriteHeader(status)
	_, _ = v.ResponseWriter.Write(text) // the client may be gone
	v.answered = true
}

func (v *visit) result(r map[string]any) {
	if v.modern {
		r["resultType"] = "complete"
	}
	v.send(http.StatusOK, map[string]any{"jsonrpc": "2.0", "id": v.ID, "result": r})
}

func (v *visit) text(words string, isError bool) {
	v.result(map[string]any{"isError": isError, "content": []any{map[string]any{"type": "text", "text": words}}})
}

func (v *visit) fault(status, code int, words string) {
	v.send(status, map[string]any{"jsonrpc": "2.0", "id": v.ID, "error": map[string]any{"code": code,
		"message": words}})
}

// tooMany is HTTP's own refusal.
func (v *visit) tooMany(after string) {
	if after != "" {
		v.ResponseWriter.Header().Set("Retry-After", after)
	}
	v.send(http.StatusTooManyRequests, map[string]any{"error": "too many requests"})
}

// A door is what stands before the tools of the small server. Whoever answers in it has
// refused.
type door struct {
	every  func(v *visit) // asked of every HTTP request
	calls  func(v *visit) // asked of calls of tools alone
	after  func(v *visit) // told once a call was answered
	modern bool           // the server knows the revision without sessions
	takes  time.Duration  // a call
	most   int            // sessions at a time; 0: any number
	unruly bool           // what it doesn't know gets HTTP 400

	book *book // of its sessions; nil: its own
}

// A book has the sessions that are open, of one server or of its replicas.
type book struct {
	mu     sync.Mutex
	open   map[string]bool
	opened int
}

func (b *book) has(id string) bool { b.mu.Lock(); defer b.mu.Unlock(); return b.open[id] }
func (b *book) end(id string)      { b.mu.Lock(); defer b.mu.Unlock(); delete(b.open, id) }

// begin opens one more, where there are fewer than so many; 0: any number.
func (b *book) begin(most int) (id string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if most > 0 && len(b.open) >= most {
		return "", false
	}
	if b.open == nil {
		b.open = map[string]bool{}
	}
	b.opened++
	id = "field-" + strconv.Itoa(b.opened)
	b.open[id] = true
	return id, true
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{ResponseWriter: w, Request: r}
	v.modern = d.modern && r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28"
	if r.Method == http.MethodPost {
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct {
				Name            string
				ProtocolVersion string
			}
		}
		body, _ := io.ReadAll(r.Body) // what is cut off doesn't parse
		if json.Unmarshal(body, &m) != nil {
			v.fault(http.StatusBadRequest, -32700, "no JSON")
			return
		}
		v.ID, v.RPC, v.Tool, v.asked = m.ID, m.Method, m.Params.Name, m.Params.ProtocolVersion
		v.fails = v.Tool == "fails"
	}
	if d.every != nil {
		if d.every(v); v.answered {
			return
		}
	}
	switch {
	case r.Method == http.MethodDelete:
		d.book.end(v.session())
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case v.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	default:
		d.answer(v)
	}
}

// answer answers a request.
func (d *door) answer(v *visit) {
	switch v.RPC {
	case "initialize":
		d.greet(v)
	case "server/discover":
		if !d.modern {
			v.fault(http.StatusOK, -32601, "Method not found")
			return
		}
		v.result(map[string]any{"supportedVersions": []string{"2026-07-28", "2025-11-25"},
			"capabilities": map[string]any{"tools": map[string]any{}}, "ttlMs": 0, "cacheScope": "private",
			"serverInfo": map[string]any{"name": "field", "version": "1"}})
	case "ping":
		v.result(map[string]any{})
	case "tools/list", "tools/call":
		if !v.modern && !d.book.has(v.session()) {
			v.fault(http.StatusNotFound, -32001, "Session not found")
			return
		}
		if v.isCall() {
			d.call(v)
			return
		}
		var tools []any
		for _, name := range []string{"ping", "search", "fails"} {
			tools = append(tools, map[string]any{"name": name, "inputSchema": map[string]any{"type": "object"},
				"annotations": map[string]any{"readOnlyHint": true, "openWorldHint": false}})
		}
		v.result(map[string]any{"tools": tools, "ttlMs": 0, "cacheScope": "private"})
	default:
		v.fault(map[bool]int{true: http.StatusBadRequest, false: http.StatusOK}[d.unruly], -32601, "Method not found")
	}
}

func (d *door) greet(v *visit) {
	id, ok := d.book.begin(d.most)
	if !ok {
		v.tooMany("1")
		return
	}
	v.ResponseWriter.Header().Set("Mcp-Session-Id", id)
	v.result(map[string]any{"protocolVersion": min(v.asked, "2025-11-25"),
		"capabilities": map[string]any{"tools": map[string]any{}}, "serverInfo": map[string]any{"name": "field",
			"version": "1"}})
}

func (d *door) call(v *visit) {
	if d.calls != nil {
		if d.calls(v); v.answered {
			return
		}
	}
	if d.after != nil {
		defer d.after(v)
	}
	time.Sleep(d.takes)
	switch {
	case v.fails && d.unruly:
		v.fault(http.StatusBadRequest, -32602, "it fails")
	case v.Tool == "ping" || v.Tool == "search":
		v.text("pong", false)
	default:
		v.fault(http.StatusOK, -32602, "Unknown tool: "+v.Tool)
	}
}

// open serves a door, and returns what reaches it.
func (d *door) open(t *testing.T) []string { return []string{"--url", d.address(t)} }

func (d *door) address(t *testing.T) string {
	d.book = &book{}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

// turns hands connections to several doors in turn, as a balancer does.
func turns(t *testing.T, doors ...*door) []string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var lines []chan net.Conn
	shared := &book{}
	for _, d := range doors {
		line := make(chan net.Conn)
		lines, d.book = append(lines, line), shared
		s := &http.Server{Handler: d}
		go func() { _ = s.Serve(handed{line, l.Addr(), make(chan struct{}), &sync.Once{}}) }() // it ends with the test
		t.Cleanup(func() { _ = s.Close() })
	}
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case lines[i%len(lines)] <- c:
			case <-time.After(time.Second): // the test has ended
				_ = c.Close()
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return []string{"--url", fmt.Sprintf("http://%s/mcp", l.Addr())}
}

// A handed is a listener whose connections somebody else accepts.
type handed struct {
	line chan net.Conn
	addr net.Addr
	end  chan struct{} // closed with it
	once *sync.Once
}

func (h handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.line:
		return c, nil
	case <-h.end:
		return nil, net.ErrClosed
	}
}

func (h handed) Close() error   { h.once.Do(func() { close(h.end) }); return nil }
func (h handed) Addr() net.Addr { return h.addr }
