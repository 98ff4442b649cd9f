package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite golden text in scripts and documents")

func TestMain(m *testing.M) {
	testscript.Main(keepsAside{m}, map[string]func(){
		// Not os.Exit, which the race detector holds up for a second.
		"mcpload": func() { syscall.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"main":    main, // as it is built
		"leaky":   leaky,
		"dying":   dying,
		"reached": reached,
	})
}

// keepsAside runs the tests of this process with a folder of kept runs that goes
// with them, so that none are kept in the home of whoever tests.
type keepsAside struct{ *testing.M }

func (k keepsAside) Run() int {
	dir, err := os.MkdirTemp("", "mcpload-results-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("MCPLOAD_RESULTS", dir)
	return k.M.Run()
}

// TestScripts tries the program as a user does. The scripts get addresses of
// servers that misbehave in their environment.
func TestScripts(t *testing.T) {
	files, err := os.ReadDir("testdata/script")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	refused := refusedAddress(t)
	echo := httptest.NewServer(echoing())
	t.Cleanup(echo.Close)
	bad := httptest.NewServer(misbehaving())
	t.Cleanup(bad.Close)
	guarded := guarded(t)
	slow := httptest.NewServer(faulty(func(w http.ResponseWriter, c fakeCall) {
		time.Sleep(300 * time.Millisecond)
		fmt.Fprint(w, c.result(c.args))
	}))
	t.Cleanup(slow.Close)
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // it is refused on purpose
	tls.StartTLS()
	t.Cleanup(tls.Close)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"pause": pause,
			"judged": inRealTime},
		Setup: func(env *testscript.Env) error {
			env.Setenv("REFUSED", refused)
			env.Setenv("BAD", bad.URL)
			env.Setenv("ECHO", echo.URL)
			env.Setenv("TLS", tls.URL)
			env.Setenv("SLOW", slow.URL)
			env.Setenv("GUARDED", guarded)
			env.Setenv("SOON", soon())
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("LANG", "C.UTF-8")
			return nil
		},
	})
}

// soon is a day that a quarantine may end on.
func soon() string { return time.Now().AddDate(0, 1, 0).Format(time.DateOnly) }

// pause DURATION lets a program in the background get going.
func pause(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

// inRealTime (in scripts: judged) is exec for what is judged in real time. Where the machine was too busy
// for the program to tell (exit status 3), it may try twice more.
func inRealTime(ts *testscript.TestScript, neg bool, args []string) {
	var exit *exec.ExitError
	err := ts.Exec(args[0], args[1:]...)
	for range 2 {
		if !errors.As(err, &exit) || exit.ExitCode() != exitInconclusive {
			break
		}
		ts.Logf("inconclusive; once more")
		err = ts.Exec(args[0], args[1:]...)
	}
	if (err != nil) != neg {
		ts.Fatalf("%s ended with %v", args[0], err)
	}
}

// refusedAddress is a URL on which nothing listens.
func refusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return fmt.Sprintf("http://%s/mcp", l.Addr())
}

// misbehaving serves what is no MCP server, in several ways.
func misbehaving() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/auth", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/garbage", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>It works!</html>")
	})
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only a body that was read lets the server see the client leave
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	})
	return mux
}
