package drive

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
)

// TestStreamsOfTheServersOwnNeedFiles: each holds a connection, whatever calls need.
func TestStreamsOfTheServersOwnNeedFiles(t *testing.T) {
	has := bounds{files: 1024, open: 8}
	j := &Job{Sessions: 1001}
	require.NoError(t, j.fits(wire.HTTP, false, has))
	require.NoError(t, j.fits(wire.HTTP, true, bounds{}), "what isn't known bounds nothing")
	err := j.fits(wire.HTTP, true, has)
	require.EqualError(t, err, "1001 sessions that listen to the server's own stream need about 1025 open files, "+
		"and this process may have 1024")
	require.Contains(t, hint.Of(err), "--get-stream off")
	j.Sessions = 1000
	require.NoError(t, j.fits(wire.HTTP, true, has))
	j.Connections, j.Sized = 7, true
	require.ErrorContains(t, j.fits(wire.HTTP, true, has), "7 connections and 1000 sessions that listen")
	require.NoError(t, j.fits(wire.HTTP, false, has))
}

// TestConnectionsNeedPorts: those with a server elsewhere, and no others.
func TestConnectionsNeedPorts(t *testing.T) {
	j := &Job{Connections: 11, Sized: true}
	j.Kind = target.URL
	require.NoError(t, j.fits(wire.HTTP, false, bounds{ports: 11}))
	require.NoError(t, j.fits(wire.HTTP, false, bounds{}), "what isn't known bounds nothing")
	require.EqualError(t, j.fits(wire.HTTP, false, bounds{ports: 10}),
		"11 connections need 11 local ports, and this machine has 10 of them for one server")
	j.Options.Socket = "/run/mcp.sock"
	require.NoError(t, j.fits(wire.HTTP, false, bounds{ports: 10}))
	j.Kind = target.Mock
	require.NoError(t, j.fits(wire.HTTP, false, bounds{ports: 10}))
}
