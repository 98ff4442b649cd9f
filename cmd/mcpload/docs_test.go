package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// consoleBlock is a fenced block that shows a command and what it prints.
var consoleBlock = regexp.MustCompile("(?s)```console\n\\$ (mcpload [^\n]*)\n(.*?)```")

// TestDocumentedOutput runs every `$ mcpload` block of the documents and
// compares what it prints, to the letter: they run in virtual time.
func TestDocumentedOutput(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	blocks := 0
	for _, name := range append(documents, "../../README.md") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		fresh := consoleBlock.ReplaceAllStringFunc(string(text), func(block string) string {
			blocks++
			command := consoleBlock.FindStringSubmatch(block)[1]
			return "```console\n$ " + command + "\n" + printed(t, command) + "```"
		})
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(fresh), 0o644))
			continue
		}
		require.Equal(t, fresh, string(text), "%s is out of date: go test ./cmd/mcpload -run DocumentedOutput -update", name)
	}
	require.GreaterOrEqual(t, blocks, 2)
}

// printed runs a command line and returns what it writes on stdout.
func printed(t *testing.T, command string) string {
	t.Helper()
	require.Contains(t, command, "--virtual", "a documented command must print the same each time")
	var stdout, stderr bytes.Buffer
	run(strings.Fields(command)[1:], strings.NewReader(""), &stdout, &stderr)
	for line := range strings.Lines(stderr.String()) {
		require.Contains(t, line, "mcpload: kept as ", command)
	}
	var out strings.Builder
	for line := range strings.Lines(stdout.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

// These are what a stranger is told to type first.
func TestReadmeNamesItsTwoCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "\n    go run ./cmd/mcpload run --all\n")
	require.Contains(t, string(text), "\n    make test\n")
}
