package target

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// WithScheme puts a scheme before an endpoint that has none: http for this machine and
// for an address or port, as servers that are being built are served; else https.
func WithScheme(s string) string {
	if s == "" || strings.Contains(s, "://") {
		return s
	}
	u, err := url.Parse("http://" + s)
	if err != nil || u.Hostname() == "" {
		return s // whoever reads it says what is wrong
	}
	host := u.Hostname()
	_, err = netip.ParseAddr(host)
	if host == "localhost" || err == nil || u.Port() != "" && u.Port() != "443" {
		return "http://" + s
	}
	return "https://" + s
}

// IsEndpoint reports if a word can only be meant as where a server is: it has a
// scheme, or a host with a port or a path.
func IsEndpoint(word string) bool {
	if strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") {
		return true
	}
	authority, _, hasPath := strings.Cut(word, "/")
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		return hasPath && (authority == "localhost" || strings.Contains(authority, ".") && authority != "." &&
			authority != "..")
	}
	n, err := strconv.Atoi(port)
	return host != "" && err == nil && n > 0 && n < 1<<16
}
