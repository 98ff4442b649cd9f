package archtest_test

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxColumns is how long a line may be; a tab counts for four.
const maxColumns = 120

// columnsOf is how many columns a line takes.
func columnsOf(line string) int {
	return utf8.RuneCountInString(line) + 3*strings.Count(line, "\t")
}

// tooLong are the lines of a Go source that are too long, by number. What a raw string
// or an example's output says is data, whose lines nobody can break: they don't count.
func tooLong(source string) (lines []int) {
	data := map[int]bool{}
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	output := false
	for {
		pos, kind, text := s.Scan()
		if kind == token.EOF {
			break
		}
		first := file.Line(pos)
		if kind == token.COMMENT {
			output = output || strings.HasPrefix(text, "// Output:") || strings.HasPrefix(text, "// Unordered output:")
			data[first] = data[first] || output
			continue
		}
		output = false
		if kind == token.STRING && text[0] == '`' {
			for n := range strings.Count(text, "\n") + 1 {
				data[first+n] = true
			}
		}
	}
	n := 0
	for line := range strings.SplitSeq(source, "\n") {
		if n++; columnsOf(line) > maxColumns && !data[n] {
			lines = append(lines, n)
		}
	}
	return lines
}

func TestNoLineIsTooLong(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	_, files, err := readModule(root)
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(f.path)))
		require.NoError(t, err)
		for _, n := range tooLong(string(text)) {
			t.Errorf("%s:%d: more than %d columns", f.path, n, maxColumns)
		}
	}
	assert.NotEmpty(t, files, "no file is held to it")
}

// TestRedOnLongLines: the longest that may be, one more, tabs, and what is data.
func TestRedOnLongLines(t *testing.T) {
	long := strings.Repeat("é", maxColumns)
	assert.Empty(t, tooLong("package p\n//"+long[:2*maxColumns-4]))
	assert.Equal(t, []int{2}, tooLong("package p\n//"+long))
	assert.Equal(t, []int{2}, tooLong("package p\n\tvar "+long[:2*maxColumns-14]))
	assert.Empty(t, tooLong("package p\nvar a = `\n"+long+"a\n`\n"))
	assert.Equal(t, []int{4}, tooLong("package p\nvar a = `\n`\nvar "+long))
	example := "package p\nfunc Example() {\n\tp()\n\t// Output:\n\t// " + long + "\n}\n"
	assert.Empty(t, tooLong(example))
	assert.Equal(t, []int{5, 7}, tooLong(strings.Replace(example, "Output:", "Said:", 1)+"// "+long))
	assert.Equal(t, []int{7}, tooLong(example+"// "+long), "an output ends with its function")
}
