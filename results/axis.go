package results

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
)

// axis adds the times under a plot, and the tokens of the ideal bucket.
func (pl *plot) axis(s *scene) {
	n := min(max(pl.inner/12, 1), 6) + 1
	at := make([]time.Duration, n)
	times := make([]string, n)
	for i := range at {
		at[i] = pl.from + time.Duration(float64(pl.to-pl.from)*float64(i)/float64(n-1))
		times[i] = words.Span(at[i] - pl.from)
	}
	at[n-1] = pl.to // whatever the floating point made of it
	if pl.to == pl.from {
		times = []string{words.Span(0)}
		at = at[n-1:]
	}
	times[0] = "0"
	pl.row("time", pl.labels(times))
	b, ok := idealOf(s)
	if !ok {
		if texts := s.letThrough(at); texts != nil {
			pl.row("let through ≥", pl.labels(texts))
		}
		return
	}
	levels := b.levels(at)
	texts := make([]string, len(levels))
	for i, level := range levels {
		texts[i] = words.Figure(level)
	}
	name := "tokens left ≤"
	if s.accused != nil {
		name = "tokens left ≥"
	}
	pl.row(name, pl.labels(texts))
}

// labels spreads texts evenly over the window, the first flush left and the
// last flush right. One that would touch its neighbour is left out; the last
// always stands.
func (pl *plot) labels(texts []string) []spot {
	at := pl.empty(spot{glyph: " "})
	n := len(texts)
	for i := range texts {
		texts[i] = pl.clean(texts[i])
	}
	width := func(i int) int { return columns(texts[i]) }
	end := pl.inner - width(n-1)
	free := 0
	for i, text := range texts {
		start := 0
		switch {
		case n == 1:
			start = (pl.inner - width(i)) / 2
		case i == n-1:
			start = end
		case i > 0:
			start = pl.inner*i/(n-1) - width(i)/2
		}
		if start < 0 || start < free || (i < n-1 && n > 1 && start+width(i) >= end) {
			continue
		}
		for j, r := range []rune(text) {
			at[pl.margin+1+start+j].glyph = string(r)
		}
		free = start + width(i) + 1
	}
	return at
}

// legend adds what the marks mean, and what isn't in the drawing.
func (pl *plot) legend(s *scene) {
	var parts []string
	for kind := range fates {
		if pl.used[kind] {
			parts = append(parts, pl.marks[kind]+" "+fateNames[kind])
		}
	}
	if pl.digits {
		parts = append(parts, "2-9 as many calls")
	}
	if pl.tallest > 0 {
		parts = append(parts, fmt.Sprintf("%s to %s 1 to %d calls", pl.blocks[0], pl.blocks[len(pl.blocks)-1],
			pl.tallest))
	}
	if pl.beyond {
		parts = append(parts, "counts are of what is inside")
	}
	if pl.to > pl.from {
		parts = append(parts, "a column is "+words.Span((pl.to-pl.from)/time.Duration(pl.inner)))
	}
	parts = append(parts, "the window [ ] begins at "+words.Span(pl.from)+" of the run")
	pl.text(pl.indent, faint, strings.Join(parts, "; "))
	switch n := s.straddled; {
	case n == 1:
		pl.text(pl.indent, faint, "1 more admitted call only overlaps the window, and isn't counted")
	case n > 1:
		pl.text(pl.indent, faint, fmt.Sprintf("%d more admitted calls only overlap the window, and aren't counted", n))
	}
}

// letThrough says how many units were surely let through by each of these instants, where
// too many were and no bucket tells more: where each call took one.
func (s *scene) letThrough(at []time.Duration) (texts []string) {
	if s.accused != nil || s.limit.Rate > 0 || len(s.proof) != s.witness.Admitted ||
		float64(s.witness.Admitted) <= s.witness.Allowed {
		return nil
	}
	for _, t := range at {
		n := 0
		for _, d := range s.proof {
			if d.received <= t {
				n++
			}
		}
		texts = append(texts, strconv.Itoa(n))
	}
	texts[len(texts)-1] += " of " + words.Figure(s.witness.Allowed)
	return texts
}
