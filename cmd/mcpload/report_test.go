package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// longLoad keeps a load of so many calls, of which every third took 3 ms and the
// others 1 ms, and returns its folder.
func longLoad(t *testing.T, calls int) string {
	began := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	doc := &results.Document{Version: "devel", Started: began.Format(time.RFC3339),
		Servers: []results.Server{{Server: "x",
			Scenarios: []results.Scenario{{Scenario: "load", Load: &results.Load{Shape: "max"}}}}}}
	doc.Finish()
	var text bytes.Buffer
	require.NoError(t, doc.JSON(&text))
	list := make([]history.Call, calls)
	for i := range list {
		at := time.Duration(i) * time.Millisecond
		took := time.Millisecond
		if i%3 == 0 {
			took *= 3
		}
		list[i] = history.Call{Arrival: history.Arrival{Due: at, Method: "tools/call", Tool: "echo", Label: "load"},
			Sent: at, Received: at + took, Outcome: history.OK}
	}
	s, err := store.Open(t.TempDir())
	require.NoError(t, err)
	_, err = s.Keep(store.Run{Kind: store.KindLoad, Started: began, Document: text.Bytes(),
		Histories: map[string][]history.Call{"x": list}})
	require.NoError(t, err)
	return s.Dir()
}

func reported(t *testing.T, dir, format string) string {
	var stdout, stderr bytes.Buffer
	status := run([]string{"report", "last", "--results", dir, "--format", format}, strings.NewReader(""), &stdout,
		&stderr)
	require.Zero(t, status, stderr.String())
	require.Empty(t, stderr.String())
	return stdout.String()
}

// A long load is drawn from a part of its calls, and says so; vegeta gets all.
func TestLongLoadsAreDrawnFromAPart(t *testing.T) {
	const calls = results.PictureCalls + 1
	dir := longLoad(t, calls)

	bench := reported(t, dir, "benchfmt")
	// one of two is read, one of three of those is shown
	require.Contains(t, bench, "# one of 6 calls of server=x/scenario=load is shown")
	require.Len(t, regexp.MustCompile(`(?m)^BenchmarkCall/`).FindAllString(bench, -1), (calls+5)/6)

	html := reported(t, dir, "html")
	require.True(t, strings.Contains(html, part) && strings.Contains(html, "of 25,001 admitted calls are drawn"))

	decode := vegeta.NewDecoder(strings.NewReader(reported(t, dir, "vegeta")))
	n, slow := 0, 0
	for {
		var r vegeta.Result
		if decode(&r) != nil {
			break
		}
		require.EqualValues(t, n, r.Seq)
		if n++; r.Latency == 3*time.Millisecond {
			slow++
		}
	}
	require.Equal(t, calls, n)
	require.Equal(t, (calls+2)/3, slow)
}

// A short one is drawn from all of them.
func TestShortLoadsAreDrawnWhole(t *testing.T) {
	dir := longLoad(t, 300)
	require.NotContains(t, reported(t, dir, "benchfmt"), "is shown")
	require.False(t, strings.Contains(reported(t, dir, "html"), part))
}

// part is what a page says that draws a part of the calls.
const part = "Only a part of the calls is drawn"

// What can't be read is said, where it is needed.
func TestReportsOfDamagedLoads(t *testing.T) {
	dir := longLoad(t, 300)
	files, err := filepath.Glob(filepath.Join(dir, "runs", "*", "histories", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.Truncate(files[0], 100))
	for format, want := range map[string]string{"vegeta": "can't be used", "html": "what needs the calls is left out",
		"table": "", "json": ""} {
		var stdout, stderr bytes.Buffer
		status := run([]string{"report", "last", "--results", dir, "--format", format}, strings.NewReader(""), &stdout,
			&stderr)
		require.Equal(t, format == "vegeta", status == exitUsage, format)
		require.Contains(t, stderr.String(), want, format)
		require.Equal(t, want == "", stderr.Len() == 0, format)
	}
}

// A file that a result broke off in isn't left: a half of it may look whole.
func TestAHalfWrittenResultIsNotLeft(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	a := &app{stdout: io.Discard, stderr: io.Discard}
	full := errors.New("no space left")
	require.ErrorIs(t, a.writeOut(file, "json", func(w io.Writer) error {
		_, err := io.WriteString(w, "{}\n")
		return errors.Join(err, full)
	}), full)
	require.NoFileExists(t, file)
}
