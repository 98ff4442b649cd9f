package profiles

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

var update = flag.Bool("update", false, "write what is found to the golden files, to be read before it is kept")

// wantFile ends every case in testdata: what Load must say of the files above
// it.
const wantFile = "want"

// cases calls f with every case of a folder, and with what it says.
func cases(t *testing.T, folder string, f func(t *testing.T, files fstest.MapFS) string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths, "no case in testdata/"+folder)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			files, want := fstest.MapFS{}, ""
			var kept []txtar.File
			for _, file := range archive.Files {
				if file.Name == wantFile {
					want = string(file.Data)
					continue
				}
				kept = append(kept, file)
				files[file.Name] = &fstest.MapFile{Data: file.Data}
			}
			got := f(t, files)
			if *update {
				archive.Files = append(kept, txtar.File{Name: wantFile, Data: []byte(got)})
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, want, got)
			require.NotEmpty(t, want, "a case that expects nothing")
		})
	}
}

func TestBadFiles(t *testing.T) {
	cases(t, "bad", func(t *testing.T, files fstest.MapFS) string {
		c, err := LoadFS(files)
		require.Nil(t, c, "nothing may be usable where anything is at fault")
		var all Errors
		require.ErrorAs(t, err, &all)
		for _, f := range all {
			require.False(t, f.Warning, "%s is no reason to refuse", f)
		}
		eachFileIsNamed(t, files, all)
		require.NotContains(t, strings.ToLower(err.Error()), "hunter", "a credential is repeated")
		return err.Error() + "\n"
	})
}

// eachFileIsNamed holds a case to having no file that is quite in order, lest
// a fault hide behind its neighbours'. Two files may share one fault: a loop's,
// or that of a name that both have.
func eachFileIsNamed(t *testing.T, files fs.FS, faults Errors) {
	t.Helper()
	text := faults.Error()
	for _, name := range names(t, files) {
		stem := strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
		require.True(t, strings.Contains(text, name) || strings.Contains(text, "-> "+stem),
			"nothing is said of %s", name)
	}
}

func names(t *testing.T, files fs.FS) []string {
	t.Helper()
	entries, err := fs.ReadDir(files, ".")
	require.NoError(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWarnings(t *testing.T) {
	cases(t, "warn", func(t *testing.T, files fstest.MapFS) string {
		c, err := LoadFS(files)
		require.NoError(t, err)
		var b strings.Builder
		for _, f := range c.Warnings() {
			require.True(t, f.Warning)
			b.WriteString(f.Error() + "\n")
		}
		return b.String()
	})
}

func TestFaultsAreTyped(t *testing.T) {
	_, err := LoadFS(fstest.MapFS{"x.yaml": {Data: []byte("limit:\n  rate: abc\n  burst: 0\n")}})
	var first Fault
	require.ErrorAs(t, err, &first)
	require.Equal(t, Fault{File: "x.yaml", Line: 2, Column: 9, Field: "limit.rate", Problem: `"abc" is not a rate`,
		Want: promise.WantRate}, first)
	var all Errors
	require.True(t, errors.As(err, &all))
	require.Len(t, all, 2)
	require.Equal(t, "limit.burst", all[1].Field)
	require.Equal(t, 3, all[1].Line)
}
