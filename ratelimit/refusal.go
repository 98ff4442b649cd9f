package ratelimit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Shape is how a server tells a client that it refused a request for its
// rate.
type Shape string

// The shapes. FastMCP's two answer with HTTP status 200, as FastMCP's
// RateLimitingMiddleware does; a load balancer doesn't see those refusals.
const (
	// HTTP429 is status 429 with Retry-After, and a JSON-RPC error whose data
	// says retry_after_ms. Proxies and generic clients understand it.
	HTTP429 Shape = "http429"
	// FastMCP2 is what FastMCP 2.x and 3.x send: a refused tools/call gets a
	// tool result with isError, any other request a JSON-RPC error -32000.
	FastMCP2 Shape = "fastmcp2"
	// FastMCP4 is what FastMCP 4 sends: a JSON-RPC error -32000 always.
	FastMCP4 Shape = "fastmcp4"
)

// The JSON-RPC error codes of refusals.
const (
	// DefaultCode is the code of HTTP429. MCP 2026-07-28 leaves codes outside
	// -32768 to -32000 to applications.
	DefaultCode = 429
	// FastMCPCode is the code of FastMCP's shapes. It carries no meaning of its
	// own: other servers use it for any error.
	FastMCPCode = -32000
)

// The default messages.
const (
	DefaultMessage = "Rate limit exceeded"
	FastMCPMessage = "Global rate limit exceeded"
)

// A Refusal says how refused requests are answered. The zero Refusal is
// HTTP429 with DefaultCode and DefaultMessage.
type Refusal struct {
	Shape   Shape  // "" means HTTP429
	Code    int    // JSON-RPC error code; 0 means DefaultCode, or FastMCPCode for FastMCP's shapes
	Message string // "" means DefaultMessage, or FastMCPMessage for FastMCP's shapes
}

// Validate refuses unknown shapes.
func (r Refusal) Validate() error {
	switch r.Shape {
	case "", HTTP429, FastMCP2, FastMCP4:
		return nil
	}
	return fmt.Errorf("ratelimit: shape %q: want %q, %q or %q", r.Shape, HTTP429, FastMCP2, FastMCP4)
}

// Refuse returns the answer to one refused request, with the shape's default
// code and message. See [Refusal.Reply].
func Refuse(shape Shape, method string, id json.RawMessage, d Decision) (status int, header http.Header, body []byte) {
	return Refusal{Shape: shape}.Reply(method, id, d)
}

// Reply returns the answer to one refused request: the HTTP status, the headers
// to set, and the JSON-RPC message. Transports without status and headers, such
// as stdio, send the body alone.
//
// The reply's id is the request's, byte for byte, so that 1.0 stays 1.0 and
// integers beyond 2^53 stay whole. An id that is neither a string nor a number
// is answered with null. An unknown shape is answered as HTTP429.
func (r Refusal) Reply(method string, id json.RawMessage, d Decision) (status int, header http.Header, body []byte) {
	return r.status(), r.header(d), r.message(method, id, d)
}

func (r Refusal) fastMCP() bool { return r.Shape == FastMCP2 || r.Shape == FastMCP4 }

func (r Refusal) status() int {
	if r.fastMCP() {
		return http.StatusOK
	}
	return http.StatusTooManyRequests
}

func (r Refusal) header(d Decision) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if !r.fastMCP() && timed(d) {
		h.Set("Retry-After", strconv.FormatInt(roundUp(d.RetryAfter, time.Second), 10))
	}
	return h
}

// timed reports if a refusal knows when it ends.
func timed(d Decision) bool { return d.RetryAfter != Never && d.RetryAfter != Unknown }

func (r Refusal) code() int {
	switch {
	case r.Code != 0:
		return r.Code
	case r.fastMCP():
		return FastMCPCode
	}
	return DefaultCode
}

// Text returns the words of a refusal, for servers whose library makes the reply.
func (r Refusal) Text(d Decision) string {
	switch {
	case r.Message != "":
		return r.Message
	case r.fastMCP():
		return FastMCPMessage
	case d.Reason > ReasonRate: // not what the client expects, so say what it is
		return DefaultMessage + ": " + d.Reason.String()
	}
	return DefaultMessage
}

// message returns the JSON-RPC message alone.
func (r Refusal) message(method string, id json.RawMessage, d Decision) []byte {
	text := r.Text(d)
	var b bytes.Buffer
	b.WriteString(`{"jsonrpc":"2.0","id":`)
	b.Write(echo(id))
	if r.Shape == FastMCP2 && method == methodToolsCall {
		b.WriteString(`,"result":{"content":[{"type":"text","text":`)
		b.Write(quote(text))
		b.WriteString(`}],"isError":true}}`)
		return b.Bytes()
	}
	fmt.Fprintf(&b, `,"error":{"code":%d,"message":%s`, r.code(), quote(text))
	if !r.fastMCP() && timed(d) {
		fmt.Fprintf(&b, `,"data":{"retry_after_ms":%d}`, roundUp(d.RetryAfter, time.Millisecond))
	}
	b.WriteString(`}}`)
	return b.Bytes()
}

// echo returns the id to answer with.
func echo(id json.RawMessage) []byte {
	id = bytes.TrimSpace(id)
	if len(id) > 0 && json.Valid(id) && (id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9') {
		return id
	}
	return []byte("null")
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	q, err := json.Marshal(s)
	if err != nil {
		panic("ratelimit: internal error: " + err.Error()) // a string always marshals
	}
	return q
}

// roundUp counts the units in d, a part of one as a whole: a client that waits
// less than it must is refused again.
func roundUp(d, unit time.Duration) int64 {
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return n
}
