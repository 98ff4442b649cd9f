//go:build unix

package wire

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessOutput(t *testing.T) {
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "echo out; echo err >&2; pwd; " +
		"echo $X; exit 4"},
		Dir: "/", Env: []string{"X=y"}})
	require.NoError(t, err)
	require.NoError(t, p.Wait(t.Context()))
	status, ok := p.Exited()
	require.True(t, ok)
	require.Equal(t, "exit status 4", status)
	stdout, stderr := p.Output()
	require.Equal(t, "out\n/\ny\n", string(stdout))
	require.Equal(t, "err\n", string(stderr))
	require.NoError(t, p.Stop(t.Context()), "after it has ended")
}

// What a process started is stopped with it, even where it ignores SIGTERM,
// and where the parent has gone first.
func TestProcessStopsGroup(t *testing.T) {
	for name, command := range map[string]string{
		"child":          "sleep 1000 & echo $!; wait",
		"stubborn child": "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000",
		"orphan":         "sleep 1000 & echo $!",
		"silent orphan":  "sleep 1000 >/dev/null 2>&1 & echo $!",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", command}})
			require.NoError(t, err)
			pid := 0
			require.Eventually(t, func() bool {
				out, _ := p.Output()
				for _, b := range out {
					if b == '\n' {
						return true
					}
					pid = 10*pid + int(b-'0')
				}
				pid = 0
				return false
			}, 5*time.Second, 5*time.Millisecond)
			if name == "silent orphan" {
				require.NoError(t, p.Wait(t.Context()))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			require.NoError(t, p.Stop(ctx))
			require.True(t, gone(p.PID()))
			require.Eventually(t, func() bool { return gone(pid) }, 5*time.Second, 10*time.Millisecond)
		})
	}
}

func TestStartProcessFails(t *testing.T) {
	kind := func(err error) DialKind {
		var e *DialError
		require.ErrorAs(t, err, &e)
		return e.Kind
	}
	_, err := StartProcess(t.Context(), ProcessOptions{})
	require.Equal(t, BadOptions, kind(err))
	_, err = StartProcess(t.Context(), ProcessOptions{Command: []string{os.DevNull}})
	require.Equal(t, NotStarted, kind(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = StartProcess(ctx, ProcessOptions{Command: []string{"true"}})
	require.Equal(t, Cancelled, kind(err))
}

func TestWaitReady(t *testing.T) {
	sleeper, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sleep", "1000"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, sleeper.Stop(context.Background())) }()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	o := Options{URL: "http://" + address + "/mcp"}
	require.True(t, Listening(t.Context(), o))
	require.NoError(t, WaitReady(t.Context(), o, sleeper))
	require.NoError(t, WaitReady(t.Context(), o, nil))
	require.NoError(t, l.Close())
	require.False(t, Listening(t.Context(), o))

	// It comes up while we wait.
	up := make(chan net.Listener, 1)
	time.AfterFunc(100*time.Millisecond, func() {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
		}
		up <- l
	})
	require.NoError(t, WaitReady(t.Context(), o, sleeper))
	require.NoError(t, (<-up).Close())

	var e *DialError
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorAs(t, WaitReady(ctx, o, sleeper), &e)
	require.Equal(t, TimedOut, e.Kind)
	require.True(t, strings.HasPrefix(e.Error(), "wire: http://"+address+"/mcp does not answer: nothing accepts "+
		"connections after "), e.Error())

	dead, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "echo port taken >&2; exit 1"}})
	require.NoError(t, err)
	require.ErrorAs(t, WaitReady(t.Context(), o, dead), &e)
	require.Equal(t, Exited, e.Kind)
	require.Contains(t, e.Error(), "exit status 1")
	require.Equal(t, "port taken\n", string(e.Stderr))

	cancelled, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorAs(t, WaitReady(cancelled, o, nil), &e)
	require.Equal(t, Cancelled, e.Kind)
	require.NoError(t, WaitReady(t.Context(), Options{Transport: Stdio, Command: []string{"x"}}, nil))
	require.ErrorAs(t, WaitReady(t.Context(), Options{URL: "x"}, nil), &e)
	require.Equal(t, BadOptions, e.Kind)
}

// A process gets what it is given, and nothing of our own environment, also where
// it is given nothing.
func TestProcessEnvironment(t *testing.T) {
	t.Setenv("STRANGER", "planted")
	for _, env := range [][]string{nil, {"X=y"}} {
		p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "echo \"$STRANGER/$X\""},
			Env: env})
		require.NoError(t, err)
		require.NoError(t, p.Wait(t.Context()))
		out, _ := p.Output()
		want := "/\n"
		if env != nil {
			want = "/y\n"
		}
		require.Equal(t, want, string(out))
	}
}
