package compare

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
)

// Levels of a sparkline, and its marks of verdicts.
var (
	blocks        = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	blocksASCII   = []string{"_", ".", "-", "=", "+", "*", "#", "@"}
	verdicts      = map[string]string{"pass": "✓", "fail": "✗", "inconclusive": "?"}
	verdictsASCII = map[string]string{"pass": "P", "fail": "F", "inconclusive": "?"}
)

// Sparkline writes the trend for people: a mark a run, the change points below it,
// and what they are. ASCII keeps to plain characters.
func (t *Trend) Sparkline(w io.Writer, ascii bool) error {
	var b strings.Builder
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	fmt.Fprintf(&b, "%s %s%s: %s, %s to %s (UTC), %s\n", t.Server, t.Metric, unit(t.Unit),
		words.Count(len(t.Points), "run"),
		first.Started.UTC().Format("2006-01-02 15:04"), last.Started.UTC().Format("2006-01-02 15:04"),
		strings.TrimSpace(t.Target+" "+t.Label))
	line, scale := t.line(ascii)
	fmt.Fprintf(&b, "  %s%s\n", line, scale)
	marks, any := "", false
	for _, p := range t.Points {
		if p.Change != "" {
			marks, any = marks+"^", true
		} else {
			marks += " "
		}
	}
	if any {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight(marks, " "))
	}
	for _, p := range t.Points {
		if p.Change != "" {
			fmt.Fprintf(&b, "^ %s in run %s: %s\n", p.Started.UTC().Format("2006-01-02 15:04"), p.Run, p.Change)
		}
	}
	if !any {
		b.WriteString("no change point\n")
	}
	if t.Empty > 0 {
		fmt.Fprintf(&b, "%s without a figure, left blank\n", words.Count(t.Empty, "run"))
	}
	if t.Open > 0 {
		fmt.Fprintf(&b, "%s bounded on one side only, left blank\n", words.Count(t.Open, "run"))
	}
	if t.LeftOut > 0 {
		fmt.Fprintf(&b, "%s left out: of another target, or reached in another way\n", words.Count(t.LeftOut, "run"))
	}
	text := b.String()
	if ascii {
		text = strings.NewReplacer("→", "->", "–", "-", "µ", "u", "≥", ">=").Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " in " + u
}

// line is a mark a run, and the scale that it has.
func (t *Trend) line(ascii bool) (line, scale string) {
	if t.Metric == "verdict" {
		marks := verdicts
		if ascii {
			marks = verdictsASCII
		}
		for _, p := range t.Points {
			line += marks[p.Verdict]
		}
		return line, fmt.Sprintf("   %s pass, %s fail, %s inconclusive", marks["pass"], marks["fail"],
			marks["inconclusive"])
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range t.Points {
		if p.Value != nil {
			lo, hi = min(lo, *p.Value), max(hi, *p.Value)
		}
	}
	marks := blocks
	if ascii {
		marks = blocksASCII
	}
	for _, p := range t.Points {
		switch {
		case p.Value == nil:
			line += " "
		case hi == lo:
			line += marks[0]
		default:
			line += marks[min(int((*p.Value-lo)/(hi-lo)*float64(len(marks))), len(marks)-1)]
		}
	}
	if math.IsInf(lo, 1) {
		return line, "   no figure in any run"
	}
	return line, fmt.Sprintf("   %.4g to %.4g", lo, hi)
}
