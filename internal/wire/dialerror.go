package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/history"
)

// A DialKind says why a server can't be used.
type DialKind uint8

// The kinds. The zero value is Protocol, which claims the least.
const (
	Protocol   DialKind = iota // it answers, but not as the protocol demands, or not in a revision that we speak
	Refused                    // nothing accepts connections there: refused, unknown host, no route
	TLS                        // no TLS connection: certificate, version, or plain HTTP on the other side
	NotFound                   // HTTP 404 or 405: no MCP server at this path
	Auth                       // HTTP 401, 403 or 407: it wants credentials, or others
	TimedOut                   // no answer in time
	Limited                    // a rate limit refused the handshake until we gave up
	Garbage                    // what came is no MCP message
	Lost                       // the connection broke before the answer was whole
	NotStarted                 // the command could not be started
	Exited                     // the command ended before it answered
	Cancelled                  // the caller's context ended
	BadOptions                 // the options name no usable server
	Overfull                   // its reply was not read: replies in flight hold as much memory as they may
	RanOut                     // we ran out of open files, local ports or memory: no fault of the server's
)

var dialKindNames = [...]string{"protocol", "refused", "tls", "not-found", "auth", "timed-out", "limited",
	"garbage", "lost", "not-started", "exited", "cancelled", "bad-options", "overfull", "ran-out"}

// String returns the kind's name.
func (k DialKind) String() string {
	if int(k) < len(dialKindNames) {
		return dialKindNames[k]
	}
	return "invalid"
}

// A DialError says why a server can't be used, and keeps what was tried.
type DialError struct {
	Kind       DialKind
	Target     string         // what was dialled, without credentials
	Detail     string         // what happened, in a few words
	Hint       string         // what to do next; may be empty
	Status     int            // HTTP status; 0 where there was none
	RetryAfter time.Duration  // of a Limited one: how long the last refusal asked to wait; 0 where it didn't say
	Calls      []history.Call // the handshake so far
	Stderr     []byte         // of a child: the end of what it wrote on stderr
	Err        error          // the cause, for errors.Is; may be nil
}

// Error is Sentence with the package's name before it.
func (e *DialError) Error() string { return "wire: " + e.Sentence() }

// Sentence says in one sentence for people what went wrong: lower case, no
// full stop. The hint is separate.
func (e *DialError) Sentence() string {
	switch e.Kind {
	case Refused:
		return "cannot connect to " + e.Target + ": " + e.Detail
	case TLS:
		return "no TLS connection to " + e.Target + ": " + e.Detail
	case NotFound:
		return "no MCP server at " + e.Target + ": " + e.Detail
	case Auth:
		if e.Status == http.StatusForbidden {
			return e.Target + " denies access: " + e.Detail
		}
		return e.Target + " wants credentials: " + e.Detail
	case TimedOut:
		return e.Target + " does not answer: " + e.Detail
	case Limited:
		return e.Target + " refuses the handshake for its rate limit: " + e.Detail
	case Garbage:
		return e.Target + " does not speak MCP: " + e.Detail
	case Lost:
		return e.Target + " broke the connection: " + e.Detail
	case NotStarted:
		return "cannot start " + e.Target + ": " + e.Detail
	case Exited:
		return e.Target + " ended before it answered: " + e.Detail
	case Cancelled:
		return "gave up on " + e.Target + ": " + e.Detail
	case Overfull:
		return "the reply of " + e.Target + " was not read: " + e.Detail
	case RanOut:
		return "cannot reach " + e.Target + ": " + e.Detail
	case BadOptions:
		return "cannot dial " + e.Target + ": " + e.Detail
	}
	return e.Target + " cannot be used: " + e.Detail
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Unreachable is an error of net/http about a server at an address, of which it got no reply,
// in the terms of dialling: for whoever asks without a session.
func Unreachable(ctx context.Context, err error, address string) *DialError {
	f, o := netFault(ctx, err), Options{URL: address, Protocol: autoProtocol}
	e := &DialError{Kind: f.kind, Target: o.target(), Detail: f.detail, Err: err}
	e.Hint = hint(e, o)
	return e
}
