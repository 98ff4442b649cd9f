package wire

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// events writes a stream of events.
func events(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	w.(http.Flusher).Flush()
}

// hangUp breaks the connection.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if err := conn.Close(); err != nil {
		panic(err)
	}
}

// TestHTTPReplies is the table of what a server may reply to tools/call.
// ID stands for the id of the request.
func TestHTTPReplies(t *testing.T) {
	const result = `{"jsonrpc":"2.0","id":ID,"result":` + okResult + `}`
	json := func(status int, body string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, id string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, strings.ReplaceAll(body, "ID", id))
		}
	}
	stream := func(text string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, id string) { events(w, strings.ReplaceAll(text, "ID", id)) }
	}
	rows := []struct {
		name   string
		write  func(http.ResponseWriter, string)
		want   history.Outcome
		code   int
		detail string
		wait   time.Duration
		media  string // of refusals only
		strays []StrayKind
	}{
		{name: "json", write: json(200, result), want: history.OK},
		{name: "batch of one", write: json(200, "["+result+"]"), want: history.OK},
		{name: "floating id", write: json(200, `{"jsonrpc":"2.0","id":ID.0,"result":{}}`), want: history.OK},
		{name: "string id", write: json(200, `{"jsonrpc":"2.0","id":"ID","result":{}}`), want: history.OK,
			strays: []StrayKind{TextID}},
		{name: "wrong id", write: json(200, `{"jsonrpc":"2.0","id":77,"result":{}}`), want: history.Broken,
			detail: "id 77", strays: []StrayKind{UnknownID}},
		{name: "an earlier id", write: json(200, `{"jsonrpc":"2.0","id":1,"result":{}}`), want: history.Broken,
			detail: "id 1", strays: []StrayKind{Duplicate}},
		{name: "no id", write: json(200, `{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"x"}}`),
			want: history.Broken, code: -32603, detail: "no id"},
		{name: "no id, a refusal", write: json(200, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"rate limit"}}`),
			want: history.Broken, code: -32000},
		{name: "two in a batch", write: json(200, "["+result+","+result+"]"), want: history.Broken,
			detail: "two responses", strays: []StrayKind{Duplicate}},
		{name: "two in a row", write: json(200, result+"\n"+result), want: history.Broken, detail: "two responses",
			strays: []StrayKind{Duplicate}},
		{name: "junk after it", write: json(200, result+"oops"), want: history.Broken, detail: "the response is " +
			"followed by what is no JSON: oops", strays: []StrayKind{NotMCP}},
		{name: "accepted only", write: json(202, ""), want: history.Broken, detail: "HTTP 202 without a response"},
		{name: "empty", write: json(200, ""), want: history.Broken, detail: "without a response"},
		{name: "empty batch", write: json(200, "[]"), want: history.Broken, detail: "without a response"},
		{name: "only a notification", write: json(200, `{"jsonrpc":"2.0","method":"x"}`), want: history.Broken},
		{name: "cut", write: json(200, `{"jsonrpc":"2.0","id":ID,"result":{`), want: history.Broken,
			detail: "no MCP message"},
		{name: "both", write: json(200, `{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":"m"}}`),
			want: history.Broken},
		{name: "another case", write: json(200, `{"jsonrpc":"2.0","ID":ID,"RESULT":{}}`), want: history.Broken},
		{name: "no version", write: json(200, `{"id":ID,"result":{}}`), want: history.Broken, detail: "JSON-RPC 2.0"},
		{name: "html", write: func(w http.ResponseWriter, _ string) { fmt.Fprint(w, "<html>hello") },
			want: history.Broken, detail: "text/html: <html>hello"},
		{name: "error",
			write: json(200, `{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no such method"}}`),
			want:  history.Rejected, code: -32601, detail: "no such method"},
		{name: "fastmcp 4 refusal",
			write: json(200,
				`{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`),
			media: "application/json", want: history.Limited, code: -32000},
		{name: "bare 429", write: json(429, ""), media: "application/json", want: history.Limited},
		{name: "429 with html", write: json(429, "<h1>slow down"), media: "application/json", want: history.Limited},
		{name: "429 with another id",
			write: json(429,
				`{"jsonrpc":"2.0","id":0,"error":{"code":-32029,"message":"slow","data":{"retry_after_ms":250}}}`),
			media: "application/json", want: history.Limited, code: -32029, wait: 250 * time.Millisecond},
		{name: "429 cut short", write: func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(429)
			fmt.Fprint(w, "slow d")
		}, want: history.Limited, media: "text/plain"},
		{name: "200 cut short", write: func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		}, want: history.Broken, detail: "the connection was closed"},
		{name: "500", write: json(500, "oops"), want: history.Rejected, detail: "HTTP 500: oops"},
		{name: "404 with our id", write: json(404, `{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"m"}}`),
			want: history.Rejected, code: -32601},
		{name: "400 without id",
			write: json(400, `{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"bad"}}`),
			want:  history.Rejected, code: -32600},
		{name: "500 with a result", write: json(500, result), want: history.Rejected, detail: "with a result"},
		{name: "redirect", write: func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", "/mcp/?key=secret")
			w.WriteHeader(307)
		}, want: history.Rejected, detail: "HTTP 307: redirected to /mcp/"},
		{name: "connection closed", write: func(w http.ResponseWriter, _ string) { hangUp(w) }, want: history.Broken,
			detail: "the connection was closed"},
		{name: "stream", write: stream(": hi\r\nevent: message\r\nid: 1\r\ndata: " + result + "\r\n\r\n"),
			want: history.OK},
		{name: "stream with progress", write: stream("id: 0\ndata:\n\nevent: message\ndata: " +
			"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\ndata: " + result + "\n\n"),
			want: history.OK},
		{name: "stream with two", write: stream("data: " + result + "\n\ndata: " + result + "\n\n"),
			want: history.Broken, detail: "two responses", strays: []StrayKind{Duplicate}},
		{name: "stream with two kinds", write: stream("data: " + result +
			"\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":ID,\"error\":{\"code\":-32602,\"message\":\"m\"}}\n\n"),
			want: history.Broken, detail: "a result, then error -32602: m", strays: []StrayKind{Duplicate}},
		{name: "stream with an extra id", write: stream("data: " + result +
			"\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":50,\"result\":{}}\n\n"), want: history.OK,
			strays: []StrayKind{UnknownID}},
		{name: "stream of other events", write: stream("event: ping\ndata: " + result + "\n\n"), want: history.Broken,
			detail: "without a response"},
		{name: "stream ends early", write: stream("data: {\"jsonrpc\":\"2.0\",\n"), want: history.Broken,
			detail: "inside an event"},
		{name: "stream of junk", write: stream("data: hello\n\n"), want: history.Broken, detail: "no MCP message"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) { row.write(w, string(p.ID)) })
			s := dialHTTP(t, server.URL)
			c := s.Exchange(t.Context(), echo)
			require.Equal(t, row.want, c.Outcome, c.Detail)
			require.Equal(t, row.code, c.Code)
			require.Equal(t, row.wait, c.RetryAfter)
			require.Contains(t, c.Detail, row.detail)
			require.Equal(t, row.media, c.Media)
			require.NotContains(t, c.Detail, "secret")
			require.Equal(t, c.Outcome == history.OK, c.Detail == "", "a reason for every outcome but OK")
			require.Positive(t, c.Sent)
			require.GreaterOrEqual(t, c.Received, c.Sent)
			var kinds []StrayKind
			for _, x := range s.Strays() {
				kinds = append(kinds, x.Kind)
			}
			require.Equal(t, row.strays, kinds)
		})
	}
}

// A reply that the server spreads over time counts when its last byte came,
// and a stream that stays open after it delays nobody: it is watched on the side.
func TestHTTPStamps(t *testing.T) {
	var got, wrote atomic.Int64
	begin := time.Now()
	release := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
		got.Store(int64(time.Since(begin)))
		events(w, fmt.Sprintf(`data: {"jsonrpc":"2.0","id":%s,`+"\n", p.ID))
		time.Sleep(100 * time.Millisecond)
		wrote.Store(int64(time.Since(begin)))
		events(w, `data: "result":{}}`+"\n\n")
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25",
		Now: func() time.Duration { return time.Since(begin) }})
	c := s.Exchange(t.Context(), echo)
	back := time.Since(begin)
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	require.Less(t, int64(c.Sent), got.Load())
	require.Greater(t, int64(c.Received), wrote.Load())
	require.Less(t, back-c.Received, linger, "the call was over by then")
	s.link.(*httpLink).rests.Wait()
	require.GreaterOrEqual(t, time.Since(begin)-c.Received, linger, "it watched for a second response")
}

func TestHTTPTimeoutClosesStream(t *testing.T) {
	closed := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ posted) {
		events(w, ": waiting\n\n")
		<-r.Context().Done()
		close(closed)
	})
	s := dialHTTP(t, server.URL)
	s.o.Timeout = 100 * time.Millisecond
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.TimedOut, c.Outcome)
	require.GreaterOrEqual(t, c.Service(), 50*time.Millisecond)
	<-closed
}

func TestHTTPCancel(t *testing.T) {
	entered := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request, _ posted) {
		close(entered)
		<-r.Context().Done()
	})
	s := dialHTTP(t, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	require.Equal(t, history.Unknown, s.Exchange(ctx, echo).Outcome)
	require.Equal(t, history.Unsent, s.Exchange(ctx, echo).Outcome)
}

func TestHTTPServerGone(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request, posted) {})
	s := dialHTTP(t, server.URL)
	server.Close()
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, c.Outcome, "a connection kept alive is closed, or a new one refused")
	c = s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, c.Outcome)
	require.Equal(t, "connection refused", c.Detail)
}

// A server that answers another request's id on a stream makes that other
// call's response a second one.
func TestHTTPCrossTalk(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		if string(p.ID) == "2" {
			reply(w, `{"jsonrpc":"2.0","id":2,"result":{}}`)
			return
		}
		events(w, `data: {"jsonrpc":"2.0","id":2,"result":{}}`+"\n\n"+`data: {"jsonrpc":"2.0","id":3,"result":{}}`+
			"\n\n")
	})
	s := dialHTTP(t, server.URL)
	calls := []history.Call{s.Exchange(t.Context(), echo), s.Exchange(t.Context(), echo)}
	require.Equal(t, history.OK, calls[0].Outcome)
	require.Equal(t, history.OK, calls[1].Outcome)
	s.Amend(calls)
	require.Equal(t, history.Broken, calls[0].Outcome)
	require.Equal(t, history.OK, calls[1].Outcome)
}

// The server pings in the middle of a call and waits for the answer.
func TestHTTPServerRequest(t *testing.T) {
	ponged := make(chan string, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
		if p.Method == "" {
			ponged <- string(p.ID) + string(p.Result) + r.Header.Get("Mcp-Session-Id")
			w.WriteHeader(http.StatusAccepted)
			return
		}
		events(w, `data: {"jsonrpc":"2.0","id":"p-1","method":"ping"}`+"\n\n")
		select {
		case got := <-ponged:
			events(w, fmt.Sprintf(`data: {"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%q}]}}`+
				"\n\n", p.ID, got))
			ponged <- got
		case <-r.Context().Done():
		}
	})
	s := dialHTTP(t, server.URL)
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	require.Equal(t, `"p-1"{}s-1`, <-ponged)
}

// Idle connections are kept and used again: the stamps of a burst don't
// contain connecting.
func TestHTTPKeepsConnections(t *testing.T) {
	const burst = 20
	var peers sync.Map
	var together sync.WaitGroup
	server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
		peers.Store(r.RemoteAddr, true)
		together.Done()
		together.Wait() // so that each call needs a connection of its own
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
	})
	s := dialHTTP(t, server.URL)
	for range 2 {
		together.Add(burst)
		var wg sync.WaitGroup
		for range burst {
			wg.Go(func() {
				if c := s.Exchange(t.Context(), echo); c.Outcome != history.OK {
					t.Error(c.Detail)
				}
			})
		}
		wg.Wait()
	}
	opened := 0
	peers.Range(func(any, any) bool { opened++; return true })
	require.Equal(t, burst, opened)
}

// TestBriefTextsAreCutWithoutTheirSecrets: what a secret is is found in the whole
// text, and what is left of that is cut.
func TestBriefTextsAreCutWithoutTheirSecrets(t *testing.T) {
	secret := strings.Repeat("k3y", 20)
	r := redactor(func(text string) string { return strings.ReplaceAll(text, secret, "[redacted]") })
	got := r.finish("it is odd: " + brief([]byte(strings.Repeat("a", 40)+secret+strings.Repeat("z", 40))))
	require.Equal(t, "it is odd: "+strings.Repeat("a", 40)+"[redacted]"+strings.Repeat("z", 10)+" …", got)
	require.Equal(t, "it is short: x", r.finish("it is short: "+brief([]byte("x"))))
}

// What a form says of its body is sent, and not overwritten.
func TestAFormSaysWhatItsBodyIs(t *testing.T) {
	said := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	require.Equal(t, said["Content-Type"], postHeader(request{header: said})["Content-Type"])
	require.Equal(t, []string{"application/json"}, postHeader(request{})["Content-Type"])
}
