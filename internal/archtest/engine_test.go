package archtest_test

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// engine is what cmd still does itself, though it should only read flags and print:
// goroutines, tickers, findings and connections, by file. The list may only shrink: a
// file that has less must say so here, and none may have more.
var engine = map[string]int{}

// engineOf counts what makes a file part of an engine.
func engineOf(f file) (n int) {
	ast.Inspect(f.syntax, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.GoStmt:
			n++
		case *ast.CompositeLit:
			if named(x.Type, "verdict", "Finding") {
				n++
			}
		case *ast.CallExpr:
			if named(x.Fun, "time", "NewTicker") || named(x.Fun, "wire", "Dial") || named(x.Fun, "target", "Dial") {
				n++
			}
		}
		return true
	})
	return n
}

// named reports if an expression is a name of a package, as pkg.name.
func named(x ast.Expr, pkg, name string) bool {
	s, ok := x.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	id, ok := s.X.(*ast.Ident)
	return ok && id.Name == pkg
}

// ratchet compares files of cmd with the list.
func ratchet(files []file, list map[string]int) []string {
	var broken []string
	seen := map[string]bool{}
	for _, f := range files {
		if f.dir() != "cmd/mcpload" {
			continue
		}
		seen[f.path] = true
		switch n, most := engineOf(f), list[f.path]; {
		case n > most:
			broken = append(broken, fmt.Sprintf("%s: %d goroutines, tickers, findings and connections, at most %d: "+
				"an engine belongs below cmd", f.path, n, most))
		case n < most:
			broken = append(broken, fmt.Sprintf("%s: the list allows %d and there are %d: shorten it", f.path, most, n))
		}
	}
	for path := range list {
		if !seen[path] {
			broken = append(broken, path+": the list has a file that isn't there")
		}
	}
	return broken
}

func TestTheEngineInTheCommandOnlyShrinks(t *testing.T) {
	_, files, err := readModule(os.DirFS(filepath.Join("..", "..")))
	require.NoError(t, err)
	for _, sentence := range ratchet(files, engine) {
		t.Error(sentence)
	}
}

// TestRedOnEngine: more than the list allows, less, and a file that is gone.
func TestRedOnEngine(t *testing.T) {
	one := parsed(t, "cmd/mcpload/x.go", "func f() { go f() }")
	many := parsed(t, "cmd/mcpload/x.go", "func f() { go f(); time.NewTicker(1); wire.Dial(); target.Dial(); _ = "+
		"verdict.Finding{} }")
	assert.Empty(t, ratchet(one, map[string]int{"cmd/mcpload/x.go": 1}))
	assert.Empty(t, ratchet(many, map[string]int{"cmd/mcpload/x.go": 5}))
	assert.Empty(t, ratchet(parsed(t, "runner/x.go", "func f() { go f() }"), nil), "the runner may")
	assert.Equal(t, []string{"cmd/mcpload/x.go: 5 goroutines, tickers, findings and connections, at most 3: an " +
		"engine belongs below cmd"},
		ratchet(many, map[string]int{"cmd/mcpload/x.go": 3}))
	assert.Equal(t, []string{"cmd/mcpload/x.go: the list allows 2 and there are 1: shorten it"},
		ratchet(one, map[string]int{"cmd/mcpload/x.go": 2}))
	assert.Equal(t, []string{"cmd/mcpload/y.go: the list has a file that isn't there"},
		ratchet(one, map[string]int{"cmd/mcpload/x.go": 1, "cmd/mcpload/y.go": 1}))
}

// maxCommand is how many lines cmd may have, tests apart: room for flags, and for printing.
const maxCommand = 4999

// commandLines counts the lines of cmd.
func commandLines(files []file) (n int) {
	for _, f := range files {
		if f.dir() == "cmd/mcpload" {
			n += f.lines
		}
	}
	return n
}

func TestTheCommandStaysSmall(t *testing.T) {
	_, files, err := readModule(os.DirFS(filepath.Join("..", "..")))
	require.NoError(t, err)
	assert.LessOrEqual(t, commandLines(files), maxCommand, "flags in, exit status out: what else there is belongs into "+
		"a room below; move something there, rather than raise the number")
}

// TestRedOnALongCommand: lines of cmd count, and no others.
func TestRedOnALongCommand(t *testing.T) {
	assert.Equal(t, 2, commandLines(parsed(t, "cmd/mcpload/x.go", "\n")))
	assert.Zero(t, commandLines(parsed(t, "runner/x.go", "")))
}

// parsed is a module of one file.
func parsed(t *testing.T, path, source string) []file {
	t.Helper()
	_, files, err := readModule(fstest.MapFS{
		"go.mod": {Data: []byte("module example.com/m\n")},
		path:     {Data: []byte("package x\n" + source)},
	})
	require.NoError(t, err)
	return files
}
