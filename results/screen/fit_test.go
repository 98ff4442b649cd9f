package screen_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results/screen"
)

// A table fits into any terminal: by its widest columns narrower, then without those that it
// can spare, then a line a cell; and no word of it is lost.
func TestATableFitsItsTerminal(t *testing.T) {
	s := screen.Sheet{Header: []string{"run", "started", "verdict", "what came of it"}, Spare: []string{"started"}}
	s.Add("20261130-060833-e9fa76", "2026-11-30 06:08:33", "inconclusive", strings.Repeat("many short words ", 6))
	s.Add("20261130-060832-d63430", "2026-11-30 06:08:32", "pass", "")
	for _, row := range []struct {
		columns  int
		started  bool
		lines    string // how the first line of a row begins
		lessThan int    // lines in all
	}{
		{0, true, "│ 20261130", 7},
		{200, true, "│ 20261130", 7},
		{100, false, "│ 20261130", 10},
		{60, false, "│ 20261130", 20},
		{45, true, "run", 20},
		{40, true, "run", 20},
	} {
		out := screen.Buffer{Wide: row.columns}
		require.NoError(t, s.Table(&out))
		text := out.String()
		for line := range strings.SplitSeq(text, "\n") {
			require.True(t, row.columns == 0 || screen.Wide(line) <= row.columns, "%d: %s", row.columns, line)
		}
		require.Equal(t, row.started, strings.Contains(text, "06:08:33"), text)
		require.Contains(t, text, "\n"+row.lines, "%d", row.columns)
		require.Less(t, strings.Count(text, "\n"), row.lessThan, text)
		require.Contains(t, text, "20261130-060833-e9fa76", "a row's name is whole at %d", row.columns)
		require.Equal(t, 6, strings.Count(text, "many"), text)
	}
	require.Zero(t, screen.Columns(&bytes.Buffer{}))
}

// Lines are folded between words, and stay in their paragraph.
func TestLinesAreFolded(t *testing.T) {
	require.Equal(t, "short\n  one two\n    three\n", screen.Fold("short\n  one two three\n", 12))
	require.Equal(t, "  one two three", screen.Fold("  one two three", 0))
}
