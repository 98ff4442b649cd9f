package launch

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// fakePython makes environments as Python does, and tells each installation.
const fakePython = `#!/bin/sh
case "$1 $2 $3" in
"-c "*) echo 3.13.5; echo "$0" ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip install") echo install >> "$TOLD"; case "$*" in *broken*) echo "ERROR: no such version" >&2; exit 1;; esac ;;
"-m pip list") echo '[{"name":"server","version":"1.0"},{"name":"mcp","version":"1.30.0"}]' ;;
esac
`

// machine has one Python on its PATH and counts installations.
func machine(t *testing.T) (c Config, installations func() int) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake Python is a shell script")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "python3.13"), []byte(fakePython), 0o755))
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("HOME", dir)
	told := filepath.Join(dir, "told")
	t.Setenv("TOLD", told)
	return Config{Cache: filepath.Join(dir, "cache"), Env: os.Environ()}, func() int {
		text, _ := os.ReadFile(told) // none: nothing was installed
		return strings.Count(string(text), "install")
	}
}

func server(name string) profiles.Install {
	return profiles.Install{Python: "3.13", Packages: []string{name}}
}

func TestInstalledOnceHoweverManyAsk(t *testing.T) {
	c, installations := machine(t)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			e, err := Prepare(context.Background(), server("server==1.0"), c)
			if err != nil {
				t.Error(err)
				return
			}
			if e.Version("MCP") != "1.30.0" || e.Runtime != "Python 3.13.5" {
				t.Errorf("%+v", e)
			}
		})
	}
	work.Wait()
	require.Equal(t, 1, installations())
	c.Offline = true
	_, err := Prepare(context.Background(), server("server==1.0"), c)
	require.NoError(t, err)
	require.Equal(t, 1, installations())
}

func TestHalfFinishedIsDoneAgain(t *testing.T) {
	c, installations := machine(t)
	e, err := Prepare(context.Background(), server("server==1.0"), c)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(e.Dir, marker)))
	left := filepath.Join(e.Dir, "left-behind")
	require.NoError(t, os.WriteFile(left, nil, 0o644))
	_, err = Prepare(context.Background(), server("server==1.0"), c)
	require.NoError(t, err)
	require.Equal(t, 2, installations())
	require.NoFileExists(t, left)
}

// fakeUV is uv, whose installation of what hangs starts a program that nothing would
// end.
const fakeUV = `#!/bin/sh
case "$1 $2" in
"pip install") echo install >> "$TOLD"
	case "$*" in *hangs*) setsid sh -c 'echo $$ > "$TOLD.far"; exec sleep 300' & sleep 300 & echo $! > "$TOLD.near"; wait ;; esac ;;
"pip list") echo '[{"name":"server","version":"1.0"}]' ;;
esac
`

// TestUV is used where it is there, and what is done and how long it took is said.
func TestUV(t *testing.T) {
	c, installations := machine(t)
	var said []string
	c.Say = func(s string) { said = append(said, s) }
	_, err := Prepare(context.Background(), server("server==1.0"), c)
	require.NoError(t, err)
	require.Equal(t, "installing server==1.0 by pip; uv would take a part of the time, if it were on the PATH", said[0])
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(c.Cache), "uv"), []byte(fakeUV), 0o755))
	e, err := Prepare(context.Background(), server("server==1.1"), c)
	require.NoError(t, err)
	require.Equal(t, 2, installations())
	require.Equal(t, "1.0", e.Version("server"), "uv said so")
	require.Equal(t, "installing server==1.1 by uv", said[1])
	require.Equal(t, "server==1.1", e.Made)
	e, err = Prepare(context.Background(), server("server==1.1"), c)
	require.NoError(t, err)
	require.Empty(t, e.Made, "it was there")
}

// TestAnInterruptEndsAnInstallation with all that it started, be it out of its process
// group, and leaves nothing half finished behind.
func TestAnInterruptEndsAnInstallation(t *testing.T) {
	for _, how := range []string{"the first interrupt", "the context"} {
		t.Run(how, func(t *testing.T) {
			c, installations := machine(t)
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(c.Cache), "uv"), []byte(fakeUV), 0o755))
			drain := make(chan struct{})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c.Drain = drain
			var doing []string
			c.Doing = func(s string) { doing = append(doing, s) }
			far, near := filepath.Join(filepath.Dir(c.Cache), "told.far"),
				filepath.Join(filepath.Dir(c.Cache), "told.near")
			go func() {
				for !written(far) || !written(near) {
					time.Sleep(5 * time.Millisecond)
				}
				if how == "the context" {
					cancel()
				} else {
					close(drain)
				}
			}()
			_, err := Prepare(ctx, server("hangs==1"), c)
			require.ErrorContains(t, err, "launch: installing hangs==1 was interrupted")
			require.Equal(t, "installing", doing[0])
			require.Eventually(t, func() bool { return !alive(t, near) }, 10*time.Second, 5*time.Millisecond)
			if runtime.GOOS == "linux" {
				require.Eventually(t, func() bool { return !alive(t, far) }, 10*time.Second, 5*time.Millisecond)
			}
			require.NoDirExists(t, filepath.Join(c.Cache, key(server("hangs==1"))))
			_, err = Prepare(ctx, server("more==1"), c)
			require.ErrorContains(t, err, "more==1: not installed, as it was interrupted")
			require.Equal(t, 1, installations())
		})
	}
}

// written reports if a file has a line in it.
func written(name string) bool {
	text, _ := os.ReadFile(name) // none: not yet
	return strings.HasSuffix(string(text), "\n")
}

// alive reports if the process whose number a file holds runs.
func alive(t *testing.T, name string) bool {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	state, err := exec.Command("ps", "-o", "stat=", "-p", strings.TrimSpace(string(text))).Output()
	return err == nil && !strings.HasPrefix(string(state), "Z")
}

func TestFailuresAreOneSentence(t *testing.T) {
	c, _ := machine(t)
	for _, row := range []struct {
		install profiles.Install
		offline bool
		want    string
	}{
		{server("broken==9"), false, "launch: installing broken==9 failed (exit status 1): ERROR: no such version"},
		{server("other==1"), true, "launch: other==1: not installed, and --offline installs nothing"},
		{profiles.Install{Python: "3.99", Packages: []string{"a==1"}}, false,
			"launch: no Python 3.99 or newer on this machine that can make environments"},
	} {
		c.Offline = row.offline
		_, err := Prepare(context.Background(), row.install, c)
		require.ErrorContains(t, err, row.want)
		require.NotContains(t, err.Error(), "\n")
		require.NoFileExists(t, filepath.Join(c.Cache, key(row.install), marker))
	}
	t.Setenv("PATH", t.TempDir())
	c.Offline = false
	_, err := Prepare(context.Background(), profiles.Install{NPM: []string{"a@1.0.0"}}, c)
	require.ErrorContains(t, err, "no Node.js on this machine")
}

// What was ended as it answered says nothing of the machine.
func TestAnInterruptedSearchBlamesNoMachine(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := findPython(ctx, "3.13")
	require.ErrorContains(t, err, "launch: looking for a Python was interrupted")
}
