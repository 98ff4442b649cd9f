package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
	"github.com/mcpload/mcpload/verdict"
)

// program is mcpload as a program of its own: this test binary under another
// name, by which TestMain knows what it is to be.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "mcpload")
	if os.Link(self, path) == nil {
		return path
	}
	text, err := os.ReadFile(self) // the folders lie on different disks
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o755))
	return path
}

// started runs `mcpload startup` as a process and decodes its document.
func started(t *testing.T, program string, args ...string) (int, *results.Document, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, append([]string{"startup", "--no-store", "--format", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // its status is what we look at
	if stdout.Len() == 0 {
		return cmd.ProcessState.ExitCode(), nil, stderr.String()
	}
	doc, err := results.Decode(&stdout)
	require.NoError(t, err)
	require.Len(t, doc.Servers, 1)
	return cmd.ProcessState.ExitCode(), doc, stderr.String()
}

// failedStarts are the checks that failed.
func failedStarts(doc *results.Document) []string {
	var ids []string
	for _, sc := range doc.Servers[0].Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				ids = append(ids, f.Check)
			}
		}
	}
	return ids
}

// An honest mock passes every check over every transport, and each fault fails
// the check that it is for.
func TestStartFaults(t *testing.T) {
	self := program(t)
	checks := map[string]bool{}
	for _, c := range startup.Checks() {
		checks[c.ID] = false
	}
	for transport, servers := range map[string][]string{"stdio": {"mailgun-mcp", "opera-cloud-mcp", "session-mgmt-mcp",
		"acb"}, "http": {"mailgun-mcp"}} {
		for _, server := range servers {
			t.Run("honest "+server+" "+transport, func(t *testing.T) {
				t.Parallel()
				status, doc, stderr := started(t, self, "--server", server, "--mock", "--transport", transport)
				require.NotNil(t, doc, stderr)
				require.Empty(t, failedStarts(doc))
				require.Equal(t, exitPass, status, "%+v", doc.Servers[0].Scenarios[0].Findings)
			})
		}
	}
	require.NotEmpty(t, mock.StartFaults())
	for _, f := range mock.StartFaults() {
		_, known := checks[f.Check]
		require.True(t, known, "fault %s is for the check %q, which there isn't", f.Name, f.Check)
		checks[f.Check] = true
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--server", "mailgun-mcp", "--startup-fault", f.Name, "--limit", "2s"}
			if f.HTTP {
				args = append(args, "--transport", "http", "--case", "absent") // each start takes two seconds
			}
			if f.Name == "hangs" {
				args = append(args, "--case", "absent") // so does each of these
			}
			status, doc, stderr := started(t, self, args...)
			require.NotNil(t, doc, stderr)
			require.Contains(t, failedStarts(doc), f.Check)
			require.Equal(t, exitFail, status)
		})
	}
	for id, tripped := range checks {
		require.True(t, tripped, "no fault of the mock trips %s", id)
	}
}

// key makes a value up that looks as if a provider had issued it, the same one
// each time.
func key() string {
	p, err := apikey.Lookup("openai")
	if err != nil {
		panic(err)
	}
	return p.Sample(rand.New(rand.NewPCG(1, 2)))
}

// A caller's own credential is used for the good starts where that is asked
// for, else never; and it shows nowhere.
func TestStartupAndTheCallersCredentials(t *testing.T) {
	self := program(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "server.sh")
	require.NoError(t,
		os.WriteFile(script,
			[]byte(`echo "$OPENAI_API_KEY $OTHER" >>seen.txt; echo "using $OPENAI_API_KEY" >&2; read -r line; echo '{"jsonrpc":"2.0","id":1,"result":{}}'; read -r line`), 0o600))
	t.Setenv("OPENAI_API_KEY", key())
	t.Setenv("OTHER", key())
	run := func(args ...string) (int, *results.Document, string, string) {
		args = append([]string{"--credential", "OPENAI_API_KEY=openai", "--case", "malformed", "--dir", dir}, args...)
		status, doc, stderr := started(t, self, append(args, "--", "sh", script)...)
		seen, err := os.ReadFile(filepath.Join(dir, "seen.txt"))
		if err == nil {
			require.NoError(t, os.Remove(filepath.Join(dir, "seen.txt")))
		}
		return status, doc, stderr, string(seen)
	}

	_, doc, stderr, seen := run()
	require.NotNil(t, doc, stderr)
	require.NotContains(t, seen, key())
	require.Contains(t, stderr, "OPENAI_API_KEY of your environment is not passed on")

	status, doc, stderr, seen := run("--env", "OTHER")
	require.Nil(t, doc)
	require.Equal(t, exitUsage, status)
	require.Empty(t, seen, "nothing may be started")
	require.Contains(t, stderr, "OTHER looks like a real credential")
	require.Contains(t, stderr, "--use-env")
	require.NotContains(t, stderr, key())

	status, doc, stderr, seen = run("--use-env", "--env", "OTHER")
	require.NotNil(t, doc, stderr)
	require.Equal(t, exitFail, status)
	require.Equal(t, 2, strings.Count(seen, key()+" "+key()), "the good starts")
	require.Contains(t, failedStarts(doc), "no-leak-output")
	var text bytes.Buffer
	require.NoError(t, doc.JSON(&text))
	require.NotContains(t, text.String(), key()[:20])
	require.NotContains(t, stderr, key()[:20])
}

// The first interrupt ends the start under way and reports; what is left is
// ended, and a run that was cut short is no pass.
func TestStartupIsInterrupted(t *testing.T) {
	self := program(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "server.sh")
	// It ignores everything but SIGKILL, and so does what it starts.
	require.NoError(t, os.WriteFile(script, []byte("trap '' TERM INT\n(trap '' TERM; echo $$ >>pids; while :; do "+
		"sleep 0.1; done) &\necho $! >>pids\nwhile :; do sleep 0.1; done\n"), 0o600))
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(self, "startup", "--no-store", "--credential", "TOKEN=generic", "--dir", dir, "--limit", "60s",
		"--", "sh", script)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	pids := filepath.Join(dir, "pids")
	require.Eventually(t, func() bool { text, _ := os.ReadFile(pids); return bytes.Count(text, []byte("\n")) >= 2 },
		20*time.Second, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT)) // at once, please
	_ = cmd.Wait()                                         // its status is looked at below
	require.Equal(t, exitInconclusive, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stdout.String(), " until the run was interrupted\n")
	require.Contains(t, stdout.String(), "the run was interrupted after 0 of ")
	require.Contains(t, stderr.String(), "interrupted")
	text, err := os.ReadFile(pids)
	require.NoError(t, err)
	for _, line := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(line)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return dead(pid) }, 5*time.Second, 10*time.Millisecond, "process %d", pid)
	}
}

// A port that is taken would answer for the server.
func TestStartupNeedsItsPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var stdout, stderr bytes.Buffer
	status := run([]string{"startup", "--no-store", "--credential", "TOKEN=generic", "--url", "http://" +
		l.Addr().String() + "/mcp", "--", "sh", "-c", "exit 1"}, strings.NewReader(""), &stdout, &stderr)
	require.Equal(t, exitUsage, status)
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "something listens at http://127.0.0.1:")
	require.Contains(t, stderr.String(), "hint: stop it first")
}

// Every check of the catalogue has a hint; results can't import it to see.
func TestStartChecksHaveHints(t *testing.T) {
	for _, c := range startup.Checks() {
		require.NotEmpty(t, results.Hint(c.ID, verdict.Fail), c.ID)
		require.NotEmpty(t, results.Hint(c.ID, verdict.Inconclusive), c.ID)
	}
}

// Somebody else who takes the port while a server starts must not answer for
// it: what was seen then counts for nothing.
func TestStartupAndAStrangerOnItsPort(t *testing.T) {
	address := strings.TrimSuffix(strings.TrimPrefix(refusedAddress(t), "http://"), "/mcp")
	dir := t.TempDir()
	script := filepath.Join(dir, "server.sh")
	require.NoError(t, os.WriteFile(script, []byte("touch begun; sleep 30"), 0o600))
	served := make(chan *httptest.Server, 1)
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			close(served)
			return
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w,
				`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`)
		}))
		s.Listener = l
		s.Start()
		served <- s
	}()
	var stdout, stderr bytes.Buffer
	status := run([]string{"startup", "--no-store", "--credential", "TOKEN=generic", "--dir", dir, "--url", "http://" +
		address + "/mcp", "--", "sh", script}, strings.NewReader(""), &stdout, &stderr)
	stranger := <-served
	require.NotNil(t, stranger)
	stranger.Close()
	require.Equal(t, exitUsage, status, stdout.String())
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "something listens at")
}
