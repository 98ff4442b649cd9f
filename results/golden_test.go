package results

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

var infinity = math.Inf(1)

// golden compares with a file in testdata, or rewrites it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "see %s; go test ./results -update rewrites it", path)
}

func TestTableGolden(t *testing.T) {
	wide, wideCalls := generous()
	narrow, narrowCalls := stingy()
	histories := map[string][]history.Call{"unifi-mcp": wideCalls, "acb": narrowCalls}
	narrow.Target = Target{Kind: "url", Transport: "http", Protocol: "2026-07-28", Address: "http://127.0.0.1:8000/mcp"}
	heir := honest("fastblocks", 15, 40)
	heir.Limit.Inherited = "acb"
	mixed := nine()
	mixed[7] = wide
	mixed[3] = vague()
	mixed[4] = dead()
	stopped := vague()
	stopped.Error, stopped.Notes = "the server closed its output after 61 calls", []string{"the run was ended early: " +
		"25 calls in a row broke"}
	stopped.finish()
	for _, c := range []struct {
		name string
		doc  *Document
		o    TableOptions
	}{
		{"pass", document(honest("acb", 15, 40)), TableOptions{}},
		{"pass-verbose-120", document(honest("acb", 15, 40)), TableOptions{Width: 120, Verbose: true}},
		{"fail-admitted", document(wide), TableOptions{Histories: histories}},
		{"fail-refused", document(narrow), TableOptions{Histories: histories}},
		{"fail-refused-ascii", document(narrow), TableOptions{Histories: histories, ASCII: true}},
		{"fail-color", document(wide), TableOptions{Histories: histories, Color: true}},
		{"fail-without-history", document(wide), TableOptions{}},
		{"inconclusive", document(vague()), TableOptions{}},
		{"stopped-early", document(stopped), TableOptions{}},
		{"inherited", document(heir), TableOptions{}},
		{"could-not-run", document(dead()), TableOptions{}},
		{"nine", document(nine()...), TableOptions{}},
		{"nine-120", document(nine()...), TableOptions{Width: 120}},
		{"nine-mixed", document(mixed...), TableOptions{Histories: histories}},
		{"nine-mixed-120", document(mixed...), TableOptions{Histories: histories, Width: 120}},
		{"nobody", document(), TableOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, Table(&b, c.doc, c.o))
			golden(t, c.name+".txt", b.String())
			narrowEnough(t, b.String(), max(c.o.Width, 80))
		})
	}
}

// narrowEnough fails where a line is wider than asked.
func narrowEnough(t assert.TestingT, screen string, width int) {
	for _, line := range strings.Split(screen, "\n") {
		assert.LessOrEqual(t, columns(line), width, "%q", line)
	}
}
