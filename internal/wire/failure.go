package wire

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// failure says why a request of the handshake failed, in the terms of dialling.
func (s *Session) failure(method string, call history.Call, got answer) *DialError {
	e := &DialError{Kind: Protocol, Target: s.o.target(), Status: call.Status,
		Detail: method + " was answered with " + call.Detail}
	switch f := got.fault; {
	case f != nil && f.kind == TimedOut:
		e.Kind, e.Err = TimedOut, f.err
		e.Detail = fmt.Sprintf("%s got %s (%s)", method, f.detail, s.o.Patience)
	case f != nil:
		e.Kind, e.Detail, e.Err = f.kind, f.detail, f.err
	case call.Outcome == history.Limited:
		e.Kind, e.RetryAfter = Limited, call.RetryAfter
		e.Detail = call.Detail
	case call.Status == http.StatusUnauthorized, call.Status == http.StatusForbidden,
		call.Status == http.StatusProxyAuthRequired:
		e.Kind, e.Detail = Auth, call.Detail
	case noPath(call.Status) && got.reply == nil:
		e.Kind, e.Detail = NotFound, call.Detail
	case call.Outcome == history.Broken:
		e.Kind, e.Detail = Garbage, call.Detail
	}
	return e
}

// hint says what to do about an error; empty where there is nothing to say.
func hint(e *DialError, o Options) string {
	shown := o.Bearer != nil || o.Header.Get("Authorization") != "" || wantsKey.MatchString(e.Detail)
	if advice := StatusHint(e.Status, o.URL); advice != "" && e.Kind != Limited && e.Kind != NotFound &&
		(e.Kind != Auth || !shown) {
		return advice
	}
	switch e.Kind {
	case RanOut:
		return ranOutHint(e.Err)
	case Refused:
		if strings.HasSuffix(e.Detail, "invalid port") {
			return "a port is a number from 1 to 65535"
		}
		return "is the server running, and are host and port right?"
	case TLS:
		return tlsHint(e.Err, o.URL)
	case Lost:
		if u, err := url.Parse(o.URL); err == nil && u.Scheme == "http" && o.Transport != Stdio && o.Proxy == nil &&
			!o.HTTP2 {
			return "is it a server of TLS? then it is " + at(u, "https", u.EscapedPath()) + "; or none of HTTP at all?"
		}
	case NotFound:
		return pathHint(o.URL)
	case Auth:
		if h, ok := o.Bearer.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
		if o.Bearer != nil {
			return "may the client have tokens for this server, and with this scope?"
		}
		if o.Header.Get("Authorization") != "" {
			return "it was shown an Authorization: is it right, and for this server, and has it not expired?"
		}
		return GiveCredentials
	case TimedOut:
		if o.Transport == Stdio {
			return "does the command serve MCP over stdio? what it wrote on stderr may tell; --ready gives one that " +
				"is slow to start more time"
		}
		return "is it an MCP server, and is its time-out long enough?"
	case Limited:
		return "wait until the limit has recovered, and see that nobody else uses the server"
	case Garbage:
		if o.Transport == Stdio {
			return "nothing but MCP messages may come on stdout"
		}
		return "is this the address of an MCP server? " + pathHint(o.URL)
	case Exited:
		return "what it wrote on stderr may tell why"
	case Protocol:
		if o.Protocol != autoProtocol {
			return "let the protocol be negotiated: auto"
		}
	}
	return ""
}

// wantsKey are the words of servers that deny access for want of a credential.
var wantsKey = regexp.MustCompile(`(?i)api.?key|token|unauthori[sz]|authenticat|authoriz|credential|scope`)

// noPath reports if a status says that what is posted here is nobody's.
func noPath(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed ||
		status == http.StatusNotImplemented
}

// at is an address of another scheme and path: without a user and a query, which may be secret.
func at(u *url.URL, scheme, path string) string { return scheme + "://" + u.Host + path }

// pathHint says where a server may answer that doesn't at an address.
func pathHint(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.TrimSuffix(u.Path, "/") == "/mcp" {
		return "is the path right? what the server prints at its start may name it; some answer at / or /api/mcp, " +
			"older ones at /sse"
	}
	return "is the path right? many servers answer at " + at(u, u.Scheme, "/mcp") + ", older ones at /sse"
}

// tlsHint says what to do where no connection of TLS came about.
func tlsHint(err error, address string) string {
	u, bad := url.Parse(address)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "give the file of the authority that signed it: --cacert FILE; of a server of your own, --insecure " +
			"takes it unchecked"
	}
	if host, ok := errors.AsType[x509.HostnameError](err); ok && host.Certificate != nil {
		names := slices.Clone(host.Certificate.DNSNames)
		for _, ip := range host.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) > 0 {
			return "it is for " + excerpt([]byte(strings.Join(names, ", "))) + ": is that the host? of a server of " +
				"your own, --insecure takes it unchecked"
		}
	}
	if detail, _ := tlsDetail(err); bad == nil && (detail == plainHTTP || detail == noTLS) {
		return "is it a server without TLS? then it is " + at(u, "http", u.EscapedPath())
	}
	return "check the scheme of the URL and the certificate"
}

// GiveCredentials is what to do where a server wants credentials and was given none.
const GiveCredentials = "give credentials with --bearer-env NAME, --oauth-client-id ID, or a header such as --header " +
	"'Authorization: Bearer $NAME'"

// StatusHint says what to do about a status of HTTP by which an address refuses to be
// spoken to at all; empty where the status alone says nothing that helps.
func StatusHint(status int, address string) string {
	switch {
	case status == http.StatusForbidden, status == http.StatusMisdirectedRequest:
		other := otherLoopback(address)
		if other == "" {
			break
		}
		advice := "servers that check Host know one of its names only: try " + other
		if status == http.StatusForbidden {
			advice += "; or does it want credentials?"
		}
		return advice
	case status >= http.StatusInternalServerError:
		return "its own log says why; if what answers is a proxy, is the server behind it running?"
	}
	return ""
}

// otherLoopback is the same address by this machine's other name; empty where it is
// none of this machine's.
func otherLoopback(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	other := map[string]string{"localhost": "127.0.0.1", "127.0.0.1": "localhost"}[strings.ToLower(u.Hostname())]
	if other == "" {
		return ""
	}
	if port := u.Port(); port != "" {
		other = net.JoinHostPort(other, port)
	}
	return u.Scheme + "://" + other + u.EscapedPath() // a query may hold a secret
}
