package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

// A turnstile is a server over HTTP that counts every request, and charges it to a
// token bucket where it has a limiter: an honest limit of HTTP requests. In
// sessions it asks back in every tenth reply, and waits for the answer first.
type turnstile struct {
	seen    atomic.Int64
	refused atomic.Int64
	limiter *ratelimit.Limiter
	modern  bool

	mu    sync.Mutex
	calls int
	asked map[string]chan struct{}
}

func (g *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.seen.Add(1)
	if g.limiter != nil && !g.limiter.Allow().Allowed {
		g.refused.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if r.Method != http.MethodPost {
		return // a DELETE
	}
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "":
		g.answered(string(m.ID))
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "server/discover" && g.modern:
		g.reply(w, m.ID, `"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{}}`)
	case m.Method == "initialize" && !g.modern:
		w.Header().Set("Mcp-Session-Id", fmt.Sprint("s", g.seen.Load()))
		g.reply(w, m.ID,
			`"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"turnstile","version":"1"}}`)
	case m.Method == "tools/list":
		g.reply(w, m.ID, `"result":{"resultType":"complete","tools":[{"name":"ping","inputSchema":{"type":"object"}}]}`)
	case m.Method == "tools/call":
		g.call(w, r, m.ID)
	default:
		g.reply(w, m.ID, `"error":{"code":-32601,"message":"no such method"}`)
	}
}

func (g *turnstile) reply(w http.ResponseWriter, id json.RawMessage, member string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, id, member)
}

// call answers a call, and asks something before every tenth.
func (g *turnstile) call(w http.ResponseWriter, r *http.Request, id json.RawMessage) {
	const result = `"result":{"resultType":"complete","content":[]}`
	g.mu.Lock()
	g.calls++
	question := fmt.Sprintf(`"q%d"`, g.calls)
	answer := make(chan struct{})
	ask := !g.modern && g.calls%10 == 0
	if ask {
		g.asked[question] = answer
	}
	g.mu.Unlock()
	if !ask {
		g.reply(w, id, result)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}\n\n", question)
	w.(http.Flusher).Flush()
	select {
	case <-answer:
	case <-r.Context().Done():
	case <-time.After(300 * time.Millisecond): // the answer was refused, perhaps
	}
	fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,%s}\n\n", id, result)
}

func (g *turnstile) answered(question string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.asked[question]; ok {
		close(c)
		delete(g.asked, question)
	}
}

// newGate starts a turnstile with a limit; none where the rate is 0.
func newGate(t *testing.T, rate float64, burst int, modern bool) (g *turnstile, address string) {
	g = &turnstile{modern: modern, asked: map[string]chan struct{}{}}
	if rate > 0 {
		var err error
		g.limiter, err = ratelimit.New(ratelimit.Config{Rate: rate, Burst: burst})
		require.NoError(t, err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return g, s.URL + "/mcp"
}

// A counted server is any server over HTTP behind a proxy that counts.
func behindCounter(t *testing.T, upstream string) (seen *atomic.Int64, address string) {
	to, err := url.Parse(upstream)
	require.NoError(t, err)
	seen = &atomic.Int64{}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
	}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return seen, s.URL + to.Path
}

// sentIn is how many messages a saved history holds that left us.
func sentIn(t *testing.T, file string) (n int64, kinds map[history.Kind]int) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	calls, err := history.ReadAll(bytes.NewReader(text))
	require.NoError(t, err)
	kinds = map[history.Kind]int{}
	for _, c := range calls {
		if c.Outcome != history.Unsent {
			n++
			kinds[c.Kind]++
		}
	}
	return n, kinds
}

// TestEverythingThatLeftIsInTheHistory: as many messages reach a server as the
// history has, for each command that sends: with questions that the server asks in
// mid-call, notifications, streams and ends of sessions, on both paths.
func TestEverythingThatLeftIsInTheHistory(t *testing.T) {
	t.Setenv("MCPLOAD_RESULTS", t.TempDir())
	runAll := []string{"run", "--rate", "50/s", "--burst", "5", "--tool", "ping", "--scenario",
		"burst,isolation,evasion"}
	probing := []string{"probe", "--tool", "ping", "--budget", "calls=60,time=5s"}
	loading := []string{"load", "--tool", "ping", "--rate", "60/s", "--duration", "1s"}
	closed := []string{"load", "--tool", "ping", "--rate", "max", "--duration", "300ms", "--sessions", "3"}
	plain := []string{"load", "--tool", "ping", "--rate", "60/s", "--duration", "1s", "--sessions", "2", "--check",
		"echo"}
	old := []string{"--protocol", "2025-11-25"}
	for _, row := range []struct {
		name   string
		args   [][]string
		modern bool
	}{
		{"run", [][]string{runAll, old}, false}, {"run, 2026-07-28", [][]string{runAll}, true},
		{"probe", [][]string{probing, old}, false}, {"probe, 2026-07-28", [][]string{probing}, true},
		{"load", [][]string{loading, old}, false}, {"load, 2026-07-28", [][]string{loading}, true},
		{"load, closed loop", [][]string{closed, old}, false}, {"load, negotiated", [][]string{plain}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			rate := 0.0
			if row.args[0][0] != "load" {
				rate = 50
			}
			g, address := newGate(t, rate, 5, row.modern)
			file := filepath.Join(t.TempDir(), "calls.jsonl")
			args := append(append([]string{}, row.args[0]...), "--url", address, "--save-history", file, "--no-store")
			for _, more := range row.args[1:] {
				args = append(args, more...)
			}
			var out, errs bytes.Buffer
			status := run(args, strings.NewReader(""), &out, &errs)
			require.NotEqual(t, exitUsage, status, "%s\n%s", out.String(), errs.String())
			if row.args[0][0] == "run" {
				require.NotEqual(t, exitFail, status, "an honest limit of HTTP requests: %s", out.String())
			}
			n, kinds := sentIn(t, file)
			require.Equal(t, g.seen.Load(), n, "%v\n%s", kinds, out.String())
			if !row.modern {
				require.Positive(t, kinds[history.Notification])
				require.Positive(t, kinds[history.Answer], "%v", kinds)
				require.Positive(t, kinds[history.Deletion])
			}
		})
	}
}

// Over HTTP+SSE too, whose stream is a message.
func TestEverythingThatLeftOverSSE(t *testing.T) {
	p := profiles.ForURL(profiles.Limit{Rate: 50, Burst: 5})
	for _, args := range [][]string{
		{"run", "--rate", "50/s", "--burst", "5", "--tool", "echo", "--scenario", "burst,evasion"},
		{"load", "--tool", "echo", "--rate", "40/s", "--duration", "500ms", "--sessions", "2"},
	} {
		t.Run(args[0], func(t *testing.T) {
			server, err := mock.New(mock.Config{Profile: p})
			require.NoError(t, err)
			defer func() { require.NoError(t, server.Close()) }()
			upstream, err := server.Start("sse", "127.0.0.1:0")
			require.NoError(t, err)
			seen, address := behindCounter(t, upstream)
			file := filepath.Join(t.TempDir(), "calls.jsonl")
			var out, errs bytes.Buffer
			status := run(append(args, "--url", address, "--save-history", file, "--no-store"), strings.NewReader(""),
				&out, &errs)
			require.NotEqual(t, exitUsage, status, "%s\n%s", out.String(), errs.String())
			n, kinds := sentIn(t, file)
			require.Equal(t, seen.Load(), n, "%v\n%s", kinds, out.String())
			require.Positive(t, kinds[history.Stream])
		})
	}
}
