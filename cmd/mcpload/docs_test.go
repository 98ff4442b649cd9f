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
		require.Equal(t, fresh, string(text), "%s is out of date: go test ./cmd/mcpload -run DocumentedOutput -update",
			name)
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
		require.Regexp(t, "^mcpload: (kept as |[a-z-]+: audit: |[a-z-]+: not tried: )", line, command)
	}
	var out strings.Builder
	for line := range strings.Lines(stdout.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

// The first command that a stranger types judges in a second, and comes out the same
// on every machine.
func TestReadmeNamesItsTwoCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	first := regexp.MustCompile(`(?m)^    go run ./cmd/mcpload (.*)$`).FindStringSubmatch(string(text))
	require.NotNil(t, first)
	require.Contains(t, printed(t, "mcpload "+first[1]), "pass: mocks of nine servers keep their limit\n")
	require.Contains(t, string(text), "\n    make test\n")
	require.Less(t, strings.Count(string(text), "\n"), 200)
}

// Each link of the documents to a file of ours, and to a heading in one, leads somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := []string{"../../README.md", "../../examples/README.md", "../../CONTRIBUTING.md", "../../SECURITY.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/rfcs/*.md"} {
		more, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, more...)
	}
	links, headings := 0, 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`\]\(([^)#:\s]*)#?([^)#:\s]*)\)`).FindAllStringSubmatch(string(text), -1) {
			links++
			target := page
			if found[1] != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(found[1]))
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s names %s", page, found[1])
			if found[2] != "" {
				headings++
				require.Contains(t, anchors(t, target), found[2], "%s names a part of %s", page, target)
			}
		}
	}
	require.Greater(t, links, 60)
	require.Greater(t, headings, 10)
}

// anchors are the headings of a document as addresses name them.
func anchors(t *testing.T, page string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		name := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		list = append(list, strings.ReplaceAll(name, " ", "-"))
	}
	return list
}

// The examples are what the docs say of them.
func TestExamplesRun(t *testing.T) {
	require.Contains(t, printed(t, "mcpload run --profiles ../../examples/profile --server weather-mcp --virtual"),
		"pass: the mock of weather-mcp keeps its limit of 8/s burst 16\n")

	program, err := os.ReadFile("../../examples/nginx/calls.jq")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/VERIFY.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^\$ jq -c '([^']+)' access\.log \| mcpload verify`).FindSubmatch(page)
	require.NotNil(t, found, "the page has no recipe any more")
	require.Contains(t, string(program), "\n"+string(found[1])+"\n")
}
