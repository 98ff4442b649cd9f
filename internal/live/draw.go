package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// A column is one thing that is told of every server. Where the terminal is
// too narrow for all, those of the least worth go first.
type column struct {
	title string
	worth int
	left  bool // aligned to the left
	style func(snapshot) lipgloss.Style
	cell  func(snapshot) string
}

var columns = []column{
	{title: "server", worth: 9, left: true, cell: func(s snapshot) string { return s.name }},
	{title: "doing", worth: 8, left: true, cell: func(s snapshot) string {
		if s.stages > 0 {
			return fmt.Sprintf("%s %d/%d", s.stage, s.number, s.stages)
		}
		return s.stage
	}},
	{title: "done", worth: 7, cell: func(s snapshot) string {
		if s.waits() {
			return "-"
		}
		if s.planned == 0 {
			return fmt.Sprint(s.done)
		}
		return fmt.Sprintf("%d%%", 100*s.done/s.planned)
	}},
	{title: "", worth: 1, left: true, cell: func(s snapshot) string { return bar(s.done, s.planned) }},
	{title: "admitted", worth: 6, style: func(snapshot) lipgloss.Style { return green },
		cell: func(s snapshot) string { return s.counted(s.admitted, s.rates[0]) }},
	{title: "refused", worth: 6, style: func(snapshot) lipgloss.Style { return yellow },
		cell: func(s snapshot) string { return s.counted(s.refused, s.rates[1]) }},
	{title: "failed", worth: 5, style: func(s snapshot) lipgloss.Style {
		if s.failed > 0 {
			return red
		}
		return faint
	}, cell: func(s snapshot) string { return s.counted(s.failed, s.rates[2]) }},
	{title: "p50", worth: 3, cell: func(s snapshot) string { return latency(s.p50, s.samples) }},
	{title: "p99", worth: 4, cell: func(s snapshot) string { return latency(s.p99, s.samples) }},
	{title: "tokens", worth: 2, cell: func(s snapshot) string {
		if s.taken != "" {
			return s.taken + " taken"
		}
		if !s.limited {
			return "-"
		}
		return fmt.Sprintf("~%.0f of %.0f", s.level, s.burst)
	}},
}

// draw is the whole screen: a headline, a line a server, and how to leave.
func (m model) draw() string {
	servers := m.board.snapshots(m.now)
	room := max(1, m.height-4)
	shown := servers[:min(len(servers), room)]
	lines := []string{m.headline(servers)}
	lines = append(lines, table(shown, m.width)...)
	if more := len(servers) - len(shown); more > 0 {
		lines = append(lines, faint.Render(fmt.Sprintf("and %d more", more)))
	}
	help := "Ctrl-C ends the run early and reports what was seen"
	if m.interrupted > 0 {
		help = "waiting for the calls in flight; Ctrl-C again stops at once"
	}
	lines = append(lines, faint.Render(help))
	for i, l := range lines {
		lines[i] = lipgloss.NewStyle().MaxWidth(m.width).Render(l)
	}
	return strings.Join(lines, "\n")
}

func (m model) headline(servers []snapshot) string {
	left := time.Duration(0)
	for _, s := range servers {
		left = max(left, s.left)
	}
	text := bold.Render(m.board.title)
	if left > 0 {
		text += fmt.Sprintf(" · about %s left", left.Round(time.Second))
	}
	return text
}

// table is a header and a line a server, of those columns that fit.
func table(servers []snapshot, width int) []string {
	if len(servers) == 0 {
		return nil
	}
	chosen := slices.Clone(columns)
	for {
		lines, wide := layOut(chosen, servers)
		if wide <= width || len(chosen) <= 2 {
			return lines
		}
		least := 0
		for i, c := range chosen {
			if c.worth < chosen[least].worth {
				least = i
			}
		}
		chosen = slices.Delete(chosen, least, least+1)
	}
}

// layOut aligns columns. It returns the lines and the width of the widest.
func layOut(chosen []column, servers []snapshot) (lines []string, wide int) {
	lines = make([]string, len(servers)+1)
	for i, c := range chosen {
		cells := []string{c.title}
		size := lipgloss.Width(c.title)
		for _, s := range servers {
			cell := c.cell(s)
			cells = append(cells, cell)
			size = max(size, lipgloss.Width(cell))
		}
		gap := ""
		if i > 0 {
			gap = "  "
		}
		for j, cell := range cells {
			pad := strings.Repeat(" ", size-lipgloss.Width(cell))
			switch {
			case j == 0:
				cell = faint.Render(cell)
			case c.style != nil:
				cell = c.style(servers[j-1]).Render(cell)
			}
			if c.left {
				lines[j] += gap + cell + pad
			} else {
				lines[j] += gap + pad + cell
			}
		}
		wide += lipgloss.Width(gap) + size
	}
	return lines, wide
}

// counted is how many, and how many a second where any came just now.
// waits reports if no traffic is planned yet: it is being installed, or started.
func (s snapshot) waits() bool { return s.note != "" && s.planned == 0 && s.done == 0 }

func (s snapshot) counted(n int, rate float64) string {
	switch {
	case s.waits():
		return "-"
	case rate >= 100:
		return fmt.Sprintf("%d (%.0f/s)", n, rate)
	case rate > 0:
		return fmt.Sprintf("%d (%.1f/s)", n, rate)
	}
	return fmt.Sprint(n)
}

func latency(d time.Duration, n int64) string {
	switch {
	case n == 0:
		return "-"
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/1e6)
	case d < 10*time.Second:
		return fmt.Sprintf("%.0fms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.0fs", d.Seconds())
}

const barWidth = 12

func bar(done, planned int) string {
	if planned == 0 {
		return ""
	}
	full := min(barWidth, barWidth*done/planned)
	return strings.Repeat("━", full) + faint.Render(strings.Repeat("─", barWidth-full))
}
