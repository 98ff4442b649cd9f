// Package wire carries one JSON-RPC exchange to an MCP server and stamps when
// it was sent and when it was answered. How the bytes travel (a Transport) and
// how a request says which protocol it speaks (an era) are two axes: any
// transport may carry either era.
//
// Most users want Dial, which starts or connects to a server, settles the
// protocol and records what that cost, and then Session.Exchange, which turns
// one arrival into one call. A failed call is data and never an error; a
// server that can't be used at all is a *DialError.
//
// The package deliberately schedules nothing, and retries nothing but its own
// handshake, what a token was refused for, and what crossed the end of an idle
// connection and may be repeated. It follows no redirect during a run, uses no proxy, no HTTP/2 and no
// standalone stream unless asked to, and judges nothing beyond the outcome of a
// single call. A stream that ends before its response is resumed, where the server
// has made that possible.
package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A Transport says how messages travel.
type Transport string

// The transports.
const (
	Auto      Transport = "auto"      // streamable HTTP, falling back to HTTP+SSE
	HTTP      Transport = "http"      // streamable HTTP, revision 2025-03-26 and later
	SSE       Transport = "sse"       // HTTP with server-sent events, revision 2024-11-05
	Stdio     Transport = "stdio"     // a child process, one message a line
	InProcess Transport = "inprocess" // a function call
)

// Defaults of Options.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxConns = 256
)

// MaxMessage is the largest message, and the largest HTTP reply, that is read,
// in bytes, where Options.MaxMessage doesn't say otherwise. What is longer makes a
// call Broken. Options.Memory bounds what all that are being read hold together.
const MaxMessage = 16 << 20

// Options says which server to talk to, and how. The zero value of every field
// but those that name the server is usable.
type Options struct {
	Transport Transport   // empty: Auto where URL is set, Stdio where Command is, else InProcess
	URL       string      // http and sse: the MCP endpoint
	Hear      bool        // the results of the set-up are kept, for Session.Results
	Header    http.Header // http and sse: added to every request; values are never quoted in a Detail

	Command []string // stdio: argv
	Env     []string // stdio: KEY=VALUE, the whole environment of the child, which gets nothing of the parent's
	Dir     string   // stdio: the child's working directory; empty: the parent's

	// Handler is the in-process server. It gets one message and returns its
	// reply, nil for a notification. It must return soon after ctx ends: it
	// runs on the caller's goroutine, so that a run on a virtual clock stays
	// deterministic. Calls of one caller that begin within 10 ms share ctx: it
	// ends as much later than the time-out, and not at once when a call returns.
	Handler func(ctx context.Context, client string, message []byte) []byte

	Protocol string // "auto" or empty, or one revision such as "2025-11-25"
	// takes secrets out of what a server said, before it is cut; nil: the values of Header
	// and URL, and keys that are known by their shape
	Redact   func(string) string
	Refusal  Refusal              // how this server signals that a rate limit refused a call
	Timeout  time.Duration        // of one request; 0: DefaultTimeout
	Patience time.Duration        // of one request of the handshake; 0: Timeout
	Once     bool                 // a request of the handshake that is refused isn't repeated
	Now      func() time.Duration // the run's monotonic clock; nil: time since Dial
	Client   string               // client identity, for Call.Client of the handshake
	Name     string               // clientInfo.name; empty: "mcpload"
	Version  string               // clientInfo.version; empty: "dev"

	// Idempotent reports if a tool may be called again where a call crossed the end of
	// an idle connection, and nothing is known of it. Nil: if its annotations say so, by
	// the list that ListTools got. Methods that only read may, whatever it says.
	Idempotent func(tool string) bool

	// Bearer has the token that every HTTP request shows, beside Header and in place of
	// an Authorization there. Nil: none. A request whose token is refused is sent once
	// more when there is another one.
	Bearer Bearer

	// Sessions has auto take a revision with sessions where the server speaks one.
	Sessions bool

	// Known says that another session with the server has settled on a revision with
	// sessions, so that auto begins one at once.
	Known bool

	// ListTools makes tools/list part of the handshake. It tells early that a
	// tool is missing, learns which arguments the stateless era mirrors into
	// headers, and warms FastMCP's tool cache, which otherwise charges a
	// hidden tools/list for the first call of each name.
	ListTools bool

	// Compressed offers the server to compress its replies: gzip, deflate or zstd.
	Compressed bool

	// Trace gives each request a trace context of its own in its _meta. Calls have it.
	Trace bool

	Answers   Answers   // what the server's own requests are answered
	GetStream GetStream // http: if the server's standalone stream is listened to

	// Tap gets a copy of every reply's body, as it is read, from several
	// goroutines, and over stdio of all that the server writes on stdout. It
	// must not fail. Nil: nobody.
	Tap io.Writer

	// MaxMessage is the largest message, and the largest HTTP reply, that is read,
	// in bytes. 0: MaxMessage.
	MaxMessage int

	// Memory bounds what replies take while they are read, over all sessions that
	// share it. Nil: DefaultReplyMemory for this session.
	Memory *ReplyMemory

	// Aside is told of each message that leaves the session beside its calls and its
	// handshake, from any goroutine. Nil: the session keeps them for Asides.
	Aside func(history.Call)

	TLS      *tls.Config // http and sse; nil: Go's defaults
	MaxConns int         // http and sse: connections kept and allowed open; 0: DefaultMaxConns
	Conns    *Conns      // http and sse: connections shared with other sessions; nil: the session's own
	Source   string      // http and sse: the address that connections come from; empty: any
	Socket   string      // http and sse: the unix socket to connect to, whatever host the URL names
	Proxy    *url.URL    // http and sse: http, https or socks5 proxy; nil: none, whatever the environment says

	// HTTP2 speaks HTTP/2 and nothing else, without TLS by prior knowledge. A
	// request may then wait for its stream after Sent was stamped, and what the
	// server refused unprocessed is repeated.
	HTTP2 bool

	// CancelHTTP sends notifications/cancelled for a call that timed out, where
	// the protocol's era wants that over HTTP. A limiter that charges
	// notifications would charge it, so that a run which judges one doesn't.
	CancelHTTP bool

	// Phase, where it is set, is told how long each part of an HTTP request
	// took, from any goroutine.
	Phase func(p Phase, took time.Duration)
}

// A Phase is a part of an HTTP request.
type Phase uint8

// The phases.
const (
	Connecting Phase = iota // opening a connection, without TLS
	Securing                // the TLS handshake
	FirstByte               // of a call: from Sent to the first byte of the reply
	StreamEnd               // from the response to the end of its stream, where that came later
)

// A Refusal says how a server signals that it refused a request for its rate.
// The zero value recognises nothing but HTTP: 429, and 503 with Retry-After.
type Refusal struct {
	Codes    []int          // JSON-RPC error codes; see classify for those that need Text too
	Statuses []int          // HTTP statuses that are refusals whatever the body says
	Text     *regexp.Regexp // matched against error messages, isError texts and soft failures; nil matches nothing
	// matched against results that don't say isError too, whatever their shape; nil matches nothing
	Plain  *regexp.Regexp
	Resets bool       // a connection that is closed in place of a reply is a refusal
	Not    NotRefusal // what is no refusal, whatever else is said here

	// Wary marks results in which a server speaks of a limit as if it refused
	// the call, without anything that says so: see classifyResult. Reading every
	// text of every result takes time that general load doesn't have. What the headers
	// of such replies say of a limit is kept as well, in Call.Hints.
	Wary bool
}

// A NotRefusal says what is no refusal although it looks like one: the zero
// value, nothing.
type NotRefusal struct {
	Codes    []int
	Statuses []int
	Text     *regexp.Regexp // nil matches nothing
}

// checked returns the options with their defaults filled in, or a *DialError
// that names the field at fault.
func (o Options) checked() (Options, error) {
	if o.Transport == "" {
		switch {
		case o.URL != "":
			o.Transport = Auto
		case len(o.Command) > 0:
			o.Transport = Stdio
		default:
			o.Transport = InProcess
		}
	}
	bad := func(format string, args ...any) (Options, error) {
		return o, &DialError{Kind: BadOptions, Target: o.target(), Detail: fmt.Sprintf(format, args...)}
	}
	switch o.Transport {
	case Auto, HTTP, SSE:
		u, err := url.Parse(o.URL)
		switch {
		case err != nil:
			// The parser's error quotes the whole URL, which may hold a secret.
			return bad("the URL cannot be parsed")
		case u.Scheme != "http" && u.Scheme != "https":
			return bad("the URL must start with http:// or https://, not %q", u.Scheme)
		case u.Host == "":
			return bad("the URL names no host")
		}
	case Stdio:
		if len(o.Command) == 0 || o.Command[0] == "" {
			return bad("no command to start")
		}
	case InProcess:
		if o.Handler == nil {
			return bad("no handler to call")
		}
	default:
		return bad("transport %q is not one of auto, http, sse, stdio, inprocess", o.Transport)
	}
	if o.Protocol == "" {
		o.Protocol = autoProtocol
	}
	if o.Protocol != autoProtocol && !isRevision(o.Protocol) {
		return bad("protocol %q is neither auto nor a revision such as %s", o.Protocol, sessionRevisions[0])
	}
	if o.Source != "" && net.ParseIP(o.Source) == nil {
		return bad("the source address %q is no IP address", o.Source)
	}
	if o.Proxy != nil && o.Socket != "" {
		return bad("a unix socket is not reached by a proxy")
	}
	if o.Timeout < 0 || o.Patience < 0 || o.MaxConns < 0 || o.MaxMessage < 0 {
		return bad("negative time-out, number of connections or size of a message")
	}
	o.fill()
	return o, nil
}

// fill sets what was left zero.
func (o *Options) fill() {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Patience == 0 {
		o.Patience = o.Timeout
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = MaxMessage
	}
	if o.MaxConns == 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.Name == "" {
		o.Name = "mcpload"
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Memory == nil {
		o.Memory = NewReplyMemory(0)
	}
	if o.Now == nil {
		start := time.Now()
		o.Now = func() time.Duration { return time.Since(start) }
	}
}

// target names the server for people, without credentials or query values.
func (o Options) target() string {
	switch o.Transport {
	case Stdio:
		if len(o.Command) == 0 {
			return "the command"
		}
		// Only the program: its arguments may hold a secret.
		return o.Command[0]
	case InProcess:
		return "the in-process server"
	}
	return publicURL(o.URL)
}

// publicURL is a URL without what may be secret: user information, query and
// fragment.
func publicURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the URL"
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return clean.String()
}
