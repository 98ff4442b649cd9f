package target

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
)

func TestARestartIsSeenByTheConnectionsThatItCloses(t *testing.T) {
	serve := func(l net.Listener) *httptest.Server {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		if l != nil {
			require.NoError(t, s.Listener.Close())
			s.Listener = l
		}
		s.Start()
		return s
	}
	first := serve(nil)
	defer first.Close()
	target := &Target{Kind: URL, Options: wire.Options{URL: first.URL + "/mcp"}, Restart: Restart{Command: "exit 0"}}
	sign, err := target.restarted(t.Context())
	require.NoError(t, err)
	require.False(t, sign, "nothing was restarted, and a connection is still open")

	closed := watched(t.Context(), first.URL)
	address := first.Listener.Addr().String()
	reply, err := http.Get(first.URL) // the server accepts in order: it has taken the watched one then
	require.NoError(t, err)
	require.NoError(t, reply.Body.Close())
	first.CloseClientConnections()
	require.NoError(t, first.Listener.Close())
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	defer serve(l).Close()
	require.True(t, closed())

	target.Restart.Command = "echo it is masked; exit 3"
	_, err = target.restarted(t.Context())
	require.ErrorContains(t, err, "exit status 3: it is masked")
	target.Restart.Command = ""
	_, err = target.restarted(t.Context())
	require.ErrorContains(t, err, "nothing is known that restarts it")
	require.Empty(t, target.Restarts())
}
