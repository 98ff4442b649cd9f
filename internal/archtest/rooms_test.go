package archtest_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roomRow is a row of the table of packages: what stands first in it is a package's folder.
var roomRow = regexp.MustCompile("(?m)^\\| `([^`]+)`")

// unsaid compares the rooms with those that a text has a sentence of.
func unsaid(text string, rooms map[string]room) (broken []string) {
	said := map[string]bool{}
	for _, row := range roomRow.FindAllStringSubmatch(text, -1) {
		if said[row[1]] = true; !has(rooms, row[1]) {
			broken = append(broken, row[1]+" has a sentence, and is no room")
		}
	}
	for name := range rooms {
		if !said[name] {
			broken = append(broken, name+" has no sentence")
		}
	}
	slices.Sort(broken)
	return broken
}

func has(rooms map[string]room, name string) bool {
	_, ok := rooms[name]
	return ok
}

// TestEveryRoomHasASentence: CONTRIBUTING says of each package what it does.
func TestEveryRoomHasASentence(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	require.NoError(t, err)
	assert.Empty(t, unsaid(string(text), rooms))
}

// TestRedOnRoomsWithoutASentence: one that is missing, and one that isn't there.
func TestRedOnRoomsWithoutASentence(t *testing.T) {
	table := "| package | what it does |\n|---|---|\n| `a` | does a |\n| `b/c` | does c |\n"
	assert.Empty(t, unsaid(table, map[string]room{"a": {}, "b/c": {}}))
	assert.Equal(t, []string{"b/c has a sentence, and is no room", "b/d has no sentence"},
		unsaid(table, map[string]room{"a": {}, "b/d": {}}))
}

// idle are the imports that the table allows to a room and that no file of it has.
func idle(module string, rooms map[string]room, files []file) (broken []string) {
	used := map[string]bool{}
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			if ours, ok := strings.CutPrefix(importPath(spec)+"/", module+"/"); ok {
				used[f.dir()+" "+cmp.Or(strings.TrimSuffix(ours, "/"), ".")] = true
			}
		}
	}
	for name, r := range rooms {
		for _, allowed := range r.imports {
			if allowed != everything && !used[name+" "+allowed] {
				broken = append(broken, fmt.Sprintf("%s may import %s, and doesn't", name, allowed))
			}
		}
	}
	slices.Sort(broken)
	return broken
}

// TestTheTableAllowsNothingInVain: what a room may import it does, so that an arrow that
// is gone stays gone.
func TestTheTableAllowsNothingInVain(t *testing.T) {
	module, files, err := readModule(os.DirFS(filepath.Join("..", "..")))
	require.NoError(t, err)
	assert.Empty(t, idle(module, rooms, files))
}

// TestRedOnIdleImports: one that is used, one that isn't, the module's root.
func TestRedOnIdleImports(t *testing.T) {
	files := parsed(t, "runner/x.go", `import (_ "example.com/m"; _ "example.com/m/history")`)
	assert.Empty(t, idle("example.com/m", map[string]room{"runner": {imports: []string{".", "history"}}}, files))
	assert.Equal(t, []string{"runner may import mock, and doesn't"},
		idle("example.com/m", map[string]room{"runner": {imports: []string{"history", "mock"}}}, files))
	assert.Empty(t, idle("example.com/m", map[string]room{"cmd": {imports: []string{everything}}}, files))
}
