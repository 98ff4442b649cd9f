package drive

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestLostSessionsByTheirWords: what servers say of a session that they don't know, and what
// they say of a call that speaks of sessions.
func TestLostSessionsByTheirWords(t *testing.T) {
	for _, row := range []struct {
		status, code int
		detail       string
		want         bool
	}{
		{404, -32001, "HTTP 404: error -32001: Session not found", true},
		{400, -32000, "HTTP 400: error -32000: Bad Request: No valid session ID provided", true},
		{400, -32000, "HTTP 400: error -32000: Bad Request: Server not initialized", true},
		{400, -32000, "HTTP 400: error -32000: the session has not been initialised", true},
		{400, 0, `HTTP 400: {"error":"unknown sessionId 7f"}`, true},
		{400, 0, "HTTP 400: session_id expired", true},
		{401, 0, "HTTP 401: Session has expired", true},
		{401, 0, `HTTP 401: {"error":"unauthorized"}`, false},
		{400, -32602, "HTTP 400: error -32602: Invalid params: the session must be morning or evening", false},
		{400, -32000, "HTTP 400: error -32000: the table isn't initialized", false},
		{500, 0, "HTTP 500: session not found", false},
	} {
		c := sessionPool{named: true}
		call := history.Call{Status: row.status, Code: row.code, Detail: row.detail}
		require.Equal(t, row.want, c.forgotten(&call), row.detail)
	}
}
