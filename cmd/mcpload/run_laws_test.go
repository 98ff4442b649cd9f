package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// windowServer is a server of tool calls that lets through n in every window, which
// opens with a call, as express-rate-limit does. It says so in headers, and how many
// are left.
func windowServer(t *testing.T, n int, every time.Duration) string {
	return boastfulServer(t, n, every, 0)
}

// boastfulServer is one that says that so many more are left than there are.
func boastfulServer(t *testing.T, n int, every time.Duration, more int) string {
	s := server.NewMCPServer("windows", "1")
	s.AddTool(mcp.NewTool("ping", mcp.WithReadOnlyHintAnnotation(true), mcp.WithOpenWorldHintAnnotation(false)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("pong"), nil
		})
	h := server.NewStreamableHTTPServer(s)
	var mu sync.Mutex
	var ends time.Time
	used := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Method") == "tools/call" || r.Header.Get("Mcp-Session-Id") != "" && isCall(r) {
			mu.Lock()
			now := time.Now()
			if now.After(ends) {
				ends, used = now.Add(every), 0
			}
			used++
			refused, left := used > n, n-used
			mu.Unlock()
			w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"all";q=%d;w=%g`, n, every.Seconds()))
			w.Header().Set("RateLimit", fmt.Sprintf(`"all";r=%d;t=1`, max(0, left)+more))
			if refused {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// isCall looks into a request's body, and puts it back.
func isCall(r *http.Request) bool {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		return false
	}
	body := b.Bytes()
	r.Body = http.NoBody
	if len(body) > 0 {
		r.Body = readCloser{bytes.NewReader(body)}
	}
	return bytes.Contains(body, []byte(`"tools/call"`))
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// A server whose windows open with a call is judged as what it is, and as nothing else.
func TestRunHoldsAServerToLaws(t *testing.T) {
	for _, row := range []struct {
		promise, state string
		verdict        verdict.Verdict
	}{
		{"5 per 1s fixed", "kept", verdict.Pass},
		{"5 per 1s sliding", "broken", verdict.Fail},
		{"4 per 1s fixed", "broken", verdict.Fail},
		{"6 per 1s fixed", "", verdict.Fail},
	} {
		t.Run(row.promise, func(t *testing.T) {
			t.Parallel()
			doc := runLaws(t, windowServer(t, 5, time.Second), "--promise", row.promise)
			require.Equal(t, row.verdict, doc.Verdict, "%+v", doc.Servers[0].Scenarios)
			require.Len(t, doc.Servers[0].Laws, 1)
			law := doc.Servers[0].Laws[0]
			require.Equal(t, row.promise, law.Law)
			require.Equal(t, row.promise, doc.Servers[0].Promise)
			if row.state != "" {
				require.EqualValues(t, row.state, law.State)
			}
		})
	}
}

// runLaws holds a server to laws, and again where delays hid what it does: that is
// inconclusive, and never wrong.
func runLaws(t *testing.T, url string, args ...string) (doc results.Document) {
	t.Helper()
	for range 3 {
		var stdout, stderr bytes.Buffer
		run(append([]string{"run", "--url", url, "--protocol", "2025-11-25", "--tool", "ping", "--fresh", "--no-store",
			"--format", "json"}, args...),
			&bytes.Buffer{}, &stdout, &stderr)
		doc = results.Document{}
		require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc), stderr.String())
		if doc.Verdict != verdict.Inconclusive {
			break
		}
	}
	return doc
}

// A server's own headers are its promise, and what they say is left is a part of it.
func TestRunHoldsAServerToItsHeaders(t *testing.T) {
	for name, row := range map[string]struct {
		more    int
		verdict verdict.Verdict
	}{
		"true":         {0, verdict.Pass},
		"two too many": {2, verdict.Fail}, // one may be the notification's that was counted late
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := runLaws(t, boastfulServer(t, 5, time.Second, row.more), "--promise-from", "headers")
			require.Equal(t, row.verdict, doc.Verdict, "%+v", doc.Servers[0].Scenarios)
			s := doc.Servers[0]
			require.Equal(t, `5 per 1s named "all"`, s.Promise)
			require.Contains(t, s.PromiseSource, `headers: RateLimit: "all";r=`)
			require.True(t, s.Setting.Headers, "a kept run is judged again alike")
			at := slices.IndexFunc(s.Scenarios[0].Findings,
				func(f results.Finding) bool { return f.Check == "headers" })
			require.GreaterOrEqual(t, at, 0)
			f := s.Scenarios[0].Findings[at]
			require.Equal(t, row.verdict, f.Verdict)
			if row.verdict == verdict.Fail {
				require.Len(t, f.Witness.Calls, 2)
			}
		})
	}
}
