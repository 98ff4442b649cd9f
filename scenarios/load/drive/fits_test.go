package drive

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
)

// TestStreamsOfTheServersOwnNeedFiles: each holds a connection, whatever calls need.
func TestStreamsOfTheServersOwnNeedFiles(t *testing.T) {
	if _, known := mostFiles(); !known {
		t.Skip("this system doesn't say how many files may be open")
	}
	j := &Job{Sessions: 1 << 40}
	require.NoError(t, j.fits(wire.HTTP, false))
	err := j.fits(wire.HTTP, true)
	require.ErrorContains(t, err, "1099511627776 sessions that listen to the server's own stream need about")
	require.Contains(t, hint.Of(err), "--get-stream off")
	j.Connections, j.Sized = 7, true
	require.ErrorContains(t, j.fits(wire.HTTP, true), "7 connections and 1099511627776 sessions that listen")
	require.NoError(t, j.fits(wire.HTTP, false))
}
