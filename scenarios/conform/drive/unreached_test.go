package drive_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// TestNobodyThere: what can't be reached is told in the words of every other command, with
// what to do next.
func TestNobodyThere(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct{ transport, url, err, advice string }{
		{conform.HTTP, gone.URL, "cannot connect to " + gone.URL + ": connection refused", "is the server running"},
		{conform.SSE, gone.URL, "cannot connect to " + gone.URL + ": connection refused", "is the server running"},
		{conform.HTTP, strings.Replace(plain.URL, "http:", "https:", 1), "no TLS connection to", "a server without TLS"},
		{conform.HTTP, "http://user:hunter2@no-such-host.invalid/mcp?key=hunter2", "cannot connect to " +
			"http://no-such-host.invalid/mcp: unknown host no-such-host.invalid", "is the server running"},
	} {
		_, err := drive.Run(context.Background(), drive.Config{URL: c.url, Transport: c.transport})
		require.ErrorContains(t, err, c.err)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Contains(t, hint.Of(err), c.advice)
	}
}

// TestACommandThatEnds: how it ended is told, and not that its stdin is closed, which is all that
// a writer learns who comes too late.
func TestACommandThatEnds(t *testing.T) {
	for _, script := range []string{"exit 3", "exec <&-; sleep 0.2; exit 3"} {
		for range 5 {
			_, err := drive.Run(context.Background(), drive.Config{Transport: conform.Stdio, Timeout: 5 * time.Second,
				Command: []string{"sh", "-c", script}})
			require.ErrorContains(t, err, "exit status 3", script)
		}
	}
}
