package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// behind serves a mock of unifi-mcp through a handler that may spoil it.
func behind(t *testing.T, spoil func(next http.Handler, server func() *httptest.Server) http.Handler) string {
	t.Helper()
	catalog, err := profiles.Load()
	require.NoError(t, err)
	p, ok := catalog.Get("unifi-mcp")
	require.True(t, ok)
	m, err := mock.New(mock.Config{Profile: p})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	address, err := m.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	target, err := url.Parse(address)
	require.NoError(t, err)
	target.Path = ""
	var server *httptest.Server
	server = httptest.NewUnstartedServer(spoil(httputil.NewSingleHostReverseProxy(target),
		func() *httptest.Server { return server }))
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

func judgeServer(t *testing.T, args ...string) (int, results.Server, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	// Other seeds may have another order.
	status := run(append([]string{"run", "--format", "json", "--server", "unifi-mcp", "--scenario", "burst,sustained",
		"--seed", "1"}, args...), strings.NewReader(""), &stdout, &stderr)
	require.NotEmpty(t, stdout.String(), stderr.String())
	doc, err := results.Decode(&stdout)
	require.NoError(t, err)
	return status, doc.Servers[0], stderr.String()
}

func finding(t *testing.T, s results.Server, scenario, check string) results.Finding {
	t.Helper()
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if sc.Scenario == scenario && f.Check == check {
				return f
			}
		}
	}
	require.Fail(t, "no such finding", "%s %s", scenario, check)
	return results.Finding{}
}

// A server that dies in the middle of a run: what it answered is kept, and its
// death is a finding of its own. That it is gone is no refusal.
func TestAServerThatDies(t *testing.T) {
	var calls atomic.Int32
	address := behind(t, func(next http.Handler, server func() *httptest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) > 40 {
				go server().Listener.Close() // nothing new is accepted
				panic(http.ErrAbortHandler)  // and this connection is cut
			}
			next.ServeHTTP(w, r)
		})
	})
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	status, s, stderr := judgeServer(t, "--url", address, "--save-history", file)
	require.Equal(t, exitFail, status, stderr)
	alive := finding(t, s, "sustained", "alive")
	require.Equal(t, verdict.Fail, alive.Verdict)
	require.Equal(t, "the server stopped serving during the run", alive.Cause)
	require.NotEqual(t, verdict.Fail, finding(t, s, "sustained", "over-rejection").Verdict)
	require.Zero(t, s.Scenarios[1].Calls.Limited)
	saved, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Greater(t, bytes.Count(saved, []byte{'\n'}), 40)
}

// A server that stops answering, or answers nonsense, proves nothing about its
// limit, and never passes.
func TestAServerThatGoesWild(t *testing.T) {
	for name, spoiled := range map[string]http.HandlerFunc{
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client leave
			<-r.Context().Done()
		},
		"says 500": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "oops",
				http.StatusInternalServerError)
		},
		"is garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("\x00\x01garbage")) },
		"says 202":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			address := behind(t, func(next http.Handler, _ func() *httptest.Server) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if calls.Add(1) > 40 {
						spoiled(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			status, s, stderr := judgeServer(t, "--url", address, "--timeout", "500ms")
			require.Contains(t, []int{exitInconclusive, exitFail}, status, stderr)
			require.NotEqual(t, verdict.Pass, s.Verdict)
			for _, check := range []string{"over-admission", "over-rejection"} {
				require.NotEqual(t, verdict.Fail, finding(t, s, "sustained", check).Verdict)
			}
			require.Zero(t, s.Scenarios[1].Calls.Limited, "what is no refusal is never counted as one")
			require.Positive(t, s.Scenarios[1].Calls.Failed+s.Scenarios[1].Calls.Unknown)
		})
	}
}
