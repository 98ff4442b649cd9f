package interop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cache is where live-setup.sh and setup.sh put the servers.
func cache(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("MCPLOAD_TEST_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	return filepath.Join(home, ".cache", "mcpload-test")
}

// root is a path in the checkout.
func root(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", name))
	require.NoError(t, err)
	return dir
}

func existing(t *testing.T, path string) string {
	t.Helper()
	_, err := os.Stat(path)
	require.NoError(t, err, "run `make interop`, which installs it")
	return path
}

func python(t *testing.T, env string) string {
	return existing(t, filepath.Join(cache(t), env, "bin", "python"))
}

// tool finds a program that may not be on an ordinary user's path.
func tool(t *testing.T, name, otherwise string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return existing(t, otherwise)
}

var builds sync.Map // of package paths: func() (string, error)

// built builds a Go program, once.
func built(t *testing.T, dir, pkg string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(dir+pkg, sync.OnceValues(func() (string, error) {
		out, err := os.MkdirTemp("", "interop")
		if err != nil {
			return "", err
		}
		binary := filepath.Join(out, "program")
		build := exec.Command("go", "build", "-o", binary, pkg)
		build.Dir = dir
		if text, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, text)
		}
		return binary, nil
	}))
	path, err := once.(func() (string, error))()
	require.NoError(t, err)
	return path
}

func endpoint(port int, path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, path) }

// freePort is a port for a server that is started later. It is given to nobody else of these tests,
// and lies below those from which systems give ports away: a server of another test, or a client, that
// got it in between would be asked in place of this one's, or ask this one.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if _, given := ports.LoadOrStore(port, true); given {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

var ports sync.Map // those that were given away

// serve starts a server and waits until its port accepts connections. It is
// killed when the test ends.
func serve(t *testing.T, port int, env []string, argv ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir()
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() { defer close(done); _ = cmd.Wait() }() // whether it ends matters, not how
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // nginx takes its workers with it; it may have ended by itself
		select {
		case <-done:
		case <-time.After(3 * time.Second):
			_ = cmd.Process.Kill() // see above
			<-done
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 600 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			require.NoError(t, conn.Close())
			return
		}
		select {
		case <-done:
			require.Fail(t, "the server ended", "%v\n%s", argv, output.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.Fail(t, "the server never listened", "%v\n%s", argv, output.String())
}
