package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command line of the docs names a command that there is, and flags that it has.
func TestCommandLinesOfTheDocs(t *testing.T) {
	pages := []string{"../../README.md", "../../examples/README.md", "../../SECURITY.md", "../../CONTRIBUTING.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/rfcs/*.md"} {
		more, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, more...)
	}
	lines := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		joined := strings.ReplaceAll(string(text), "\\\n", " ")
		for _, line := range regexp.MustCompile(`(?m)^(?: {4}|\$ )+mcpload (.*)$`).FindAllStringSubmatch(joined, -1) {
			lines++
			require.Empty(t, unknownIn(line[1]), "%s: mcpload %s", page, line[1])
		}
	}
	require.Greater(t, lines, 100)
	require.NotEmpty(t, unknownIn("rnu --all"))
	require.NotEmpty(t, unknownIn("run --al --virtual"))
}

// unknownIn is the command or the flag that there isn't in a command line.
func unknownIn(line string) string {
	root := (&app{}).root()
	words := strings.Fields(regexp.MustCompile(`'[^']*'|"[^"]*"`).ReplaceAllString(line, "quoted"))
	command, _, err := root.Find(words)
	if err != nil || command == root && !strings.HasPrefix(words[0], "-") && words[0] != "completion" &&
		words[0] != "help" {
		return words[0]
	}
	for _, word := range words {
		name, isFlag := strings.CutPrefix(word, "--")
		if strings.ContainsAny(word, "|>&;…") && word != "k/n|auto" || word == "--" || len(word) > 1 && word[0] == '#' {
			return "" // the rest is another program's, or words
		}
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "help" && command.Flag(name) == nil && command.InheritedFlags().Lookup(name) == nil &&
			root.PersistentFlags().Lookup(name) == nil && name != "version" {
			return word
		}
	}
	return ""
}
