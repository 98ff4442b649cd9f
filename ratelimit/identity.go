package ratelimit

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
)

// The headers that identities read.
const (
	// SessionHeader carries the session id on streamable HTTP up to MCP
	// 2025-11-25.
	SessionHeader = "Mcp-Session-Id"
	// ProtocolHeader carries the protocol version, a date.
	ProtocolHeader = "Mcp-Protocol-Version"
)

// stateless is the first protocol version without sessions.
const stateless = "2026-07-28"

// maxID is the longest id that is kept as it is; what is longer is hashed, so
// that clients can't fill the memory with long headers.
const maxID = 128

// An Identity names the client that sent a request; requests with the same
// name share a bucket. It must not fail: "" is a name too, shared by all whom
// it can't tell apart.
//
// Whatever a client can choose, it can change to get a full bucket. Only an
// identity that the server has verified, such as the subject of a checked
// token, limits a client that doesn't cooperate.
type Identity func(*http.Request) string

// SessionOrAddress is the default Identity: the Mcp-Session-Id header, or the
// remote address without its port where there is none. Its pitfalls:
//
//   - Session cycling: a client that starts a new session, or makes ids up, gets
//     a full bucket each time. MaxKeys bounds what that costs in memory, but
//     then new clients are refused until buckets are full again. Against this,
//     use Address, a verified identity, or a global limit beside this one.
//   - Missing header: initialize has no session yet, and since MCP 2026-07-28
//     there are none: the header of such a request is not looked at, because
//     servers ignore it and it costs nothing to make up. These clients are told
//     apart by address only.
//   - NAT and proxies: all who come by one address share a bucket, behind a
//     reverse proxy everybody does.
//   - X-Forwarded-For is not looked at: anyone can send it. Behind a proxy that
//     overwrites it, read it in an Identity of your own, counting from the
//     right.
//   - IPv6: a subscriber usually owns a /64, and so 2^64 addresses.
//
// Names begin with "session:" or "address:", so that no session id passes for
// an address.
func SessionOrAddress(r *http.Request) string {
	if id := r.Header.Get(SessionHeader); id != "" && r.Header.Get(ProtocolHeader) < stateless {
		return "session:" + Key(id)
	}
	return Address(r)
}

// Address is the Identity that is the remote address without its port.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr // a unix socket's, or a test's
	}
	return "address:" + Key(host)
}

// Key returns id, or its SHA-256 where it is longer than 128 bytes: for an
// Identity of your own whose names a client can make as long as it likes.
func Key(id string) string {
	if len(id) <= maxID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}
