package wire

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// daemon is a shell's command that leaves a process behind as daemons are made:
// its parent ends, and it has a session and a group of its own, and no
// environment. Its number goes to a file.
func daemon(file string) string {
	return "(setsid env -i sh -c 'trap \"\" TERM; echo $$ >" + file + ".new; mv " + file + ".new " + file +
		"; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &)" +
		"; while ! test -s " + file + "; do sleep 0.01; done" // before that it may be in the group still
}

// numberIn waits for a number in a file.
func numberIn(t *testing.T, file string) (pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(file)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	return pid
}

func runs(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// A daemon of a server's is ended with it, however it was stopped, and our own
// other children aren't.
func TestWhatLeftGroupSessionAndEnvironmentIsEnded(t *testing.T) {
	other := exec.Command("sleep", "1000")
	require.NoError(t, other.Start())
	for name, rest := range map[string]string{"stopped": "; sleep 1000", "ended by itself": ""} {
		file := filepath.Join(t.TempDir(), "pid")
		p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", daemon(file) + rest},
			Env: []string{"PATH=" + os.Getenv("PATH")}})
		require.NoError(t, err, name)
		pid := numberIn(t, file)
		if rest == "" {
			require.NoError(t, p.Wait(t.Context()), name)
		}
		require.True(t, runs(pid), name)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		require.NoError(t, p.Stop(ctx), name)
		cancel()
		require.False(t, runs(pid), name)
		require.Positive(t, p.Left(), name)
	}
	require.True(t, runs(other.Process.Pid))
	require.NoError(t, other.Process.Kill())
	require.EqualError(t, other.Wait(), "signal: killed", "and nobody else has waited for it")
}

// Where others run and there are no pens, what nobody can tell whose it is waits for the
// last of them.
func TestWhoseIsNotKnownEndsWithTheLast(t *testing.T) {
	defer penless.Store(penless.Swap(true))
	file := filepath.Join(t.TempDir(), "pid")
	one, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", daemon(file)}})
	require.NoError(t, err)
	two, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sleep", "1000"}})
	require.NoError(t, err)
	pid := numberIn(t, file)
	require.NoError(t, one.Wait(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, one.Stop(ended))
	require.True(t, runs(pid), "it may be the other's")
	require.NoError(t, two.Stop(ended))
	require.False(t, runs(pid))
	require.Zero(t, one.Left())
	require.Positive(t, two.Left())
}

// Orphans that end while a server runs don't stay as zombies of ours.
func TestOrphansAreWaitedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c",
		"(setsid sh -c 'echo $$ >" + file + "; sleep 0.3' &); sleep 1000"}})
	require.NoError(t, err)
	pid := numberIn(t, file)
	require.Eventually(t, func() bool { return !runs(pid) }, 10*time.Second, 10*time.Millisecond)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, p.Stop(ended))
}
