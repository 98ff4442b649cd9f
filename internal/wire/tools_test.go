package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The list of tools may be asked for after the dialling, and is part of the
// handshake there too, with the tools as the server describes them.
func TestListToolsLater(t *testing.T) {
	const look = `{"name":"look","annotations":{"readOnlyHint":true},"inputSchema":{}}`
	url := script{"server/discover": {200, discovered},
		"tools/list": {200, `{"jsonrpc":"2.0","id":ID,"result":{"tools":[` + look + `]}}`}}.play(t, nil)
	s := dial(t, Options{URL: url})
	require.Nil(t, s.Tools())
	require.Nil(t, s.Descriptions())
	before := len(s.Handshake())
	require.NoError(t, s.ListTools(t.Context()))
	require.Equal(t, []string{"look"}, s.Tools())
	require.Len(t, s.Descriptions(), 1)
	require.JSONEq(t, look, string(s.Descriptions()[0]))
	calls := s.Handshake()
	require.Len(t, calls, before+1)
	require.Equal(t, "tools/list", calls[before].Method)
	require.Equal(t, handshakeLabel, calls[before].Label)

	url = script{"server/discover": {200, discovered},
		"tools/list": {200, `{"jsonrpc":"2.0","id":ID,"result":{"tools":7}}`}}.play(t, nil)
	var e *DialError
	require.ErrorAs(t, dial(t, Options{URL: url}).ListTools(t.Context()), &e)
	require.Equal(t, Garbage, e.Kind)
	require.NotEmpty(t, e.Target)
}

// What sets a session up has a time-out of its own.
func TestPatience(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does it see the client leave
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	began := time.Now()
	_, err := Dial(t.Context(), Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Timeout: time.Hour,
		Patience: 50 * time.Millisecond})
	var e *DialError
	require.ErrorAs(t, err, &e)
	require.Equal(t, TimedOut, e.Kind)
	require.Contains(t, e.Detail, "50ms")
	require.Less(t, time.Since(began), time.Minute)
}
