package bearer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChallenges(t *testing.T) {
	for text, want := range map[string]challenge{
		`Bearer resource_metadata="https://a/.well-known/x"`: {metadata: "https://a/.well-known/x"},
		`bearer error="invalid_token", scope="a b"`: {problem: "invalid_token",
			scope: "a b"},
		`Basic realm="x, Bearer scope=no", Bearer scope=yes`:                         {scope: "yes"},
		`Bearer realm="a \"b\", scope=no", scope="c", Digest realm=x, scope="other"`: {scope: "c"},
		`Bearer`:            {},
		`Basic realm="x"`:   {},
		`"`:                 {},
		`Bearer scope="cut`: {scope: "cut"},
	} {
		assert.Equal(t, want, readChallenge(http.Header{"Www-Authenticate": {text}}), text)
	}
	assert.Equal(t, challenge{scope: "a"}, readChallenge(http.Header{"Www-Authenticate": {"Basic x",
		"Bearer scope=a"}}))
}

// an authority is an authorization server, and the resource that it issues for.
type authority struct {
	*httptest.Server
	files map[string]any // by path; a text stands for itself, HOST in it for the server's address
	life  int            // seconds

	mu     sync.Mutex
	paths  []string
	forms  []url.Values
	basics []string
}

func (a *authority) start(t *testing.T) *authority {
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.paths = append(a.paths, r.Method+" "+r.URL.Path)
		if file, ok := a.files[r.URL.Path]; ok {
			text, _ := json.Marshal(file)
			fmt.Fprint(w, strings.ReplaceAll(string(text), "HOST", a.URL))
			return
		}
		if r.URL.Path != "/token" {
			http.NotFound(w, r)
			return
		}
		_ = r.ParseForm()
		a.forms = append(a.forms, r.PostForm)
		id, secret, _ := r.BasicAuth()
		a.basics = append(a.basics, id+":"+secret)
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, len(a.forms), a.life)
	}))
	t.Cleanup(a.Close)
	return a
}

type file = map[string]any

// TestDiscovery: who issues tokens is found where the specifications have it, in
// their order, and is believed only where it fits what was asked for.
func TestDiscovery(t *testing.T) {
	resource := file{"resource": "HOST/a/mcp", "authorization_servers": []string{"HOST"},
		"scopes_supported": []string{"read", "write"}}
	server := file{"issuer": "HOST", "token_endpoint": "HOST/token"}
	with := func(f file, key string, value any) file {
		n := file{}
		for k, v := range f {
			n[k] = v
		}
		n[key] = value
		return n
	}
	const rp, as, oidc = "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server",
		"/.well-known/openid-configuration"
	for name, row := range map[string]struct {
		files     map[string]any
		challenge string
		issuer    string
		want      string // of the error
		paths     string
		scope     string
		resource  string
	}{
		"the challenge names it": {files: map[string]any{"/meta": resource, as: server},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			paths:     "GET /meta, GET " + as + ", POST /token", scope: "read write"},
		"a relative address": {files: map[string]any{"/meta": resource, as: server},
			challenge: `Bearer resource_metadata="/meta", scope="other"`,
			paths:     "GET /meta, GET " + as + ", POST /token", scope: "other"},
		"by the path": {files: map[string]any{rp + "/a/mcp": resource, as: server},
			paths: "GET " + rp + "/a/mcp, GET " + as + ", POST /token", scope: "read write"},
		"by the host": {files: map[string]any{rp: with(resource, "resource", "HOST/"), as: server}, resource: "HOST/",
			paths: "GET " + rp + "/a/mcp, GET " + rp + ", GET " + as + ", POST /token", scope: "read write"},
		"of OpenID": {files: map[string]any{"/meta": with(resource, "authorization_servers", []string{"HOST/one/"}),
			"/one" + oidc: with(server, "issuer", "HOST/one")},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			paths:     "GET /meta, GET " + as + "/one, GET " + oidc + "/one, GET /one" + oidc + ", POST /token",
			scope:     "read write"},
		"a pinned issuer": {files: map[string]any{as: server}, issuer: "HOST", paths: "GET " + as + ", POST /token"},
		"of another resource": {files: map[string]any{"/meta": with(resource, "resource",
			"https://other.example/a/mcp")}, challenge: `Bearer resource_metadata="HOST/meta"`,
			want: "is of another resource, https://other.example/a/mcp", paths: "GET /meta"},
		"of a path beside": {files: map[string]any{"/meta": with(resource, "resource", "HOST/a/mc")},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			want:      "is of another resource", paths: "GET /meta"},
		"of another issuer": {files: map[string]any{"/meta": resource,
			as: with(server, "issuer", "https://other.example")}, challenge: `Bearer resource_metadata="HOST/meta"`,
			want: "is of another issuer, https://other.example", paths: "GET /meta, GET " + as},
		"no grant": {files: map[string]any{"/meta": resource,
			as: with(server, "grant_types_supported", []string{"authorization_code"})},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			want:      "grants nothing for client credentials, but authorization_code", paths: "GET /meta, GET " + as},
		"without TLS": {files: map[string]any{"/meta": resource,
			as: with(server, "token_endpoint", "http://issuer.example/token?x=secret")},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			want:      "the token endpoint http://issuer.example/token is without TLS", paths: "GET /meta, GET " + as},
		"nobody": {files: map[string]any{"/meta": with(resource, "authorization_servers", []string{})},
			challenge: `Bearer resource_metadata="HOST/meta"`,
			want:      "names no authorization server", paths: "GET /meta"},
		"nowhere": {want: "nothing says who issues tokens for HOST/a/mcp: HTTP 404 at HOST" + rp +
			"/a/mcp, HTTP 404 at HOST" + rp, paths: "GET " + rp + "/a/mcp, GET " + rp},
		"another scheme": {challenge: `Bearer resource_metadata="file:///etc/passwd"`,
			want: "at an address that can't be requested"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := (&authority{files: row.files}).start(t)
			here := func(text string) string { return strings.ReplaceAll(text, "HOST", a.URL) }
			c := &Client{Resource: a.URL + "/a/mcp", ID: "client id", Secret: "se:cret", Issuer: here(row.issuer)}
			header := http.Header{}
			if row.challenge != "" {
				header.Set("WWW-Authenticate", here(row.challenge))
			}
			var asked []string
			New(c, nil, nil).Tell(func(method, at string, status int, sent, received time.Time) {
				asked = append(asked, method+" "+strings.TrimPrefix(at, a.URL))
				assert.False(t, received.Before(sent))
			})
			got, err := c.Get(t.Context(), header)
			assert.Equal(t, row.paths, strings.Join(a.paths, ", "))
			assert.Equal(t, row.paths, strings.Join(asked, ", "), "each request is told of")
			if row.want != "" {
				require.ErrorContains(t, err, here(row.want))
				assert.NotContains(t, err.Error(), "secret")
				assert.Empty(t, a.forms, "the secret went nowhere")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "token-1", got.Value)
			want := url.Values{"grant_type": {"client_credentials"}, "resource": {a.URL + "/a/mcp"}}
			if row.scope != "" {
				want.Set("scope", row.scope)
			}
			if row.resource != "" {
				want.Set("resource", here(row.resource))
			}
			assert.Equal(t, want, a.forms[0])
			assert.Equal(t, "client+id:se%3Acret", a.basics[0])
		})
	}
}

// TestSecretsInTheBody, where the server takes them there only.
func TestSecretsInTheBody(t *testing.T) {
	const as = "/.well-known/oauth-authorization-server"
	a := (&authority{life: 77, files: map[string]any{as: file{"issuer": "HOST", "token_endpoint": "HOST/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"}}}}).start(t)
	c := &Client{Resource: "https://mcp.example/", ID: "one", Secret: "two", Issuer: a.URL, Scope: "three"}
	require.True(t, c.Eager())
	got, err := c.Get(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Token{"token-1", 77 * time.Second}, got)
	require.Equal(t, url.Values{"grant_type": {"client_credentials"}, "resource": {"https://mcp.example/"},
		"scope": {"three"}, "client_id": {"one"}, "client_secret": {"two"}}, a.forms[0])
	require.Equal(t, ":", a.basics[0])
}

// TestWhatIsNoToken is said, with the server's own words, and nothing is followed.
func TestWhatIsNoToken(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"an error": {400, `{"error":"invalid_scope","error_description":"no such scope"}`,
			"issues no token: HTTP 400: invalid_scope (no such scope)"},
		"nothing":      {200, `{}`, "HTTP 200 and no token"},
		"HTML":         {502, `<html>`, "HTTP 502 and no token"},
		"another type": {200, `{"access_token":"x","token_type":"DPoP"}`, `of the type "DPoP"`},
		"two lines":    {200, `{"access_token":"x\r\nHost: y","token_type":"Bearer"}`, "can't stand in a header"},
		"a redirect":   {307, ``, "HTTP 307 and no token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(row.status)
				fmt.Fprint(w, row.body)
			}))
			t.Cleanup(s.Close)
			c := &Client{issuing: &Issuing{Endpoint: s.URL + "/token"}, ID: "one", Secret: "two"}
			_, err := c.Get(t.Context(), nil)
			require.ErrorContains(t, err, row.want)
			require.EqualValues(t, 1, requests.Load())
		})
	}
}

// getting is a getter that a test decides about.
type getting func(refusal http.Header) (Token, error)

func (g getting) Get(_ context.Context, refusal http.Header) (Token, error) { return g(refusal) }

// TestOneTokenForAll: however many wait for a token, it is asked for once, and
// whoever must not show it hears of it first.
func TestOneTokenForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, told int
		s := New(getting(func(http.Header) (Token, error) {
			time.Sleep(time.Second)
			asked++
			return Token{Value: fmt.Sprint("t", asked)}, nil
		}), func(token string) {
			told++
			assert.Equal(t, fmt.Sprint("t", told), token)
			assert.NotEqual(t, token, "")
		}, nil)
		defer s.Close()
		for want := 1; want <= 2; want++ {
			refused := s.Token()
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() { assert.NoError(t, s.Renew(t.Context(), refused, nil)) })
			}
			wg.Wait()
			assert.Equal(t, fmt.Sprint("t", want), s.Token())
			assert.NoError(t, s.Renew(t.Context(), refused, nil), "who comes late finds it")
			assert.Equal(t, want, asked)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 2, s.Issued())
		assert.Equal(t, 2, told)
	})
}

// TestTokensAreReplacedAheadOfTheirEnd, and what can't be is tried again, and said.
func TestTokensAreReplacedAheadOfTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		var warned []string
		s := New(getting(func(http.Header) (Token, error) {
			at = append(at, time.Since(begin))
			if len(at) == 3 {
				return Token{}, errors.New("the server is away")
			}
			return Token{fmt.Sprint("t", len(at)), 100 * time.Second}, nil
		}), nil, func(text string) { warned = append(warned, text) })
		require.NoError(t, s.Renew(t.Context(), "", nil))
		time.Sleep(199 * time.Second)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 80 * time.Second, 160 * time.Second, 165 * time.Second}, at)
		require.Equal(t, "t4", s.Token())
		require.Equal(t, []string{"no new token could be had ahead of the end of the one in use: the server is away"},
			warned)
		s.Close()
		time.Sleep(time.Hour)
		require.Len(t, at, 4, "nothing is asked for once it is closed")
		require.Error(t, s.Renew(t.Context(), "t4", nil))
		require.Equal(t, "t4", s.Token())
	})
}

// TestRefusedTokensAreNotAskedForEachTime: a server that takes none is no reason to
// load the one that issues them.
func TestRefusedTokensAreNotAskedForEachTime(t *testing.T) {
	for name, fails := range map[string]bool{"each is refused": false, "none is issued": true} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			s := New(getting(func(http.Header) (Token, error) {
				if asked++; fails {
					return Token{}, errors.New("no")
				}
				return Token{Value: fmt.Sprint("t", asked)}, nil
			}), nil, nil)
			defer s.Close()
			refusals := 0
			for range 1000 { // in ten seconds
				if s.Renew(t.Context(), s.Token(), http.Header{}) != nil {
					refusals++
				}
				time.Sleep(10 * time.Millisecond)
			}
			assert.LessOrEqual(t, asked, 11, name)
			assert.GreaterOrEqual(t, asked, 3, "%s: it may be better by now", name)
			assert.Greater(t, refusals, 900, name)
		})
	}
}

// TestMoreScopeIsAskedForAtOnce, however young the token is.
func TestMoreScopeIsAskedForAtOnce(t *testing.T) {
	var scopes []string
	s := New(getting(func(refusal http.Header) (Token, error) {
		scopes = append(scopes, readChallenge(refusal).scope)
		return Token{Value: fmt.Sprint("t", len(scopes))}, nil
	}), nil, nil)
	defer s.Close()
	wider := http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", scope="a b"`}}
	require.NoError(t, s.Renew(t.Context(), "", http.Header{"Www-Authenticate": {`Bearer scope="a"`}}))
	require.NoError(t, s.Renew(t.Context(), "t1", wider))
	require.Equal(t, []string{"a", "a b"}, scopes[:2])
	require.NoError(t, s.Renew(t.Context(), "t2", wider), "one may be dropped early")
	require.ErrorContains(t, s.Renew(t.Context(), "t3", wider), "refuses tokens that were just issued")
}

// TestTokenOfACommand: it prints the token, or what an authorization server answers.
func TestTokenOfACommand(t *testing.T) {
	jwt := "eyJhbGciOiJub25lIn0.eyJleHAiOjQwMDAwMDAwMDB9.c2ln"
	for name, row := range map[string]struct {
		command, want, fault string
		lasts                bool
	}{
		"a token":    {command: "echo tok.en", want: "tok.en"},
		"a JWT":      {command: "echo " + jwt, want: jwt, lasts: true},
		"a server's": {command: `echo '{"access_token":"abc","expires_in":"3600"}'`, want: "abc", lasts: true},
		"nothing":    {command: "echo no login >&2", fault: "printed nothing: no login"},
		"words":      {command: "echo please log in", fault: "it has spaces"},
		"a failure":  {command: "echo expired >&2; exit 3", fault: "failed: exit status 3: expired"},
		"a trace": {command: "echo + curl -u me:" + jwt[:19] + " https://a.example/x >&2; exit 3",
			fault: "3: + curl -u me:*** https://a.example/x"},
		"said twice":    {command: "echo hunter; echo got hunter >&2; exit 3", fault: "exit status 3: got ***"},
		"no such":       {command: "/no/such/program", fault: "failed: exit status 127"},
		"several lines": {command: "printf 'a\\nb'", fault: "more than one line"},
		"an error's":    {command: `echo '{"error":"invalid_client"}'`, fault: "JSON of an error: invalid_client"},
		"no end":        {command: "yes", fault: "it printed far more than a token"},
		"chatty":        {command: "yes | head -n 900000 >&2; echo abc", want: "abc"},
		"other JSON":    {command: `echo '{"token":"abc"}'`, want: `{"token":"abc"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Command(row.command).Get(t.Context(), nil)
			if row.fault != "" {
				require.ErrorContains(t, err, row.fault)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, got.Value)
			require.Equal(t, row.lasts, got.Lasts > 0)
		})
	}
	s := New(Command("echo same"), nil, nil)
	defer s.Close()
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, "same", s.Token())
	s.got = time.Time{} // it is old
	require.ErrorContains(t, s.Renew(t.Context(), "same", nil), "it is the one that was refused again")
}
