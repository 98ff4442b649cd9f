package wire

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// protocols notes the HTTP version of each request, and how many connections
// were opened.
type protocols struct {
	mu    sync.Mutex
	major map[int]int
	conns atomic.Int32
}

func (p *protocols) server(t *testing.T, start func(*httptest.Server)) *httptest.Server {
	t.Helper()
	p.major = map[int]int{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.major[r.ProtoMajor]++
		p.mu.Unlock()
		if r.Method != http.MethodPost {
			return
		}
		q := read(t, r)
		if !initializer(w, q) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, q.ID, okResult)
		}
	}))
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			p.conns.Add(1)
		}
	}
	start(s)
	t.Cleanup(s.Close)
	return s
}

func TestHTTPVersions(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for name, start := range map[string]func(*httptest.Server){
			"plain": (*httptest.Server).Start,
			"tls":   func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
		} {
			var p protocols
			s := p.server(t, start)
			o := Options{URL: s.URL, Protocol: "2025-06-18", HTTP2: http2}
			if name == "tls" {
				roots := x509.NewCertPool()
				roots.AddCert(s.Certificate())
				o.TLS = &tls.Config{RootCAs: roots}
			}
			session := dial(t, o)
			c := session.Exchange(t.Context(), history.Arrival{Method: "tools/call", Tool: "x"})
			require.Equal(t, history.OK, c.Outcome, c.Detail)
			want := 1
			if http2 {
				want = 2
			}
			require.Contains(t, p.major, want, name)
			require.Len(t, p.major, 1, name)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "s") // a socket's path has room for 100 bytes, and TMPDIR may be longer
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "s")
	l, err := net.Listen("unix", at)
	require.NoError(t, err)
	var p protocols
	p.server(t, func(s *httptest.Server) { s.Listener.Close(); s.Listener = l; s.Start() })
	session := dial(t, Options{URL: "http://nowhere.invalid/mcp", Socket: at, Protocol: "2025-06-18"})
	require.Equal(t, history.OK, session.Exchange(t.Context(), history.Arrival{Method: "ping"}).Outcome)
}

func TestProxy(t *testing.T) {
	var p protocols
	s := p.server(t, (*httptest.Server).Start)
	var through atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through.Add(1)
		r.RequestURI = ""
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(proxy.Close)
	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	session := dial(t, Options{URL: s.URL, Proxy: u, Protocol: "2025-06-18"})
	before := through.Load()
	require.Equal(t, history.OK, session.Exchange(t.Context(), history.Arrival{Method: "ping"}).Outcome)
	require.Equal(t, before+1, through.Load())
	dialFails(t, Options{URL: s.URL, Proxy: u, Socket: "x"})
}

// TestSharedConns: ten sessions with two connections among them open no third
// one, and one session's end doesn't take them from the others.
func TestSharedConns(t *testing.T) {
	var p protocols
	s := p.server(t, (*httptest.Server).Start)
	conns := &Conns{}
	t.Cleanup(conns.Close)
	var sessions []*Session
	for range 10 {
		sessions = append(sessions, dial(t, Options{URL: s.URL, Protocol: "2025-06-18", Conns: conns, MaxConns: 2}))
	}
	var wg sync.WaitGroup
	for _, session := range sessions {
		wg.Go(func() { session.Exchange(t.Context(), history.Arrival{Method: "ping"}) })
	}
	wg.Wait()
	require.NoError(t, sessions[0].Close(t.Context()))
	require.Equal(t, history.OK, sessions[1].Exchange(t.Context(), history.Arrival{Method: "ping"}).Outcome)
	require.LessOrEqual(t, p.conns.Load(), int32(2))
}

func TestPhases(t *testing.T) {
	var p protocols
	s := p.server(t, (*httptest.Server).StartTLS)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	var mu sync.Mutex
	seen := map[Phase]int{}
	session := dial(t, Options{URL: s.URL, TLS: &tls.Config{RootCAs: roots}, Protocol: "2025-06-18", MaxConns: 1,
		Phase: func(p Phase, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			require.Positive(t, took)
			seen[p]++
		}})
	session.Exchange(t.Context(), history.Arrival{Method: "ping"})
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, 1, seen[Connecting])
	require.Equal(t, 1, seen[Securing])
	require.Equal(t, 2, seen[FirstByte], "initialize and ping: nobody waits for a reply to initialized")
}

func TestFetch(t *testing.T) {
	var p protocols
	s := p.server(t, (*httptest.Server).Start)
	session := dial(t, Options{URL: s.URL, Protocol: "2025-06-18"})
	c, result := session.Fetch(t.Context(), history.Arrival{Tool: "x"})
	require.Equal(t, history.OK, c.Outcome)
	require.JSONEq(t, okResult, string(result))
	s.Close()
	c, result = session.Fetch(t.Context(), history.Arrival{Tool: "x"})
	require.Equal(t, history.Broken, c.Outcome)
	require.Nil(t, result)
}
