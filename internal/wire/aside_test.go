package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// An asker is a server that asks back before it answers a call, over either
// transport of HTTP, and counts what reaches it. It never answers the tool hang.
type asker struct {
	*httptest.Server
	seen  atomic.Int64
	mu    sync.Mutex
	asked map[string]chan struct{} // closed once the question is answered
	down  chan string              // to the stream of HTTP+SSE
}

func newAsker(t *testing.T) *asker {
	a := &asker{asked: map[string]chan struct{}{}, down: make(chan string, 100)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.seen.Add(1)
		switch {
		case r.Method == http.MethodDelete:
		case r.Method == http.MethodGet:
			a.stream(w, r)
		default:
			a.post(t, w, r)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *asker) stream(w http.ResponseWriter, r *http.Request) {
	events(w, "event: endpoint\ndata: /post\n\n")
	for {
		select {
		case text := <-a.down:
			fmt.Fprint(w, text)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (a *asker) post(t *testing.T, w http.ResponseWriter, r *http.Request) {
	p := read(t, r)
	old := r.URL.Path == "/post"
	switch {
	case p.Method == "":
		a.mu.Lock()
		if c, ok := a.asked[string(p.ID)]; ok {
			close(c)
			delete(a.asked, string(p.ID))
		}
		a.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	case strings.Contains(string(p.Params), `"hang"`):
		if old {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		<-r.Context().Done()
	case p.Method == "tools/call":
		out := func(text string) { events(w, text) }
		if old {
			out = func(text string) { a.down <- text }
			w.WriteHeader(http.StatusAccepted)
			w.(http.Flusher).Flush()
		}
		c := make(chan struct{})
		a.mu.Lock()
		a.asked[`"q`+string(p.ID)+`"`] = c
		a.mu.Unlock()
		out(fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":\"q%s\",\"method\":\"ping\"}\n\n", p.ID))
		select {
		case <-c:
			out(message200(p.ID, okResult))
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
			t.Error("a question got no answer")
		}
	case old && p.Method == "initialize":
		w.WriteHeader(http.StatusAccepted)
		a.down <- message200(p.ID,
			`{"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"old","version":"1"}}`)
	case r.URL.Path == "/sse":
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		initializer(w, p)
	}
}

// TestEverythingThatLeftIsACall: as many messages reach a server as the session
// has calls, over every transport and both paths, with questions that the server
// asks in mid-call, calls that time out and are cancelled, and the session's end.
func TestEverythingThatLeftIsACall(t *testing.T) {
	const n = 3
	for _, row := range []struct {
		name  string
		open  func(a *asker) Options
		loop  bool
		asks  string
		extra []string // beside n answers and a cancellation
	}{
		{"http", func(a *asker) Options { return Options{URL: a.URL + "/mcp", CancelHTTP: true} }, false, "ping",
			[]string{"DELETE"}},
		{"http, fast", func(a *asker) Options { return Options{URL: a.URL + "/mcp", CancelHTTP: true} }, true, "ping",
			[]string{"DELETE"}},
		{"sse", func(a *asker) Options { return Options{URL: a.URL + "/sse", CancelHTTP: true} }, false, "ping", nil},
		{"stdio", func(*asker) Options { return childOptions("asks") }, false, "sampling/createMessage", nil},
		{"stdio, fast", func(*asker) Options { return childOptions("asks") }, true, "sampling/createMessage", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a := newAsker(t)
			o := row.open(a)
			o.Client, o.Refusal, o.Timeout = "c1", rateLimit, 3*time.Second
			s, err := Dial(t.Context(), o)
			require.NoError(t, err)
			var calls []history.Call
			for range n {
				calls = append(calls, oneCall(t, s, row.loop, echo))
			}
			hang := echo
			hang.Arguments = json.RawMessage(`{"hang":1}`)
			calls = append(calls, oneCall(t, s, row.loop, hang), s.Exchange(t.Context(),
				history.Arrival{Method: "notifications/roots/list_changed"}))
			require.NoError(t, s.Close(t.Context()))

			for _, c := range calls[:n] {
				require.Equal(t, history.OK, c.Outcome, c.Detail)
			}
			require.Equal(t, history.TimedOut, calls[n].Outcome)
			require.Equal(t, history.Notification, calls[n+1].Kind)
			byMethod := map[string]int{}
			for _, c := range s.Asides() {
				byMethod[c.Method]++
				require.Equal(t, "c1", c.Client)
				require.Equal(t, "aside", c.Label)
				require.False(t, c.Planned())
				require.Positive(t, c.Sent)
				require.LessOrEqual(t, c.Sent, c.Received)
				require.Equal(t, c.Method == row.asks, c.Kind == history.Answer)
			}
			want := map[string]int{row.asks: n, "notifications/cancelled": 1}
			for _, m := range row.extra {
				want[m]++
			}
			require.Equal(t, want, byMethod)
			all := len(s.Handshake()) + len(calls) + len(s.Asides())
			if s.Transport() == Stdio {
				m := regexp.MustCompile(`(\d+) lines`).FindSubmatch(s.Stderr())
				require.NotNil(t, m, "%s", s.Stderr())
				require.Equal(t, strconv.Itoa(all), string(m[1]))
				return
			}
			require.Equal(t, int64(all), a.seen.Load())
		})
	}
}

// oneCall sends one call on either path.
func oneCall(t *testing.T, s *Session, loop bool, a history.Arrival) history.Call {
	if loop {
		return onLoop(t, s, a)
	}
	return s.Exchange(t.Context(), a)
}

// In process, too: what the handler is given is what is noted.
func TestEverythingThatLeftInProcess(t *testing.T) {
	seen := 0
	s := dial(t, Options{Client: "c1", Protocol: "2025-11-25", Handler: func(_ context.Context, _ string,
		text []byte) []byte {
		seen++
		var p posted
		require.NoError(t, json.Unmarshal(text, &p))
		switch p.Method {
		case "initialize":
			return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25"}}`, p.ID)
		case "tools/call":
			return fmt.Appendf(nil,
				`[{"jsonrpc":"2.0","id":"q","method":"roots/list"},{"jsonrpc":"2.0","id":%s,"result":%s}]`, p.ID,
				okResult)
		}
		return nil
	}})
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	require.Equal(t, []string{"roots/list"}, sent(s.Asides()))
	require.Equal(t, seen, len(s.Handshake())+1+len(s.Asides()))
}

// Where somebody else is told of the asides, the session keeps none; and an
// aside that is refused is refused.
func TestAsidesAreTold(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		if p.Method == "" {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		events(w, "data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"ping\"}\n\n"+message200(p.ID, okResult))
	})
	told := make(chan history.Call, 10)
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25",
		Aside: func(c history.Call) { told <- c }})
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	c := <-told
	require.Equal(t, history.Limited, c.Outcome)
	require.Equal(t, 3*time.Second, c.RetryAfter)
	require.NoError(t, s.Close(t.Context()))
	require.Equal(t, history.Rejected, (<-told).Outcome, "the DELETE")
	require.Empty(t, s.Asides())
}

// TestAnswersAreLimited: however much a server asks in one reply, few answers
// are under way, some wait, and the rest is dropped and counted.
func TestAnswersAreLimited(t *testing.T) {
	const asked = 20_000
	var now, most, got atomic.Int64
	hold := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		if p.Method == "" {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-hold
			got.Add(1)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		events(w, strings.Repeat("data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"ping\"}\n\n", asked)+
			message200(p.ID, okResult))
	})
	s := dialHTTP(t, server.URL)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	var dropped int
	for _, stray := range s.Strays() {
		if stray.Kind == Unanswered {
			dropped = stray.Count
		}
	}
	require.Equal(t, asked-maxAnswering-maxWaiting, dropped)
	close(hold)
	require.Eventually(t, s.answers.idle, 20*time.Second, time.Millisecond)
	require.Equal(t, int64(maxAnswering+maxWaiting), got.Load())
	require.LessOrEqual(t, most.Load(), int64(maxAnswering))
	require.Len(t, s.Asides(), maxAnswering+maxWaiting)

	require.NoError(t, s.Close(t.Context()))
	long := &message{method: "ping", id: replyID{present: true, raw: `"` + strings.Repeat("x", maxAnswerID) + `"`}}
	_, ok := s.respond(long)
	require.False(t, ok, "an id that is longer than any should be")
	s.asides.begun = maxAsides
	_, ok = s.respond(&message{method: "ping", id: replyID{present: true, raw: "1"}})
	require.False(t, ok, "what can't be kept isn't sent")
}

// A session that closes doesn't wait for long for a server that takes no answer.
func TestCloseLeavesAnswers(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
		if p.Method == "" {
			_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is seen
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		events(w, "data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"ping\"}\n\n"+message200(p.ID, okResult))
	})
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1", Timeout: time.Minute})
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	begin := time.Now()
	require.NoError(t, s.Close(t.Context()))
	require.Less(t, time.Since(begin), 30*time.Second)
	require.Equal(t, []string{"ping", "DELETE"}, sent(s.Asides()))
	require.Equal(t, history.Unknown, s.Asides()[0].Outcome, "it left us, and the server may have seen it")
}

// TestLongIDsAreAnswered, as the official clients do: but only as many wait for their turn
// as take little room.
func TestLongIDsAreAnswered(t *testing.T) {
	long := &message{method: "ping", id: replyID{present: true, raw: `"` + strings.Repeat("x", 50_000) + `"`}}
	hold := make(chan struct{})
	dropped := 0
	a := &answerer{most: 2, respond: func(m *message) (request, bool) { return request{}, true },
		carry:   func(context.Context, request) answer { <-hold; return answer{} },
		dropped: func(*message) { dropped++ }, noted: func(request, answer) {}}
	a.life, a.end = context.WithCancel(t.Context())
	const room = maxWaitingID / 50_002
	for range 2 + room + 3 {
		a.answer(long)
	}
	require.Equal(t, 3, dropped)
	a.answer(&message{method: "ping", id: replyID{present: true, raw: "1"}})
	require.Equal(t, 3, dropped)
	close(hold)
	require.Eventually(t, a.idle, 20*time.Second, time.Millisecond)
	require.Zero(t, a.ids)
	a.close()

	s := dialHTTP(t, serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	}).URL)
	q, ok := s.respond(long)
	require.True(t, ok)
	require.Contains(t, string(q.body), long.id.raw)
}
