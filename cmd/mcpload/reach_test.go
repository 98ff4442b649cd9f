package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reachToken is what reached servers want to be shown.
const reachToken = "reached-4711-correct-horse"

// A way is one way to reach a server, and the flags that say so.
type way struct {
	name  string
	ready func(s *httptest.Server)
	url   func(s *httptest.Server) string
	flags func(t *testing.T, s *httptest.Server) []string
	token bool // the server wants reachToken rather than one that it issues
}

func ways() []way {
	itself := func(s *httptest.Server) string { return s.URL + "/mcp" }
	return []way{
		{"certificates, and tokens over them", func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
			s.StartTLS()
		}, itself, func(t *testing.T, s *httptest.Server) []string {
			cert, key := pair(t, s)
			return []string{"--cacert", cert, "--cert", cert, "--key", key,
				"--oauth-client-id", guardClient, "--oauth-client-secret-env", "GUARD_SECRET"}
		}, false},
		{"a unix socket", func(s *httptest.Server) { s.Start() },
			func(*httptest.Server) string { return "http://inside.example/mcp" },
			func(_ *testing.T, s *httptest.Server) []string {
				return []string{"--unix-socket", s.Listener.Addr().String(), "--bearer-command", "echo " + reachToken}
			}, true},
		{"HTTP/2 over TLS that nobody vouches for", func(s *httptest.Server) {
			s.EnableHTTP2 = true
			s.StartTLS()
		}, itself, func(*testing.T, *httptest.Server) []string {
			return []string{"--http", "2", "--insecure", "--bearer-env", "REACH_TOKEN"}
		}, true},
	}
}

// reachedBy are the commands that attach to a server, each at its shortest. What those
// that send at a rate end with depends on the machine as well, so that it isn't judged
// here: a server that isn't reached is told by a status of its own.
var reachedBy = map[string][]string{
	"tools":   {"tools"},
	"call":    {"call", "echo"},
	"conform": {"conform", "--no-store", "--row", "L01", "--protocol", "2025-06-18"},
	"load":    {"load", "--no-store", "--tool", "echo", "--rate", "20/s", "-d", "300ms"},
	"run":     {"run", "--no-store", "--tool", "echo", "--rate", "100/s", "--burst", "5", "--scenario", "burst"},
	"probe":   {"probe", "--no-store", "--tool", "echo", "--budget", "calls=10"},
}

// wanting has a handler that wants a token, and counts what got there.
func wanting(next http.Handler, seen *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+reachToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		seen.Add(1)
		next.ServeHTTP(w, r)
	})
}

// echoed is a server with one tool, echo.
func echoed() http.Handler {
	return faulty(func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })
}

// TestEveryCommandReachesAServer in each way that the flags can say, and none does
// without them.
func TestEveryCommandReachesAServer(t *testing.T) {
	t.Setenv("GUARD_SECRET", guardSecret)
	t.Setenv("REACH_TOKEN", reachToken)
	for _, how := range ways() {
		var seen atomic.Int64
		handler := wanting(echoed(), &seen)
		if !how.token {
			handler = &guard{life: time.Hour, next: echoed()}
		}
		s := httptest.NewUnstartedServer(handler)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		if strings.Contains(how.name, "socket") {
			listen(t, s, "unix", filepath.Join(shortFolder(t), "s"))
		}
		how.ready(s)
		t.Cleanup(s.Close)
		for name, c := range reachedBy {
			t.Run(how.name+"/"+name, func(t *testing.T) {
				args := append(append([]string{}, c...), "--url", how.url(s))
				before := seen.Load()
				status, out := endedWith(append(args, how.flags(t, s)...)...)
				require.NotEqual(t, exitUsage, status, out)
				require.NotContains(t, out, reachToken)
				require.NotContains(t, out, guardSecret)
				require.True(t, !how.token || seen.Load() > before, "it got there")
				status, out = endedWith(args...)
				require.Equal(t, exitUsage, status, "without the flags nobody is there: %s", out)
			})
		}
	}
}

// TestEveryCommandTakesAProxy: what it sends goes there, and nowhere else.
func TestEveryCommandTakesAProxy(t *testing.T) {
	var seen atomic.Int64
	behind := httptest.NewServer(wanting(echoed(), &seen))
	t.Cleanup(behind.Close)
	var through atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		through.Add(1)
		r.Out.URL.Host = behind.Listener.Addr().String()
	}})
	t.Cleanup(proxy.Close)
	for name, c := range reachedBy {
		t.Run(name, func(t *testing.T) {
			before := through.Load()
			status, out := endedWith(append(append([]string{}, c...), "--url", "http://inside.invalid/mcp",
				"--proxy", proxy.URL, "-H", "Authorization: Bearer "+reachToken)...)
			require.NotEqual(t, exitUsage, status, out)
			require.Greater(t, through.Load(), before)
		})
	}
}

// TestStartupReachesAServer that it has started, in each way.
func TestStartupReachesAServer(t *testing.T) {
	t.Setenv("REACH_TOKEN", reachToken)
	for _, how := range ways()[1:] {
		t.Run(how.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(nil)
			network, address := "tcp", "127.0.0.1:0"
			if strings.Contains(how.name, "socket") {
				network, address = "unix", filepath.Join(shortFolder(t), "s")
			}
			listen(t, s, network, address)
			where := s.Listener.Addr().String()
			require.NoError(t, s.Listener.Close()) // the server that is started listens there
			at := "http://inside.example/mcp"
			if network == "tcp" {
				at = "https://" + where + "/mcp"
			}
			args := []string{"startup", "--no-store", "--credential", "TOKEN=generic", "--case", "absent", "--url", at}
			server := []string{"--", "reached", network, where}
			status, out := endedWith(append(append(append([]string{}, args...), how.flags(t, s)...), server...)...)
			require.Equal(t, exitPass, status, out)
			require.NotContains(t, out, reachToken)
			status, out = endedWith(append(append(args, "--ready", "1s", "--limit", "1s"), server...)...)
			require.Equal(t, exitInconclusive, status, "without the flags it isn't reached: %s", out)
		})
	}
}

// reached is a server that startup starts: NETWORK ADDRESS, over TLS where that is TCP.
// It wants a token, and a credential in its environment.
func reached() {
	if os.Getenv("TOKEN") == "" {
		fmt.Fprintln(os.Stderr, "TOKEN is not set: want 32 letters or digits")
		os.Exit(2)
	}
	if os.Args[1] == "unix" {
		_ = os.Remove(os.Args[2]) // what the start before left, as it was ended
	}
	l, err := net.Listen(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	var seen atomic.Int64
	s := httptest.NewUnstartedServer(wanting(echoed(), &seen))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	_ = s.Listener.Close() // it has another
	if s.Listener = l; os.Args[1] == "unix" {
		s.Start()
	} else {
		s.EnableHTTP2 = true
		s.StartTLS()
	}
	select {}
}

// endedWith is a command's exit status, and all that it prints.
func endedWith(args ...string) (int, string) {
	var out bytes.Buffer
	status := run(args, strings.NewReader(""), &out, &out)
	return status, out.String()
}

// listen has a server that isn't started listen elsewhere.
func listen(t *testing.T, s *httptest.Server, network, address string) {
	t.Helper()
	require.NoError(t, s.Listener.Close())
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	s.Listener = l
}

// shortFolder is one whose name leaves room for a socket's, which has a bound.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the system clears what is left
	return dir
}

// pair writes a server's certificate and its key to files.
func pair(t *testing.T, s *httptest.Server) (cert, key string) {
	t.Helper()
	key = filepath.Join(t.TempDir(), "key.pem")
	cert = filepath.Join(filepath.Dir(key), "cert.pem")
	private, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	require.NoError(t, err)
	for file, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: s.Certificate().Raw}, key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	}
	return cert, key
}
