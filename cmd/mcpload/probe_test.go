package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestProbeSaysSoWhereThereIsNoLimit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "found.yaml")
	status, out, errs := probing(t, "--server", "acb", "--fault", "off", "--budget", "calls=60,time=6s",
		"--emit-profile", file)
	require.Contains(t, out, "acb: no limit up to ")
	require.Contains(t, errs, "no profile was written")
	require.Equal(t, exitUsage, status)
	_, err := os.Stat(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	status, _, _ = probing(t, "--server", "acb", "--fault", "off", "--budget", "calls=60,time=6s")
	require.Equal(t, exitPass, status)
}

func TestProbeRefusesWhatItCannotDo(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "no server is named"},
		{"--all", "one server at a time"},
		{"--server acb,unifi-mcp", "one server at a time"},
		{"--url http://127.0.0.1:1/mcp --rate 5/s", "takes no --rate"},
		{"--server acb --budget calls=0", `"calls=0" is no budget above 0`},
		{"--server acb --budget 400", `--budget "400" is of calls or of time`},
		{"--server acb --budget time=-1s", `"time=-1s" is no budget above 0`},
		{"--server acb --format xml", `--format "xml"`},
		{"--server acb --emit-profile -", "can't both go to stdout"},
		{"--server acb --other-header nonsense", "--other-header"},
		{"--url http://127.0.0.1:1/mcp", "127.0.0.1:1"},
	} {
		status, out, errs := probing(t, strings.Fields(c.args)...)
		require.Equal(t, exitUsage, status, c.args)
		require.Contains(t, errs, c.want, c.args)
		require.Empty(t, out, c.args)
	}
}
