package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A server that refuses to open sessions during the run: each attempt may have cost
// a token, so the history that is judged must hold every request that was sent,
// where no session came of it too.
func TestEveryAttemptToOpenASessionIsInTheHistory(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{} // messages by method, and HTTP methods where there is none
	url := behind(t, func(next http.Handler, _ func() *httptest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client is gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			var m struct {
				Method string `json:"method"`
			}
			if json.Unmarshal(body, &m) != nil {
				m.Method = r.Method
			}
			mu.Lock()
			seen[m.Method]++
			late := m.Method == "initialize" && seen["tools/list"] > 0
			mu.Unlock()
			if late {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	var stdout, stderr bytes.Buffer
	run([]string{"run", "--url", url, "--server", "unifi-mcp", "--protocol", "2025-11-25", "--scenario", "evasion",
		"--no-store", "--save-history", file}, &bytes.Buffer{}, &stdout, &stderr)
	f, err := os.Open(file)
	require.NoError(t, err, stderr.String())
	defer f.Close()
	calls, err := history.ReadAll(f)
	require.NoError(t, err)
	recorded := map[string]int{}
	for _, c := range calls {
		if c.Outcome != history.Unsent {
			recorded[c.Method]++
		}
	}
	require.Greater(t, seen["initialize"], 5, "the run must have tried to open a session, and again")
	require.Equal(t, seen, recorded)
}
