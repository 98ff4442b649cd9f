package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// probing runs the command as its own program would be.
func probing(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, drain: make(chan struct{})}
	cmd := a.probeCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return exitUsage, out.String(), err.Error()
	}
	return a.status, out.String(), errs.String()
}

func TestProbeMeasuresAMockOnARealSocket(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.yaml")
	status, out, errs := probing(t, "--server", "acb", "--rate", "20/s", "--burst", "25", "--shape", "http429",
		"--budget", "calls=500,time=25s", "--format", "json", "--emit-profile", file)
	require.Equal(t, exitPass, status, errs)
	require.Contains(t, errs, "at most 500 calls in 25s")
	var doc probeJSON
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, "mcpload.probe/v1", doc.Schema)
	require.Equal(t, "measured", string(doc.Result))
	require.LessOrEqual(t, doc.Measured.Rate.Lo, 20.0)
	require.GreaterOrEqual(t, doc.Measured.Rate.Hi, 20.0)
	require.LessOrEqual(t, doc.Measured.Burst.Lo, 25.0)
	require.GreaterOrEqual(t, doc.Measured.Burst.Hi, 25.0)
	require.Equal(t, "global", *doc.Scope.Answer)
	require.Equal(t, []tallyJSON{{429, doc.Refusal.Refusals}}, doc.Refusal.Statuses)

	catalog, err := profiles.Load(filepath.Dir(file))
	require.NoError(t, err)
	p, ok := catalog.Get("found")
	require.True(t, ok)
	require.InDelta(t, 20, p.Limit.Rate, 0.2)
	require.Equal(t, 25, p.Limit.Burst)
	require.Equal(t, profiles.Global, p.Limit.Scope)
	require.Equal(t, "tools/call", p.Call.Method)
}

func TestProbeSaysSoWhereThereIsNoLimit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.yaml")
	status, out, errs := probing(t, "--server", "acb", "--fault", "off", "--budget", "calls=60,time=6s", "--emit-profile", file)
	require.Contains(t, out, "acb: no limit up to ")
	require.Contains(t, errs, "no profile was written")
	require.Equal(t, exitUsage, status)
	_, err := os.Stat(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	status, _, _ = probing(t, "--server", "acb", "--fault", "off", "--budget", "calls=60,time=6s")
	require.Equal(t, exitPass, status)
}
