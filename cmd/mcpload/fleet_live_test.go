//go:build live

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// Two of the nine, installed and judged as a user does it: one that keeps what
// its code says, and one that can't start. The first run installs them, which
// takes a minute or two each.
func TestTheFleetForReal(t *testing.T) {
	t.Setenv("MCPLOAD_CACHE", filepath.Join(cache(t), "fleet"))
	t.Setenv("MCPLOAD_RESULTS", t.TempDir())

	status, doc, stderr := judged(t, "--live", "--server", "mailgun-mcp", "--against", "observed")
	require.NotNil(t, doc, stderr)
	require.NotEqual(t, exitFail, status, fails(doc.Servers[0]))
	require.Equal(t, "http", doc.Servers[0].Target.Transport)
	within(t, doc.Servers[0], 5, 15)

	status, doc, stderr = judged(t, "--live", "--server", "mailgun-mcp", "--offline", "--scenario", "burst,overload")
	require.NotNil(t, doc, stderr)
	require.Equal(t, exitFail, status, "the requirement is 12/s burst 16: %s", stderr)
	require.Contains(t, fails(doc.Servers[0]), "over-rejection")

	status, doc, stderr = judged(t, "--live", "--server", "fastblocks")
	require.NotNil(t, doc, stderr)
	require.Equal(t, exitFail, status, stderr)
	f := doc.Servers[0].Scenarios[0].Findings[0]
	require.Equal(t, "comes-up", f.Check)
	require.Equal(t, verdict.Fail, f.Verdict)
	require.Contains(t, f.Saw, "exit status 1")
	require.Contains(t, f.Saw, "asyncio")
}
