package history

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func spooled(t *testing.T, s *Spool) []Call {
	t.Helper()
	f, err := s.Open()
	require.NoError(t, err)
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	calls, err := ReadAll(z)
	require.NoError(t, err)
	return calls
}

func TestSpool(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 511, 512, 513, 20_000} {
		dir := t.TempDir()
		s := NewSpool(100, dir)
		var want []Call
		for i := range n {
			at := time.Duration(i)
			c := Call{Arrival: Arrival{Due: at, Client: "c1", Method: "ping"}, ID: int64(i + 1), Sent: at,
				Received: at, Outcome: OK}
			s.Add(c)
			want = append(want, c)
		}
		require.NoError(t, s.Close())
		require.Equal(t, n, s.Len())
		if n <= 100 {
			require.Equal(t, want, s.Calls())
			require.False(t, s.OnDisk())
		} else {
			require.Nil(t, s.Calls())
			require.Equal(t, want, spooled(t, s))
		}
		require.NoError(t, s.Remove())
		require.NoError(t, s.Remove(), "twice is no harm")
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestSpoolSaysWhatWentWrong(t *testing.T) {
	s := NewSpool(1, filepath.Join(t.TempDir(), "nowhere"))
	for range 1000 {
		s.Add(Call{})
	}
	require.ErrorContains(t, s.Close(), "cannot keep the calls on disk")
	require.Empty(t, s.Calls())

	s = NewSpool(1, t.TempDir())
	s.Add(Call{})
	s.Add(Call{Sent: -1})
	s.Add(Call{})
	require.ErrorContains(t, s.Close(), "call 2")
	require.NoError(t, s.Remove())
}

// All calls come back, whether they fitted into memory or not.
func TestASpoolGivesAllBack(t *testing.T) {
	for _, n := range []int{0, 3, 10, 11, 5000} {
		s := NewSpool(10, t.TempDir())
		for i := range n {
			s.Add(Call{Arrival: Arrival{Method: "ping", Due: time.Duration(i)}, Sent: time.Duration(i),
				Received: time.Duration(i + 1), Outcome: OK})
		}
		require.NoError(t, s.Close())
		var all []Call
		keep := func(c *Call) error { all = append(all, *c); return nil }
		require.NoError(t, s.Each(keep))
		require.Len(t, all, n)
		for i, c := range all {
			require.EqualValues(t, i, c.Due)
		}
		require.Equal(t, n > 10, s.OnDisk())
		if n > 0 {
			seen := 0
			require.ErrorIs(t, s.Each(func(*Call) error { seen++; return io.EOF }), io.EOF)
			require.Equal(t, 1, seen)
		}
		require.NoError(t, s.Remove())
		if n > 10 {
			require.ErrorIs(t, s.Each(keep), os.ErrNotExist)
		}
	}
}

// Whatever ends the program while it spools, kill -9 too, nothing stays behind: an
// open file has no name. Where it must keep one, the next that spools removes what
// was abandoned.
func TestASpoolLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	s := NewSpool(1, dir)
	for i := range 3000 {
		s.Add(Call{Arrival: Arrival{Method: "ping"}, Sent: time.Duration(i), Received: time.Duration(i + 1),
			Outcome: OK})
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Empty(t, left)
	}
	require.NoError(t, s.Close())
	require.NoError(t, s.Remove())

	abandoned, other := filepath.Join(dir, "mcpload-1.jsonl.gz"), filepath.Join(dir, "other.jsonl.gz")
	for _, path := range []string{abandoned, other} {
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	(&Spool{path: filepath.Join(dir, "mcpload-2.jsonl.gz")}).removeAbandoned()
	require.NoFileExists(t, abandoned)
	require.FileExists(t, other)
}
