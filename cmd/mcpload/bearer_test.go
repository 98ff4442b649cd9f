package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
)

// A guard is a server that wants a token with every request, and the authorization
// server that issues them, on one address.
type guard struct {
	next  http.Handler
	life  time.Duration
	drops int // the nth token ends early, once that many requests showed it; 0: none

	mu     sync.Mutex
	ends   map[string]time.Time
	shown  map[string]int
	turned int
}

// The client that a guard knows, and its secret.
const (
	guardClient = "load-tests"
	guardSecret = "correct-horse-battery-staple-5150"
)

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := "http://" + r.Host
	if r.TLS != nil {
		at = "https://" + r.Host
	}
	switch r.URL.Path {
	case "/.well-known/oauth-protected-resource/mcp":
		fmt.Fprintf(w, `{"resource":"%s/mcp","authorization_servers":["%s"],"scopes_supported":["mcp"]}`, at, at)
	case "/.well-known/oauth-authorization-server":
		fmt.Fprintf(w, `{"issuer":"%s","token_endpoint":"%s/token","grant_types_supported":["client_credentials"]}`, at,
			at)
	case "/token":
		g.issue(w, r, at)
	default:
		if !g.lets(r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", resource_metadata="`+at+
				`/.well-known/oauth-protected-resource/mcp"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		g.next.ServeHTTP(w, r)
	}
}

func (g *guard) issue(w http.ResponseWriter, r *http.Request, at string) {
	id, secret, _ := r.BasicAuth()
	if r.ParseForm() != nil || id != guardClient || secret != guardSecret || r.PostForm.Get("resource") != at+"/mcp" ||
		r.PostForm.Get("scope") != "mcp" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s is not known, nor %s"}`, id, secret)
		return
	}
	token := "guarded-" + rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ends == nil {
		g.ends, g.shown = map[string]time.Time{}, map[string]int{}
	}
	g.ends[token] = time.Now().Add(g.life)
	fmt.Fprintf(w, `{"access_token":"%s","token_type":"Bearer","expires_in":%d}`, token, int(g.life.Seconds()))
}

// lets reports if a header shows a token that hasn't ended.
func (g *guard) lets(header string) bool {
	token, _ := strings.CutPrefix(header, "Bearer ")
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().After(g.ends[token]) {
		g.turned++
		return false
	}
	if g.shown[token]++; g.drops > 0 && g.shown[token] == g.drops {
		g.drops = 0
		g.ends[token] = time.Time{}
	}
	return true
}

// guarded serves a mock of acb behind a guard.
func guarded(t *testing.T) string {
	t.Helper()
	catalog, err := profiles.Load()
	require.NoError(t, err)
	profile, ok := catalog.Get("acb")
	require.True(t, ok)
	m, err := mock.New(mock.Config{Profile: profile})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() }) // it lives in this process
	raw, err := m.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	at, err := url.Parse(raw)
	require.NoError(t, err)
	s := httptest.NewServer(&guard{life: time.Hour,
		next: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: at.Scheme, Host: at.Host})
			r.Out.Host = at.Host
		}}})
	t.Cleanup(s.Close)
	return s.URL
}

// TestTokensAreRenewedUnderLoad: ahead of their end, and where one ends early no call
// is lost either. No token, and no secret, is in what is printed or kept.
func TestTokensAreRenewedUnderLoad(t *testing.T) {
	for name, transport := range map[string][]string{"fast": nil, "plain": {"--http", "2"}} {
		t.Run(name, func(t *testing.T) {
			g := &guard{life: time.Second, drops: 90,
				next: faulty(func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })}
			s := httptest.NewUnstartedServer(g)
			s.Config.Protocols = &http.Protocols{}
			s.Config.Protocols.SetHTTP1(true)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
			t.Cleanup(s.Close)
			t.Setenv("GUARD_SECRET", guardSecret)
			kept := filepath.Join(t.TempDir(), "calls.jsonl")
			var out, errs bytes.Buffer
			status := run(append([]string{"load", "--no-store", "--format", "json", "--protocol", "2025-06-18", "--url",
				s.URL + "/mcp", "--tool", "echo", "--rate", "100/s", "-d", "2500ms",
				"--oauth-client-id", guardClient, "--oauth-client-secret-env", "GUARD_SECRET", "--save-history", kept},
				transport...), strings.NewReader(""), &out, &errs)
			require.NotEqual(t, exitUsage, status, errs.String())
			doc, err := results.Decode(bytes.NewReader(out.Bytes()))
			require.NoError(t, err, errs.String())
			counts := doc.Servers[0].Scenarios[0].Calls
			require.Equal(t, 250, counts.Sent)
			require.Equal(t, counts.Sent, counts.Admitted, "no call is lost: %+v %s", counts, errs.String())
			require.GreaterOrEqual(t, len(g.ends), 4, "the first one, one in place of that which ended early, and "+
				"two more")
			file, err := os.Open(kept)
			require.NoError(t, err)
			defer file.Close()
			calls, err := history.ReadAll(file)
			require.NoError(t, err)
			require.EqualValues(t, g.turned, doc.Servers[0].Scenarios[0].Load.Client.ShownAnew, "it says how many "+
				"went out once more")
			refused, asked := 0, map[string]int{}
			for _, c := range calls {
				if c.Kind == history.Stream && c.Status == http.StatusOK {
					asked[c.Method]++
				}
				if c.Status == http.StatusUnauthorized {
					require.Equal(t, history.Aside, c.Label)
					refused++
				}
			}
			require.Equal(t, map[string]int{"GET": 2, "POST": len(g.ends)}, asked, "so is each request for a token: "+
				"a limiter before both may count them")
			require.Equal(t, g.turned, refused, "each request that was turned away is in the history")
			require.GreaterOrEqual(t, g.turned, 2)
			text, err := os.ReadFile(kept)
			require.NoError(t, err)
			for token := range g.ends {
				require.NotContains(t, out.String()+errs.String()+string(text), token)
			}
			require.NotContains(t, out.String()+errs.String()+string(text), guardSecret)
		})
	}
}
