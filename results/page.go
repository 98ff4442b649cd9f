package results

import (
	"strings"
	"unicode"

	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/verdict"
)

// The widths that screens are drawn for, in columns.
const (
	defaultWidth = 80
	leastWidth   = 40 // narrower ones are drawn as wide as this: nothing fits in less
)

// A page collects the lines of a screen, none wider than its width.
type page struct {
	width int
	color bool
	ascii bool
	b     strings.Builder
}

func newPage(width int, color, ascii bool) *page {
	if width == 0 {
		width = defaultWidth
	}
	return &page{width: max(width, leastWidth), color: color, ascii: ascii}
}

// SGR parameters (ECMA-48) of the few colours in use.
const (
	bold   = "1"
	faint  = "2"
	red    = "31;1"
	green  = "32"
	yellow = "33"
)

func colorOf(v verdict.Verdict) string {
	switch v {
	case verdict.Pass:
		return green
	case verdict.Fail:
		return red
	}
	return yellow
}

func (p *page) paint(sgr, s string) string {
	if !p.color || sgr == "" || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

// plain spells what has no ASCII form of its own.
var plain = strings.NewReplacer(
	"–", "-", "—", "-", "−", "-", "…", "...", "·", "*", "×", "x", "±", "+/-", "≥", ">=", "≤", "<=",
	"µ", "u", "∞", "inf", "’", "'", "‘", "'", "“", `"`, "”", `"`, "→", "->",
)

// clean makes text fit for a screen. Much of it was said by the server that is
// judged, so control and format characters, with which it could draw over the
// verdict, go out; white space becomes a single space.
func (p *page) clean(s string) string {
	if p.ascii {
		s = plain.Replace(s)
	}
	space := false
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		was := space
		space = unicode.IsSpace(r)
		switch {
		case space && was:
			return -1
		case space:
			return ' '
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1
		case p.ascii && r > unicode.MaxASCII, r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, s))
}

// columns is the width of text on a screen.
func columns(s string) int { return screen.Wide(s) }

func (p *page) blank() { p.b.WriteByte('\n') }

// raw adds a line as it is.
func (p *page) raw(line string) {
	p.b.WriteString(strings.TrimRight(line, " "))
	p.b.WriteByte('\n')
}

// leastRoom is how many columns a text needs beside its label.
const leastRoom = 12

// item adds a label, painted, and text beside it that is wrapped under itself.
// The text begins `gap` columns from the left edge, and below a label that leaves it no room.
func (p *page) item(indent, gap int, sgr, label, text string) {
	label = p.clean(label)
	start := max(gap, indent+columns(label)+1)
	hang := min(gap, p.width/2)
	if text != "" && start+leastRoom > p.width {
		p.text(indent, sgr, label)
		p.text(hang, "", text)
		return
	}
	lines := p.wrap(p.clean(text), p.width-start, p.width-hang)
	head := strings.Repeat(" ", indent) + p.paint(sgr, label)
	if len(lines) == 0 {
		p.raw(head)
		return
	}
	p.raw(head + strings.Repeat(" ", start-indent-columns(label)) + lines[0])
	for _, line := range lines[1:] {
		p.raw(strings.Repeat(" ", hang) + line)
	}
}

// beside adds text behind a head that stays as it is, wrapped under itself.
func (p *page) beside(head, text string) {
	hang := strings.Repeat(" ", columns(head))
	for _, line := range p.wrap(p.clean(text), p.width-len(hang), p.width-len(hang)) {
		p.raw(head + line)
		head = hang
	}
}

// text adds a wrapped paragraph.
func (p *page) text(indent int, sgr, text string) {
	for _, line := range p.wrap(p.clean(text), p.width-indent, p.width-indent) {
		p.raw(strings.Repeat(" ", indent) + p.paint(sgr, line))
	}
}

// wrap breaks text into lines.
func (p *page) wrap(text string, first, rest int) []string { return screen.Wrap(text, first, rest) }
