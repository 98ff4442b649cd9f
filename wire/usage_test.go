//go:build linux

package wire

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUsageOfAProcessAndItsChildren(t *testing.T) {
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "sleep 30 & exec sleep 30"}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		u, err := p.Usage()
		return err == nil && u.Threads == 2 && u.RSS > 0 && u.FDs >= 6
	}, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Stop(context.Background()))
	_, err = p.Usage()
	require.Error(t, err)
}

func TestParseStat(t *testing.T) {
	u, group, err := parseStat([]byte("42 (a) b (c)) S 1 41 41 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 7 0 1 1000 3 18446744073709551615 0"))
	require.NoError(t, err)
	require.Equal(t, 41, group)
	require.Equal(t, 2*time.Second, u.CPU)
	require.Equal(t, 7, u.Threads)
	require.Positive(t, u.RSS)
	_, _, err = parseStat([]byte("42 (x) S 1"))
	require.Error(t, err)
	_, _, err = parseStat([]byte("42 (x) Z 1 41 41 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 7 0 1 1000 3 18446744073709551615 0"))
	require.ErrorContains(t, err, "reaped")
	_, _, err = parseStat(nil)
	require.Error(t, err)
}
