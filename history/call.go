// Package history holds what happened: a Call is one message that left us, or
// was meant to, and what came of it. Every other room takes calls or hands them on.
//
// Most users want Write and ReadAll, the JSON Lines codec: a history is stored
// whole, so that it can be judged again. Reader.Each takes files of any size.
// Package history/vegeta hands calls on to vegeta.
//
// The package deliberately judges nothing, and knows neither transports nor
// limits.
package history

import (
	"encoding/json"
	"time"
)

// An Arrival is one planned request: what to send, as whom, and when.
type Arrival struct {
	Due       time.Duration   // from the run's start
	Client    string          // the client identity that sends it
	Session   string          // which of the client's sessions sends it; empty: its first
	Method    string          // JSON-RPC method, such as "tools/call"
	Tool      string          // tool name, for tools/call only
	Arguments json.RawMessage // tool arguments, a JSON object; nil means {}
	Label     string          // what it belongs to: a scenario's name, Handshake or Aside
	Attempt   int             // which attempt at that, from 1; 0: the first
}

// The labels of what no plan has. A server may charge it all the same.
const (
	Handshake = "handshake" // what sets a session up
	Aside     = "aside"     // what left us beside the calls: answers to the server, cancellations, ends of sessions
)

// A Call is an arrival and what came of it. All instants are of one monotonic
// clock and count from the run's start.
type Call struct {
	Arrival
	ID         int64         // JSON-RPC id of the request; 0 where it is not known
	Sent       time.Duration // just before the first byte was written
	Received   time.Duration // just after the last byte of the reply was read, or when the caller gave up
	Outcome    Outcome
	Kind       Kind          // what was sent; the zero value is a request
	Code       int           // JSON-RPC error code; 0 where there was none
	Status     int           // HTTP status; 0 on transports without one
	RetryAfter time.Duration // how long the refusal asked to wait; 0 where it didn't say
	// all that the refusal said of when to come back, for ParseHints; empty where it didn't say
	Hints string
	// media type of a refusal's HTTP reply, such as "application/json"; empty where there
	// was none, and for all other outcomes
	Media string
	Trace string // traceparent that it was sent with (W3C Trace Context); empty: none
	// why, in a few words, for every outcome but OK, and for OK where the result speaks of a limit; never a secret
	Detail string
}

// Response is what a user waited: from the due instant to the end of the
// reply. It is the headline latency, because a generator that falls behind
// can't hide in it (coordinated omission).
func (c Call) Response() time.Duration { return c.Received - c.Due }

// Service is what the server and the network took.
func (c Call) Service() time.Duration { return c.Received - c.Sent }

// Late is our own fault: how long after the due instant the call was sent.
func (c Call) Late() time.Duration { return c.Sent - c.Due }

// Planned reports if a call is one that a run was for, and not what it took to
// make such calls.
func (c *Call) Planned() bool { return c.Label != Handshake && c.Label != Aside }

// A Kind says what a message was. Nothing but a request has a reply of its own:
// what is known of the others is at most that HTTP took or refused them.
type Kind uint8

// The kinds.
const (
	Request      Kind = iota // of ours
	Notification             // that we sent
	Answer                   // to a request by the server, whose method is the call's
	Stream                   // an HTTP GET that opens a stream
	Deletion                 // an HTTP DELETE that ends a session
)

var kindNames = [...]string{"request", "notification", "answer", "stream", "deletion"}

// String returns the kind's name as history files spell it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// An Outcome is what came of a call.
type Outcome uint8

// The outcomes. The zero value is Unknown, so that a call that nobody filled
// in never counts as a success or as a refusal.
const (
	Unknown   Outcome = iota // nothing is known of it
	OK                       // answered with a result
	ToolError                // answered with a tool result that says isError, and that is no refusal
	Limited                  // refused by a rate limit, by a signal that the classifier recognises
	Rejected                 // answered with a protocol or HTTP error that is no refusal
	Broken                   // no usable reply: connection refused or lost, wrong id, two replies, not JSON-RPC
	TimedOut                 // no reply within the time-out
	Unsent                   // never sent: too many calls were in flight, or the run ended first
	// written on a connection that had been idle, and that the server closed without a byte of a reply
	ClosedIdle
)

var outcomeNames = [...]string{"unknown", "ok", "tool-error", "limited", "rejected", "broken", "timed-out", "unsent",
	"closed-idle"}

// String returns the outcome's name as history files spell it.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "invalid"
}

// Admitted reports if the limiter certainly let the call through.
func (o Outcome) Admitted() bool { return o == OK }

// Answered reports if a whole reply was read, so that the server had decided
// by then, whatever it decided.
func (o Outcome) Answered() bool {
	return o == OK || o == ToolError || o == Limited || o == Rejected
}

// Failed reports if the call got something other than a result or a refusal.
// ClosedIdle is nobody's failure: a server may close a connection that nobody
// uses, and the call crossed that on its way.
func (o Outcome) Failed() bool { return o == ToolError || o == Rejected || o == Broken }
