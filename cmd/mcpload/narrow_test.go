package main

import (
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// A report is as wide as its terminal, of forty columns too, and never narrower.
func TestReportsFitTheirTerminal(t *testing.T) {
	master, slave, err := pty.Open()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = master.Close(), slave.Close() }) // the test is over
	for columns, want := range map[uint16]int{200: 200, 41: 41, 40: 40, 20: 40} {
		require.NoError(t, pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: columns}))
		require.Equal(t, want, (&app{stdout: slave}).tableOptions("-", false, nil).Width, columns)
	}
	require.Equal(t, 100, (&app{stdout: slave}).tableOptions("file", false, nil).Width)
}
