package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A docLine is a command line of a document.
type docLine struct{ page, text string }

var (
	folded    = regexp.MustCompile(`\s*\\\n\s*`)
	shownLine = regexp.MustCompile(`(?m)^(?: {4}|\$ |  - |    - |  )?(?:\w+=\S* )*mcpload (.*)$`)
	inText    = regexp.MustCompile("`mcpload ([^`\n]+)`")
	fence     = regexp.MustCompile("(?s)```(?:sh|console|yaml)\n.*?```")
)

// docLines are the command lines of all documents: those that stand alone, and those in
// sentences.
func docLines(t *testing.T) (alone, inside []docLine) {
	t.Helper()
	pages := []string{"../../README.md", "../../examples/README.md", "../../SECURITY.md", "../../CONTRIBUTING.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/rfcs/*.md"} {
		more, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, more...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		joined := folded.ReplaceAllString(string(text), " ")
		fenced := strings.Join(fence.FindAllString(joined, -1), "\n")
		for _, line := range regexp.MustCompile(`(?m)^ {4}mcpload (.*)$`).FindAllStringSubmatch(joined, -1) {
			alone = append(alone, docLine{page, line[1]})
		}
		for _, line := range shownLine.FindAllStringSubmatch(fenced, -1) {
			alone = append(alone, docLine{page, line[1]})
		}
		for _, line := range inText.FindAllStringSubmatch(joined, -1) {
			inside = append(inside, docLine{page, line[1]})
		}
	}
	return alone, inside
}

// helpLines are the examples of all commands.
func helpLines(t *testing.T) (list []docLine) {
	t.Helper()
	files, err := texts.ReadDir("help")
	require.NoError(t, err)
	for _, f := range files {
		text, err := texts.ReadFile("help/" + f.Name())
		require.NoError(t, err)
		joined := folded.ReplaceAllString(string(text), " ")
		for _, line := range regexp.MustCompile(`(?m)^  (?:\w+=\S* )?mcpload (.*)$`).FindAllStringSubmatch(joined, -1) {
			list = append(list, docLine{f.Name(), line[1]})
		}
	}
	return list
}

// shellWords are the words of a line as a shell reads it, up to what is another program's or
// a remark, which two spaces stand before.
func shellWords(line string) (words []string) {
	var word strings.Builder
	quote, open := rune(0), false
	end := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	previous := ' '
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' && previous == ' ', strings.ContainsRune("|>&;", r), r == '#' && previous == ' ':
			end()
			return words
		case r == ' ':
			end()
		default:
			word.WriteRune(r)
			open = true
		}
		previous = r
	}
	end()
	return words
}

func TestShellWords(t *testing.T) {
	require.Equal(t, []string{"run", "--args", `{"q": "two words"}`, "--max", "p90=+20%"},
		shellWords(`run --args '{"q": "two words"}' --max 'p90=+20%' | vegeta report`))
	require.Equal(t, []string{"run", "--all"}, shellWords("run --all     mocks of nine servers"))
	require.Equal(t, []string{"merge", "out"}, shellWords("merge out  # later"))
}

// Every command line of the docs names a command that there is, and flags that it has.
func TestCommandLinesOfTheDocs(t *testing.T) {
	alone, inside := docLines(t)
	require.Greater(t, len(alone), 100)
	require.Greater(t, len(inside), 60)
	for _, line := range slices.Concat(alone, inside, helpLines(t)) {
		require.Empty(t, unknownIn(line.text), "%s: mcpload %s", line.page, line.text)
	}
	require.NotEmpty(t, unknownIn("rnu --all"))
	require.NotEmpty(t, unknownIn("run --al --virtual"))
}

// unknownIn is the command or the flag that there isn't in a command line.
func unknownIn(line string) string {
	root := (&app{}).root()
	words := shellWords(line)
	if len(words) == 0 {
		return line
	}
	command, _, err := root.Find(words)
	if err != nil || command == root && !strings.HasPrefix(words[0], "-") && words[0] != "completion" &&
		words[0] != "help" {
		return words[0]
	}
	for _, word := range words {
		if strings.ContainsAny(word, "…") || word == "--" {
			return "" // the rest is another program's, or words
		}
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "help" && command.Flag(name) == nil && command.InheritedFlags().Lookup(name) == nil &&
			root.PersistentFlags().Lookup(name) == nil && name != "version" {
			return word
		}
	}
	return ""
}

// rehearsed are the commands of which a line can be tried without a server: a plan is
// printed, or kept runs are read. (That of a conform takes a mock, and seconds.)
var rehearsed = map[string][]string{"run": {"--dry-run"}, "load": {"--dry-run"},
	"startup": {"--dry-run"}, "list": nil, "report": nil, "history": nil, "compare": nil, "verify": nil,
	"results list": nil, "results show": nil, "results judge": nil, "keys providers": nil}

// Every command line that can be tried without a server is understood to its end: its
// promises, shapes, thresholds and names are what they have to be.
func TestLinesOfDocsAndHelpAreUnderstood(t *testing.T) {
	alone, _ := docLines(t)
	lines := slices.Concat(alone, helpLines(t))
	home, err := filepath.Abs("../..")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, os.Symlink(filepath.Join(home, "examples"), "examples"))
	require.NoError(t, os.Mkdir("mcpload.d", 0o755))
	for name, text := range lineFiles {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	for _, name := range []string{"TOKEN", "SECRET", "HOST_TOKEN", "TOKEN_1", "TOKEN_2", "DATABASE_URL", "MCP_URL"} {
		t.Setenv(name, "made-up-Zq8RkT2vLm0xWs5nBd7hJc4g")
	}
	t.Setenv("MCPLOAD_RESULTS", t.TempDir())
	for name, value := range map[string]string{"ID": "1", "MIN": "1", "COUNT": "3"} {
		t.Setenv("SLURM_ARRAY_TASK_"+name, value)
	}
	kept := regexp.MustCompile(`\b(20261125-155339-7f3a9c|2026-11-24|baseline\.json)\b`)
	for range 2 {
		require.Equal(t, exitPass, run(strings.Fields("run --server acb --virtual"), strings.NewReader(""),
			&bytes.Buffer{}, &bytes.Buffer{}))
	}
	// a store and an instant of their own, and what a dry run doesn't take
	elsewhere := regexp.MustCompile(` --(results|start-at|format) ('[^']*'|\S+)`)
	tried, seen := map[string]int{}, map[string]bool{}
	for _, line := range lines {
		text := strings.NewReplacer(" URL", " http://127.0.0.1:8000/mcp", "base1,base2,base3 new1,new2,new3",
			"last last").Replace(line.text)
		words := shellWords(kept.ReplaceAllString(elsewhere.ReplaceAllString(text, ""), "last"))
		command, args := rehearsal(words)
		if command == "" || strings.Contains(line.text, "…") {
			continue
		}
		if tried[command]++; seen[strings.Join(args, " ")] {
			continue
		}
		seen[strings.Join(args, " ")] = true
		var stdout, stderr bytes.Buffer
		status := run(args, strings.NewReader(""), &stdout, &stderr)
		assert.NotEqual(t, exitUsage, status, "%s: mcpload %s\n%s", line.page, line.text, stderr.String())
	}
	for command := range rehearsed {
		require.Positive(t, tried[command], command)
	}
	require.Greater(t, tried["run"], 40)
}

// rehearsal is how a line is tried without a server; no command: it can't be.
func rehearsal(words []string) (command string, args []string) {
	if slices.Contains(words, "init") || slices.Contains(words, "--promise-from") {
		return "", nil // they ask a server
	}
	for _, n := range []int{2, 1} {
		name := strings.Join(words[:min(n, len(words))], " ")
		if more, known := rehearsed[name]; known {
			return name, slices.Concat(words[:n], more, words[n:])
		}
	}
	return "", nil
}

// lineFiles are the files that lines name.
var lineFiles = map[string]string{
	"mcpload.d/found.yaml": "name: found\ndoc: Found.\npattern: external-api\npromise: [30 per 10s fixed]\n",
	"plan.yaml":            "mix:\n  - call: ping\n    weight: 1\n",
	"known.yaml":           "",
	"huge.jsonl.gz":        historyLine, "acb.jsonl": historyLine, "calls.jsonl": historyLine, "access.log.jsonl": historyLine,
}

const historyLine = `{"sent_ns":0,"received_ns":1000,"outcome":"admitted"}` + "\n"
