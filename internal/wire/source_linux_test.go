package wire

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// Every connection comes from the address that was asked for, the loop's too.
func TestConnectionsComeFromTheSource(t *testing.T) {
	var mu sync.Mutex
	from := map[string]bool{}
	inner := httptest.NewServer(nil)
	inner.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		mu.Lock()
		from[host] = err == nil
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		// whoever asked may be gone
		_, _ = w.Write(
			[]byte(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`))
	})
	defer inner.Close()
	s, err := Dial(t.Context(), Options{URL: inner.URL, Protocol: "2025-11-25", Transport: HTTP,
		Timeout: 5 * time.Second, Source: "127.0.0.3"})
	require.NoError(t, err)
	l, err := NewLoop([]*Session{s}, LoopConfig{Conns: 1})
	require.NoError(t, err)
	defer l.Close()
	release := l.Hold()
	defer release()
	done := make(chan struct{})
	l.Send(t.Context(), history.Arrival{Method: "ping"}, func(history.Call) { close(done) })
	require.NoError(t, waitFor(l, t, done))
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, map[string]bool{"127.0.0.3": true}, from)
}

func waitFor(l *Loop, t *testing.T, done chan struct{}) error {
	for {
		select {
		case <-done:
			return nil
		default:
			if err := l.Wait(t.Context(), l.Now()+10*time.Millisecond, nil); err != nil {
				return err
			}
		}
	}
}
