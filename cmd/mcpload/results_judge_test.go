package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// keptIn makes a run that is kept, and returns the folder of its store.
func keptIn(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	status := run(append(args, "--results", dir), strings.NewReader(""), &stdout, &stderr)
	require.NotEqual(t, exitUsage, status, stderr.String())
	return dir
}

// judgedAgain judges the newest run of a store again.
func judgedAgain(t *testing.T, dir string) (doc results.Document, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run([]string{"results", "judge", "last", "--results", dir, "--format", "json"}, strings.NewReader(""),
		&stdout, &stderr)
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc), stderr.String())
	return doc, status
}

// unchanged demands that the second judgement says what the first one said, of so
// many findings at least.
func unchanged(t *testing.T, dir string, findings int) {
	t.Helper()
	doc, status := judgedAgain(t, dir)
	require.Empty(t, doc.Again.Differences)
	require.Equal(t, doc.Verdict, doc.Again.Was)
	require.Equal(t, results.Status(doc.Verdict), status)
	require.GreaterOrEqual(t, doc.Again.Judged, findings)
}

// A run of every scenario, judged again, says what it said: honest and broken,
// with demands, shared, and where each client has a bucket.
func TestAKeptRunIsJudgedTheSameAgain(t *testing.T) {
	all := []string{"run", "--server", "acb", "--virtual", "--scenario", "all"}
	for _, more := range [][]string{
		{},
		{"--seed", "7", "--delay", "uniform(1ms,40ms)"},
		{"--fault", "burst+1"},
		{"--fault", "rate-5%"},
		{"--fault", "idle-reset", "--verbose"},
		{"--fault", "burst+1", "--shared"},
		{"--threshold", "p99<1ms", "--threshold", "p50<1s"},
		{"--scope", "client", "--clients", "3"},
		{"--scope", "client", "--client-header", "X-Client-Id"},
		{"--clock-tick", "0", "--clock-drift", "0"},
		{"--repeat", "2"},
		{"--rate", "2/s", "--burst", "3"},
	} {
		t.Run(strings.Join(more, " "), func(t *testing.T) {
			unchanged(t, keptIn(t, append(all, more...)...), 40)
		})
	}
	unchanged(t, keptIn(t, "run", "--all", "--virtual", "--scenario", "burst,overload"), 100)
}

// The same of what real sockets carried.
func TestAKeptRunOverSocketsIsJudgedTheSameAgain(t *testing.T) {
	url := windowServer(t, 5, time.Second)
	for _, args := range [][]string{
		{"run", "--server", "acb", "--scenario", "burst,overload"},
		{"run", "--url", url, "--rate", "5/s", "--burst", "5", "--tool", "ping", "--scenario", "burst"},
		{"run", "--url", url, "--promise", "5 per 1s fixed", "--promise", "100 per 1h per session", "--budget",
			"time=3s", "--protocol", "2025-11-25",
			"--tool", "ping", "--fresh", "--threshold", "p99<1us"},
		{"run", "--url", url, "--promise", "4 per 1s fixed", "--law-budget", "3s", "--tool", "ping", "--fresh"},
	} {
		t.Run(strings.Join(args[3:], " "), func(t *testing.T) {
			unchanged(t, keptIn(t, args...), 4)
		})
	}
}

// A load's calls are measured anew, and come to the same.
func TestAKeptLoadIsJudgedTheSameAgain(t *testing.T) {
	honest := func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) }
	url := served(t, func(w http.ResponseWriter, c fakeCall) {
		if c.n%7 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		honest(w, c)
	})
	stops := served(t, func(w http.ResponseWriter, c fakeCall) {
		if c.n > 20 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		honest(w, c)
	})
	dir := keptIn(t, "load", "--url", stops, "--tool", "echo", "--rate", "100/s", "--duration", "600ms")
	unchanged(t, dir, 3) // when the last result came is told from the run's begin on
	for _, more := range [][]string{
		{"--rate", "100/s"},
		{"--rate", "100/s", "--arrivals", "poisson", "--threshold", "p99<1us", "--threshold", "errors<50%"},
		{"--rate", "100/s", "--threshold", "p99.9<1s", "--threshold", "rate>=1000/s", "--threshold",
			"max{tool=echo}<1us"},
		{"--rate", "max", "--connections", "2", "--threshold", "errors<1%"},
		{"--rate", "burst 5 every 200ms on 20/s"},
		{"--rate", "100/s", "--check", "echo"},
		{"--rate", "100/s", "--abort-on", "errors>1%"},
	} {
		t.Run(strings.Join(more, " "), func(t *testing.T) {
			args := append([]string{"load", "--url", url, "--tool", "echo", "--args", `{"x":"{{nonce}}"}`, "--duration",
				"600ms"}, more...)
			unchanged(t, keptIn(t, args...), 3)
		})
	}
}

// A run whose calls were changed afterwards is judged by what its calls say now: a
// refusal that became an admission breaks the limit, and one that is gone is seen.
func TestATamperedRunIsJudgedOtherwise(t *testing.T) {
	dir := keptIn(t, "run", "--server", "acb", "--virtual", "--scenario", "burst")
	unchanged(t, dir, 5)
	rewrite(t, dir, func(line string, n int) string {
		return strings.Replace(line, `"outcome":"limited"`, `"outcome":"admitted"`, 1)
	})
	doc, status := judgedAgain(t, dir)
	require.Equal(t, exitFail, status)
	require.Equal(t, verdict.Pass, doc.Again.Was)
	require.Equal(t, verdict.Fail, doc.Verdict)
	var checks []string
	for _, d := range doc.Again.Differences {
		checks = append(checks, d.Check)
	}
	for _, check := range []string{"over-admission", "calls", "measured", "verdict"} {
		require.Contains(t, checks, check)
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitFail, run([]string{"results", "judge", "last", "--results", dir}, strings.NewReader(""),
		&stdout, &stderr))
	require.Contains(t, stdout.String(), "said otherwise than when the run was stored")
	require.Contains(t, stdout.String(), "verdict was pass; is fail")
}

// The same of a load: errors that weren't there change what its threshold came to.
func TestATamperedLoadIsJudgedOtherwise(t *testing.T) {
	url := served(t, func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })
	dir := keptIn(t, "load", "--url", url, "--tool", "echo", "--rate", "100/s", "--duration", "600ms")
	rewrite(t, dir, func(line string, n int) string {
		if n%3 == 0 && strings.Contains(line, `"label":"load"`) {
			return strings.Replace(line, `"outcome":"admitted"`, `"outcome":"unknown","result":"broken"`, 1)
		}
		return line
	})
	doc, status := judgedAgain(t, dir)
	require.Equal(t, exitFail, status)
	require.Equal(t, verdict.Fail, doc.Verdict)
	require.NotEmpty(t, doc.Again.Differences)
}

// rewrite changes the lines of the stored histories.
func rewrite(t *testing.T, dir string, change func(line string, n int) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "runs", "*", "histories", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		file, err := os.Open(name)
		require.NoError(t, err)
		z, err := gzip.NewReader(file)
		require.NoError(t, err)
		text, err := io.ReadAll(z)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		changed := false
		for n, line := range strings.SplitAfter(string(text), "\n") {
			is := change(line, n)
			changed = changed || is != line
			_, err = io.WriteString(w, is)
			require.NoError(t, err)
		}
		require.True(t, changed, "nothing was tampered with")
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile(name, out.Bytes(), 0o600))
	}
}

// What can't be judged again is said, and by name.
func TestWhatCannotBeJudgedAgainIsNamed(t *testing.T) {
	url := served(t, func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) })
	sampled := keptIn(t, "load", "--url", url, "--tool", "echo", "--rate", "100/s", "--duration", "300ms", "--sample",
		"3")
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitUsage, run([]string{"results", "judge", "last", "--results", sampled}, strings.NewReader(""),
		&stdout, &stderr))
	require.Contains(t, stderr.String(), "one call in 3 was kept")

	probed := keptIn(t, "probe", "--server", "acb", "--budget", "calls=20,time=2s")
	stderr.Reset()
	require.Equal(t, exitUsage, run([]string{"results", "judge", "last", "--results", probed}, strings.NewReader(""),
		&stdout, &stderr))
	require.Contains(t, stderr.String(), "a probe can't be judged again")

	repeated := keptIn(t, "run", "--server", "acb", "--virtual", "--scenario", "burst", "--repeat", "2")
	doc, _ := judgedAgain(t, repeated)
	require.Len(t, doc.Again.Kept, 1)
	require.Contains(t, doc.Again.Kept[0].Why, "of 2 runs the calls of the worst are kept")
	require.Empty(t, stdout.String())
}
