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

// A child that left the group, by setsid as daemons do, is still the server's.
func TestUsageOfAChildThatLeftTheGroup(t *testing.T) {
	const daemon = "setsid sh -c 'echo left; exec sleep 30' & "
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", daemon + daemon + "exec sleep 30"}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		u, err := p.Usage()
		out, _ := p.Output()
		return err == nil && u.Threads == 3 && string(out) == "left\nleft\n"
	}, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Stop(context.Background()))
	require.Equal(t, 2, p.Left())
	_, err = p.Usage()
	require.Error(t, err)
}

func TestWhoIsKin(t *testing.T) {
	of := func(pid, parent, group int, began int64) stat {
		return stat{pid: pid, parent: parent, group: group, began: began}
	}
	table := func(list ...stat) map[int]stat {
		m := map[int]stat{}
		for _, s := range list {
			m[s.pid] = s
		}
		return m
	}
	server, child, daemon, other := of(10, 1, 10, 5), of(11, 10, 10, 6), of(12, 11, 12, 7), of(20, 1, 20, 8)
	kin := kinOf(10, table(server, child, daemon, other), nil)
	require.Equal(t, map[int]int64{10: 5, 11: 6, 12: 7}, kin)

	daemon.parent = 1 // its parent has ended
	kin = kinOf(10, table(server, daemon, other), kin)
	require.Equal(t, map[int]int64{10: 5, 12: 7}, kin)
	require.Equal(t, map[int]int64{10: 5}, kinOf(10, table(server, daemon, other), nil), "nobody saw whose it was")

	daemon.began = 9 // another process by now
	require.Equal(t, map[int]int64{10: 5}, kinOf(10, table(server, daemon, other), kin))
	require.Empty(t, kinOf(10, table(other), kin))
}

func TestParseStat(t *testing.T) {
	u, err := parseStat([]byte("42 (a) b (c)) S 1 41 41 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 7 0 1 1000 3 " +
		"18446744073709551615 0"))
	require.NoError(t, err)
	require.Equal(t, []int{42, 1, 41, 1}, []int{u.pid, u.parent, u.group, int(u.began)})
	require.Equal(t, 2*time.Second, u.CPU)
	require.Equal(t, 7, u.Threads)
	require.Positive(t, u.RSS)
	_, err = parseStat([]byte("42 (x) S 1"))
	require.Error(t, err)
	require.False(t, u.dead)
	u, err = parseStat([]byte("42 (x) Z 1 41 41 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 7 0 1 1000 3 " +
		"18446744073709551615 0"))
	require.NoError(t, err)
	require.True(t, u.dead, "it has ended, and nobody has reaped it")
	_, err = parseStat(nil)
	require.Error(t, err)
}
