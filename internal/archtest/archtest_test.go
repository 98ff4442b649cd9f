package archtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestModule judges this module. The tests below show that each of its rules
// can fail.
func TestModule(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	module, files, err := readModule(root)
	require.NoError(t, err)

	found := map[string]bool{}
	for _, f := range files {
		found[f.dir()] = true
	}
	for name := range rooms {
		assert.True(t, found[name], "the table has a room %q that isn't there", name)
	}
	for _, sentence := range check(module, rooms, files) {
		t.Error(sentence)
	}
}

// TestLeavesTakeNoDependency: who imports a leaf gets nothing beside the standard library, by
// no way round.
func TestLeavesTakeNoDependency(t *testing.T) {
	for name, r := range rooms {
		if !r.leaf {
			continue
		}
		list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+name)
		list.Dir = filepath.Join("..", "..")
		out, err := list.Output()
		require.NoError(t, err)
		for path := range strings.FieldsSeq(string(out)) {
			assert.True(t, strings.HasPrefix(path, "github.com/mcpload/mcpload/"), "%s brings %s", name, path)
		}
	}
}

// TestRedOnBrokenRule has one source file a row that breaks one rule, and the
// sentence that says so.
func TestRedOnBrokenRule(t *testing.T) {
	const ours = `import _ "example.com/m/`
	for _, row := range []struct {
		name, path, source, want string
	}{
		{"the engine knows a profile", "runner/x.go", ours + `profiles"`, "runner/x.go:2: runner must not import " +
			"profiles"},
		{"the engine knows a scenario", "runner/x.go", ours + `scenarios"`, "runner/x.go:2: runner must not import " +
			"scenarios"},
		{"the engine knows the judge", "runner/x.go", ours + `verdict"`, "runner/x.go:2: runner must not import " +
			"verdict"},
		{"the judge shares arithmetic", "verdict/x.go", ours + `ratelimit"`, "verdict/x.go:2: verdict must not " +
			"import ratelimit"},
		{"the judge knows profiles", "verdict/x.go", ours + `profiles"`, "verdict/x.go:2: verdict must not import " +
			"profiles"},
		{"the judge knows the mock", "verdict/x.go", ours + `mock"`, "verdict/x.go:2: verdict must not import mock"},
		{"the judge knows the wire", "verdict/x.go", ours + `internal/wire"`, "verdict/x.go:2: verdict must not " +
			"import internal/wire"},
		{"a report needs the engine", "results/x.go", ours + `runner"`, "results/x.go:2: results must not " +
			"import runner"},
		{"the mock reckons with the judge's numbers", "mock/x.go", "var x = promise.NewMeter", "mock/x.go:2: " +
			"NewMeter: the judged shares no arithmetic with the judge"},
		{"the mock knows the client", "mock/x.go", ours + `internal/wire"`, "mock/x.go:2: mock must not import " +
			"internal/wire"},
		{"virtual time knows more than history", "runner/virtual/x.go", ours + `internal/wire"`,
			"runner/virtual/x.go:2: runner/virtual must not import internal/wire"},
		{"a probe needs the engine", "scenarios/probe/x.go", ours + `runner"`, "scenarios/probe/x.go:2: " +
			"scenarios/probe must not import runner"},
		{"history is a leaf", "history/x.go", ours + `internal/wire"`, "history/x.go:2: history must not import " +
			"internal/wire"},
		{"profiles is a leaf", "profiles/x.go", ours + `history"`, "profiles/x.go:2: profiles must not import history"},
		{"ratelimit is a leaf", "ratelimit/x.go", ours + `profiles"`, "ratelimit/x.go:2: ratelimit must not import " +
			"profiles"},
		{"a leaf with a dependency", "history/x.go", `import _ "example.org/lib"`, "history/x.go:2: history is a " +
			"leaf: it must not import example.org/lib"},
		{"a package below a room", "runner/x.go", ours + `history/deep"`, "runner/x.go:2: runner must not import " +
			"history/deep"},
		{"the module's root", "runner/x.go", `import _ "example.com/m"`, "runner/x.go:2: runner must not import ."},
		{"somebody imports cmd", "internal/wire/x.go", ours + `cmd/mcpload"`, "internal/wire/x.go:2: internal/wire " +
			"must not import cmd/mcpload"},
		{"cmd imports cmd", "cmd/mcpload/x.go", ours + `cmd/other"`, "cmd/mcpload/x.go:2: cmd/mcpload must not " +
			"import cmd/other"},
		{"a renamed import", "runner/x.go", `import p "example.com/m/profiles"`, "runner/x.go:2: runner must not " +
			"import profiles"},
		{"a room without a row", "surprise/x.go", "", "surprise: no room of this name in the table"},
		{"the root knows the command", "x.go", ours + `cmd/mcpload"`, "x.go:2: . must not import cmd/mcpload"},
		{"an init function", "internal/wire/x.go", "func init() {}", "internal/wire/x.go:2: no init functions"},
		{"the clock in a pure room", "verdict/x.go", "import \"time\"\nvar x = time.Now()", "verdict/x.go:3: " +
			"time.Now: only the outermost rooms read the clock"},
		{"the clock as a value", "verdict/x.go", "import \"time\"\nvar x = time.Now", "verdict/x.go:3: time.Now: " +
			"only the outermost rooms read the clock"},
		{"the clock by another name", "verdict/x.go", "import clock \"time\"\nvar x = clock.Now()", "verdict/x.go:3: " +
			"time.Now: only the outermost rooms read the clock"},
		{"the clock by a dot import", "verdict/x.go", "import . \"time\"\nvar x = Now()", "verdict/x.go:2: dot " +
			"import of time: only the outermost rooms read the clock"},
		{"elapsed time", "verdict/x.go", "import \"time\"\nvar x = time.Since(time.Time{})", "verdict/x.go:3: " +
			"time.Since: only the outermost rooms read the clock"},
		{"remaining time", "verdict/x.go", "import \"time\"\nvar x = time.Until(time.Time{})", "verdict/x.go:3: " +
			"time.Until: only the outermost rooms read the clock"},
		{"the environment below main", "internal/wire/x.go", "import \"os\"\nvar x = os.Getenv(\"HOME\")",
			"internal/wire/x.go:3: os.Getenv: only cmd reads the environment or ends the process"},
		{"the environment, looked up", "internal/wire/x.go", "import \"os\"\nvar x, _ = os.LookupEnv(\"HOME\")",
			"internal/wire/x.go:3: os.LookupEnv: only cmd reads the environment or ends the process"},
		{"the whole environment", "internal/wire/x.go", "import \"os\"\nvar x = os.Environ()",
			"internal/wire/x.go:3: os.Environ: only cmd reads the environment or ends the process"},
		{"the process ended below main", "internal/wire/x.go", "import \"os\"\nfunc f() { os.Exit(1) }",
			"internal/wire/x.go:3: os.Exit: only cmd reads the environment or ends the process"},
		{"the process ended by a log line", "internal/wire/x.go", "import \"log\"\nfunc f() { log.Fatalf(\"\") }",
			"internal/wire/x.go:3: log.Fatalf: only cmd reads the environment or ends the process"},
		{"a long file", "internal/wire/x.go", strings.Repeat("\n", maxFile), "internal/wire/x.go: 401 lines, at " +
			"most 400"},
		{"a long function", "internal/wire/x.go", "func f() {" + strings.Repeat("\n", maxFunction) + "}",
			"internal/wire/x.go:2: f has 61 lines, at most 60"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, []string{row.want}, judge(t, row.path, row.source))
		})
	}
}

// TestRedOnVagueName: a name that says nothing is refused even where somebody
// would give it a row.
func TestRedOnVagueName(t *testing.T) {
	for _, name := range vague {
		broken := judge(t, "internal/"+name+"/x.go", "")
		assert.Contains(t, broken, `internal/`+name+`: "`+name+`" says nothing of what the package is`)
	}
	for name := range rooms {
		assert.Empty(t, vagueName(name), "the table itself has a vague name")
	}
}

// TestGreenOnKeptRule: the same shapes where the design allows them.
func TestGreenOnKeptRule(t *testing.T) {
	for _, row := range []struct{ name, path, source string }{
		{"an import in the table", "runner/x.go", `import _ "example.com/m/internal/wire"`},
		{"cmd imports a room", "cmd/mcpload/x.go", `import _ "example.com/m/runner"`},
		{"a leaf and the standard library", "history/x.go", `import _ "net/http"`},
		{"somebody else's module", "runner/x.go", `import _ "example.com/mother/profiles"`},
		{"the clock in the runner", "runner/x.go", "import \"time\"\nvar x = time.Now()"},
		{"the environment in cmd", "cmd/mcpload/x.go", "import \"os\"\nvar x = os.Getenv(\"HOME\")"},
		{"a method named init", "internal/wire/x.go", "type t int\nfunc (t) init() {}"},
		{"a field named Now", "verdict/x.go", "type s struct{ Now int }\nfunc f(time s) int { return time.Now }"},
		{"the longest file", "internal/wire/x.go", strings.Repeat("\n", maxFile-1)},
		{"the longest function", "internal/wire/x.go", "func f() {" + strings.Repeat("\n", maxFunction-1) + "}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Empty(t, judge(t, row.path, row.source))
		})
	}
}

// TestReadModule: tests, testdata and hidden folders are passed over; build
// tags are not; nothing, or nothing that parses, is an error.
func TestReadModule(t *testing.T) {
	mod := &fstest.MapFile{Data: []byte("module example.com/m\n\ngo 1.26\n")}
	source := &fstest.MapFile{Data: []byte("package x\n")}

	_, files, err := readModule(fstest.MapFS{
		"go.mod":                      mod,
		"internal/wire/x.go":          source,
		"internal/wire/x_windows.go":  source,
		"internal/wire/tagged.go":     {Data: []byte("//go:build performance\n\npackage x\n")},
		"internal/wire/x_test.go":     source,
		"internal/wire/testdata/x.go": source,
		"testdata/live/x.go":          source,
		"vendor/a/x.go":               source,
		"internal/wire/other/go.mod":  mod,
		"internal/wire/other/x.go":    source,
		".hidden/x.go":                source,
		"_drafts/x.go":                source,
		"wire/.editor-file.go":        {Data: []byte("not Go")},
	})
	require.NoError(t, err)
	var paths []string
	for _, f := range files {
		paths = append(paths, f.path)
	}
	slices.Sort(paths)
	assert.Equal(t, []string{"internal/wire/tagged.go", "internal/wire/x.go", "internal/wire/x_windows.go"}, paths)

	for name, tree := range map[string]fstest.MapFS{
		"no Go file found that ships": {"go.mod": mod, "internal/wire/x_test.go": source},
		"go.mod has no module line":   {"go.mod": {Data: []byte("go 1.26\n")}, "x.go": source},
		"file does not exist":         {"x.go": source},
		"expected 'package'":          {"go.mod": mod, "x.go": {Data: []byte("not Go")}},
	} {
		_, _, err := readModule(tree)
		assert.ErrorContains(t, err, name)
	}
}

// judge checks a module of one file: a package clause on line 1, and the source
// from line 2 on.
func judge(t *testing.T, path, source string) []string {
	t.Helper()
	module, files, err := readModule(fstest.MapFS{
		"go.mod": {Data: []byte("module example.com/m\n")},
		path:     {Data: []byte("package x\n" + source)},
	})
	require.NoError(t, err)
	return check(module, rooms, files)
}
