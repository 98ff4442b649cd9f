package wire

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
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
	case (call.Status == http.StatusNotFound || call.Status == http.StatusMethodNotAllowed) && got.reply == nil:
		e.Kind, e.Detail = NotFound, call.Detail
	case call.Outcome == history.Broken:
		e.Kind, e.Detail = Garbage, call.Detail
	}
	return e
}

// hint says what to do about an error; empty where there is nothing to say.
func hint(e *DialError, o Options) string {
	shown := o.Bearer != nil || o.Header.Get("Authorization") != ""
	if advice := StatusHint(e.Status, o.URL); advice != "" && e.Kind != Limited && (e.Kind != Auth || !shown) {
		return advice
	}
	switch e.Kind {
	case RanOut:
		return ranOutHint(e.Err)
	case Refused:
		return "is the server running, and are host and port right?"
	case TLS:
		if _, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); ok {
			return "give the file of the authority that signed it: --cacert FILE"
		}
		return "check the scheme of the URL and the certificate"
	case Lost:
		rest, plain := strings.CutPrefix(o.URL, "http://")
		if plain && o.Transport != Stdio && o.Proxy == nil && !o.HTTP2 {
			rest, _, _ = strings.Cut(rest, "?") // which may hold a secret
			return "is it a server of TLS? then it is https://" + rest
		}
	case NotFound:
		return "is the path right? many servers answer at /mcp, older ones at /sse"
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
		return "is this the address of an MCP server? many answer at /mcp"
	case Exited:
		return "what it wrote on stderr may tell why"
	case Protocol:
		if o.Protocol != autoProtocol {
			return "let the protocol be negotiated: auto"
		}
	}
	return ""
}

// GiveCredentials is what to do where a server wants credentials and was given none.
const GiveCredentials = "give credentials with --bearer-env NAME, --oauth-client-id ID, or a header such as --header " +
	"'Authorization: Bearer $NAME'"

// StatusHint says what to do about a status of HTTP by which an address refuses to be
// spoken to at all; empty where the status alone says nothing that helps.
func StatusHint(status int, address string) string {
	switch {
	case status == http.StatusForbidden, status == http.StatusMisdirectedRequest:
		if other := otherLoopback(address); other != "" {
			return "servers that check Host know one of its names only: try " + other + "; or does it want credentials?"
		}
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
