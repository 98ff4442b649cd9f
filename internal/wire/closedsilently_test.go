package wire

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// closesSilently starts a server that answers one request on a connection and says nothing of
// closing it: a second one is lost.
func closesSilently(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		reply := "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
		if id := between(string(body), `"id":`, ","); id != "" {
			result := `{"tools":[]}`
			if strings.Contains(string(body), `"initialize"`) {
				result = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`
			}
			text := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
			reply = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				len(text), text)
		}
		conn, in, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, reply) // whoever reads it is gone, or not
		_, _ = in.ReadByte()
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

// TestHandshakeWithWhoClosesSilently: a session is set up all the same, and no call is excused.
func TestHandshakeWithWhoClosesSilently(t *testing.T) {
	s := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", URL: closesSilently(t), ListTools: true})
	require.Equal(t, history.Broken, s.Exchange(t.Context(), echo).Outcome)
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
