package results

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results/screen"
)

// A cell is one field of a grid: parts, each on a line of its own.
type cell struct {
	text  string                   // parts are separated by newlines
	sgr   string                   // the colour of the whole
	tint  func(part string) string // the colour of each part, where they differ
	right bool                     // a figure
	stiff bool                     // broken into lines only where nothing else helps
}

// A grid is a table that fits into a width, whatever is in it.
type grid struct {
	header []string
	rows   [][]cell
	spare  []string // columns to leave out where not all fit, the first one first
}

// draw adds the grid to a page.
func (g *grid) draw(p *page) error {
	for _, name := range g.spare {
		if _, word := g.measure(p); screen.Sum(word) > p.width-screen.Edges(len(g.header)) {
			g = g.without(func(column int) bool { return g.header[column] == name })
		}
	}
	widths := g.fit(p)
	out := &strings.Builder{}
	sheet := screen.Sheet{Header: g.lay(p, widths, g.head()), Right: g.figures(), ASCII: p.ascii, AsIs: true}
	for _, row := range g.rows {
		sheet.Rows = append(sheet.Rows, g.lay(p, widths, row))
	}
	if err := sheet.Table(out); err != nil {
		return err
	}
	p.b.WriteString(out.String())
	return nil
}

func (g *grid) head() []cell {
	cells := make([]cell, len(g.header))
	for i, name := range g.header {
		cells[i] = cell{text: name, sgr: bold}
	}
	return cells
}

// figures says which columns hold figures.
func (g *grid) figures() []bool {
	right := make([]bool, len(g.header))
	if len(g.rows) > 0 {
		for i, c := range g.rows[0] {
			right[i] = c.right
		}
	}
	return right
}

// lay wraps and paints the fields of a row.
func (g *grid) lay(p *page, widths []int, row []cell) []string {
	fields := make([]string, len(row))
	for i, c := range row {
		var lines []string
		for _, part := range strings.Split(c.text, "\n") {
			sgr := c.sgr
			if c.tint != nil {
				sgr = c.tint(part)
			}
			for _, line := range p.wrap(p.clean(part), widths[i], widths[i]) {
				lines = append(lines, p.paint(sgr, line))
			}
		}
		fields[i] = strings.Join(lines, "\n")
	}
	return fields
}

// fit chooses the columns' widths: as wide as their longest part, and where
// that is too much, the widest ones narrower, at first only as far as no word
// has to be broken.
func (g *grid) fit(p *page) []int {
	wide, word := g.measure(p)
	room := p.width - screen.Edges(len(g.header))
	screen.Narrow(wide, word, room)
	screen.Narrow(wide, make([]int, len(wide)), room)
	return wide
}

// measure returns how wide each column wants to be, and how wide it has to be
// so that no word is broken, and no field that is stiff.
func (g *grid) measure(p *page) (wide, word []int) {
	n := len(g.header)
	wide, word = make([]int, n), make([]int, n)
	for _, row := range append([][]cell{g.head()}, g.rows...) {
		for i, c := range row {
			for _, part := range strings.Split(c.text, "\n") {
				part = p.clean(part)
				wide[i] = max(wide[i], columns(part))
				if c.stiff {
					word[i] = max(word[i], columns(part))
				}
				for _, w := range strings.Fields(part) {
					word[i] = max(word[i], columns(w))
				}
			}
		}
	}
	return wide, word
}

// without returns the grid less some columns.
func (g *grid) without(drop func(column int) bool) *grid {
	out := &grid{rows: make([][]cell, len(g.rows)), spare: g.spare}
	for i, name := range g.header {
		if drop(i) {
			continue
		}
		out.header = append(out.header, name)
		for r, row := range g.rows {
			out.rows[r] = append(out.rows[r], row[i])
		}
	}
	return out
}

// all reports if every field of a column has one text.
func (g *grid) all(column int, text string) bool {
	return !slices.ContainsFunc(g.rows, func(row []cell) bool { return row[column].text != text })
}
