package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// realTime are the names in the Makefile's REALTIME, and the scripts in it.
func realTime(t *testing.T) (tests, scripts []string) {
	t.Helper()
	text, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^REALTIME\s*:=\s*(.*)$`).FindSubmatch(text)
	require.NotNil(t, line, "the Makefile has no REALTIME")
	for one := range strings.SplitSeq(strings.ReplaceAll(string(line[1]), "$$", "$"), "|^") {
		name, script, _ := strings.Cut(one, "/")
		tests = append(tests, strings.Trim(name, "^$"))
		if script != "" {
			scripts = strings.Split(strings.Trim(script, "^$()"), "|")
		}
	}
	require.NotEmpty(t, scripts)
	return tests, scripts
}

// TestRealTimeIsNamed: `make unit` leaves out what `make realtime` runs. A name that
// no test has would be run by neither or by both, once somebody renames the test;
// and a script that judges in real time belongs there.
func TestRealTimeIsNamed(t *testing.T) {
	tests, scripts := realTime(t)
	var source strings.Builder
	for _, folder := range []string{"../../cmd/mcpload", "../wire"} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			source.Write(text)
		}
	}
	for _, name := range tests {
		require.Contains(t, source.String(), "func "+name+"(", "the Makefile's REALTIME names it")
	}
	const folder = "../../cmd/mcpload/testdata/script"
	for _, name := range scripts {
		_, err := os.Stat(filepath.Join(folder, name+".txtar"))
		require.NoError(t, err, "the Makefile's REALTIME names it")
	}
	files, err := filepath.Glob(folder + "/*.txtar")
	require.NoError(t, err)
	judged := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if regexp.MustCompile(`(?m)^!?\s*judged `).Match(text) {
			judged++
			require.Contains(t, scripts, strings.TrimSuffix(filepath.Base(file), ".txtar"), "it judges in real time, "+
				"and REALTIME doesn't name it")
		}
	}
	require.Positive(t, judged, "no script judges in real time")
}
