//go:build performance

package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
)

// The whole command over a real socket: it stops as soon as the box is narrow,
// which takes about twelve seconds on a quiet machine.
func TestProbeMeasuresAMockOnARealSocket(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.yaml")
	status, out, errs := probing(t, "--server", "acb", "--rate", "40/s", "--burst", "40", "--shape", "http429",
		"--budget", "calls=1500,time=60s", "--format", "json", "--emit-profile", file)
	require.Equal(t, exitPass, status, errs)
	require.Contains(t, errs, "at most 1500 calls in 1m")
	var doc results.Probed
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, "mcpload.probe/v1", doc.Schema)
	require.Equal(t, "measured", string(doc.Result))
	require.LessOrEqual(t, doc.Measured.Rate.Lo, 40.0)
	require.GreaterOrEqual(t, doc.Measured.Rate.Hi, 40.0)
	require.LessOrEqual(t, doc.Measured.Burst.Lo, 40.0)
	require.GreaterOrEqual(t, doc.Measured.Burst.Hi, 40.0)
	require.Equal(t, "global", *doc.Scope.Answer)
	require.Equal(t, []results.ProbedTally{{Number: 429, Count: doc.Refusal.Refusals}}, doc.Refusal.Statuses)

	catalog, err := profiles.Load(filepath.Dir(file))
	require.NoError(t, err)
	p, ok := catalog.Get("found")
	require.True(t, ok)
	require.InDelta(t, 40, p.Limit.Rate, 0.4)
	require.Equal(t, 40, p.Limit.Burst)
	require.Equal(t, profiles.Global, p.Limit.Scope)
	require.Equal(t, "tools/call", p.Call.Method)

	// run holds a server to what was found: one that keeps it passes, one with a
	// token too many fails.
	judged := func(more ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		args := append([]string{"run", "--no-store", "--virtual", "--server", "found", "--profiles",
			filepath.Dir(file)}, more...)
		return run(args, strings.NewReader(""), &stdout, &stderr), stdout.String() + stderr.String()
	}
	status, out = judged()
	require.Equal(t, exitPass, status, out)
	status, out = judged("--fault", "burst+1")
	require.Equal(t, exitFail, status, out)
}
