package live

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden file in testdata")

// nine is a board of nine servers in different states.
func nine() *Board {
	b := busy()
	for i := range 8 {
		b.Note(fmt.Sprintf("server-%d", i), []string{"connecting", "resting", "pass", "could not run"}[i%4])
	}
	return b
}

func at(b *Board, width, height int) model {
	return model{board: b, now: dawn.Add(2 * time.Second), width: width, height: height}
}

func TestScreenGolden(t *testing.T) {
	var all strings.Builder
	for _, size := range [][2]int{{130, 24}, {80, 24}, {40, 24}, {20, 8}} {
		fmt.Fprintf(&all, "-- %d x %d --\n%s\n", size[0], size[1], ansi.Strip(at(nine(), size[0], size[1]).draw()))
	}
	const path = "testdata/screen.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(all.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), all.String(), "go test ./internal/live -update rewrites it")
}

func TestNoScreenIsLargerThanItsTerminal(t *testing.T) {
	for width := 1; width < 150; width += 3 {
		for height := 5; height < 20; height++ {
			lines := strings.Split(at(nine(), width, height).draw(), "\n")
			require.LessOrEqual(t, len(lines), height, "%d x %d", width, height)
			for _, l := range lines {
				require.LessOrEqual(t, lipgloss.Width(l), width, "%d x %d: %q", width, height, l)
			}
		}
	}
}

func TestUpdate(t *testing.T) {
	interrupts := 0
	var m tea.Model = model{board: busy(), width: 80, height: 24, interrupt: func() { interrupts++ }}
	require.Empty(t, m.View().Content, "nothing is drawn before the first tick")
	m, next := m.Update(tick(dawn.Add(time.Second)))
	require.NotNil(t, next, "each tick asks for the next one")
	require.Contains(t, m.View().Content, "Ctrl-C ends the run early")
	m, _ = m.Update(tea.WindowSizeMsg{Width: 30, Height: 10})
	require.Equal(t, 30, m.(model).width)
	m, _ = m.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
	require.Zero(t, interrupts)
	m, _ = m.Update(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
	require.Equal(t, 1, interrupts)
	require.Contains(t, ansi.Strip(m.View().Content), "waiting for the calls")
}

func TestRunEndsWithItsContext(t *testing.T) {
	var out bytes.Buffer
	s := NewScreen(busy(), nil, &out, func() {})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	require.NoError(t, s.Run(ctx))
}
