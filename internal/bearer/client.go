package bearer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Client gets tokens from an authorization server by OAuth 2 client credentials
// (RFC 6749, section 4.4), for one resource (RFC 8707). Who issues them it learns
// from the resource's metadata (RFC 9728) and the server's own (RFC 8414, or OpenID
// Connect discovery), once. It must not be copied once used.
type Client struct {
	Resource string        // URL of the MCP endpoint
	ID       string        // the client's
	Secret   string        // empty: the client has none
	Scope    string        // empty: the challenge's, else what the resource supports
	Issuer   string        // empty: the one that the resource names
	HTTP     *http.Client  // nil: one with Go's defaults
	Found    func(Issuing) // told who issues the tokens before the secret goes there; nil: nobody is

	asked atomic.Pointer[func(method, url string, status int, sent, received time.Time)]

	mu      sync.Mutex
	issuing *Issuing
}

// An Issuing says who issues tokens for a resource.
type Issuing struct {
	Issuer   string   // of the authorization server
	Endpoint string   // where it issues them
	Resource string   // as it calls itself
	Scopes   []string // that the resource supports; nil: it doesn't say
	Post     bool     // the secret goes into the body, as the server takes no Basic
}

// Eager reports if nothing has to be learnt from the server first.
func (c *Client) Eager() bool { return c.Issuer != "" }

// mostReply bounds what is read of a reply, in bytes.
const mostReply = 1 << 20

// A tokenReply is what a token endpoint answers (RFC 6749, sections 5.1 and 5.2).
type tokenReply struct {
	Access  string  `json:"access_token"`
	Type    string  `json:"token_type"`
	Lasts   seconds `json:"expires_in"`
	Problem string  `json:"error"`
	Words   string  `json:"error_description"`
}

func (r tokenReply) token() Token {
	lasts := time.Duration(r.Lasts * seconds(time.Second))
	if r.Lasts == 0 {
		lasts = lifeOf(r.Access, time.Now())
	}
	return Token{r.Access, lasts}
}

// seconds is a number, or a text that holds one, as some servers write it. What is
// neither says nothing.
type seconds float64

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(text []byte) error {
	var n float64
	if json.Unmarshal([]byte(strings.Trim(string(text), `"`)), &n) == nil && n > 0 && n < 1e9 {
		*s = seconds(n)
	}
	return nil
}

// Get implements Getter.
func (c *Client) Get(ctx context.Context, refusal http.Header) (Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := readChallenge(refusal)
	if c.issuing == nil {
		found, err := c.discover(ctx, asked)
		if err != nil {
			return Token{}, err
		}
		c.issuing = found
		if c.Found != nil {
			c.Found(*found)
		}
	}
	scope := cmp.Or(c.Scope, asked.scope, strings.Join(c.issuing.Scopes, " "))
	return c.ask(ctx, scope)
}

// ask asks for a token.
func (c *Client) ask(ctx context.Context, scope string) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {c.issuing.Resource}}
	if scope != "" {
		form.Set("scope", scope)
	}
	basic := c.Secret != "" && !c.issuing.Post
	if !basic {
		form.Set("client_id", c.ID)
		if c.Secret != "" {
			form.Set("client_secret", c.Secret)
		}
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.issuing.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, errors.New("the token endpoint's address can't be requested")
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	if basic { // both are form-encoded first (RFC 6749, section 2.3.1)
		q.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	}
	status, body, err := c.do(q)
	if err != nil {
		return Token{}, fmt.Errorf("no token from %s: %w", public(c.issuing.Endpoint), err)
	}
	var reply tokenReply
	bad := json.Unmarshal(body, &reply)
	switch {
	case reply.Problem != "":
		words := reply.Problem
		if reply.Words != "" {
			words += " (" + brief(reply.Words) + ")"
		}
		return Token{}, fmt.Errorf("%s issues no token: HTTP %d: %s", public(c.issuing.Endpoint), status, brief(words))
	case status != http.StatusOK, bad != nil, reply.Access == "":
		return Token{}, fmt.Errorf("%s answered the request for a token with HTTP %d and no token",
			public(c.issuing.Endpoint), status)
	case !strings.EqualFold(reply.Type, "Bearer"):
		return Token{}, fmt.Errorf("%s issued a token of the type %q, which is no bearer's",
			public(c.issuing.Endpoint), brief(reply.Type))
	case !showable(reply.Access):
		return Token{}, fmt.Errorf("%s issued a token that can't stand in a header", public(c.issuing.Endpoint))
	}
	return reply.token(), nil
}

// do makes a request, and reads its reply. It follows redirects of no request: a
// secret may be in it, and metadata stands where it is said to stand.
func (c *Client) do(q *http.Request) (status int, body []byte, err error) {
	client := http.Client{Timeout: getWithin}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	sent := time.Now()
	resp, err := client.Do(q)
	if err == nil {
		status = resp.StatusCode
		body, err = io.ReadAll(io.LimitReader(resp.Body, mostReply))
		_ = resp.Body.Close() // nothing follows from how it ends
	}
	if told := c.asked.Load(); told != nil {
		(*told)(q.Method, q.URL.String(), status, sent, time.Now())
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL stands elsewhere, without what may be secret
	}
	return status, body, err
}

// public is a URL without what may be secret.
func public(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the address"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// takesBasic reports if a server that lists how clients show their secrets takes
// Basic, which is the default.
func takesBasic(methods []string) bool {
	return len(methods) == 0 || slices.Contains(methods, "client_secret_basic") ||
		!slices.Contains(methods, "client_secret_post")
}
