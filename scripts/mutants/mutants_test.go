//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A small module: one function whose tests see everything, one whose tests see
// nothing, and one that a mistake has run for ever.
var module = map[string]string{
	"go.mod": "module small\n\ngo 1.24\n",
	"p/p.go": `package p

func Seen(a, b int) bool { return a < b }

func Unseen(a, b int) bool { return a > b }

func Loop(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum++
	}
	return sum
}
`,
	"p/p_test.go": `package p

import "testing"

func Test(t *testing.T) {
	if !Seen(1, 2) || Seen(2, 2) || Seen(3, 2) || Loop(3) != 3 {
		t.Fatal("wrong")
	}
	Unseen(1, 2)
}
`,
}

func written(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range module {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	return root
}

// TestTried: what the tests see is killed, what they don't see lives and is named,
// what never ends is timed out, and a listed survivor counts as one with a reason.
func TestTried(t *testing.T) {
	t.Parallel()
	o := options{root: written(t), seed: 1, n: 100, limit: time.Second, names: true}
	var out bytes.Buffer
	sum, err := o.tryTarget(t.Context(), target{dir: "p"}, map[string]string{}, &out)
	require.NoError(t, err, out.String())
	lines := out.String()
	assert.Contains(t, lines, "killed   p/p.go Seen: a < b -> a <= b #1")
	assert.Contains(t, lines, "lived    p/p.go Unseen: a > b -> a >= b #1")
	assert.Contains(t, lines, "timeout  p/p.go Loop: i++ -> i-- #1")
	assert.Equal(t, 2, sum.unknown, lines)
	assert.Positive(t, sum.timedOut)
	require.ErrorContains(t, sum.judge(&out, 0), "2 lived and have no reason in the list")

	names := map[string]string{}
	for line := range strings.Lines(lines) {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "lived    "); ok {
			names[name] = "nobody calls it"
		}
	}
	o.again = filepath.Join(t.TempDir(), "earlier")
	require.NoError(t, os.WriteFile(o.again, out.Bytes(), 0o600))
	sum, err = o.tryTarget(t.Context(), target{dir: "p"}, names, &out)
	require.NoError(t, err)
	assert.Equal(t, tally{known: 2}, sum, "only what lived is tried again")
	require.NoError(t, sum.judge(&out, 0))
	require.ErrorContains(t, tally{killed: 8, known: 2}.judge(&out, 0.9), "80.0 % were killed, not 90 %")
}

// TestNothingTriedIsNoSuccess: an empty draw and tests that fail without a mutant
// are errors.
func TestNothingTriedIsNoSuccess(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, tally{unviable: 3}.judge(&bytes.Buffer{}, 0), errNone)
	root := written(t)
	test := filepath.Join(root, "p/p_test.go")
	require.NoError(t, os.WriteFile(test, []byte(strings.ReplaceAll(module["p/p_test.go"], "Loop(3) != 3",
		"Loop(3) == 3")), 0o644))
	_, err := options{root: root, n: 1, limit: time.Second}.tryTarget(t.Context(), target{dir: "p"}, nil,
		&bytes.Buffer{})
	require.ErrorContains(t, err, "the tests of p fail without a mutant")
}

// TestSurvivorsHaveReasons: the list of this module can be read, and one without
// reasons can't.
func TestSurvivorsHaveReasons(t *testing.T) {
	t.Parallel()
	_, err := readKnown("survivors.txt")
	require.NoError(t, err)
	for text, says := range map[string]string{
		"a.go f: x -> y #1\n": "no reason for",
		"  alone\n":           "a reason without a mutant",
		"a.go f: x -> y #1\n  same\na.go f: x -> y #1\n  same\n":          "twice",
		"a.go f: x -> y #1\nb.go f: x -> y #1\n  only the second has one": "no reason for",
	} {
		file := filepath.Join(t.TempDir(), "known")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := readKnown(file)
		require.ErrorContains(t, err, says)
	}
}

// TestTargetsAreThere: every target of this module has the files it names, and every
// survivor that is listed is still a mistake that can be made.
func TestTargetsAreThere(t *testing.T) {
	t.Parallel()
	known, err := readKnown("survivors.txt")
	require.NoError(t, err)
	for _, target := range targets {
		all, err := target.mutants("../..")
		require.NoError(t, err)
		require.Greater(t, len(all), 50, target.dir)
		for _, m := range all {
			delete(known, m.name())
		}
	}
	require.Empty(t, known, "nothing is called so any more")
}

// TestWhatChangesNothingIsNotDrawn: the size of what only has a sign, and the base of a
// number that is parsed.
func TestWhatChangesNothingIsNotDrawn(t *testing.T) {
	t.Parallel()
	all, err := find("p.go", []byte(`package p

func f(s string) (float64, int) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.Inf(-1), -1
	}
	return math.Inf(1), int(v)
}`))
	require.NoError(t, err)
	var names []string
	for _, m := range all {
		names = append(names, m.name())
	}
	require.Equal(t, []string{"p.go f: err != nil -> err == nil #1", "p.go f: -1 -> 1 #1", "p.go f: -1 -> 1 #2"}, names)
}
