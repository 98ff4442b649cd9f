package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestConnectionsOverHTTP2 are as many as were allowed at most, however few streams
// the server takes on one, and however soon it wants another one: calls wait for
// theirs, and none is lost.
func TestConnectionsOverHTTP2(t *testing.T) {
	for _, row := range []struct {
		most  int
		parts int64 // the server parts with a connection after so many calls; 0: never
	}{{most: 1}, {most: 3}, {most: 1, parts: 7}, {most: 2, parts: 5}} {
		var opened, inside, widest, served atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			p := read(t, r)
			if p.Method != methodCall {
				initializer(w, p)
				return
			}
			if n := inside.Add(1); n > widest.Load() {
				widest.Store(n)
			}
			time.Sleep(5 * time.Millisecond)
			inside.Add(-1)
			if n := served.Add(1); row.parts > 0 && n%row.parts == 0 {
				w.Header().Set("Connection", "close")
			}
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
		}))
		server.Config.Protocols = &http.Protocols{}
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 4}
		server.Config.ConnState = func(_ net.Conn, to http.ConnState) {
			if to == http.StateNew {
				opened.Add(1)
			}
		}
		server.Start()
		t.Cleanup(server.Close)
		s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", HTTP2: true, MaxConns: row.most,
			GetStream: GetOff, Timeout: 20 * time.Second})
		var wg sync.WaitGroup
		calls := make([]history.Call, 64)
		for i := range calls {
			wg.Go(func() { calls[i] = s.Exchange(t.Context(), echo) })
		}
		wg.Wait()
		for _, c := range calls {
			require.Equal(t, history.OK, c.Outcome, c.Detail)
		}
		if row.parts == 0 {
			require.LessOrEqual(t, opened.Load(), int64(row.most))
			require.LessOrEqual(t, widest.Load(), int64(4*row.most), "streams")
		} else {
			require.Greater(t, opened.Load(), int64(row.most), "others after those that ended")
		}
		require.Greater(t, widest.Load(), int64(1), "and not one after the other")
	}
}

// TestRefusedStreamsAreKnown, and with them what the server has not looked at.
func TestRefusedStreamsAreKnown(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		served.Add(1)
		time.Sleep(5 * time.Millisecond)
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1}
	server.Start()
	t.Cleanup(server.Close)
	transport := &http.Transport{Protocols: server.Config.Protocols}
	var refused, answered atomic.Int64
	for try := 0; try < 100 && refused.Load() == 0; try++ {
		c, err := transport.NewClientConn(t.Context(), "http", server.Listener.Addr().String())
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 20 { // before it has said how many it takes
			wg.Go(func() {
				q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
				if err != nil {
					return
				}
				resp, err := c.RoundTrip(q)
				switch {
				case err == nil:
					answered.Add(1)
					_ = resp.Body.Close() // it is empty
				case unprocessed(err) && errors.As(err, new(streamError)):
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		require.NoError(t, c.Close())
	}
	require.Positive(t, refused.Load())
	require.GreaterOrEqual(t, served.Load(), answered.Load())
	require.False(t, unprocessed(streamError{Code: 2}))
}

// TestOneCauseHasOneName, whatever stream it ended.
func TestOneCauseHasOneName(t *testing.T) {
	for text, want := range map[string]string{
		"stream error: stream ID 105; INTERNAL_ERROR; received from peer": "stream error: INTERNAL_ERROR; received from peer",
		"http2: server sent GOAWAY and closed the connection; LastStreamID=29, ErrCode=NO_ERROR, debug=\"\"": "http2: " +
			"server sent GOAWAY and closed the connection; ErrCode=NO_ERROR, debug=\"\"",
	} {
		require.Equal(t, want, netFault(t.Context(), errors.New(text)).detail)
	}
}

// TestWhoEndedAConnectionIsNotUs where the server did: what was in flight on it says so.
func TestWhoEndedAConnectionIsNotUs(t *testing.T) {
	var served atomic.Int64
	type key struct{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		var p posted
		if json.NewDecoder(r.Body).Decode(&p) != nil {
			return // the connection was closed for another one
		}
		if p.Method != methodCall {
			initializer(w, p)
			return
		}
		time.Sleep(time.Millisecond)
		if c, ok := r.Context().Value(key{}).(net.Conn); ok && served.Add(1)%20 == 0 {
			_ = c.Close() // others on it may have done so
			return
		}
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, key{}, c)
	}
	server.Start()
	t.Cleanup(server.Close)
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", HTTP2: true, MaxConns: 2,
		GetStream: GetOff, Timeout: 20 * time.Second})
	var wg sync.WaitGroup
	var broke atomic.Int64
	for range 32 {
		wg.Go(func() {
			for range 100 {
				if c := s.Exchange(t.Context(), echo); c.Outcome != history.OK {
					broke.Add(1)
					assert.NotContains(t, c.Detail, "ClientConn.Close")
				}
			}
		})
	}
	wg.Wait()
	require.Positive(t, broke.Load())
}

// TestOneStreamAtATime: no connection is closed, or opened, because none of its streams was
// free a moment ago.
func TestOneStreamAtATime(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if p := read(t, r); p.Method != methodCall {
			initializer(w, p)
		} else {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
		}
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1}
	server.Config.ConnState = func(_ net.Conn, to http.ConnState) {
		if to == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", HTTP2: true, MaxConns: 1,
		GetStream: GetOff, Timeout: 20 * time.Second})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				c := s.Exchange(t.Context(), echo)
				assert.Equal(t, history.OK, c.Outcome, c.Detail)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, opened.Load())
}
