//go:build unix

package profiles

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe that nobody writes to would be read for ever.
func TestLoadOpensNoPipe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600))
	_, err := Load(dir)
	require.ErrorContains(t, err, "pipe.yaml: cannot be read: not a regular file")
}
