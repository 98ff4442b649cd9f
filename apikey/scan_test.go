package apikey_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// TestScan: wherever a key stands in a long text, it is told of once, with its place.
func TestScan(t *testing.T) {
	key := provider(t, "gitlab").Sample(dice())
	line := strings.Repeat("an ordinary line of a log\n", 1)
	for _, at := range []int{0, 100, 160<<10 - 20, 161 << 10, 192<<10 - 5, 320 << 10, 700 << 10} {
		n := at / len(line)
		text := strings.Repeat(line, n) + "key " + key + "\n" + strings.Repeat(line, 20000)
		var got []apikey.Place
		err := apikey.NewRedactor().Scan(strings.NewReader(text),
			func(p apikey.Place) error { got = append(got, p); return nil })
		require.NoError(t, err)
		require.Len(t, got, 1, "at %d", at)
		require.Equal(t, n+1, got[0].Line)
		require.Equal(t, 5, got[0].Column)
		require.Equal(t, int64(n*len(line)+4), got[0].Offset)
		require.Equal(t, "gitlab", got[0].Family)
		require.Equal(t, "glpat-***"+key[len(key)-4:], got[0].Masked)
	}
	require.NoError(t, apikey.NewRedactor().Scan(strings.NewReader("ACME_PASSWORD="+"1tpTbvsk"+"fKzSS5G1"),
		func(p apikey.Place) error {
			require.Equal(t, "***", p.Masked, "of what may be a password nothing is shown")
			return nil
		}))
	stop := errors.New("enough")
	require.ErrorIs(t, apikey.NewRedactor().Scan(strings.NewReader("x "+key),
		func(apikey.Place) error { return stop }), stop)
}

type lines struct{ left int64 }

func (l *lines) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, strings.Repeat("an ordinary line of a log, with a number 4711 in it\n", len(p)/50+1))
	l.left -= int64(n)
	return n, nil
}

// TestScanMemory: however long a text is, no more of it is held.
func TestScanMemory(t *testing.T) {
	var before, after runtime.MemStats
	peak := uint64(0)
	runtime.GC()
	runtime.ReadMemStats(&before)
	src := &lines{left: 24 << 20}
	err := apikey.NewRedactor().Scan(io.TeeReader(src, watcher(func() {
		runtime.ReadMemStats(&after)
		peak = max(peak, after.HeapAlloc)
	})), func(apikey.Place) error { return nil })
	require.NoError(t, err)
	require.Less(t, peak-min(peak, before.HeapAlloc), uint64(48<<20))
}

type watcher func()

func (w watcher) Write(p []byte) (int, error) { w(); return len(p), nil }
