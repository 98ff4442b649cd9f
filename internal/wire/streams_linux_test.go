package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// onBothPaths runs a test with what sends a call by the plain path, and by a loop.
func onBothPaths(t *testing.T, o Options, test func(t *testing.T, s *Session, send func() history.Call)) {
	for _, path := range []string{"plain", "fast"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := dial(t, o)
			send := func() history.Call { return s.Exchange(t.Context(), echo) }
			if path == "fast" {
				l := newLoop(t, LoopConfig{}, s)
				send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
			}
			test(t, s, send)
		})
	}
}

// A curious server asks its client something in each call, and gives the result only when
// it has the answer.
type curious struct {
	mu      sync.Mutex
	answers map[string]chan posted // by the id, as it was sent
	ask     string                 // ID stands for the id
	id      string
	pieces  int  // bytes at a time; 0: all at once
	alone   bool // it asks on the standalone stream
	opened  chan chan string
}

func (a *curious) ServeHTTP(w http.ResponseWriter, r *http.Request, p posted) {
	if p.Method == "" {
		a.mu.Lock()
		a.answers[string(p.ID)] <- p
		a.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
		return
	}
	id := strings.ReplaceAll(a.id, "N", string(p.ID))
	got := make(chan posted, 1)
	a.mu.Lock()
	a.answers[id] = got
	a.mu.Unlock()
	w.Header().Set("Content-Type", eventStream)
	text := "data: " + strings.ReplaceAll(a.ask, "ID", id) + "\n\n"
	switch {
	case a.alone:
		out := <-a.opened
		a.opened <- out
		out <- text
	case a.pieces == 0:
		events(w, text)
	default:
		for len(text) > 0 {
			n := min(a.pieces, len(text))
			events(w, text[:n])
			text = text[n:]
		}
	}
	select {
	case q := <-got:
		fields, _ := json.Marshal(map[string]json.RawMessage{"result": q.Result, "error": q.Error})
		events(w, fmt.Sprintf(`data: {"jsonrpc":"2.0","id":%s,"result":{"content":[],"structuredContent":%s}}`+"\n\n",
			p.ID, fields))
	case <-r.Context().Done():
	}
}

// listened serves the standalone stream.
func (a *curious) listened(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", eventStream)
	events(w, ": here\n\n")
	out := make(chan string)
	a.opened <- out
	for {
		select {
		case text := <-out:
			events(w, text)
		case <-r.Context().Done():
			return
		}
	}
}

func (a *curious) start(t *testing.T) string {
	a.answers, a.opened = map[string]chan posted{}, make(chan chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			a.listened(w, r)
		case http.MethodPost:
			if p := read(t, r); !initializer(w, p) {
				a.ServeHTTP(w, r, p)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestServersMayAskInMidCall: what they ask on the stream of a call, or on the
// standalone one, is answered before there is a result, on either path, whatever
// the id and however its bytes come.
func TestServersMayAskInMidCall(t *testing.T) {
	method := func(name, params string) string {
		return `{"jsonrpc":"2.0","id":ID,"method":"` + name + `","params":` + params + `}`
	}
	form := `{"message":"who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":3}}}}`
	rows := map[string]struct {
		asker   *curious
		answers Answers
		get     GetStream
		want    string
	}{
		"ping": {asker: &curious{ask: method("ping", "{}"), id: `"srv-N"`},
			want: `{"result":{},"error":null}`},
		"ping, byte for byte": {asker: &curious{ask: method("ping", "{}"), id: `"srv-N"`, pieces: 1},
			want: `{"result":{},"error":null}`},
		"an id beyond ASCII": {asker: &curious{ask: method("ping", "{}"), id: `"ключ-N-😀"`, pieces: 3},
			want: `{"result":{},"error":null}`},
		"our own number": {asker: &curious{ask: method("ping", "{}"), id: `N`},
			want: `{"result":{},"error":null}`},
		"elicitation, unasked": {asker: &curious{ask: method("elicitation/create", form), id: `7`},
			want: `{"result":null,"error":{"code":-32601,"message":"method not found"}}`},
		"elicitation, accepted": {asker: &curious{ask: method("elicitation/create", form), id: `7`},
			answers: Answers{Elicitation: "accept"},
			want:    `{"result":{"action":"accept","content":{"age":3,"name":"yes"}},"error":null}`},
		"elicitation, declined": {asker: &curious{ask: method("elicitation/create", form), id: `7`},
			answers: Answers{Elicitation: "decline"}, want: `{"result":{"action":"decline"},"error":null}`},
		"sampling": {asker: &curious{ask: method("sampling/createMessage", "{}"), id: `7`},
			answers: Answers{Sampling: json.RawMessage(`{"role":"assistant"}`)},
			want:    `{"result":{"role":"assistant"},"error":null}`},
		"roots": {asker: &curious{ask: method("roots/list", "{}"), id: `7`},
			answers: Answers{Roots: []string{"/a/b c"}},
			want:    `{"result":{"roots":[{"name":"b c","uri":"file:///a/b%20c"}]},"error":null}`},
		"a task": {asker: &curious{ask: method("tasks/get", "{}"), id: `7`},
			want: `{"result":null,"error":{"code":-32601,"message":"method not found"}}`},
		"on its own stream": {asker: &curious{ask: method("ping", "{}"), id: `"srv-N"`, alone: true}, get: GetAuto,
			want: `{"result":{},"error":null}`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Transport: HTTP, URL: row.asker.start(t), Protocol: "2025-11-25", Client: "c1",
				Timeout: 5 * time.Second,
				Answers: row.answers, GetStream: row.get}
			for _, path := range []string{"plain", "fast"} { // one after the other: they share the asker
				s := dial(t, o)
				var got json.RawMessage
				if path == "plain" {
					var c history.Call
					c, got = s.Fetch(t.Context(), echo)
					require.Equal(t, history.OK, c.Outcome, c.Detail)
				} else {
					l := newLoop(t, LoopConfig{Read: func(_ *history.Call, result []byte) {
						got = append(got,
							result...)
					}}, s)
					c := byLoop(t.Context(), t, l, echo)[0]
					require.Equal(t, history.OK, c.Outcome, c.Detail)
				}
				var result struct {
					Fields json.RawMessage `json:"structuredContent"`
				}
				require.NoError(t, json.Unmarshal(got, &result))
				require.JSONEq(t, row.want, string(result.Fields), path)
				require.NoError(t, s.Close(t.Context()))
				n := 0
				for _, c := range s.Asides() {
					if c.Kind == history.Answer {
						n++
						require.LessOrEqual(t, c.Due, c.Sent)
						require.Positive(t, c.Due)
					}
				}
				require.Equal(t, 1, n, "the answer is in the history")
				if row.asker.alone {
					<-row.asker.opened // the next session has its own
				}
			}
		})
	}
}

// TestStreamsAreResumed after the last event that came, when the server said so,
// until there is a response.
func TestStreamsAreResumed(t *testing.T) {
	for name, row := range map[string]struct {
		breaks bool // the connection breaks in place of the stream's end
		polls  int  // streams without the response
		get    int  // status of the GET; 0: a stream
		gone   int  // GETs that get a 503 or no reply, by turns
		want   string
	}{
		"a stream that ends":     {},
		"a stream that breaks":   {breaks: true},
		"polled three times":     {polls: 3},
		"a server that restarts": {gone: 2},
		"a server that is gone": {get: http.StatusServiceUnavailable, want: "the stream ended without a response, and it is not resumed: " +
			"503 Service Unavailable"},
		"a server that has no such": {get: http.StatusMethodNotAllowed, want: "the stream ended without a response, " +
			"and it is not resumed: 405 Method Not Allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var last []string
			gets := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.Method {
				case http.MethodPost:
					if p := read(t, r); !initializer(w, p) {
						w.Header().Set("Content-Type", eventStream)
						events(w, fmt.Sprintf("id: %s/0\nretry: 20\ndata:\n\n", p.ID))
						if row.breaks {
							panic(http.ErrAbortHandler)
						}
					}
				case http.MethodGet:
					id, n, ok := strings.Cut(r.Header.Get("Last-Event-Id"), "/")
					if !ok || row.get != 0 {
						w.WriteHeader(max(row.get, http.StatusMethodNotAllowed))
						return
					}
					mu.Lock()
					last = append(last, n)
					gets++ // of both paths
					nth := gets
					mu.Unlock()
					if nth <= row.gone && nth%2 == 0 {
						panic(http.ErrAbortHandler)
					} else if nth <= row.gone {
						w.WriteHeader(http.StatusServiceUnavailable)
						return
					}
					w.Header().Set("Content-Type", eventStream)
					if n == fmt.Sprint(row.polls) {
						events(w, fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", id, okResult))
						return
					}
					events(w, fmt.Sprintf("id: %s/%d\ndata:\n\n", id, len(n)+strings.Count("0123",
						n[:1])*int(n[0]-'0')))
				}
			}))
			t.Cleanup(server.Close)
			onBothPaths(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1",
				Timeout: 5 * time.Second}, func(t *testing.T, s *Session, send func() history.Call) {
				c := send()
				if row.want != "" {
					require.Equal(t, history.Broken, c.Outcome)
					require.Equal(t, row.want, c.Detail)
					return
				}
				require.Equal(t, history.OK, c.Outcome, c.Detail)
				require.GreaterOrEqual(t, c.Service(), 20*time.Millisecond, "it waited as long as the server wants")
				require.EqualValues(t, row.polls+1, s.Streams().Resumed)
			})
		})
	}
}

// TestCallsEndWithTheirResponse: the stream's end is not waited for, and neither is
// the connection that it keeps.
func TestCallsEndWithTheirResponse(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
		w.Header().Set("Content-Type", eventStream)
		events(w, fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", p.ID, okResult))
		<-r.Context().Done()
	})
	onBothPaths(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1",
		Timeout: 5 * time.Second}, func(t *testing.T, s *Session, send func() history.Call) {
		begin := time.Now()
		for range 4 {
			require.Equal(t, history.OK, send().Outcome)
		}
		require.Less(t, time.Since(begin), 3*linger)
	})
}

// TestCookiesGoBackToTheirOrigin, in their latest state, each session's own; and
// to nobody else.
func TestCookiesGoBackToTheirOrigin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		p := read(t, r)
		if p.Method == "initialize" {
			w.Header().Set("Set-Cookie", "sticky=0; Path=/; HttpOnly")
			w.Header().Add("Set-Cookie", "elsewhere=1; Domain=example.com")
		}
		if initializer(w, p) {
			return
		}
		c, err := r.Cookie("sticky")
		if err != nil || len(r.Cookies()) != 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Set-Cookie", "sticky="+c.Value+"x; Path=/")
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"structuredContent":"%s"}}`, p.ID, c.Value)
	}))
	t.Cleanup(server.Close)
	onBothPaths(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1",
		Timeout: 5 * time.Second}, func(t *testing.T, s *Session, send func() history.Call) {
		for n := range 3 {
			c := send()
			require.Equal(t, history.OK, c.Outcome, "%s, call %d", c.Detail, n)
		}
		require.Equal(t, "sticky=0xxx", s.link.(*httpLink).poster.cookies.line(must(http.NewRequest(http.MethodPost,
			server.URL, nil)).URL))
	})
}

// TestRedirectsOfTheSameServerAreFollowed while calls go on; another server gets
// nothing of ours.
func TestRedirectsOfTheSameServerAreFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		t.Error("another server was asked")
	}))
	t.Cleanup(other.Close)
	for name, row := range map[string]struct {
		status int
		to     string
		want   history.Outcome
	}{
		"307":                   {http.StatusTemporaryRedirect, "/there", history.OK},
		"308":                   {http.StatusPermanentRedirect, "/there", history.OK},
		"302 would lose a body": {http.StatusFound, "/there", history.Rejected},
		"another server":        {http.StatusTemporaryRedirect, other.URL, history.Rejected},
		"for ever":              {http.StatusTemporaryRedirect, "/again", history.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request, p posted) {
				if r.URL.Path != "/there" {
					http.Redirect(w, r, row.to, row.status)
					return
				}
				reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
			})
			onBothPaths(t, Options{Transport: HTTP, URL: server.URL,
				Header: http.Header{"Authorization": {"Bearer secret"}}, Protocol: "2025-11-25", Client: "c1",
				Timeout: 5 * time.Second},
				func(t *testing.T, s *Session, send func() history.Call) {
					c := send()
					require.Equal(t, row.want, c.Outcome, c.Detail)
				})
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
