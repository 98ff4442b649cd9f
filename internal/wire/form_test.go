package wire

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A reply is ours whose id is what was sent, however it is spelled.
func TestAnIDIsSpelledInManyWays(t *testing.T) {
	for _, row := range []struct {
		sent, got string
		same      bool
	}{
		{`"7"`, `"7"`, true}, {`"7"`, `7`, true}, {`"7"`, `8`, false}, {`"audit-7"`, `"audit-7"`, true},
		{`"audit-7"`, `"audit-8"`, false}, {`7.5`, `7.5`, true}, {`7.5`, `7.50e0`, true}, {`7.5`, `7`, false},
		{`7.5`, `"7.5"`, false}, {`7.5`, `null`, false},
	} {
		c := collector{want: 9, spelt: row.sent, strays: &strayLog{}, issued: func(int64) bool { return false }}
		c.text([]byte(`{"jsonrpc":"2.0","id":`+row.got+`,"result":{}}`), 1)
		require.Equal(t, row.same, c.reply != nil, "%s for %s", row.got, row.sent)
	}
}

// A request goes by another method, or in chunks of which the server is told no length, where
// its form says so.
func TestAFormChangesTheRequestOverHTTP(t *testing.T) {
	var methods []string
	var chunked []bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && r.Method != http.MethodPut {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p := read(t, r)
		if p.Method == "tools/call" {
			methods, chunked = append(methods, r.Method), append(chunked, len(r.TransferEncoding) > 0)
		}
		if !initializer(w, p) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{URL: server.URL, Transport: HTTP})
	a := history.Arrival{Method: "tools/call", Tool: "echo"}
	for _, f := range []Form{{}, {Method: http.MethodPut}, {Chunks: true}} {
		require.Equal(t, history.OK, s.ExchangeAs(t.Context(), a, f).Outcome)
	}
	require.Equal(t, []string{"POST", "PUT", "POST"}, methods)
	require.Equal(t, []bool{false, false, true}, chunked)
}

// Headers are left out, another server is named, and the request is one of HTTP/1.0, where
// a form says so; what is read as another request than a call is none.
func TestAFormIsOfAnotherKindOverHTTP(t *testing.T) {
	var seen []string
	var said []any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p := read(t, r)
		switch _, agent := r.Header["User-Agent"]; {
		case p.Method == "tools/call":
			seen = append(seen, fmt.Sprint(r.Proto, " ", strings.HasPrefix(r.Host, "127."), " ", r.Header.Get("Accept") != "",
				" ", agent))
		case p.Method == methodCancelled:
			said = append(said, string(p.Params))
		}
		switch {
		case initializer(w, p):
		case p.Method == "ping":
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
		default:
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`, p.ID)
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{URL: server.URL, Transport: HTTP})
	a := history.Arrival{Method: "tools/call", Tool: "echo"}
	for _, f := range []Form{{}, {Without: []string{"Accept", "User-Agent"}}, {Host: "one.example"}, {Old: true},
		{Carried: true}, {Cancels: true}} {
		call := s.ExchangeAs(t.Context(), a, f)
		require.Equal(t, history.OK, call.Outcome, call.Detail)
		require.LessOrEqual(t, call.Sent, call.Received)
	}
	require.Equal(t, []string{"HTTP/1.1 true true true", "HTTP/1.1 true false false", "HTTP/1.1 false true true",
		"HTTP/1.0 true true true", "HTTP/1.1 true true true", "HTTP/1.1 true true true"}, seen)
	require.Len(t, said, 1)
	require.Contains(t, said[0], "requestId")

	call := s.ExchangeAs(t.Context(), history.Arrival{Method: "ping"}, Form{Carried: true})
	require.Equal(t, history.Rejected, call.Outcome)
	require.Contains(t, call.Detail, "another request than a tool's call")
}

// A recorded listener keeps what its connections read.
type recorded struct {
	net.Listener
	mu   sync.Mutex
	text []byte
}

type recordedConn struct {
	net.Conn
	of *recorded
}

func (l *recorded) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return recordedConn{c, l}, err
}

func (c recordedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.text = append(c.of.text, b[:n]...)
	return n, err
}

// taken is what came since it was last asked.
func (l *recorded) taken() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := string(l.text)
	l.text = nil
	return text
}

// The names of headers are in small letters, a session's id is in another case, and other
// notifications follow, each of which is in what left the session, where a form says so.
func TestAFormIsSpelledInAnotherWayOverHTTP(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p := read(t, r)
		switch {
		case initializer(w, p):
		case strings.HasPrefix(p.Method, "notifications/"):
			w.WriteHeader(http.StatusAccepted)
		default:
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`, p.ID)
		}
	}))
	ear := &recorded{Listener: server.Listener}
	server.Listener = ear
	server.Start()
	t.Cleanup(server.Close)
	s := dial(t, Options{URL: server.URL, Transport: HTTP})
	sent := func(f Form) string {
		ear.taken()
		call := s.ExchangeAs(t.Context(), history.Arrival{Method: "tools/call", Tool: "echo"}, f)
		require.Equal(t, history.OK, call.Outcome, call.Detail)
		return ear.taken()
	}
	plain, small := sent(Form{}), sent(Form{Small: true})
	for _, name := range []string{"User-Agent", "Content-Type", "Accept", "Mcp-Session-Id", "Mcp-Protocol-Version"} {
		require.Equal(t, 1, strings.Count(plain, "\r\n"+name+": "), name)
		require.NotContains(t, small, name+":")
		require.Equal(t, 1, strings.Count(small, "\r\n"+strings.ToLower(name)+": "), name)
	}
	require.Contains(t, plain, "Mcp-Session-Id: s-1\r\n")
	require.Contains(t, sent(Form{Recase: "Mcp-Session-Id"}), "Mcp-Session-Id: S-1\r\n")
	require.Contains(t, sent(Form{}), "Mcp-Session-Id: s-1\r\n", "the session's own is as it was")
	before := len(s.Asides())
	said := sent(Form{Notes: []string{"notifications/a", "notifications/b"}})
	require.Contains(t, said, `{"jsonrpc":"2.0","method":"notifications/a"}`)
	require.Contains(t, said, `{"jsonrpc":"2.0","method":"notifications/b"}`)
	require.Len(t, s.Asides(), before+2)
}
