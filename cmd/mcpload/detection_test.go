//go:build performance

package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// madeBlock is a part of a document that a command prints.
var madeBlock = regexp.MustCompile("(?s)<!-- (mcpload selftest [^>]*) -->\n(.*?)<!-- end -->")

// TestDetectionIsMeasured runs the commands that docs/DETECTION.md shows the
// results of. They run in virtual time, so they print the same each time.
func TestDetectionIsMeasured(t *testing.T) {
	const name = "../../docs/DETECTION.md"
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	blocks := 0
	fresh := madeBlock.ReplaceAllStringFunc(string(text), func(block string) string {
		blocks++
		command := madeBlock.FindStringSubmatch(block)[1]
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitPass, run(strings.Fields(command)[1:], strings.NewReader(""), &stdout, &stderr),
			stderr.String())
		return "<!-- " + command + " -->\n" + stdout.String() + "<!-- end -->"
	})
	require.Equal(t, 2, blocks)
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(fresh), 0o644))
		return
	}
	require.Equal(t, fresh, string(text), "%s is out of date: go test -tags performance ./cmd/mcpload -run "+
		"DetectionIsMeasured -update", name)
}
