package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stalls serves a server that answers until a method is asked for, which it never
// answers; entered says that it was.
func stalls(t *testing.T, at string) (url string, entered <-chan struct{}) {
	t.Helper()
	over, there := make(chan struct{}), make(chan struct{}, 64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&q) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if q.Method == at {
			there <- struct{}{}
			<-over
		}
		w.Header().Set("Content-Type", "application/json")
		result := map[string]string{
			"initialize": `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}`,
			"tools/list": `{"tools":[{"name":"t","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}`,
			"tools/call": `{"content":[]}`,
		}[q.Method]
		switch {
		case q.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case result == "":
			_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":` + string(q.ID) + `,"error":{"code":-32601,"message":"no"}}`))
		default:
			_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":` + string(q.ID) + `,"result":` + result + `}`))
		}
	}))
	t.Cleanup(func() { close(over); s.CloseClientConnections(); s.Close() })
	return s.URL + "/mcp", there
}

// TestFirstInterruptEndsWhatMeasuresNothing: before there is traffic to report of, nothing
// is waited for, and nothing is said to be.
func TestFirstInterruptEndsWhatMeasuresNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		at    string
		args  []string
		looks bool // nothing of it is a run
	}{
		"tools, in the handshake": {"initialize", []string{"tools"}, true},
		"tools, in the list":      {"tools/list", []string{"tools"}, true},
		"a call":                  {"tools/call", []string{"call", "t"}, true},
		"load init":               {"tools/list", []string{"load", "init"}, true},
		"load":                    {"initialize", []string{"load", "--tool", "t"}, false},
		"load, in the list":       {"tools/list", []string{"load", "--tool", "t"}, false},
		"run":                     {"initialize", []string{"run", "--rate", "5/s", "--burst", "5", "--tool", "t"}, false},
		"probe":                   {"initialize", []string{"probe", "--tool", "t"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, entered := stalls(t, row.at)
			var stdout bytes.Buffer
			var stderr spokenTo
			a := &app{stdout: &stdout, stderr: &stderr, drain: make(chan struct{}), interrupts: make(chan struct{}, 2)}
			ctx, stop := a.interruptible()
			defer stop()
			root := a.root()
			root.SetArgs(append(row.args, "--url", url))
			root.SetOut(&stdout)
			root.SetErr(&stderr)
			ended := make(chan error, 1)
			go func() { ended <- root.ExecuteContext(ctx) }()
			<-entered
			a.interrupt()
			select {
			case err := <-ended:
				require.ErrorContains(t, err, "interrupted before there was anything to say")
			case <-time.After(8 * time.Second): // a call's time-out is 10 s
				t.Fatal("it goes on")
			}
			require.Equal(t, !row.looks, strings.Contains(stderr.String(), "waiting for the calls in flight"))
			require.Empty(t, stdout.String())
		})
	}
}

// spokenTo is written to by whoever is interrupted and by whoever interrupts.
type spokenTo struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *spokenTo) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spokenTo) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
