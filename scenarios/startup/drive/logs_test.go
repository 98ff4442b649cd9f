package drive

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a start writes into a log file is found, however the file came about.
func TestLogFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("old.log", "old\n")
	write("same.log", "0123456789")
	write("grows.log", strings.Repeat("x", 3*endSize))
	write("shrinks.log", "long ago, far away")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.log"), 0o700))
	l, err := beforeStart([]string{"*.log", filepath.Join(dir, "other.txt")}, dir)
	require.NoError(t, err)
	write("same.log", "9876543210")
	write("grows.log", strings.Repeat("x", 3*endSize)+"more")
	write("shrinks.log", "new")
	write("new.log", "fresh")
	write("other.txt", "else")
	write("unasked.txt", "nobody looks")
	list, err := l.added()
	require.NoError(t, err)
	got := map[string]string{}
	for _, log := range list {
		got[log.Name] = string(log.Text)
	}
	require.Equal(t, map[string]string{"same.log": "9876543210", "grows.log": "more", "shrinks.log": "new",
		"new.log": "fresh", "other.txt": "else"}, got)
	_, err = beforeStart([]string{"["}, dir)
	require.ErrorContains(t, err, `"[" is no pattern`)
}
