package mock

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/server"
)

// What servers publish about their authorization.
const (
	ofResource = "/.well-known/oauth-protected-resource"
	ofGiver    = "/.well-known/oauth-authorization-server"
)

// given is the credential of a request.
func (x *traffic) given() string {
	if x.request == nil {
		return ""
	}
	return x.request.Header.Get("Authorization")
}

// paperBreaches break what a server that wants a token publishes of who gives it.
// They show where tokens are demanded only, as do those of tokens.
func paperBreaches() []ConformFault {
	published := func(path string, change func(origin string) map[string]any) func(*traffic) {
		return func(x *traffic) {
			if x.request != nil && strings.HasPrefix(x.request.URL.Path, path) {
				x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"application/json"}}
				x.reply = marshalled(change("http://" + x.request.Host))
			}
		}
	}
	giver := func(change func(m map[string]any)) func(*traffic) {
		return published(ofGiver, func(origin string) map[string]any {
			m := map[string]any{"issuer": origin, "authorization_endpoint": origin + "/authorize",
				"token_endpoint":                   origin + "/token",
				"code_challenge_methods_supported": []string{"S256"}}
			change(m)
			return m
		})
	}
	return []ConformFault{
		{Name: "metadata-missing", Row: "A02", Doc: "its metadata aren't where its challenge says",
			before: func(x *traffic) {
				if x.request != nil && strings.HasPrefix(x.request.URL.Path, ofResource) {
					x.status, x.header = http.StatusNotFound, http.Header{}
				}
			}},
		{Name: "giverless", Row: "A03", Doc: "its metadata name no authorization server", before: published(ofResource,
			func(origin string) map[string]any {
				return map[string]any{"resource": origin + "/mcp"}
			})},
		{Name: "other-resource", Row: "A03", Doc: "its metadata are of another resource", before: published(ofResource,
			func(origin string) map[string]any {
				return map[string]any{"resource": origin + "/other", "authorization_servers": []string{origin}}
			})},
		{Name: "no-pkce", Row: "A04", Doc: "its authorization server has no PKCE",
			before: giver(func(m map[string]any) { delete(m, "code_challenge_methods_supported") })},
		{Name: "other-issuer", Row: "A04", Doc: "its authorization server goes by another name",
			before: giver(func(m map[string]any) { m["issuer"] = "https://other.example" })},
		{Name: "plain-endpoints", Row: "A09", Doc: "tokens are given over plain http",
			before: giver(func(m map[string]any) { m["token_endpoint"] = "http://auth.example/token" })},
	}
}

// tokenBreaches break how a server asks for a token, and looks at it.
func tokenBreaches() []ConformFault {
	challenge := func(pattern, by string) func(*traffic) {
		re := regexp.MustCompile(pattern)
		return func(x *traffic) {
			if said := x.header.Get("WWW-Authenticate"); said != "" {
				x.header.Set("WWW-Authenticate", re.ReplaceAllString(said, by))
			}
		}
	}
	return []ConformFault{
		{Name: "strangers-403", Row: "A01", Doc: "it answers those without a token with 403", after: func(x *traffic) {
			if x.status == http.StatusUnauthorized {
				x.status = http.StatusForbidden
			}
		}},
		{Name: "any-token", Row: "A01", Doc: "it serves tokens that are made up", before: func(x *traffic) {
			if x.ID != nil && strings.Contains(x.given(), "made-up") {
				x.result(map[string]any{"resultType": "complete"})
			}
		}},
		{Name: "scopeless", Row: "A08", Doc: "its challenge names no scope", after: challenge(`, scope="[^"]*"`, "")},
		{Name: "asks-offline", Row: "A08-offline", Doc: "its challenge asks for offline_access",
			after: challenge(`scope="mcp"`, `scope="mcp offline_access"`)},
		{Name: "session-is-enough", Row: "A10", Doc: "it serves a session without its token", before: func(x *traffic) {
			if x.ID != nil && x.request != nil && x.given() == "" &&
				x.request.Header.Get(server.HeaderKeySessionID) != "" {
				x.result(map[string]any{})
			}
		}},
		{Name: "no-invalid-token", Row: "A11", Doc: "its challenge doesn't say that a token is invalid",
			after: challenge(`, error="[^"]*"`, "")},
		{Name: "session-of-anybody", Row: "H12", Doc: "it serves a session to another's token",
			before: func(x *traffic) {
				if x.ID != nil && strings.Contains(x.given(), "other") &&
					x.request.Header.Get(server.HeaderKeySessionID) != "" {
					x.result(map[string]any{})
				}
			}},
		{Name: "public-differs", Row: "P06", Doc: "its lists differ by caller, and are public",
			after: func(x *traffic) {
				if x.Method == "tools/list" && !bytes.Contains(x.reply, []byte(`"error"`)) {
					x.editResult(func(r map[string]any) {
						r["cacheScope"] = "public"
						if list, ok := r["tools"].([]any); ok && strings.Contains(x.given(), "other") {
							r["tools"] = list[:len(list)-1]
						}
					})
				}
			}},
	}
}
