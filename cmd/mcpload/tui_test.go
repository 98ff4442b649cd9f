package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"
)

// A terminal is a pseudo-terminal with a program in it.
type terminal struct {
	t       *testing.T
	pty     *os.File
	tty     *os.File
	before  *term.State
	command *exec.Cmd

	mu  sync.Mutex
	out bytes.Buffer
}

// inTerminal starts mcpload in a terminal of its own.
func inTerminal(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	master, slave, err := pty.Open()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = master.Close(), slave.Close() }) // the test is over
	require.NoError(t, pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 100}))
	before, err := term.GetState(int(slave.Fd()))
	require.NoError(t, err)
	c := &terminal{t: t, pty: master, tty: slave, before: before, command: exec.Command("mcpload", args...)}
	c.command.Stdin, c.command.Stdout, c.command.Stderr = slave, slave, slave
	c.command.Env = append(withoutEnv("CI", "NO_COLOR", "TERM"), append([]string{"TERM=xterm-256color", "LANG=C.UTF-8"},
		env...)...)
	require.NoError(t, c.command.Start())
	t.Cleanup(func() { _ = c.command.Process.Kill() }) // it has ended, if the test passed
	go func() { _, _ = io.Copy(c, master) }()          // until the terminal is closed
	return c
}

func withoutEnv(names ...string) []string {
	var env []string
next:
	for _, e := range os.Environ() {
		for _, n := range names {
			if strings.HasPrefix(e, n+"=") {
				continue next
			}
		}
		env = append(env, e)
	}
	return env
}

func (c *terminal) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

// raw is all that was written so far.
func (c *terminal) raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

func (c *terminal) text() string { return ansi.Strip(c.raw()) }

// shows waits until a text was written.
func (c *terminal) shows(text string) {
	c.t.Helper()
	for range 1000 {
		if strings.Contains(c.text(), text) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatalf("%q is not in %q", text, c.text())
}

func (c *terminal) press(keys string) {
	c.t.Helper()
	_, err := c.pty.WriteString(keys)
	require.NoError(c.t, err)
}

// ends waits for the program and returns its status. The terminal must be as
// it was.
func (c *terminal) ends() int {
	c.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); _ = c.command.Wait() }() // the status tells
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		c.t.Fatalf("it runs on: %s", c.text())
	}
	after, err := term.GetState(int(c.tty.Fd()))
	require.NoError(c.t, err)
	require.Equal(c.t, c.before, after, "the terminal's mode is restored")
	time.Sleep(100 * time.Millisecond) // for the last bytes to arrive
	raw := c.raw()
	require.GreaterOrEqual(c.t, strings.LastIndex(raw, "\x1b[?25h"), strings.LastIndex(raw, "\x1b[?25l"),
		"the cursor is shown")
	return c.command.ProcessState.ExitCode()
}

func TestLiveViewEndsWithTheReport(t *testing.T) {
	c := inTerminal(t, nil, "run", "--server", "unifi-mcp", "--scenario", "burst,results")
	c.shows("Ctrl-C ends the run early")
	c.shows("tokens")
	require.NoError(t, pty.Setsize(c.pty, &pty.Winsize{Rows: 10, Cols: 50}))
	status := c.ends()
	require.Contains(t, []int{exitPass, exitInconclusive}, status, "a busy machine may leave it open: %s", c.text())
	c.shows("2 scenarios: burst, results")
}

func TestFirstInterruptDrainsAndReports(t *testing.T) {
	c := inTerminal(t, nil, "run", "--server", "unifi-mcp")
	c.shows("sustained")
	c.press("\x03")
	c.shows("waiting for the calls in flight")
	require.Equal(t, exitInconclusive, c.ends())
	c.shows("the run was interrupted; what was sent until then is judged")
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	c := inTerminal(t, nil, "run", "--url", hanging(t), "--rate", "5/s", "--burst", "2", "--timeout", "1h")
	c.shows("connecting")
	c.press("\x03")
	c.shows("interrupted: waiting")
	c.press("\x03")
	require.NotEqual(t, exitPass, c.ends())
}

// hanging is the address of a server that never answers.
func hanging(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(misbehaving())
	t.Cleanup(server.Close)
	return server.URL + "/hangs"
}

func TestProbeHasALiveView(t *testing.T) {
	c := inTerminal(t, nil, "probe", "--server", "unifi-mcp", "--budget", "calls=60,time=5s")
	c.shows("mcpload probe")
	c.shows("ramp")
	c.ends()
}

func TestPlainLinesWhereNoLiveViewIsWanted(t *testing.T) {
	for _, row := range []struct {
		name string
		env  []string
		args []string
	}{
		{"by flag", nil, []string{"--no-tui"}},
		{"without colour", []string{"NO_COLOR=1"}, nil},
		{"in CI", []string{"CI=true"}, nil},
		{"on a dumb terminal", []string{"TERM=dumb"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := inTerminal(t, row.env, append([]string{"run", "--server", "unifi-mcp", "--scenario", "burst"},
				row.args...)...)
			c.ends()
			c.shows("1 scenario: burst")
			require.NotContains(t, c.text(), "Ctrl-C")
			require.NotContains(t, c.raw(), "\x1b[?25l", "the cursor was never hidden")
		})
	}
}

// TestConformSaysHowFarItIs on one line of the terminal, however long the server's name is, and
// takes it away before the report.
func TestConformSaysHowFarItIs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID json.RawMessage }
		if json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},`+
			`"serverInfo":{"name":"a","version":"1"}}}`, m.ID)
	}))
	defer server.Close()
	c := inTerminal(t, nil, "conform", "--protocol", "2025-06-18", "--row", "R01,L06,R14,R06", "--no-store",
		server.URL+"/"+strings.Repeat("long", 18)+"/mcp")
	c.ends()
	c.shows("\rMCP 2025-06-18, R01 (1 of 4)")
	c.shows("\rMCP 2025-06-18, R14 (3 of 4)")
	c.shows("4 of 4 rows")
	drawn, report, _ := strings.Cut(c.raw(), "pass:")
	for _, line := range strings.Split(drawn, "\r\x1b[K") {
		require.NotContains(t, strings.TrimSpace(line), "\n", "what is drawn is taken back")
		require.Less(t, len(line), 100)
	}
	require.True(t, strings.HasSuffix(ansi.Strip(drawn), "\r"), "the line is gone: %q", drawn)
	require.NotContains(t, report, "(4 of 4)")

	plain := inTerminal(t, []string{"TERM=dumb"}, "conform", "--server", "acb", "--row", "L06", "--no-store")
	plain.ends()
	plain.shows("4 of 4 rows")
	require.NotContains(t, plain.raw(), "\x1b[K", "nothing is drawn where nothing can be")
}
