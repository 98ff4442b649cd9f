package invoked_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/invoked"
)

// TestBounded: all of a text or none of it.
func TestBounded(t *testing.T) {
	text, err := invoked.Bounded(strings.NewReader("abc"), "x", 3)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(text))
	text, err = invoked.Bounded(strings.NewReader(strings.Repeat("a", 1<<20+1)), "x", 1<<20)
	require.EqualError(t, err, "x is longer than 1 MiB")
	assert.Empty(t, text)

	name := filepath.Join(t.TempDir(), "given")
	require.NoError(t, os.WriteFile(name, []byte("abcd"), 0o600))
	text, err = invoked.File(name, 4)
	require.NoError(t, err)
	assert.Equal(t, "abcd", string(text))
	_, err = invoked.File(name, 3)
	require.ErrorContains(t, err, "given is longer than")
}

// A folder is missing only where it is.
func TestElsewhere(t *testing.T) {
	dir := t.TempDir()
	require.Contains(t, invoked.Elsewhere(filepath.Join(dir, "none", "a"), fs.ErrNotExist), "mkdir -p")
	require.Equal(t, "name another file", invoked.Elsewhere(filepath.Join(dir, "a"), fs.ErrNotExist), "as in /proc")
}
