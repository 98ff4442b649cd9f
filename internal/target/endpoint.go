package target

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/invoked"
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

// almostScheme is what stands for a scheme that was misspelt, or that is another one's.
var almostScheme = regexp.MustCompile(`(?i)^<?[a-z]{2,6}(:/{1,3}|//)([^/].*?)>?$`)

// Nearly is the address that a word was likely meant as, which is none as it stands: with a
// misspelt scheme, without a host, or a port or a host alone. It is empty where there is no
// telling. What may be secret of it is left out.
func Nearly(word string) string {
	if parts := almostScheme.FindStringSubmatch(word); parts != nil && IsEndpoint(parts[2]) {
		return invoked.Address("http://" + parts[2])
	}
	n, err := strconv.Atoi(strings.TrimPrefix(word, ":"))
	switch local := "127.0.0.1" + word; {
	case err == nil && n >= 1024 && n < 1<<16:
		return "http://127.0.0.1:" + strconv.Itoa(n) + "/mcp"
	case strings.HasPrefix(word, ":") && IsEndpoint(local):
		return invoked.Address("http://" + local)
	case word == "localhost" || word == "127.0.0.1":
		return "http://" + word + ":8000/mcp, with its port"
	}
	return ""
}

// IsEndpoint reports if a word can only be meant as where a server is: it has a
// scheme, or a host with a port or a path.
func IsEndpoint(word string) bool {
	if lower := strings.ToLower(word); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
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
