package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// A fickle server speaks the session era. Its ways are those of a case.
type fickle struct {
	mu       sync.Mutex
	got      []string       // messages, without ids
	sessions int            // begun
	active   map[string]int // calls under way, by session
	conns    map[net.Conn]bool
	most     int      // connections at a time
	wrong    []string // what should not have been
}

// A hit is a request to a fickle server.
type hit struct {
	http.ResponseWriter
	*http.Request
	method  string // empty without a body
	id      string
	session string
	nth     int // of the sessions begun; 1 is the first
	end     <-chan struct{}
}

// json answers with a result.
func (h hit) json(result string) {
	h.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(h, `{"jsonrpc":"2.0","id":%s,"result":%s}`, h.id, result)
}

func (h hit) Header() http.Header { return h.ResponseWriter.Header() }

func (h hit) Write(p []byte) (int, error) { return h.ResponseWriter.Write(p) }

// usual is what most servers do.
func (h hit) usual() {
	switch {
	case h.method == "initialize":
		h.Header().Set("Mcp-Session-Id", h.session)
		h.json(begun)
	case h.method == "notifications/initialized":
		h.WriteHeader(http.StatusAccepted)
	case h.method != "":
		h.json(`{"content":[{"type":"text","text":"hi"}]}`)
	case h.Method == http.MethodGet:
		h.WriteHeader(http.StatusMethodNotAllowed)
	default:
		h.WriteHeader(http.StatusOK)
	}
}

const begun = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"fickle","version":"1"}}`

var (
	methodOf = regexp.MustCompile(`"method":"([^"]*)"`)
	idOf     = regexp.MustCompile(`"id":(\d+)`)
)

// fickleServer starts a server with ways of its own; nil: the usual ones.
func fickleServer(t *testing.T, ways func(h hit)) (*fickle, string) {
	f := &fickle{active: map[string]int{}, conns: map[net.Conn]bool{}}
	end := make(chan struct{})
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what can't be read is no message
		h := hit{ResponseWriter: w, Request: r, session: r.Header.Get("Mcp-Session-Id"), end: end}
		if m := methodOf.FindSubmatch(body); m != nil {
			h.method = string(m[1])
		}
		if m := idOf.FindSubmatch(body); m != nil {
			h.id = string(m[1])
		}
		call := h.method == "tools/call"
		f.mu.Lock()
		if h.method == "initialize" {
			f.sessions++
			h.session = fmt.Sprint("s", f.sessions)
		}
		h.nth = f.sessions
		f.got = append(f.got, strings.TrimSpace(fmt.Sprintf("%s %s %s %t %s", r.Method, r.URL.Path, h.method,
			r.Header.Get("Mcp-Session-Id") != "", r.Header.Get("MCP-Protocol-Version"))))
		if r.Method == http.MethodDelete && f.active[h.session] > 0 {
			f.wrong = append(f.wrong, "a session ended with calls under way")
		}
		if call {
			f.active[h.session]++
		}
		f.mu.Unlock()
		if ways == nil {
			h.usual()
		} else {
			ways(h)
		}
		if call {
			f.mu.Lock()
			f.active[h.session]--
			f.mu.Unlock()
		}
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(handle))
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch state {
		case http.StateNew:
			f.conns[c] = true
		case http.StateClosed, http.StateHijacked:
			delete(f.conns, c)
		}
		f.most = max(f.most, len(f.conns))
	}
	s.Start()
	t.Cleanup(func() { close(end); s.CloseClientConnections(); s.Close() })
	return f, s.URL + "/mcp"
}

// A churned is what came of calls on sessions that end: what a history holds, sorted
// where it may come in any order, without ids and stamps.
type churned struct {
	calls, opened, asides, got []string
	failed                     []string // sessions that weren't opened
	sessions                   int
}

// told is a call in words.
func told(c history.Call) string {
	return fmt.Sprintf("%v %s %s %v %d %d %q", c.Kind, c.Method, c.Label, c.Outcome, c.Status, c.Code, c.Detail)
}

// A churner opens sessions and keeps what came of it.
type churner struct {
	o  wire.Options
	mu sync.Mutex
	churned
	open []*wire.Session
}

func newChurner(o wire.Options, url string) *churner {
	c := &churner{}
	o.URL, o.Transport, o.Client, o.Conns, o.Protocol = url, wire.HTTP, "c", &wire.Conns{}, "2025-11-25"
	clock := runner.NewClock()
	o.Now = clock.Now
	o.Aside = func(call history.Call) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asides = append(c.asides, told(call))
	}
	c.o = o
	return c
}

// took takes in a session, or why there is none.
func (c *churner) took(s *wire.Session, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var calls []history.Call
	var e *wire.DialError
	switch {
	case err == nil:
		c.open, calls = append(c.open, s), s.Handshake()
	case errors.As(err, &e):
		calls = e.Calls
		c.failed = append(c.failed, e.Error())
	}
	for _, call := range calls {
		c.opened = append(c.opened, told(call))
	}
}

// stream sends calls one after the other, so many at a time.
func (c *churner) stream(ctx context.Context, clock runner.Clock, target runner.Target, calls, atOnce int) {
	var list []history.Arrival
	for range calls {
		list = append(list, history.Arrival{Client: "c", Method: "tools/call", Tool: "echo"})
	}
	// That it is ended is part of what is tested.
	_ = runner.Stream(ctx, clock, target, slices.Values(list), runner.Config{Closed: true, MaxInFlight: atOnce,
		Observe: func(call history.Call) { c.calls = append(c.calls, told(call)) }})
}

// end ends what is open.
func (c *churner) end(f *fickle) churned {
	for _, s := range c.open {
		_ = s.Close(context.Background()) // it may have been ended by the server
	}
	c.o.Conns.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	c.got, c.sessions = slices.Clone(f.got), f.sessions
	c.asides, c.got = settled(c.asides), settled(c.got)
	host := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	for _, list := range [][]string{c.calls, c.opened, c.asides, c.got, c.failed} {
		for i := range list {
			list[i] = host.ReplaceAllString(list[i], "HOST")
		}
	}
	slices.Sort(c.opened)
	slices.Sort(c.failed)
	return c.churned
}

// settled is a list without what is a matter of time: a session may end before its own
// stream is asked for, or there.
func settled(list []string) []string {
	slices.Sort(list)
	listens := func(s string) bool { return strings.Contains(s, "GET") }
	list = slices.DeleteFunc(list, func(s string) bool { return listens(s) && strings.Contains(s, "cancelled") })
	return slices.CompactFunc(list, func(a, b string) bool { return a == b && listens(a) })
}

// plainly churns on the plain path.
func plainly(ctx context.Context, t *testing.T, o wire.Options, ways func(hit), per, calls, atOnce int) churned {
	f, url := fickleServer(t, ways)
	c := newChurner(o, url)
	r := &runner.Renewed{Calls: per, Spent: lost, Open: func(ctx context.Context) (runner.Session, error) {
		s, err := wire.Dial(ctx, c.o)
		c.took(s, err)
		return s, err
	}}
	c.stream(ctx, runner.NewClock(), runner.Sessions{"c": r}, calls, atOnce)
	require.NoError(t, r.Close(context.Background()))
	return c.end(f)
}

// quickly churns on the fast path.
func quickly(ctx context.Context, t *testing.T, o wire.Options, ways func(hit), per, calls, atOnce int) (churned,
	*fickle) {
	f, url := fickleServer(t, ways)
	c := newChurner(o, url)
	first, err := wire.Dial(context.Background(), c.o)
	c.took(first, err)
	require.NoError(t, err)
	l, err := wire.NewLoop([]*wire.Session{first}, wire.LoopConfig{Conns: c.o.MaxConns, Renew: &wire.Renewal{
		Calls: per, Spent: lost, Next: func(string) (wire.Options, func(*wire.Session, error)) { return c.o, c.took }}})
	require.NoError(t, err)
	c.o.Conns.Close()
	c.stream(ctx, l, l, calls, atOnce)
	l.Close()
	return c.end(f), f
}

// lost is how a server says that it knows no session.
func lost(c *history.Call) bool { return c.Status == http.StatusNotFound }

// churning are servers as they are, and as they shouldn't be.
var churning = map[string]func(h hit){
	"as most are": nil,
	"no ids": func(h hit) {
		if h.method == "initialize" {
			h.json(begun)
			return
		}
		h.usual()
	},
	"event streams": func(h hit) {
		if h.id == "" {
			h.usual()
			return
		}
		result := begun
		if h.method == "initialize" {
			h.Header().Set("Mcp-Session-Id", h.session)
		} else {
			result = `{"content":[]}`
		}
		h.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(h, ": begin\n\n")
		h.ResponseWriter.(http.Flusher).Flush()
		fmt.Fprintf(h, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", h.id, result)
	},
	"begun twice": func(h hit) {
		if h.usual(); h.method == "initialize" {
			h.json(begun)
		}
	},
	"no content":   answering("", http.MethodPost, http.StatusNoContent, ""),
	"a body":       answering("notifications/initialized", "", http.StatusOK, `{"ok":true}`),
	"no beginning": sometimes("notifications/initialized", http.StatusInternalServerError, "no"),
	"no deletions": answering("", http.MethodDelete, http.StatusMethodNotAllowed, "method not allowed"),
	"deleted":      answering("", http.MethodDelete, http.StatusNoContent, ""),
	"unknown":      answering("", http.MethodDelete, http.StatusNotFound, `{"jsonrpc":"2.0","id":null,"error":{}}`),
	"no sessions":  sometimes("initialize", http.StatusInternalServerError, "<h1>Sorry</h1>"),
	"busy": func(h hit) {
		if h.method == "initialize" && h.nth == 2 {
			h.Header().Set("Retry-After", "1")
			h.WriteHeader(http.StatusTooManyRequests)
			return
		}
		h.usual()
	},
	"forbidden":      sometimes("initialize", http.StatusForbidden, `{"error":"forbidden"}`),
	"another origin": redirecting("http://127.0.0.2:9/mcp"),
	"elsewhere":      redirecting("/other"),
	"another version": func(h hit) {
		if h.method == "initialize" && h.nth > 1 {
			h.json(strings.Replace(begun, "2025-11-25", "2024-11-05", 1))
			return
		}
		h.usual()
	},
	"no JSON": func(h hit) {
		if h.method == "initialize" && h.nth > 1 {
			fmt.Fprint(h, "hello")
			return
		}
		h.usual()
	},
	"an error": func(h hit) {
		if h.method == "initialize" && h.nth > 1 {
			h.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(h, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"no"}}`, h.id)
			return
		}
		h.usual()
	},
	"hangs up": func(h hit) {
		if h.method == "initialize" && h.nth > 1 {
			panic(http.ErrAbortHandler)
		}
		h.usual()
	},
	"hangs": func(h hit) {
		if h.method == "initialize" && h.nth == 2 {
			select {
			case <-h.Context().Done():
			case <-h.end:
			}
			return
		}
		h.usual()
	},
	"cookies": func(h hit) {
		if h.method == "initialize" {
			http.SetCookie(h.ResponseWriter, &http.Cookie{Name: "at", Value: h.session})
		} else if c, err := h.Cookie("at"); h.method != "" && (err != nil || c.Value != h.session) {
			h.WriteHeader(http.StatusTeapot)
			return
		}
		h.usual()
	},
	"forgets": func(h hit) {
		if h.method == "tools/call" && h.session == "s2" {
			h.WriteHeader(http.StatusNotFound)
			return
		}
		h.usual()
	},
	"an endless body": func(h hit) {
		if h.method == "notifications/initialized" && h.session == "s2" {
			h.WriteHeader(http.StatusAccepted)
			fmt.Fprint(h, "so")
			h.ResponseWriter.(http.Flusher).Flush()
			select {
			case <-h.Context().Done():
			case <-h.end:
			}
			return
		}
		h.usual()
	},
}

// listening are servers whose clients ask for a stream of their own. A call is answered
// once that has been asked for.
var listening = map[string]func(h hit){
	"as most are": func(h hit) { h.usual() },
	"its own stream": func(h hit) {
		if h.Method == http.MethodGet {
			h.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(h, ": here\n\n")
			h.ResponseWriter.(http.Flusher).Flush()
			select {
			case <-h.Context().Done():
			case <-h.end:
			}
			return
		}
		h.usual()
	},
	"a stream that doesn't begin": func(h hit) {
		if h.Method == http.MethodGet {
			select {
			case <-h.Context().Done():
			case <-h.end:
			}
			return
		}
		h.usual()
	},
}

// answering is a server that answers a message, or a verb, in its own way.
func answering(method, verb string, status int, body string) func(hit) {
	return func(h hit) {
		if method != "" && h.method == method || verb == http.MethodDelete && h.Method == verb ||
			verb == http.MethodPost && (h.Method == http.MethodDelete || h.method == "notifications/initialized") {
			h.WriteHeader(status)
			if body != "" {
				fmt.Fprint(h, body)
			}
			return
		}
		h.usual()
	}
}

// sometimes is a server that refuses a message of every session but the first, but one.
func sometimes(method string, status int, body string) func(hit) {
	return func(h hit) {
		if h.method == method && h.nth == 3 {
			h.WriteHeader(status)
			fmt.Fprint(h, body)
			return
		}
		h.usual()
	}
}

// redirecting is a server that has some sessions begin elsewhere.
func redirecting(to string) func(hit) {
	return func(h hit) {
		if h.method == "initialize" && h.nth == 2 && h.URL.Path == "/mcp" {
			h.Header().Set("Location", to)
			h.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		h.usual()
	}
}

// TestChurnIsThePlainPath: sessions that come and go leave the same behind on both
// paths, in the history and on the server.
func TestChurnIsThePlainPath(t *testing.T) {
	require.NotEmpty(t, churning)
	for name, ways := range churning {
		for _, per := range []int{1, 2} {
			t.Run(fmt.Sprint(name, "/", per), func(t *testing.T) {
				o := wire.Options{Timeout: 20 * time.Second}
				if name == "hangs" {
					o.Patience = time.Second
				}
				want := plainly(t.Context(), t, o, ways, per, 6, 1)
				got, f := quickly(t.Context(), t, o, ways, per, 6, 1)
				require.Len(t, want.calls, 6)
				require.NotZero(t, want.sessions)
				require.Equal(t, name == "hangs up", want.strike() > 0)
				require.Equal(t, name == "hangs up", got.strike() > 0)
				require.Equal(t, want, got)
				require.Empty(t, f.wrong)
			})
		}
	}
}

// strike takes out the beginnings of sessions that were lost on kept connections, and sent
// again: how many those are depends on how many connections a path has kept.
func (c *churned) strike() (lost int) {
	c.asides = slices.DeleteFunc(c.asides, func(s string) bool {
		if strings.Contains(s, "closed-idle") {
			lost++
			return true
		}
		return false
	})
	left := lost
	c.got = slices.DeleteFunc(c.got, func(s string) bool {
		if left > 0 && s == "POST /mcp initialize false" {
			left--
			return true
		}
		return false
	})
	c.sessions -= lost
	return lost
}

// TestChurnListensAsThePlainPath: so do sessions that ask for a stream of their own.
func TestChurnListensAsThePlainPath(t *testing.T) {
	for name, ways := range listening {
		t.Run(name, func(t *testing.T) {
			o := wire.Options{Timeout: 10 * time.Second, GetStream: wire.GetOn}
			want := plainly(t.Context(), t, o, afterStream(ways), 1, 6, 1)
			got, _ := quickly(t.Context(), t, o, afterStream(ways), 1, 6, 1)
			require.Contains(t, strings.Join(want.got, "\n"), "GET /mcp")
			require.Equal(t, want, got)
		})
	}
}

// afterStream has calls wait for the streams of their sessions to be asked for.
func afterStream(ways func(hit)) func(hit) {
	var mu sync.Mutex
	asked := map[string]chan struct{}{}
	of := func(session string) chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		if asked[session] == nil {
			asked[session] = make(chan struct{})
		}
		return asked[session]
	}
	return func(h hit) {
		switch {
		case h.Method == http.MethodGet:
			close(of(h.session))
		case h.method == "tools/call":
			<-of(h.session)
			time.Sleep(5 * time.Millisecond) // for the answer to get there, which settled needs of one only
		}
		ways(h)
	}
}

// TestChurnKeepsItsConnections: handshakes go over the connections of the calls, no
// session ends with calls under way, and each call gets a session.
func TestChurnKeepsItsConnections(t *testing.T) {
	var calls atomic.Int64
	ways := func(h hit) {
		if h.method == "tools/call" {
			calls.Add(1)
			time.Sleep(time.Duration(calls.Load()%3) * time.Millisecond)
		}
		h.usual()
	}
	o := wire.Options{Timeout: 10 * time.Second, MaxConns: 4}
	got, f := quickly(t.Context(), t, o, ways, 3, 300, 12)
	require.Len(t, got.calls, 300)
	for _, c := range got.calls {
		require.Contains(t, c, " ok ")
	}
	require.EqualValues(t, 300, calls.Load())
	require.Empty(t, f.wrong)
	require.GreaterOrEqual(t, got.sessions, 100)
	require.LessOrEqual(t, got.sessions, 101)
	require.Len(t, got.opened, 2*got.sessions)
	require.Len(t, got.asides, got.sessions, "each session was deleted")
	f.mu.Lock()
	defer f.mu.Unlock()
	require.LessOrEqual(t, f.most, 4+1, "and the one of the first set-up, which is closed as the load begins")
}

// TestChurnEndsWithItsContext: what waits for a session that isn't there yet ends, and so
// does the session.
func TestChurnEndsWithItsContext(t *testing.T) {
	for name, ways := range map[string]func(hit){"no answer": churning["hangs"], "refused for now": churning["busy"]} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := wire.Options{Timeout: 20 * time.Second}
			watched := func(h hit) {
				if h.method == "initialize" && h.nth == 2 {
					time.AfterFunc(50*time.Millisecond, cancel)
				}
				ways(h)
			}
			got, _ := quickly(ctx, t, o, watched, 1, 3, 1)
			require.Len(t, got.asides, 1, "the first one was deleted")
			require.Len(t, got.failed, 1)
			require.Contains(t, got.calls[0], " ok ")
			require.Contains(t, got.calls[1], "no new session: ")
		})
	}
}

// TestChurnGivesUpWhatNobodyNeeds: a run that is over doesn't wait for a session that
// was refused for now.
func TestChurnGivesUpWhatNobodyNeeds(t *testing.T) {
	ways := func(h hit) {
		if h.method == "initialize" && h.nth == 2 {
			h.Header().Set("Retry-After", "25")
			h.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if h.method == "tools/call" {
			time.Sleep(100 * time.Millisecond) // the next session is asked for
		}
		h.usual()
	}
	begin := time.Now()
	got, _ := quickly(t.Context(), t, wire.Options{Timeout: 20 * time.Second}, ways, 1, 1, 1)
	require.Less(t, time.Since(begin), 20*time.Second)
	require.Len(t, got.failed, 1)
	require.Contains(t, got.failed[0], "while waiting to repeat initialize")
	require.Len(t, got.opened, 3)
}
