package mock

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// ownOrigins refuses what pages of other sites send through a visitor's browser, as
// MCP demands of servers over HTTP: such a request carries its page's Origin. What
// is no browser sends none. Nothing of a refused request is looked at, and it
// takes no token.
func ownOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if !loopbackOrigin(origin) {
				http.Error(w, fmt.Sprintf("Forbidden: foreign Origin %.100q", origin), http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackOrigin reports if an Origin is of a page that this machine serves.
func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" {
		return false
	}
	return loopback(u.Host)
}

// Exposed reports if an address to listen on is reached from beyond this machine.
func Exposed(addr string) bool {
	_, _, err := net.SplitHostPort(addr)
	return err == nil && !loopback(addr)
}
