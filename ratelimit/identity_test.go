package ratelimit

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSessionOrAddress(t *testing.T) {
	long := strings.Repeat("x", 129)
	cases := map[string]struct{ session, version, remote, want string }{
		"session":              {"abc", "2025-11-25", "10.0.0.1:5", "session:abc"},
		"session, no version":  {"abc", "", "10.0.0.1:5", "session:abc"},
		"no session":           {"", "2025-11-25", "10.0.0.1:5", "address:10.0.0.1"},
		"no sessions any more": {"abc", "2026-07-28", "10.0.0.1:5", "address:10.0.0.1"},
		"IPv6":                 {"", "", "[fe80::1%eth0]:5", "address:fe80::1%eth0"},
		"unix socket":          {"", "", "@", "address:@"},
		"an address as id":     {"10.0.0.1", "", "10.0.0.2:5", "session:10.0.0.1"},
		"128 bytes":            {long[1:], "", "10.0.0.1:5", "session:" + long[1:]},
		"longer": {long, "", "10.0.0.1:5",
			"session:sha256:0ec9eb33e74510bcdd1f2ea55206e82f21649c5c2becbf2b433eb475b34c01bd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/mcp", nil)
			r.RemoteAddr = c.remote
			r.Header.Set("X-Forwarded-For", "1.2.3.4")
			if c.session != "" {
				r.Header.Set(SessionHeader, c.session)
			}
			if c.version != "" {
				r.Header.Set(ProtocolHeader, c.version)
			}
			require.Equal(t, c.want, SessionOrAddress(r))
		})
	}
}
