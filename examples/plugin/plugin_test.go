package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// token is a made-up credential for the host.
func token(t *testing.T) string {
	t.Helper()
	p, err := apikey.Lookup("generic")
	require.NoError(t, err)
	return p.Sample(rand.New(rand.NewPCG(1, 2)))
}

// holding looks up the host's credential, and nothing else.
func holding(value string) func(string) (string, bool) {
	return func(name string) (string, bool) { return value, name == "HOST_TOKEN" }
}

func serve(t *testing.T, ownBucket bool) string {
	t.Helper()
	value := token(t)
	h, err := newHost(holding(value), ownBucket)
	require.NoError(t, err)
	require.NoError(t, newPlugin(h, ownBucket).register())
	s := httptest.NewServer(h.handler())
	t.Cleanup(s.Close)
	return s.URL
}

// alternating calls the plugin's tool in place of every other call of ping, so
// that whoever loads ping loads host and plugin in turn.
func alternating(t *testing.T, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	var calls atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if bytes.Contains(body, []byte(`"ping"`)) && bytes.Contains(body, []byte(`"tools/call"`)) &&
			calls.Add(1)%2 == 0 {
			body = bytes.Replace(body, []byte(`"ping"`), []byte(`"`+pluginTool+`"`), 1)
			if r.Header.Get("Mcp-Name") != "" {
				r.Header.Set("Mcp-Name", pluginTool)
			}
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

// mcpload builds the program and returns what runs it.
func mcpload(t *testing.T) func(args ...string) (string, int) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mcpload")
	out, err := exec.Command("go", "build", "-o", binary, "../../cmd/mcpload").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return func(args ...string) (string, int) {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "NO_COLOR=1", "HOME="+t.TempDir())
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = &b, &b
		err := cmd.Run()
		require.True(t, err == nil || cmd.ProcessState.Exited(), "%v\n%s", err, b.String())
		return b.String(), cmd.ProcessState.ExitCode()
	}
}

// TestOneBucket: the calls of the plugin and of the host come out of one bucket,
// and mcpload proves it; where they don't, it names the calls.
func TestOneBucket(t *testing.T) {
	run := mcpload(t)
	judge := func(t *testing.T, target string, more ...string) (string, int, string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "history.jsonl")
		args := append([]string{"run", "--url", target, "--tool", "ping", "--rate", "15/s", "--burst", "40",
			"--scenario", "burst", "--no-store", "--save-history", file}, more...)
		out, status := run(args...)
		for range 4 { // a busy machine may fail to press the limit, which mcpload says by status 3
			if status == 3 {
				out, status = run(args...)
			}
		}
		return out, status, file
	}
	t.Run("inherited", func(t *testing.T) {
		out, status, file := judge(t, alternating(t, serve(t, false)))
		require.Equal(t, 0, status, out)
		require.Contains(t, out, "pass:")
		out, status = run("verify", "--rate", "15", "--burst", "40", "--charges", "tools/call", file)
		require.Equal(t, 0, status, out)
		history, err := os.ReadFile(file)
		require.NoError(t, err)
		admitted := strings.Count(string(history), `"outcome":"admitted"`)
		assert.GreaterOrEqual(t, admitted, 40, "the bucket was not pressed:\n%s", history)
		assert.Contains(t, string(history), `"outcome":"limited"`)
	})
	t.Run("bucket of its own", func(t *testing.T) {
		target := serve(t, true)
		out, status, _ := judge(t, target+"/mcp")
		require.Equal(t, 0, status, "each bucket alone is honest, so only the joint history shows it:\n%s", out)
		out, status, file := judge(t, alternating(t, target))
		require.Equal(t, 1, status, out)
		require.Contains(t, out, "fail over-admission in burst")
		require.Contains(t, out, "proof")
		out, status = run("verify", "--rate", "15", "--burst", "40", "--charges", "tools/call", file)
		require.Equal(t, 1, status, out)
		require.Contains(t, out, "over-admission")
	})
}

// TestResourcesShareTheBucket: reading the plugin's resource draws from it too.
func TestResourcesShareTheBucket(t *testing.T) {
	value := token(t)
	h, err := newHost(holding(value), false)
	require.NoError(t, err)
	require.NoError(t, newPlugin(h, false).register())
	ask := func(method, params string) string {
		reply := h.mcp.HandleMessage(t.Context(), json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"`+method+
			`","params":`+params+`}`))
		text, err := json.Marshal(reply)
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, ask("tools/list", "{}"), pluginTool)
	require.Contains(t, ask("resources/list", "{}"), "templates://all")
	require.Contains(t, ask("resources/read", `{"uri":"templates://all"}`), "index.html")
	for h.limiter.Allow().Allowed {
	}
	require.Contains(t, ask("resources/read", `{"uri":"templates://all"}`), "rate limit exceeded")
	require.Contains(t, ask("tools/call", `{"name":"`+pluginTool+`"}`), `"isError":true`)
}

// TestInheritsCredentials: without the host's credential there is no plugin.
func TestInheritsCredentials(t *testing.T) {
	for _, bad := range []string{"", "changeme", "short"} {
		_, err := newHost(func(string) (string, bool) { return bad, true }, false)
		require.ErrorIs(t, err, apikey.ErrCredential)
		require.ErrorContains(t, err, "HOST_TOKEN")
	}
}
