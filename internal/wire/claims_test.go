package wire

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

func TestReadClaims(t *testing.T) {
	clean := func(s string) string { return strings.ReplaceAll(s, "secret", "***") }
	header := http.Header{"Ratelimit": {`"a";r=1`}, "X-Rate-Limit-Remaining": {"3", "4"},
		"Content-Type":    {"text/plain"},
		"X-Ratelimit-Key": {"secret"}, "X-Ratelimit-Long": {strings.Repeat("x", 200)}, "Retry-After": {"3"}}
	list := readClaims(header, clean)
	text := history.FormatHints(list)
	require.Equal(t, `RateLimit="\"a\";r=1" claim; X-Rate-Limit-Remaining="3, 4" claim`, text)
	back, err := history.ParseHints(text)
	require.NoError(t, err)
	require.Equal(t, list, back)
	for name, want := range map[string]bool{"ratelimit": true, "X-RateLimit-Reset": true, "Rate-Limit": true,
		"rrrratelimit": true,
		"x-ratel-imit": false, "x-rate": false, "Date": false, "ratratelimit": true, "": false} {
		require.Equal(t, want, claimName(name), name)
	}
	h, state := readHead([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-RateLimit-Remaining: 3\r\nContent-Type: " +
		"application/json\r\n\r\n{}"))
	require.Equal(t, whole, state)
	require.True(t, h.claims)
	h, _ = readHead([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nX-Rates: " +
		"1\r\n\r\n{}"))
	require.False(t, h.claims)
}
