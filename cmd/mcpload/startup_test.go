package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/startup"
	"github.com/mcpload/mcpload/verdict"
)

// program is mcpload as a program of its own: this test binary under another
// name, by which TestMain knows what it is to be.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "mcpload")
	if os.Link(self, path) == nil {
		return path
	}
	text, err := os.ReadFile(self) // the folders lie on different disks
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o755))
	return path
}

// started runs `mcpload startup` as a process and decodes its document.
func started(t *testing.T, program string, args ...string) (int, *results.Document, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, append([]string{"startup", "--format", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // its status is what we look at
	if stdout.Len() == 0 {
		return cmd.ProcessState.ExitCode(), nil, stderr.String()
	}
	doc, err := results.Decode(&stdout)
	require.NoError(t, err)
	require.Len(t, doc.Servers, 1)
	return cmd.ProcessState.ExitCode(), doc, stderr.String()
}

// failedStarts are the checks that failed.
func failedStarts(doc *results.Document) []string {
	var ids []string
	for _, sc := range doc.Servers[0].Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				ids = append(ids, f.Check)
			}
		}
	}
	return ids
}

// An honest mock passes every check over every transport, and each fault fails
// the check that it is for.
func TestStartFaults(t *testing.T) {
	self := program(t)
	checks := map[string]bool{}
	for _, c := range startup.Checks() {
		checks[c.ID] = false
	}
	for transport, servers := range map[string][]string{"stdio": {"mailgun-mcp", "opera-cloud-mcp", "session-mgmt-mcp", "acb"}, "http": {"mailgun-mcp"}} {
		for _, server := range servers {
			t.Run("honest "+server+" "+transport, func(t *testing.T) {
				t.Parallel()
				status, doc, stderr := started(t, self, "--server", server, "--mock", "--transport", transport)
				require.NotNil(t, doc, stderr)
				require.Empty(t, failedStarts(doc))
				require.Equal(t, exitPass, status, "%+v", doc.Servers[0].Scenarios[0].Findings)
			})
		}
	}
	require.NotEmpty(t, mock.StartFaults())
	for _, f := range mock.StartFaults() {
		_, known := checks[f.Check]
		require.True(t, known, "fault %s is for the check %q, which there isn't", f.Name, f.Check)
		checks[f.Check] = true
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--server", "mailgun-mcp", "--startup-fault", f.Name, "--limit", "2s"}
			if f.HTTP {
				args = append(args, "--transport", "http", "--case", "absent") // each start takes two seconds
			}
			if f.Name == "hangs" {
				args = append(args, "--case", "absent") // so does each of these
			}
			status, doc, stderr := started(t, self, args...)
			require.NotNil(t, doc, stderr)
			require.Contains(t, failedStarts(doc), f.Check)
			require.Equal(t, exitFail, status)
		})
	}
	for id, tripped := range checks {
		require.True(t, tripped, "no fault of the mock trips %s", id)
	}
}
