package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The clients that servers/oidc.mjs knows.
const (
	oidcClient = "load-tests"
	oidcSecret = "not a secret/of anybody:1"
)

// A gate is an MCP server that takes a token only where the authorization server
// says that it is good, and for this server.
type gate struct {
	at, issuer string

	mu     sync.Mutex
	known  map[string]introspected
	turned int
}

// introspected is what an authorization server says of a token (RFC 7662).
type introspected struct {
	Active bool   `json:"active"`
	Ends   int64  `json:"exp"`
	For    string `json:"aud"`
	Scope  string `json:"scope"`
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/.well-known/oauth-protected-resource/mcp" {
		fmt.Fprintf(w, `{"resource":%q,"authorization_servers":[%q],"scopes_supported":["mcp"]}`, g.at, g.issuer)
		return
	}
	if !g.good(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", resource_metadata="`+strings.TrimSuffix(g.at,
			"/mcp")+`/.well-known/oauth-protected-resource/mcp"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	result := `{"content":[{"type":"text","text":"pong"}]}`
	switch {
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
		return
	case m.Method == "initialize":
		result = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"gate","version":"1"}}`
	case m.Method == "tools/list":
		result = `{"tools":[{"name":"ping","inputSchema":{"type":"object"}}]}`
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
}

// good asks the authorization server of each token once.
func (g *gate) good(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	is, known := g.known[token]
	if !known && token != "" {
		q, err := http.NewRequest(http.MethodPost, g.issuer+"/token/introspection",
			strings.NewReader(url.Values{"token": {token}}.Encode()))
		if err == nil {
			q.SetBasicAuth("guard", "guard-secret")
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if resp, err := http.DefaultClient.Do(q); err == nil {
				_ = json.NewDecoder(resp.Body).Decode(&is) // what is no answer is not active
				_ = resp.Body.Close()
			}
		}
		g.known[token] = is
	}
	if ok := is.Active && is.For == g.at && is.Scope == "mcp" && time.Now().Unix() < is.Ends; ok {
		return true
	}
	g.turned++
	return false
}

// TestTokensOfARealAuthorizationServer last three seconds each, and a load of seven
// goes on: oidc-provider issues them, for this server alone.
func TestTokensOfARealAuthorizationServer(t *testing.T) {
	node := tool(t, "node", "/usr/bin/node")
	modules := existing(t, filepath.Join(cache(t), "interop", "oidc", "node_modules"))
	g := &gate{known: map[string]introspected{}}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	port := freePort(t)
	g.at, g.issuer = s.URL+"/mcp", endpoint(port, "")
	serve(t, port, []string{fmt.Sprint("PORT=", port), "RESOURCE=" + g.at, "MODULES=" + modules}, node,
		root(t, "interop/servers/oidc.mjs"))

	mcpload := built(t, root(t, "."), "./cmd/mcpload")
	load := func(more ...string) (doc struct {
		Servers []struct {
			Scenarios []struct {
				Calls struct{ Sent, Admitted int }
			}
		}
	}, said string, err error) {
		cmd := exec.Command(mcpload, append([]string{"load", "--no-store", "--format", "json", "--url", g.at, "--tool",
			"ping", "--rate", "50/s",
			"--oauth-client-id", oidcClient, "--oauth-client-secret-env", "OIDC_SECRET"}, more...)...)
		cmd.Env = append(os.Environ(), "OIDC_SECRET="+oidcSecret)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err = cmd.Run()
		_ = json.Unmarshal(out.Bytes(), &doc) // where there is none, that shows
		return doc, errs.String() + out.String(), err
	}
	doc, said, err := load("-d", "7s")
	require.NoError(t, err, said)
	calls := doc.Servers[0].Scenarios[0].Calls
	require.Equal(t, 350, calls.Sent)
	require.Equal(t, calls.Sent, calls.Admitted, said)
	good := 0
	for token, is := range g.known {
		if is.Active {
			good++
		}
		assert.NotContains(t, said, token)
	}
	assert.GreaterOrEqual(t, good, 3, "tokens that were shown, all of them for this server")
	assert.LessOrEqual(t, g.turned, 1+good, "the first request, without one, and hardly another")
	assert.NotContains(t, said, oidcSecret)

	_, said, err = load("-d", "1s", "--oauth-scope", "more")
	require.Error(t, err)
	require.Contains(t, said, "wants credentials: HTTP 401", "the token is good, and not for this")
}
