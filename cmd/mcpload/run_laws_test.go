package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
// opens with a call, as express-rate-limit does.
func windowServer(t *testing.T, n int, every time.Duration) string {
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
			refused := used > n
			mu.Unlock()
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
			var doc results.Document
			for range 3 { // what delays hid is inconclusive, and never wrong
				var stdout, stderr bytes.Buffer
				run([]string{"run", "--url", windowServer(t, 5, time.Second), "--protocol", "2025-11-25", "--promise", row.promise, "--tool", "ping",
					"--fresh", "--no-store", "--format", "json"}, &bytes.Buffer{}, &stdout, &stderr)
				require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc), stderr.String())
				if doc.Verdict != verdict.Inconclusive {
					break
				}
			}
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
