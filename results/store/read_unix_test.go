//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/verdict"
)

// A pipe in a run's folder, which nobody writes to, holds nobody up.
func TestAPipeInTheStore(t *testing.T) {
	for _, name := range []string{environmentFile, documentFile, screenFile} {
		s := open(t)
		e := keep(t, s, noon, verdict.Pass)
		path := filepath.Join(e.Path(), name)
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		switch name {
		case environmentFile:
			_, err := readEntry(e.Path())
			assert.ErrorContains(t, err, "is no file")
			_, _, err = s.Reindex()
			require.NoError(t, err)
		case documentFile:
			_, err := e.Document()
			assert.ErrorContains(t, err, "is no file")
		default:
			_, err := e.Screen()
			assert.ErrorContains(t, err, "is no file")
		}
	}
}

// What never ends is read to a bound.
func TestADocumentWithoutEnd(t *testing.T) {
	_, err := invoked.File("/dev/zero", 1<<20)
	require.EqualError(t, err, "/dev/zero is longer than 1 MiB")
	_, err = readKept("/dev/zero", 1<<20)
	require.EqualError(t, err, "/dev/zero is no file")
}
