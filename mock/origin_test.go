package mock

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

func TestForeignOriginsAreRefused(t *testing.T) {
	p := profiles.ForURL(profiles.Limit{Rate: 1, Burst: 2})
	p.Name = "x"
	s, err := New(Config{Profile: p})
	require.NoError(t, err)
	defer s.Close()
	for transport, body := range map[string]string{
		"http": `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
		"sse":  "",
	} {
		url, err := s.Start(transport, "127.0.0.1:0")
		require.NoError(t, err)
		for origin, status := range map[string]int{
			"https://evil.example": 403, "null": 403, "http://localhost.evil.example": 403,
			"http://127.0.0.1.evil.example:80": 403,
			"http://localhost@evil.example":    403, "file://": 403, "http://": 403, "http://10.0.0.1": 403, "%": 403,
			"http://localhost:1234": 200, "https://127.0.0.1": 200, "http://[::1]:80": 200, "": 200,
		} {
			method := http.MethodGet
			if body != "" {
				method = http.MethodPost
			}
			r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			if status == 200 && transport == "http" {
				// The bucket may be empty: what counts is that it was let in.
				reply, err := http.DefaultClient.Do(r)
				require.NoError(t, err)
				require.NoError(t, reply.Body.Close())
				require.NotEqual(t, 403, reply.StatusCode, origin)
				continue
			}
			reply, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, reply.Body.Close())
			require.Equal(t, status, reply.StatusCode, "%s %s", transport, origin)
		}
	}
}

func TestExposed(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:0": false, "localhost:80": false, "[::1]:80": false, "127.8.9.1:1": false,
		":80": true, "0.0.0.0:80": true, "[::]:80": true, "10.1.2.3:80": true, "example.org:80": true,
	} {
		require.Equal(t, want, Exposed(addr), addr)
	}
}
