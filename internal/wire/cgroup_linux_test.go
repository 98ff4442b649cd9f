package wire

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhereAPenMayBe(t *testing.T) {
	const (
		one    = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
		hybrid = "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n32 24 0:28 / /sys/fs/cgroup/unified rw " +
			"- cgroup2 cgroup2 rw\n"
		part = "30 23 0:26 /a /mnt/part rw - cgroup2 cgroup2 rw\n"
		v1   = "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
	)
	for _, row := range []struct{ name, mounts, groups, want string }{
		{"one hierarchy", one, "0::/user.slice/session-1.scope\n", "/sys/fs/cgroup/user.slice/session-1.scope"},
		{"its root", one, "0::/\n", "/sys/fs/cgroup"},
		{"both versions", hybrid, "2:cpu:/x\n1:name=systemd:/y\n0::/z\n", "/sys/fs/cgroup/unified/z"},
		{"a part that has us", part, "0::/a/b\n", "/mnt/part/b"},
		{"a part of others", part + one, "0::/c\n", "/sys/fs/cgroup/c"},
		{"a part of others only", part, "0::/ab\n", ""},
		// which isn't there, or somebody's whom we may not write to
		{"we are outside of what we see", one, "0::/../x\n", "/sys/fs/cgroup/x"},
		{"the first version only", v1, "2:cpu:/x\n", ""},
		{"not mounted", v1, "2:cpu:/x\n0::/z\n", ""},
		{"no group", one, "", ""},
		{"nothing that can be read", "- cgroup2\n - \n30 - cgroup2\n", "0::/\n", ""},
	} {
		require.Equal(t, row.want, parentIn(row.mounts, row.groups), row.name)
	}
}

// Whose a process is that left everything behind is known by its pen, while others run.
func TestAPenSaysWhoseAProcessIs(t *testing.T) {
	can := newPen()
	if can == nil {
		t.Skip("no control group of version 2 that we may make others in")
	}
	require.NoError(t, can.dir.Close())
	can.remove(1)
	file := filepath.Join(t.TempDir(), "pid")
	one, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", daemon(file)}})
	require.NoError(t, err)
	two, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sleep", "1000"}})
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		require.NoError(t, two.Stop(ended))
		require.Zero(t, two.Left())
	}()
	pid := numberIn(t, file)
	require.NoError(t, one.Wait(t.Context()))
	if penless.Load() {
		require.NoError(t, one.Stop(ended))
		t.Skip("the kernel starts nothing in one")
	}
	require.Contains(t, one.pen.members(), pid)
	require.NoError(t, one.Stop(ended))
	require.False(t, runs(pid))
	require.Positive(t, one.Left())
	require.True(t, runs(two.PID()))
	require.NoDirExists(t, one.pen.path)
	require.DirExists(t, two.pen.path)
}

// Where the kernel takes no pen, the process starts without one, and so do all others.
func TestAProcessStartsWithoutAPen(t *testing.T) {
	defer penless.Store(penless.Swap(false))
	before := penParent
	penParent = t.TempDir
	defer func() { penParent = before }()
	_, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"/no/such/program"}})
	require.ErrorContains(t, err, "no such program")
	require.False(t, penless.Load(), "the program was at fault")
	for range 2 {
		p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "echo $X; cat"},
			Env: []string{"X=said"}, Input: true})
		require.NoError(t, err)
		require.Nil(t, p.pen)
		require.True(t, penless.Load())
		_, err = p.Input().Write([]byte(" and heard"))
		require.NoError(t, err)
		require.NoError(t, p.Stop(t.Context()))
		stdout, _ := p.Output()
		require.Equal(t, "said\n and heard", string(stdout))
	}
	entries, err := os.ReadDir(penParent())
	require.NoError(t, err)
	require.Empty(t, entries)
}

// What a program that was killed left there goes with the next.
func TestOldPensGo(t *testing.T) {
	if penParent() == "" {
		t.Skip("no control group of version 2")
	}
	one := newPen()
	if one == nil {
		t.Skip("none that we may make others in")
	}
	require.NoError(t, one.dir.Close())
	gone := filepath.Join(filepath.Dir(one.path), penName+"99999999-1") // no process has this number
	require.NoError(t, os.Mkdir(gone, 0o755))
	removeOld(filepath.Dir(one.path))
	require.NoDirExists(t, gone)
	require.DirExists(t, one.path, "its program lives")
	one.remove(1)
	require.NoDirExists(t, one.path)
}
