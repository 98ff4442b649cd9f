package store

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// childDir tells this test binary that it is a process to be killed.
const childDir = "STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		keepForever(dir)
	}
	os.Exit(m.Run())
}

// keepForever keeps runs, and says so, until it is killed.
func keepForever(dir string) {
	s, err := Open(dir)
	if err != nil {
		panic(err)
	}
	r := aRun(&testing.T{}, noon, verdict.Pass)
	r.Histories["acb"] = calls(20_000)
	for {
		if _, err := s.Keep(r); err != nil {
			panic(err)
		}
		fmt.Println("kept")
	}
}

// A process that is killed while it keeps a run leaves either a whole run or none.
func TestKilledWhileKeeping(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	s := open(t)
	halves, whole := 0, 0
	for round := 0; round < 60 && (halves < 3 || whole == 0); round++ {
		child := exec.Command(self)
		child.Env = append(os.Environ(), childDir+"="+s.dir)
		said, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		_, err = said.Read(make([]byte, 1)) // the first run is kept, so the second one is being kept
		require.NoError(t, err)
		time.Sleep(time.Duration(round) * time.Millisecond)
		require.NoError(t, child.Process.Kill())
		require.Error(t, child.Wait(), "it ended by the kill only")
		halves = len(leftovers(t, s))
		entries, damage, err := s.List(Filter{})
		require.NoError(t, err)
		require.Empty(t, damage)
		whole = len(entries)
	}
	require.GreaterOrEqual(t, halves, 3, "the kill never came in the middle")
	require.NotZero(t, whole)
	entries, _, err := s.List(Filter{})
	require.NoError(t, err)
	for _, e := range entries {
		histories, err := e.Histories()
		require.NoError(t, err)
		require.Len(t, histories["acb"], 20_000)
		_, err = e.Run()
		require.NoError(t, err)
	}
	t.Logf("%d whole runs, %d that nobody sees", whole, halves)

	// They are nobody's an hour later, but not before.
	s.sweep(time.Now())
	assert.Len(t, leftovers(t, s), halves)
	s.sweep(time.Now().Add(2 * sweepAge))
	assert.Empty(t, leftovers(t, s))
}

func leftovers(t *testing.T, s *Store) []string {
	t.Helper()
	list, err := os.ReadDir(s.runs())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	var names []string
	for _, f := range list {
		if strings.HasPrefix(f.Name(), unfinished) {
			names = append(names, f.Name())
		}
	}
	return names
}

func untar(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
}
