package profiles

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func mustLoad(t *testing.T, folders ...fs.FS) *Catalog {
	t.Helper()
	c, err := LoadFS(folders...)
	require.NoError(t, err)
	return c
}

func get(t *testing.T, c *Catalog, name string) Profile {
	t.Helper()
	p, ok := c.Get(name)
	require.True(t, ok, "no profile %s", name)
	return p
}

// folderOf makes a folder from pairs of a name and a text.
func folderOf(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// The numbers are the requirement's, so they stand here as numbers.
func TestTheNineLimits(t *testing.T) {
	want := []struct {
		name      string
		rate      float64
		burst     int
		inherited string
	}{
		{"acb", 15, 40, ""},
		{"session-mgmt-mcp", 12, 16, ""},
		{"crackerjack", 12, 16, ""},
		{"opera-cloud-mcp", 12, 16, ""},
		{"raindropio-mcp", 12, 16, ""},
		{"excalidraw-mcp", 12, 16, ""},
		{"mailgun-mcp", 12, 16, ""},
		{"unifi-mcp", 12, 16, ""},
		{"fastblocks", 15, 40, "acb"},
	}
	c := mustLoad(t)
	require.Empty(t, c.Warnings())
	all := c.All()
	require.Len(t, all, len(want))
	for i, w := range want {
		p := all[i]
		require.Equal(t, w.name, p.Name, "the order is the requirement's")
		require.Equal(t, w.rate, p.Limit.Rate, w.name)
		require.Equal(t, w.burst, p.Limit.Burst, w.name)
		require.Equal(t, w.inherited, p.Limit.Inherited, w.name)
		require.Equal(t, Global, p.Limit.Scope, w.name)
		require.Equal(t, []string{"*"}, p.Limit.Charges, w.name)
		require.Equal(t, "embedded", p.Source, w.name)
	}
}

// What the servers' own code sets, which mostly isn't what the requirement
// says.
func TestTheNineObserved(t *testing.T) {
	want := map[string]struct {
		rate  float64
		burst int
	}{
		"acb": {15, 40}, "session-mgmt-mcp": {10, 30}, "crackerjack": {12, 35},
		"opera-cloud-mcp": {10, 20}, "raindropio-mcp": {}, "excalidraw-mcp": {},
		"mailgun-mcp": {5, 15}, "unifi-mcp": {10, 20}, "fastblocks": {},
	}
	for _, p := range mustLoad(t).All() {
		w, ok := want[p.Name]
		require.True(t, ok, p.Name)
		require.NotNil(t, p.Observed, p.Name)
		require.Equal(t, w.rate, p.Observed.Rate, p.Name)
		require.Equal(t, w.burst, p.Observed.Burst, p.Name)
		require.NotEmpty(t, p.Observed.Source, p.Name)
	}
}

// Whatever version of FastMCP a server runs on, it keeps within these bounds.
func TestTheNineCharges(t *testing.T) {
	for _, p := range mustLoad(t).All() {
		for method, want := range map[string][2]int{
			"tools/list": {1, 1}, "tools/call": {1, 1}, "resources/read": {1, 1}, "prompts/get": {1, 1},
			"initialize": {0, 1}, "ping": {0, 1}, "server/discover": {0, 1}, "logging/setLevel": {0, 1},
			"notifications/initialized": {0, 1},
		} {
			least, most := p.Limit.Cost(method)
			require.Equal(t, want, [2]int{least, most}, "%s %s", p.Name, method)
		}
	}
}

func TestTheNineCalls(t *testing.T) {
	want := map[string]string{
		"acb": "list_components", "session-mgmt-mcp": "ping", "crackerjack": "list_slash_commands",
		"opera-cloud-mcp": "", "raindropio-mcp": "ping", "excalidraw-mcp": "",
		"mailgun-mcp": "", "unifi-mcp": "", "fastblocks": "list_components",
	}
	ports := map[int]string{}
	for _, p := range mustLoad(t).All() {
		require.Equal(t, want[p.Name], p.Call.Tool, p.Name)
		method := "tools/call"
		if p.Call.Tool == "" {
			method = "tools/list"
		}
		require.Equal(t, method, p.Call.Method, p.Name)
		require.NotEmpty(t, p.Call.Never, p.Name)
		require.False(t, p.Call.Forbids(p.Call.Tool), p.Name)
		require.Equal(t, DefaultRefusal(), p.Refusal, p.Name)
		require.Contains(t, patternNames(), p.Pattern, p.Name)
		require.NotEmpty(t, p.Launch.Note, p.Name)
		require.NotEmpty(t, p.Doc, p.Name)
		require.NotNil(t, p.Launch.Install, p.Name)
		if p.Launch.Transport == "stdio" {
			continue
		}
		require.True(t, p.Launch.AnyPort(), "%s must listen on a free port", p.Name)
		require.Empty(t, ports[p.Launch.Port], "%s has the port of another", p.Name)
		ports[p.Launch.Port] = p.Name
		for _, c := range p.Credentials {
			require.Contains(t, p.Launch.Env, c.Env, "%s could never see its credential", p.Name)
		}
	}
}

func TestEmbeddedFilesAndTheirOrderAgree(t *testing.T) {
	files, err := fs.Glob(servers, "servers/*")
	require.NoError(t, err)
	require.Len(t, files, len(embedded))
	for _, name := range embedded {
		require.Contains(t, files, "servers/"+name+".yaml")
	}
}

// scramble changes everything that can be reached from a value through
// slices and pointers, and returns how many places that were.
func scramble(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n += scramble(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += scramble(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += scramble(v.Index(i))
		}
	default:
		v.Set(reflect.Zero(v.Type()))
		n++
	}
	return n
}

func TestProfilesAreImmutable(t *testing.T) {
	c := mustLoad(t, folderOf("full.yaml", full))
	untouched := mustLoad(t, folderOf("full.yaml", full)) // another load shares nothing with the first
	for _, name := range append([]string{"full"}, embedded...) {
		p := get(t, c, name)
		require.Greater(t, scramble(reflect.ValueOf(&p).Elem()), 10)
		require.NotEqual(t, get(t, untouched, name), p)
		require.Equal(t, get(t, untouched, name), get(t, c, name))
	}
	all := c.All()
	for i := range all {
		scramble(reflect.ValueOf(&all[i]).Elem())
	}
	require.Equal(t, untouched.All(), c.All())

	warned := mustLoad(t, folderOf("a.yaml", "limit: {rate: 9, burst: 1}"))
	warned.Warnings()[0].File = "changed"
	require.Equal(t, "a.yaml", warned.Warnings()[0].File)

	Tiers()[0].Rate, Patterns()[0].Name = 0, ""
	require.Equal(t, 5.0, Tiers()[0].Rate)
	require.Equal(t, "external-api", Patterns()[0].Name)
	DefaultRefusal().Codes[0] = 0
	require.Equal(t, -32000, DefaultRefusal().Codes[0])
}

func TestFoldersAddAndOverride(t *testing.T) {
	c := mustLoad(t,
		folderOf("zeta.yaml", "limit: 1/s burst 1", "acb.yml", "limit: 2/s burst 2", "README.md", "no profile",
			".hidden.yaml", "limit: [", "sub/x.yaml", "limit: [",
			"nu.yaml", "limit: 1/s burst 1", "mu.yaml", "limit: 1/s burst 1", "xi.yaml", "limit: 1/s burst 1",
			"pi.yaml", "limit: 1/s burst 1"),
		folderOf("alpha.YAML", "limit: 3/s burst 3", "any.yaml", "name: zeta\nlimit: 4/s burst 4"))
	var order []string
	for _, p := range c.All() {
		order = append(order, p.Name)
	}
	require.Equal(t, append(append([]string{}, embedded...), "alpha", "mu", "nu", "pi", "xi", "zeta"), order)

	acb := get(t, c, "acb")
	require.Equal(t, 2.0, acb.Limit.Rate)
	require.Equal(t, "acb.yml", acb.Source)
	require.Empty(t, acb.Call.Tool, "an override replaces the profile whole")
	require.Empty(t, acb.Limit.Inherited)

	zeta := get(t, c, "zeta")
	require.Equal(t, 4, zeta.Limit.Burst, "the later folder counts")
	require.Equal(t, "any.yaml", zeta.Source)

	fastblocks := get(t, c, "fastblocks")
	require.Equal(t, "2/s burst 2 (inherited from acb)", fastblocks.Limit.String(),
		"whoever inherits gets the acb that counts")
}

func TestLoadReadsFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	path := write("mine.yaml", "limit: 8 req/sec, burst 16")
	c, err := Load(dir)
	require.NoError(t, err)
	require.Equal(t, path, get(t, c, "mine").Source)

	bad := write("bad.yaml", "limit: {rate: abc, burst: 1}")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755))
	missing := filepath.Join(dir, "missing")
	_, err = Load(dir, missing)
	var faults Errors
	require.ErrorAs(t, err, &faults)
	require.Equal(t, []string{
		"" + bad + `:1:15: limit.rate: "abc" is not a rate, want such as 12, 12/s, 300/1m, 0.5/s`,
		"" + filepath.Join(dir, "folder.yaml") + ": cannot be read: not a regular file, want a file",
		"" + missing + ": cannot be read: no such file or directory, want a folder of profiles",
	}, strings.Split(err.Error(), "\n"))
}

func TestLoadWarnsOfAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	c, err := Load(dir)
	require.NoError(t, err)
	require.Equal(t, []Fault{{File: dir, Problem: "holds no profile", Want: "files named *.yaml or *.yml",
		Warning: true}}, c.Warnings())
}

func TestUnfitBytes(t *testing.T) {
	const good = "limit: {rate: 1, burst: 1}\n"
	for _, row := range []struct{ name, data, want string }{
		{"latin-1", "limit: {rate: 1, burst: 1}\ndoc: caf\xe9\n",
			"x.yaml:2:9: is not UTF-8: byte 0xe9, want UTF-8 text"},
		{"after wide letters", "# äöü\xff\n", "x.yaml:1:6: is not UTF-8: byte 0xff, want UTF-8 text"},
		{"UTF-16", "\xff\xfel\x00", "x.yaml:1:1: is not UTF-8: byte 0xff, want UTF-8 text"},
		{"delete", "doc: a\x7f", "x.yaml:1:7: has the control character U+007F, want UTF-8 text"},
		{"control", good + "doc: a\x00b", "x.yaml:2:7: has the control character U+0000, want UTF-8 text"},
		{"too large", good + "#" + strings.Repeat("x", maxFile), "x.yaml: is too large, want at most 1048576 bytes"},
		{"too deep", "limit: " + strings.Repeat("[", 100_000),
			"x.yaml:1:72: is not YAML: exceeded max depth of 64 while increasing flow level"},
	} {
		_, err := LoadFS(folderOf("x.yaml", row.data))
		require.EqualError(t, err, row.want, row.name)
	}
	for name, data := range map[string]string{
		"byte order mark": "\ufeff" + good,
		"Windows lines":   strings.ReplaceAll(good+"doc: x\n", "\n", "\r\n"),
		"just fits":       good + "#" + strings.Repeat("x", maxFile-len(good)-1),
		"one document":    "---\n" + good + "...\n---\n",
		"JSON":            `{"limit": {"rate": 1, "burst": 1}}`,
	} {
		_, err := LoadFS(folderOf("x.yaml", data))
		require.NoError(t, err, name)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	var b strings.Builder
	for range 5_000 {
		b.WriteString("some_field: 1\n")
	}
	_, err := LoadFS(folderOf("x.yaml", b.String()))
	var faults Errors
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, maxFaults+1)
	require.Contains(t, faults[maxFaults].Problem, "more faults")
}

// A file's aliases may stand for no more text than a file may hold.
func TestAliasesOfLongTexts(t *testing.T) {
	long := strings.Repeat("x", maxFile/2)
	_, err := LoadFS(folderOf("x.yaml", "limit: 1/s burst 1\ndoc: &d "+long+"\nlaunch: {note: *d}\ncall: {tool: t, "+
		"arguments: {a: *d}}"))
	require.EqualError(t, err, "x.yaml:3:16: launch.note: stands for too much, aliases included, want at most 10000 "+
		"values and 1048576 bytes of text in a file")
}

func TestLongPattern(t *testing.T) {
	text := func(n int) string { return "limit: 1/s burst 1\nrefusal: {text: " + strings.Repeat("x", n) + "}" }
	mustLoad(t, folderOf("x.yaml", text(1000)))
	_, err := LoadFS(folderOf("x.yaml", text(1001)))
	require.ErrorContains(t, err, "refusal.text: is longer than 1000 bytes")
}

func TestMistakes(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"burst", "burst", 0}, {"burts", "burst", 1}, {"rat", "rate", 1},
		{"rate", "rite", 1}, {"ratee", "rate", 1}, {"abcd", "badc", 2}, {"ca", "abc", 3},
	} {
		require.Equal(t, row.want, mistakes(row.a, row.b), "%q %q", row.a, row.b)
		require.Equal(t, row.want, mistakes(row.b, row.a), "%q %q", row.b, row.a)
	}
}

func TestSuggest(t *testing.T) {
	c := mustLoad(t, folderOf("mine.yaml", "limit: 1/s burst 1"))
	for word, want := range map[string]string{
		"abc": "acb", "ACB": "acb", "mailgun": "mailgun-mcp", "opera": "opera-cloud-mcp",
		"sesion-mgmt-mcp": "session-mgmt-mcp",
		"fastblock":       "fastblocks", "crackerjak": "crackerjack", "min": "mine", "unifi_mcp": "unifi-mcp",
		"": "", "zzzzzzzz": "", "kubernetes": "", strings.Repeat("acb", 100): "",
	} {
		require.Equal(t, want, c.Suggest(word), "%q", word)
	}
}
