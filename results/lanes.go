package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fewRows is how many calls get a row each; more share one a fate.
const fewRows = 12

// glyphs are the marks of a drawing, in UTF-8 or in ASCII.
type glyphs struct {
	marks            [fates]string
	none             string
	start, line      string
	earlier, further string
	blocks           []string // from few to many
}

var (
	fancy = glyphs{
		marks: [fates]string{"●", "×", "!", "?"}, none: "·", start: "├", line: "─", earlier: "◂", further: "▸",
		blocks: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	}
	simple = glyphs{
		marks: [fates]string{"A", "R", "!", "?"}, none: ".", start: "|", line: "-", earlier: "<", further: ">",
		blocks: []string{"_", "-", "=", "+", "*", "%", "#", "@"},
	}
	fateColors = [fates]string{granted: green, refused: red, failed: yellow, unclear: yellow}
)

// A plot maps instants to columns: a margin, the window between its brackets,
// a margin. The margins' columns are as long as the window's.
type plot struct {
	*page
	glyphs
	indent, label int // columns before the plot
	margin, inner int
	from, to      time.Duration
	used          [fates]bool // fates whose marks need explaining
	digits        bool        // figures need explaining
	beyond        bool        // calls beside the window are drawn
	tallest       int         // calls that the biggest block stands for; 0 without blocks
}

// draw adds the drawing to a page.
func (s *scene) draw(p *page, indent int) {
	pl := &plot{page: p, glyphs: fancy, indent: indent, label: s.labels(), from: s.from, to: s.to}
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
		slices.SortFunc(inside, func(a, b drawn) int {
			return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.pos, b.pos))
		})
		for _, d := range inside {
			pl.interval(d)
		}
	} else {
		s.lanes(pl)
	}
	pl.axis(s)
	pl.legend(s)
}

// lanes draws one row a fate, and one for the call that was refused wrongly.
func (s *scene) lanes(pl *plot) {
	if s.accused != nil {
		pl.interval(*s.accused)
	}
	var lanes [fates][]int // calls a column
	for i := range lanes {
		lanes[i] = make([]int, pl.width)
	}
	for _, list := range [][]drawn{s.proof, s.around} {
		for _, d := range list {
			at, _ := pl.place(d.at())
			lanes[d.fate][at]++
		}
	}
	for _, d := range s.context {
		if at, ok := pl.beside(d.at()); ok {
			pl.beyond = true
			lanes[d.fate][at]++
		}
	}
	for _, lane := range lanes {
		if most := slices.Max(lane); most > 9 {
			pl.tallest = max(pl.tallest, most)
		}
	}
	counts := s.counts()
	for kind := range fates {
		if slices.Max(lanes[kind]) > 0 {
			pl.lane(kind, laneLabel(kind, counts[kind]), lanes[kind])
		}
	}
}

// counts counts the calls of a fate that lanes hold, those beside the window
// apart.
func (s *scene) counts() [fates]int {
	var n [fates]int
	for _, list := range [][]drawn{s.proof, s.around} {
		for _, d := range list {
			n[d.fate]++
		}
	}
	return n
}

func laneLabel(kind fate, n int) string {
	if n == 0 {
		return fateNames[kind]
	}
	return fmt.Sprintf("%s %d", fateNames[kind], n)
}

// labels is how many columns the labels need, and a blank: a figure must never
// be cut.
func (s *scene) labels() int {
	wide := len("tokens left >=")
	for kind, n := range s.counts() {
		wide = max(wide, len(laneLabel(fate(kind), n)))
	}
	return wide + 1
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

// A spot is one column of a row.
type spot struct{ glyph, sgr string }

// row adds a label and the columns of a plot. Neighbours of one colour are
// painted together.
func (pl *plot) row(label string, at []spot) {
	at[pl.margin], at[pl.margin+pl.inner+1] = spot{glyph: "["}, spot{glyph: "]"}
	label = pl.clean(label)
	line := strings.Repeat(" ", pl.indent) + label + strings.Repeat(" ", max(1, pl.label-columns(label)))
	for len(at) > 0 {
		run, sgr := "", at[0].sgr
		for len(at) > 0 && at[0].sgr == sgr {
			run += at[0].glyph
			at = at[1:]
		}
		line += pl.paint(sgr, run)
	}
	pl.raw(line)
}

// empty returns the columns of a row without calls.
func (pl *plot) empty(inside spot) []spot {
	at := slices.Repeat([]spot{{glyph: " "}}, pl.margin*2+pl.inner+2)
	for i := range pl.inner {
		at[pl.margin+1+i] = inside
	}
	return at
}

// lane adds the row of a fate.
func (pl *plot) lane(kind fate, label string, counts []int) {
	at := pl.empty(spot{pl.none, faint})
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
		at[i] = spot{mark, fateColors[kind]}
	}
	pl.row(label, at)
}

// interval adds the row of one call, from its sending to its reply.
func (pl *plot) interval(d drawn) {
	at := pl.empty(spot{pl.none, faint})
	mark := spot{pl.marks[d.fate], fateColors[d.fate]}
	first, startSeen := pl.place(d.sent)
	last, endSeen := pl.place(d.received)
	for i := first; i <= last; i++ {
		at[i].glyph, at[i].sgr = pl.line, ""
	}
	at[first].glyph, at[last] = pl.start, mark
	if !startSeen {
		at[first].glyph = pl.earlier
	}
	if !endSeen {
		at[last] = spot{glyph: pl.further}
		if last > first {
			at[last-1] = mark
		}
	}
	pl.used[d.fate] = true
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
