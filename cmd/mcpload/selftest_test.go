package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
)

func TestSelftestPasses(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitPass, run([]string{"selftest", "--seeds", "120", "--fault-seeds", "4"}, strings.NewReader(""),
		&stdout, &stderr), stdout.String())
	require.Contains(t, stdout.String(), "pass: every fault that can be caught was, with its cause, and no honest "+
		"run failed")
	require.Contains(t, stdout.String(), "120 runs, 0 failed")
	for _, f := range mock.Faults() {
		require.Contains(t, stdout.String(), " "+f.Name+" ")
	}
}
