package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A script answers each method with a status and a body, in which ID stands
// for the request's id. A method that it doesn't know is answered 400.
type script map[string]struct {
	status int
	body   string
}

// play serves a script, and notes the requests.
func (s script) play(t *testing.T, seen func(r *http.Request, p posted)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p := read(t, r)
		if seen != nil {
			seen(r, p)
		}
		a, ok := s[p.Method]
		if !ok {
			a.status = http.StatusBadRequest
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		fmt.Fprint(w, strings.ReplaceAll(a.body, "ID", string(p.ID)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	discovered  = `{"jsonrpc":"2.0","id":ID,"result":{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m","version":"1"}}}}`
	initialized = `{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"l","version":"1"}}}`
)

// legacy adds a server of the session era to a script.
func (s script) legacy() script {
	s["initialize"] = script{"": {200, initialized}}[""]
	s["notifications/initialized"] = script{"": {202, ""}}[""]
	return s
}

func TestNegotiate(t *testing.T) {
	unsupported := func(list string) string {
		return `{"jsonrpc":"2.0","id":ID,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":[` + list + `],"requested":"x"}}}`
	}
	rows := []struct {
		name     string
		script   script
		protocol string
		want     string // the revision, or
		fails    DialKind
		detail   string
		calls    int
	}{
		{name: "modern", script: script{"server/discover": {200, discovered}}, want: "2026-07-28", calls: 1},
		{name: "modern asked for", protocol: "2026-07-28", script: script{"server/discover": {200, discovered}},
			want: "2026-07-28", calls: 1},
		{name: "modern asked for, legacy there", protocol: "2026-07-28", script: script{}.legacy(), fails: Protocol,
			detail: "server/discover was answered with HTTP 400", calls: 1},
		{name: "future asked for", protocol: "2027-01-01",
			script: script{"server/discover": {400, unsupported(`"2026-07-28"`)}}, fails: Protocol,
			detail: "it speaks only 2026-07-28", calls: 1},
		{name: "legacy asked for", protocol: "2025-11-25",
			script: script{"server/discover": {200, discovered}}.legacy(), want: "2025-11-25", calls: 2},
		{name: "another legacy asked for", protocol: "2024-11-05", script: script{}.legacy(), fails: Protocol,
			detail: `asked to speak 2024-11-05, it speaks 2025-11-25`, calls: 1},
		{name: "400 empty", script: script{}.legacy(), want: "2025-11-25", calls: 3},
		{name: "404 text", script: script{"server/discover": {404, "nothing here"}}.legacy(), want: "2025-11-25",
			calls: 3},
		{name: "500", script: script{"server/discover": {500, "crash"}}.legacy(), want: "2025-11-25", calls: 3},
		{name: "method not found",
			script: script{"server/discover": {200,
				`{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"m"}}`}}.legacy(), want: "2025-11-25",
			calls: 3},
		{name: "no session",
			script: script{"server/discover": {400,
				`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Server not initialized"}}`}}.legacy(),
			want: "2025-11-25", calls: 3},
		{name: "a result that is no discovery",
			script: script{"server/discover": {200, `{"jsonrpc":"2.0","id":ID,"result":{}}`}}.legacy(),
			want:   "2025-11-25", calls: 3},
		{name: "unsupported, legacy listed",
			script: script{"server/discover": {400, unsupported(`"2025-11-25"`)}}.legacy(), want: "2025-11-25",
			calls: 3},
		{name: "unsupported, nothing known listed",
			script: script{"server/discover": {400, unsupported(`"2030-01-01"`)}}.legacy(), fails: Protocol,
			detail: "it speaks only 2030-01-01", calls: 1},
		{name: "unsupported, nothing listed", script: script{"server/discover": {400, unsupported(``)}}.legacy(),
			fails: Protocol, detail: "names none", calls: 1},
		{name: "header mismatch",
			script: script{"server/discover": {400,
				`{"jsonrpc":"2.0","id":ID,"error":{"code":-32020,"message":"Header mismatch"}}`}}.legacy(),
			fails: Protocol, detail: "Header mismatch", calls: 1},
		{name: "discovered, legacy only", script: script{"server/discover": {200, strings.Replace(discovered,
			`"2026-07-28",`, "", 1)}}.legacy(), want: "2025-11-25", calls: 3},
		{name: "401", script: script{"server/discover": {401, ""}}.legacy(), fails: Auth,
			detail: "wants credentials: HTTP 401", calls: 1},
		{name: "403", script: script{"server/discover": {403, ""}}.legacy(), fails: Auth,
			detail: "denies access: HTTP 403", calls: 1},
		{name: "404 everywhere", script: script{"server/discover": {404, "no"}, "initialize": {404, "no"}},
			fails: NotFound, detail: "HTTP 404: no", calls: 2},
		{name: "405 everywhere", script: script{"server/discover": {405, ""}, "initialize": {405, ""}}, fails: NotFound,
			detail: "HTTP 405", calls: 2},
		{name: "404 pages", script: script{"server/discover": {404, "<html>"},
			"initialize": {404, "\n<!DOCTYPE html>"}}, fails: NotFound, detail: "HTTP 404: a page of HTML", calls: 2},
		{name: "a web site", script: script{"server/discover": {200, "<html>"}, "initialize": {200, "<html>"}},
			fails: Garbage, detail: "no MCP message", calls: 2},
		{name: "initialize fails",
			script: script{"initialize": {200, `{"jsonrpc":"2.0","id":ID,"error":{"code":-32603,"message":"boom"}}`}},
			fails:  Protocol, detail: "initialize was answered with error -32603: boom", calls: 2},
		{name: "initialize without version",
			script: script{"initialize": {200, `{"jsonrpc":"2.0","id":ID,"result":{}}`}}, fails: Protocol,
			detail: "names no protocol version", calls: 2},
		{name: "initialize in an unknown version",
			script: script{"initialize": {200, strings.Replace(initialized, "2025-11-25", "2019-01-01", 1)}},
			fails:  Protocol, detail: "it speaks 2019-01-01", calls: 2},
		{name: "initialized refused", script: script{"initialize": {200, initialized},
			"notifications/initialized": {500, ""}}, fails: Protocol, detail: "notifications/initialized was " +
			"answered with HTTP 500", calls: 3},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := Options{Transport: HTTP, URL: row.script.play(t, nil), Protocol: row.protocol, Client: "c1",
				Timeout: 5 * time.Second}
			s, err := Dial(t.Context(), o)
			if row.want == "" {
				var e *DialError
				require.ErrorAs(t, err, &e)
				require.Equal(t, row.fails, e.Kind, e.Error())
				require.Contains(t, e.Error(), row.detail)
				require.Contains(t, e.Error(), o.URL)
				require.Len(t, e.Calls, row.calls)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, s.Protocol())
			require.Len(t, s.Handshake(), row.calls)
			require.NoError(t, s.Close(t.Context()))
		})
	}
}

// Headers and session id of both eras, over the wire.
func TestDialHeaders(t *testing.T) {
	var discover, list, session http.Header
	url := script{"server/discover": {200, discovered},
		"tools/list": {200, `{"jsonrpc":"2.0","id":ID,"result":{"tools":[]}}`}}.play(t,
		func(r *http.Request, p posted) {
			if p.Method == "server/discover" {
				discover = r.Header
			} else {
				list = r.Header
			}
		})
	s := dial(t, Options{URL: url, ListTools: true, Header: http.Header{"X-Key": {"k"}, "Idempotency-Key": {"i"},
		"Accept": {"text/html"}}})
	require.Equal(t, HTTP, s.Transport())
	require.Equal(t, "m", s.ServerName())
	require.NotNil(t, s.Tools())
	require.Equal(t, "2026-07-28", discover.Get("MCP-Protocol-Version"))
	require.Equal(t, "server/discover", discover.Get("Mcp-Method"))
	require.Equal(t, "tools/list", list.Get("Mcp-Method"))
	require.Equal(t, "application/json, text/event-stream", list.Get("Accept"))
	require.Equal(t, "k", list.Get("X-Key"))
	require.Equal(t, "i", list.Get("Idempotency-Key"))
	require.Empty(t, list.Get("Accept-Encoding"), "no compression")
	require.Empty(t, list.Get("Mcp-Session-Id"))

	deleted := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deleted <- r.Header.Get("Mcp-Session-Id")
			return
		}
		p := read(t, r)
		if p.Method == "initialize" && r.Header.Get("Mcp-Protocol-Version") != "" {
			t.Error("initialize carries a version header")
		}
		if p.Method == "ping" {
			session = r.Header
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
			return
		}
		initializer(w, p)
	}))
	defer server.Close()
	s, err := Dial(t.Context(), Options{URL: server.URL})
	require.NoError(t, err)
	require.Equal(t, history.OK, s.Exchange(t.Context(), history.Arrival{Method: "ping"}).Outcome)
	require.Equal(t, "s-1", session.Get("Mcp-Session-Id"))
	require.Equal(t, "2025-11-25", session.Get("MCP-Protocol-Version"))
	require.Empty(t, session.Get("Mcp-Method"))
	require.Equal(t, "s-1", s.SessionID())
	require.NoError(t, s.Close(t.Context()))
	require.Equal(t, "s-1", <-deleted)
}

// limitFirst serves the session era, and refuses so many initialize requests.
func limitFirst(t *testing.T, times int64, refuse func(w http.ResponseWriter, p posted)) Options {
	var n atomic.Int64
	url := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		p := read(t, r)
		if p.Method == "initialize" && n.Add(1) <= times {
			refuse(w, p)
			return
		}
		initializer(w, p)
	})
	return Options{Transport: HTTP, URL: url, Protocol: "2025-11-25", Refusal: rateLimit, Client: "c1"}
}

// A handshake that a rate limit refuses is repeated, and each attempt noted.
func TestDialLimited(t *testing.T) {
	bare := func(w http.ResponseWriter, _ posted) {
		w.Header().Set("Retry-After", "0.02")
		w.WriteHeader(429)
	}
	calls := dial(t, limitFirst(t, 2, bare)).Handshake()
	require.Len(t, calls, 4)
	require.Equal(t, history.Limited, calls[0].Outcome)
	require.Equal(t, 20*time.Millisecond, calls[0].RetryAfter)
	require.GreaterOrEqual(t, calls[1].Sent-calls[0].Received, 20*time.Millisecond)
	require.Equal(t, history.OK, calls[2].Outcome)

	e := dialFails(t, limitFirst(t, 100, bare))
	require.Equal(t, Limited, e.Kind)
	require.Len(t, e.Calls, maxAttempts)
	require.Equal(t, 20*time.Millisecond, e.RetryAfter)
	require.Contains(t, e.Error(), "refuses the handshake for its rate limit")

	e = dialFails(t, limitFirst(t, 100, func(w http.ResponseWriter, _ posted) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	}))
	require.Equal(t, Limited, e.Kind)
	require.Len(t, e.Calls, 1, "nobody waits an hour")

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := Dial(ctx, limitFirst(t, 100, func(w http.ResponseWriter, _ posted) { w.WriteHeader(429) }))
	var de *DialError
	require.ErrorAs(t, err, &de)
	require.Equal(t, Cancelled, de.Kind)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// FastMCP 2.13 disguises the refusal, and 2.14 to 3.1 send it twice.
func TestDialLimitedFastMCP(t *testing.T) {
	o := limitFirst(t, 1, func(w http.ResponseWriter, p posted) {
		reply(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"Invalid request parameters","data":""}}`,
			p.ID)
	})
	calls := dial(t, o).Handshake()
	require.Equal(t, []history.Outcome{history.Rejected, history.OK}, []history.Outcome{calls[0].Outcome,
		calls[1].Outcome})

	o = limitFirst(t, 1, func(w http.ResponseWriter, p posted) {
		events(w, fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32000,\"message\":\"Global "+
			"rate limit exceeded\"}}\n\n"+
			"data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32602,\"message\":\"Invalid request "+
			"parameters\"}}\n\n", p.ID, p.ID))
	})
	s := dial(t, o)
	calls = s.Handshake()
	require.Equal(t, []history.Outcome{history.Limited, history.OK}, []history.Outcome{calls[0].Outcome,
		calls[1].Outcome})
	require.Len(t, s.Strays(), 1)
}

// TestDialAnsweredTwice: a session that is begun twice in one piece is used all the same, by
// the first response, and in the history it is broken.
func TestDialAnsweredTwice(t *testing.T) {
	for name, send := range map[string]func(w http.ResponseWriter, once string){
		"events":   func(w http.ResponseWriter, once string) { events(w, "data: "+once+"\n\ndata: "+once+"\n\n") },
		"a batch":  func(w http.ResponseWriter, once string) { fmt.Fprint(w, "["+once+","+once+"]") },
		"in a row": func(w http.ResponseWriter, once string) { fmt.Fprint(w, once+"\n"+once) },
		"a result, then an error": func(w http.ResponseWriter, once string) {
			failed, _, _ := strings.Cut(once, `"result"`)
			events(w, "data: "+once+"\n\ndata: "+failed+`"error":{"code":-32603,"message":"no"}}`+"\n\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
				p := read(t, r)
				if r.Method != http.MethodPost || p.ID == nil {
					w.WriteHeader(http.StatusAccepted)
					return
				}
				result := `{"tools":[{"name":"echo"}]}`
				if p.Method == "initialize" {
					result = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`
				}
				send(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, result))
			})
			s := dial(t, Options{Transport: HTTP, URL: url, Protocol: "2025-11-25", ListTools: true})
			require.Equal(t, []string{"echo"}, s.Tools())
			calls := s.Handshake()
			require.Equal(t, history.Broken, calls[0].Outcome)
			require.Contains(t, calls[0].Detail, "two responses to one request: a result, then ")
			require.Len(t, s.Strays(), 2)
		})
	}
}

// httpServer starts a plain server.
func httpServer(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDialRedirect(t *testing.T) {
	url := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/mcp":
			http.Redirect(w, r, "/mcp/", http.StatusTemporaryRedirect)
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/loop", http.StatusPermanentRedirect)
		case r.URL.Path == "/away":
			http.Redirect(w, r, "http://other.example/mcp?key=1", http.StatusTemporaryRedirect)
		case r.Method == http.MethodDelete:
		default:
			initializer(w, read(t, r))
		}
	})
	s := dial(t, Options{Transport: HTTP, URL: url + "/mcp", Protocol: "2025-11-25"})
	require.Equal(t, url+"/mcp/", s.URL())
	calls := s.Handshake()
	require.Len(t, calls, 3)
	require.Equal(t, history.Rejected, calls[0].Outcome)
	require.Equal(t, 307, calls[0].Status)

	e := dialFails(t, Options{Transport: HTTP, URL: url + "/away", Protocol: "2025-11-25"})
	require.Equal(t, Protocol, e.Kind)
	require.Contains(t, e.Error(), "leads to another server: http://other.example/mcp")
	require.NotContains(t, e.Error(), "key=1")
	require.Len(t, e.Calls, 1)

	e = dialFails(t, Options{Transport: HTTP, URL: url + "/loop", Protocol: "2025-11-25"})
	require.Equal(t, Protocol, e.Kind)
	require.Len(t, e.Calls, maxRedirects+1)
}

func TestDialUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free := l.Addr().String()
	require.NoError(t, l.Close())
	e := dialFails(t, Options{URL: "http://u:pass-word@" + free + "/mcp?token=abcdef"})
	require.Equal(t, Refused, e.Kind)
	require.Equal(t, "wire: cannot connect to http://"+free+"/mcp: connection refused", e.Error())
	require.Len(t, e.Calls, 1, "no second protocol is tried where nobody listens")
	require.Equal(t, history.Broken, e.Calls[0].Outcome)
	require.NotEmpty(t, e.Hint)

	e = dialFails(t, Options{URL: "http://no-such-host.invalid/"})
	require.Equal(t, Refused, e.Kind)
	require.Contains(t, e.Detail, "unknown host")
}

func TestDialTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			initializer(w, read(t, r))
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close) // after the session: it closes the connections
	e := dialFails(t, Options{URL: server.URL})
	require.Equal(t, TLS, e.Kind)
	require.Contains(t, e.Error(), "unknown authority")
	require.Contains(t, e.Hint, "--cacert FILE")
	require.Len(t, e.Calls, 1)

	plain := httpServer(t, func(http.ResponseWriter, *http.Request) {})
	e = dialFails(t, Options{URL: strings.Replace(plain, "http:", "https:", 1)})
	require.Equal(t, TLS, e.Kind)
	require.Contains(t, e.Error(), "plain HTTP")

	s := dial(t, Options{URL: server.URL, TLS: server.Client().Transport.(*http.Transport).TLSClientConfig})
	require.Equal(t, "2025-11-25", s.Protocol())
}

func TestDialNoHTTP(t *testing.T) {
	for scheme, want := range map[string]struct {
		kind  DialKind
		words string
	}{"http": {Garbage, "does not speak MCP"}, "https": {TLS, "what it speaks is no TLS"}} {
		t.Run(scheme, func(t *testing.T) {
			e := dialFails(t, Options{URL: scheme + "://" + mailServer(t)})
			require.Equal(t, want.kind, e.Kind, e.Error())
			require.Contains(t, e.Error(), want.words)
		})
	}
}

// mailServer speaks neither HTTP nor TLS.
func mailServer(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return // it is closed
			}
			_, readErr := c.Read(make([]byte, 4096))
			_, writeErr := c.Write([]byte("220 mail.example ESMTP\r\n"))
			if err := errors.Join(readErr, writeErr, c.Close()); err != nil {
				t.Error(err)
			}
		}
	}()
	return l.Addr().String()
}

func TestDialHangs(t *testing.T) {
	url := httpServer(t, func(_ http.ResponseWriter, r *http.Request) {
		read(t, r) // or the server doesn't notice that we hang up
		<-r.Context().Done()
	})
	e := dialFails(t, Options{URL: url, Timeout: 100 * time.Millisecond})
	require.Equal(t, TimedOut, e.Kind)
	require.Contains(t, e.Error(), "does not answer: initialize got no reply in time (100ms)")
	require.Len(t, e.Calls, 2)
	require.Equal(t, history.TimedOut, e.Calls[0].Outcome)
	require.True(t, errors.Is(e, errTimeout))
}

func TestDialBadOptions(t *testing.T) {
	handler := func(context.Context, string, []byte) []byte { return nil }
	for want, o := range map[string]Options{
		"must start with http":       {URL: "ftp://h/x"},
		"cannot be parsed":           {URL: "http://h/%zz"},
		"names no host":              {URL: "http:///x"},
		"no command":                 {Transport: Stdio},
		"no handler":                 {},
		`transport "carrier-pigeon"`: {Transport: "carrier-pigeon"},
		`protocol "latest"`:          {Handler: handler, Protocol: "latest"},
		"negative":                   {Handler: handler, Timeout: -1},
	} {
		e := dialFails(t, o)
		require.Equal(t, BadOptions, e.Kind)
		require.Contains(t, e.Error(), want)
		require.Empty(t, e.Calls)
	}
}
