package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keepsSessions serves a server that answers no DELETE. It tells of the third call, and
// counts how long DELETEs were waited for.
type keepsSessions struct {
	url    string
	third  chan struct{}
	mu     sync.Mutex
	waited []time.Duration
}

func newKeepsSessions(t *testing.T) *keepsSessions {
	k := &keepsSessions{third: make(chan struct{})}
	var sessions, calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		switch {
		case r.Method == http.MethodDelete:
			begin := time.Now()
			<-r.Context().Done()
			k.mu.Lock()
			defer k.mu.Unlock()
			k.waited = append(k.waited, time.Since(begin))
			return
		case r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&q) != nil:
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		case q.ID == nil:
			w.WriteHeader(http.StatusAccepted)
			return
		}
		result := `{}`
		switch q.Method {
		case "initialize":
			w.Header().Set("Mcp-Session-Id", fmt.Sprint("s", sessions.Add(1)))
			result = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}`
		case "tools/list":
			result = `{"tools":[{"name":"t","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}`
		case "tools/call":
			if result = `{"content":[]}`; calls.Add(1) == 3 {
				close(k.third)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, q.ID, result) // whoever reads it is gone, or not
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	k.url = s.URL + "/mcp"
	return k
}

// TestAnInterruptWaitsNotLongForSessionsToEnd that their server doesn't end: for five
// seconds it would, and where it has many of them, for each a few.
func TestAnInterruptWaitsNotLongForSessionsToEnd(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "plan.yaml")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	for name, row := range map[string]struct {
		args []string
		most int // DELETEs; 0: any number
	}{
		"load of many sessions": {args: []string{"load", "--tool", "t", "--sessions", "80"}, most: 64},
		"load of sessions that end": {args: []string{"load", "--mix",
			write("sessions: {count: 2, calls: 2}\nmix: [{call: t}]\n")}},
		"load of sequences on sessions that end": {args: []string{"load", "--mix",
			write("sessions: {count: 2, calls: 2}\nmix: [{sequence: s, steps: [{call: t}, {call: t}]}]\n")}},
		"run":   {args: []string{"run", "--rate", "5/s", "--burst", "5", "--tool", "t", "--clients", "3"}},
		"probe": {args: []string{"probe", "--tool", "t"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeepsSessions(t)
			var stdout bytes.Buffer
			var stderr spokenTo
			a := &app{stdout: &stdout, stderr: &stderr, drain: make(chan struct{}), interrupts: make(chan struct{}, 2)}
			ctx, stop := a.interruptible()
			defer stop()
			root := a.root()
			root.SetArgs(append(row.args, "--no-store", "--url", k.url))
			root.SetOut(&stdout)
			root.SetErr(&stderr)
			ended := make(chan error, 1)
			go func() { ended <- root.ExecuteContext(ctx) }()
			<-k.third
			a.interrupt()
			<-ended // with the verdict of what was seen
			require.Eventually(t, func() bool {
				k.mu.Lock()
				defer k.mu.Unlock()
				return len(k.waited) > 0
			}, 10*time.Second, 10*time.Millisecond)
			k.mu.Lock()
			defer k.mu.Unlock()
			for _, waited := range k.waited {
				assert.Less(t, waited, 4*time.Second)
			}
			if row.most > 0 {
				require.LessOrEqual(t, len(k.waited), row.most)
			}
		})
	}
}
