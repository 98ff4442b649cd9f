package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fewRows is how many calls get a row each; more share one a sort.
const fewRows = 12

// glyphs are the marks of a drawing, in UTF-8 or in ASCII.
type glyphs struct {
	marks            [sorts]string
	none             string
	start, line      string
	earlier, further string
	blocks           []string // from few to many
}

var (
	fancy = glyphs{
		marks: [sorts]string{"●", "×", "!", "?"}, none: "·", start: "├", line: "─", earlier: "◂", further: "▸",
		blocks: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	}
	simple = glyphs{
		marks: [sorts]string{"A", "R", "!", "?"}, none: ".", start: "|", line: "-", earlier: "<", further: ">",
		blocks: []string{"_", "-", "=", "+", "*", "%", "#", "@"},
	}
	sortColors = [sorts]string{granted: green, refused: red, failed: yellow, unclear: yellow}
)

// A plot maps instants to columns: a margin, the window between its brackets,
// a margin. The margins' columns are as long as the window's.
type plot struct {
	*page
	glyphs
	indent, label int // columns before the plot
	margin, inner int
	from, to      time.Duration
	used          [sorts]bool // sorts whose marks need explaining
	digits        bool        // figures need explaining
	tallest       int         // calls that the biggest block stands for; 0 without blocks
}

// draw adds the drawing to a page.
func (s *scene) draw(p *page, indent int) {
	pl := &plot{page: p, glyphs: fancy, indent: indent, label: 15, from: s.witness.From, to: s.witness.To}
	if p.ascii {
		pl.glyphs = simple
	}
	room := p.width - indent - pl.label - 2
	pl.margin = room / 14
	pl.inner = room - 2*pl.margin
	inside := slices.Concat(s.proof, s.around)
	if s.accused != nil {
		inside = append(inside, *s.accused)
	}
	if len(inside) <= fewRows {
		slices.SortFunc(inside, func(a, b drawn) int { return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.pos, b.pos)) })
		for _, d := range inside {
			pl.interval(d)
		}
	} else {
		s.lanes(pl)
	}
	pl.axis(s)
	pl.legend(s)
}

// lanes draws one row a sort, and one for the call that was refused wrongly.
func (s *scene) lanes(pl *plot) {
	if s.accused != nil {
		pl.interval(*s.accused)
	}
	var lanes [sorts][]int // calls a column
	var count [sorts]int
	for i := range lanes {
		lanes[i] = make([]int, pl.width)
	}
	for _, list := range [][]drawn{s.proof, s.around} {
		for _, d := range list {
			count[d.sort]++
			at, _ := pl.place(d.at())
			lanes[d.sort][at]++
		}
	}
	for _, d := range s.context {
		if at, ok := pl.beside(d.at()); ok {
			lanes[d.sort][at]++
		}
	}
	for _, lane := range lanes {
		if most := slices.Max(lane); most > 9 {
			pl.tallest = max(pl.tallest, most)
		}
	}
	for kind := range sorts {
		if slices.Max(lanes[kind]) == 0 {
			continue
		}
		label := sortNames[kind]
		if count[kind] > 0 {
			label = fmt.Sprintf("%s %d", label, count[kind])
		}
		pl.lane(kind, label, lanes[kind])
	}
}

// column is where an instant stands; what lies outside the window stands at
// its edge.
func (pl *plot) column(at time.Duration) int {
	c := pl.inner / 2 // a window of a single instant
	if pl.to > pl.from {
		c = int(float64(at-pl.from) / float64(pl.to-pl.from) * float64(pl.inner))
	}
	return pl.margin + 1 + min(max(c, 0), pl.inner-1)
}

// beside is where an instant outside the window stands, and false where that
// is off the drawing.
func (pl *plot) beside(at time.Duration) (int, bool) {
	step := float64(pl.to-pl.from) / float64(pl.inner)
	var off float64 // columns from the bracket
	switch {
	case step <= 0:
		return 0, false
	case at < pl.from:
		off = float64(pl.from-at) / step
	default:
		off = float64(at-pl.to) / step
	}
	if off >= float64(pl.margin) {
		return 0, false
	}
	if at < pl.from {
		return pl.margin - 1 - int(off), true
	}
	return pl.margin + pl.inner + 2 + int(off), true
}

// row adds a label and the columns of a plot, each a glyph.
func (pl *plot) row(label string, at []string) {
	at[pl.margin], at[pl.margin+pl.inner+1] = "[", "]"
	label = prefix(pl.clean(label), pl.label-1)
	pad := strings.Repeat(" ", pl.label-columns(label))
	pl.raw(strings.Repeat(" ", pl.indent) + label + pad + strings.Join(at, ""))
}

// empty returns the columns of a row without calls.
func (pl *plot) empty(inside string) []string {
	at := make([]string, pl.margin*2+pl.inner+2)
	for i := range at {
		at[i] = " "
		if i > pl.margin && i <= pl.margin+pl.inner {
			at[i] = pl.paint(faint, inside)
		}
	}
	return at
}

// lane adds the row of a sort.
func (pl *plot) lane(kind sort, label string, counts []int) {
	at := pl.empty(pl.none)
	blocks := slices.Max(counts) > 9
	for i, n := range counts {
		var mark string
		switch {
		case n == 0:
			continue
		case blocks:
			mark = pl.blocks[(n*len(pl.blocks)-1)/pl.tallest]
		case n == 1:
			mark = pl.marks[kind]
			pl.used[kind] = true
		default:
			mark = fmt.Sprint(n)
			pl.digits = true
		}
		at[i] = pl.paint(sortColors[kind], mark)
	}
	pl.row(label, at)
}

// interval adds the row of one call, from its sending to its reply.
func (pl *plot) interval(d drawn) {
	at := pl.empty(pl.none)
	first, startSeen := pl.place(d.sent)
	last, endSeen := pl.place(d.received)
	for i := first; i <= last; i++ {
		at[i] = pl.line
	}
	at[first], at[last] = pl.start, pl.paint(sortColors[d.sort], pl.marks[d.sort])
	if !startSeen {
		at[first] = pl.earlier
	}
	if !endSeen {
		at[last] = pl.further
		if last > first {
			at[last-1] = pl.paint(sortColors[d.sort], pl.marks[d.sort])
		}
	}
	pl.used[d.sort] = true
	pl.row(fmt.Sprintf("call %d", d.pos), at)
}

// place is where an instant stands in the whole drawing, and false where it is
// off it. The brackets' own columns are left alone.
func (pl *plot) place(at time.Duration) (int, bool) {
	if at >= pl.from && at <= pl.to {
		return pl.column(at), true
	}
	if c, ok := pl.beside(at); ok {
		return c, true
	}
	if at < pl.from {
		return 0, false
	}
	return pl.margin*2 + pl.inner + 1, false
}
