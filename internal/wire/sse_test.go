package wire

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// An oldServer is a fake server of the HTTP+SSE transport.
type oldServer struct {
	t testing.TB
	*httptest.Server
	stream   chan string // what to write on the stream
	endpoint string
	named    string        // as the endpoint, from where posts are redirected; empty: none
	ended    chan struct{} // closed when the client has hung up
	once     sync.Once

	// post answers a post that is no handshake. What it returns goes to the
	// stream, before the status is written.
	post func(w http.ResponseWriter, p posted) string
}

// endOfStream makes an oldServer end its stream.
const endOfStream = "end"

// serveOld starts one.
func serveOld(t *testing.T, post func(w http.ResponseWriter, p posted) string) *oldServer {
	s := &oldServer{t: t, stream: make(chan string, 100), endpoint: "/messages?session=1", ended: make(chan struct{}),
		post: post}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *oldServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/sse":
		events(w, "event: endpoint\r\ndata: "+cmp.Or(s.named, s.endpoint)+"\r\n\r\n")
		defer s.once.Do(func() { close(s.ended) })
		for {
			select {
			case text := <-s.stream:
				if text == endOfStream {
					return
				}
				events(w, text)
			case <-r.Context().Done():
				return
			}
		}
	case s.named != "" && r.URL.RequestURI() == s.named:
		http.Redirect(w, r, s.endpoint, http.StatusTemporaryRedirect)
		return
	case r.Method != http.MethodPost || r.URL.RequestURI() != s.endpoint:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	p := read(s.t, r)
	switch p.Method {
	case "initialize":
		s.stream <- message200(p.ID,
			`{"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"old","version":"1"}}`)
	case "notifications/initialized":
	default:
		if text := s.post(w, p); text != "" {
			s.stream <- text
		} else {
			return
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// message200 is an event that answers a request.
func message200(id []byte, result string) string {
	return fmt.Sprintf("event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\r\n\r\n", id, result)
}

// sent are the methods of calls.
func sent(calls []history.Call) []string {
	var list []string
	for _, c := range calls {
		list = append(list, c.Method)
	}
	return list
}

func dialOld(t *testing.T, s *oldServer) *Session {
	return dial(t, Options{Transport: SSE, URL: s.URL + "/sse", Client: "c1", Refusal: rateLimit,
		Timeout: 5 * time.Second})
}

// TestSSEPostsAreRedirected, as by servers whose endpoint lacks a slash; and each leaves us
// as a call. Another server gets nothing.
func TestSSEPostsAreRedirected(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	server.named, server.endpoint = "/messages?session=1", "/messages/?session=1"
	s := dialOld(t, server)
	for range 3 {
		c := s.Exchange(t.Context(), echo)
		require.Equal(t, history.OK, c.Outcome, c.Detail)
	}
	redirected := 0
	for _, c := range s.Asides() {
		if c.Method == methodCall && c.Status == http.StatusTemporaryRedirect {
			redirected++
		}
	}
	require.Equal(t, 3, redirected)

	other := serveOld(t, func(http.ResponseWriter, posted) string { t.Error("another server was asked"); return "" })
	server.endpoint = other.URL + "/messages?session=1"
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.Rejected, c.Outcome)
}

func TestSSEAnswers(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	s := dialOld(t, server)
	require.Equal(t, SSE, s.Transport())
	require.Equal(t, "2024-11-05", s.Protocol())
	require.Equal(t, "old", s.ServerName())
	require.Equal(t, []string{"GET", "initialize", "notifications/initialized"}, sent(s.Handshake()),
		"no server/discover on a transport that never had it")
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			c := s.Exchange(t.Context(), echo)
			if c.Outcome != history.OK || c.Received <= c.Sent || c.Sent == 0 {
				t.Errorf("%+v", c)
			}
		})
	}
	wg.Wait()
	require.Empty(t, s.Strays())
	require.NoError(t, s.Close(t.Context()))
	<-server.ended
}

// Auto finds the old transport behind every status that the specification
// names, and only there.
func TestSSEFallback(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	for _, status := range []int{400, 404, 405} {
		front := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path == "/sse" {
				w.WriteHeader(status)
				return
			}
			server.ServeHTTP(w, r)
		})
		s, err := Dial(t.Context(), Options{URL: front + "/sse"})
		require.NoError(t, err)
		require.Equal(t, SSE, s.Transport())
		require.Equal(t, []string{"server/discover", "initialize", "GET", "initialize", "notifications/initialized"},
			sent(s.Handshake()))
		require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
		require.NoError(t, s.Close(t.Context()))
	}
	e := dialFails(t, Options{URL: server.URL + "/nope"})
	require.Equal(t, NotFound, e.Kind)
	e = dialFails(t, Options{URL: server.URL + "/sse", Transport: HTTP})
	require.Equal(t, NotFound, e.Kind)
	e = dialFails(t, Options{URL: server.URL + "/sse", Protocol: "2026-07-28"})
	require.Equal(t, NotFound, e.Kind)
}

func TestSSEOutcomes(t *testing.T) {
	rows := []struct {
		name   string
		post   func(w http.ResponseWriter, p posted) string
		want   history.Outcome
		status int
		detail string
		strays []StrayKind
	}{
		{"limited by the post", func(w http.ResponseWriter, _ posted) string { w.WriteHeader(429); return "" },
			history.Limited, 429, "HTTP 429", nil},
		{"rejected by the post", func(w http.ResponseWriter, _ posted) string { w.WriteHeader(404); return "" },
			history.Rejected, 404, "HTTP 404", nil},
		{"post broken", func(w http.ResponseWriter, _ posted) string { hangUp(w); return "" }, history.Broken, 0,
			"the connection was closed", nil},
		{"isError", func(_ http.ResponseWriter, p posted) string {
			return message200(p.ID, `{"isError":true,"content":[{"type":"text","text":"Global rate limit exceeded"}]}`)
		}, history.Limited, 0, "Global rate limit exceeded", nil},
		{"no answer", func(_ http.ResponseWriter, _ posted) string { return ": nothing\n\n" }, history.TimedOut, 202,
			"no reply", nil},
		{"wrong id", func(_ http.ResponseWriter, _ posted) string { return message200([]byte("77"), "{}") },
			history.TimedOut, 202, "", []StrayKind{UnknownID}},
		{"junk", func(_ http.ResponseWriter, _ posted) string { return "data: hello\n\n" }, history.TimedOut, 202, "",
			[]StrayKind{NotMCP}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := dialOld(t, serveOld(t, row.post))
			if row.want == history.TimedOut {
				s.o.Timeout = 200 * time.Millisecond
			}
			c := s.Exchange(t.Context(), echo)
			require.Equal(t, row.want, c.Outcome, c.Detail)
			require.Contains(t, c.Detail, row.detail)
			if row.status != 0 {
				require.Equal(t, row.status, c.Status)
			}
			var kinds []StrayKind
			for _, x := range s.Strays() {
				kinds = append(kinds, x.Kind)
			}
			require.Equal(t, row.strays, kinds)
		})
	}
}

// The response overtakes the status of its post, and a second one makes the
// call Broken afterwards.
func TestSSETwice(t *testing.T) {
	server := serveOld(t, nil)
	server.post = func(w http.ResponseWriter, p posted) string {
		server.stream <- message200(p.ID, okResult) + message200(p.ID, okResult)
		time.Sleep(50 * time.Millisecond)
		return ": done\n\n"
	}
	s := dialOld(t, server)
	begin := time.Now()
	calls := []history.Call{s.Exchange(t.Context(), echo)}
	require.Less(t, time.Since(begin), 4*time.Second)
	require.Equal(t, history.OK, calls[0].Outcome)
	require.Eventually(t, func() bool { return len(s.Strays()) == 1 }, 5*time.Second, time.Millisecond)
	s.Amend(calls)
	require.Equal(t, history.Broken, calls[0].Outcome)
}

// When the stream ends, so do the calls that wait, and all later ones.
func TestSSEStreamEnds(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, _ posted) string { return ": wait\n\n" })
	s := dialOld(t, server)
	time.AfterFunc(50*time.Millisecond, func() { server.stream <- endOfStream })
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, c.Outcome)
	require.Equal(t, "the server ended the event stream", c.Detail)
	c = s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, c.Outcome)
	require.Equal(t, c.Sent, c.Received)
}

func TestSSEServerRequest(t *testing.T) {
	server := serveOld(t, nil)
	var id atomic.Value
	server.post = func(_ http.ResponseWriter, p posted) string {
		if p.Method == "" {
			return message200(id.Load().([]byte), `{"content":[{"type":"text","text":`+
				string(quote(string(p.ID)+string(p.Result)))+`}],"isError":true}`)
		}
		id.Store([]byte(p.ID))
		return "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}\n\n"
	}
	s := dialOld(t, server)
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.ToolError, c.Outcome)
	require.Equal(t, "9{}", c.Detail)
}

func TestSSECancelled(t *testing.T) {
	s := dialOld(t, serveOld(t, func(_ http.ResponseWriter, _ posted) string { return ": wait\n\n" }))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	require.Equal(t, history.Unknown, s.Exchange(ctx, echo).Outcome)
}

func TestSSEDialErrors(t *testing.T) {
	server := serveOld(t, nil)
	server.endpoint = "http://elsewhere.example/messages"
	e := dialFails(t, Options{Transport: SSE, URL: server.URL + "/sse"})
	require.Equal(t, Protocol, e.Kind)
	require.Contains(t, e.Error(), "leads to another server")

	e = dialFails(t, Options{Transport: SSE, URL: server.URL + "/nope"})
	require.Equal(t, NotFound, e.Kind)

	page := httpServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	e = dialFails(t, Options{Transport: SSE, URL: page})
	require.Equal(t, Garbage, e.Kind)
	require.Contains(t, e.Error(), "no event stream but text/html")

	for name, write := range map[string]string{"silence": ": hi\n\n", "another event": "data: x\n\n"} {
		silent := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
			events(w, write)
			<-r.Context().Done()
		})
		e = dialFails(t, Options{Transport: SSE, URL: silent, Timeout: 100 * time.Millisecond})
		require.Equal(t, TimedOut, e.Kind, name)
		require.Contains(t, e.Error(), "GET got no reply in time (100ms)")
	}
	ends := httpServer(t, func(w http.ResponseWriter, _ *http.Request) { events(w, ": bye\n\n") })
	e = dialFails(t, Options{Transport: SSE, URL: ends})
	require.Equal(t, Lost, e.Kind)
	require.Contains(t, e.Error(), "ended the event stream")

	auth := httpServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		fmt.Fprint(w, "who is sesame-open?")
	})
	e = dialFails(t, Options{Transport: SSE, URL: auth, Header: http.Header{"Authorization": {"Bearer sesame-open"}}})
	require.Equal(t, Auth, e.Kind)
	require.NotContains(t, e.Error(), "sesame-open")
	require.True(t, strings.HasSuffix(e.Error(), "HTTP 401: who is [redacted]?"), e.Error())
}

// Opening the stream is repeated while a rate limit refuses it, and follows
// redirects.
func TestSSEOpening(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	var n atomic.Int64
	front := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/old":
			http.Redirect(w, r, "/sse", http.StatusFound)
		case r.URL.Path == "/busy":
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(429)
		case r.Method == http.MethodGet && n.Add(1) == 1:
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(429)
		default:
			server.ServeHTTP(w, r)
		}
	})
	// One connection is enough: the stream has its own.
	s := dial(t, Options{Transport: SSE, URL: front + "/old", MaxConns: 1, Timeout: 2 * time.Second})
	require.Equal(t, front+"/sse", s.URL())
	calls := s.Handshake()
	require.Equal(t, []string{"GET", "GET", "GET", "initialize", "notifications/initialized"}, sent(calls))
	for i, want := range []int{302, 429, 200} {
		require.Equal(t, want, calls[i].Status)
		require.Equal(t, history.Stream, calls[i].Kind)
	}
	require.Equal(t, history.Limited, calls[1].Outcome)
	require.Equal(t, history.OK, calls[2].Outcome)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)

	e := dialFails(t, Options{Transport: SSE, URL: front + "/busy"})
	require.Equal(t, Limited, e.Kind)
	require.Len(t, e.Calls, maxAttempts)
}

// A server that opens its stream whatever the method is of the old transport.
func TestSSEByPost(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	front := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/sse" {
			read(t, r)
			events(w, "event: endpoint\ndata: /messages\n\n")
			<-r.Context().Done()
			return
		}
		server.ServeHTTP(w, r)
	})
	s := dial(t, Options{URL: front + "/sse"})
	require.Equal(t, SSE, s.Transport())
	require.Equal(t, []string{"server/discover", "GET", "initialize", "notifications/initialized"}, sent(s.Handshake()))
	e := dialFails(t, Options{URL: front + "/sse", Transport: HTTP})
	require.Contains(t, e.Error(), "older HTTP+SSE transport")
}

// TestSSEStreamsTakeNoConnectionsOfOthers: a session's stream holds one for as long
// as it lasts, and posts get through however few are shared.
func TestSSEStreamsTakeNoConnectionsOfOthers(t *testing.T) {
	server := serveOld(t, func(_ http.ResponseWriter, p posted) string { return message200(p.ID, okResult) })
	var conns Conns
	defer conns.Close()
	shared := conns.of(Options{MaxConns: 1}) // another session made them
	s := dial(t, Options{Transport: SSE, URL: server.URL + "/sse", MaxConns: 1, Conns: &conns,
		Timeout: 10 * time.Second})
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	l := s.link.(*sseLink)
	require.Same(t, shared, l.posts.transport, "their number is bounded for all sessions together")
	require.NotSame(t, shared, l.poster.transport)
}
