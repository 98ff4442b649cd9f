//go:build live

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// validateJUnit is a program that validates a report, with a schema validator that
// nobody here wrote.
const validateJUnit = `
import sys, xmlschema
xmlschema.XMLSchema11(sys.argv[1]).validate(sys.argv[2])
`

func TestJUnitIsValid(t *testing.T) {
	python := installed(t, "junit", "bin", "python")
	schema := filepath.Join(repo(t), "results", "testdata", "junit.xsd")
	validate := func(report string) (string, error) {
		out, err := exec.Command(python, "-c", validateJUnit, schema, report).CombinedOutput()
		return string(out), err
	}
	golden := filepath.Join(repo(t), "results", "testdata", "junit.xml") // fails, errors, skips and passes
	out, err := validate(golden)
	require.NoError(t, err, out)

	dir := t.TempDir()
	fresh := filepath.Join(dir, "fresh.xml")
	var stdout, stderr bytes.Buffer
	status := run([]string{"run", "--all", "--virtual", "--fault", "burst+1", "--format", "junit", "-o", fresh},
		strings.NewReader(""), &stdout, &stderr)
	require.Equal(t, exitFail, status, stderr.String())
	out, err = validate(fresh)
	require.NoError(t, err, out)

	// The validator does refuse what is none.
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	for _, change := range [][2]string{
		{`hostname="localhost"`, ``}, {`time="0.000"`, `time="soon"`}, {`<failure `, `<fail `},
		{`timestamp="2026-11-24T02:00:00"`, `timestamp="today"`},
	} {
		bad := filepath.Join(dir, "bad.xml")
		changed := strings.Replace(string(text), change[0], change[1], 1)
		require.NotEqual(t, string(text), changed)
		require.NoError(t, os.WriteFile(bad, []byte(changed), 0o600))
		_, err := validate(bad)
		require.Error(t, err, change)
	}
}
