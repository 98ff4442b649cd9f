package screen

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"golang.org/x/term"
)

// leastColumns is what a narrower terminal is drawn for: nothing fits in less.
const leastColumns = 40

// Columns is how wide the terminal is that a writer writes to, whether it is one itself or
// says so of what is behind it; 0 where there is none, so that lines may be of any length.
func Columns(w io.Writer) int {
	if behind, ok := w.(interface{ Columns() int }); ok {
		return behind.Columns()
	}
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	wide, _, err := term.GetSize(int(file.Fd()))
	if err != nil || wide <= 0 {
		return 0
	}
	return max(wide, leastColumns)
}

// A Buffer collects what is written for a terminal that is so many columns wide.
type Buffer struct {
	bytes.Buffer
	Wide int
}

// Columns is how wide that terminal is.
func (b *Buffer) Columns() int { return b.Wide }

// Wide is the width of text on a screen. It takes characters of ambiguous width as narrow
// whatever the locale, so that a stored run looks the same everywhere.
func Wide(s string) int { return twwidth.WidthWithOptions(s, twwidth.Options{}) }

// Wrap breaks text between words into lines of at most the given widths, the first line's
// and the others'. A word that is longer than a line is broken.
func Wrap(text string, first, rest int) []string {
	var lines []string
	line, room := "", max(first, 1)
	next := func() {
		lines = append(lines, line)
		line, room = "", max(rest, 1)
	}
	for _, word := range strings.Fields(text) {
		if line != "" && Wide(line)+1+Wide(word) > room {
			next()
		}
		for Wide(word) > room { // only ever at the start of a line
			head := prefix(word, room)
			line, word = head, word[len(head):]
			next()
		}
		switch {
		case line == "":
			line = word
		case word != "":
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// prefix is as much of a word as fits, and one character at least.
func prefix(word string, room int) string {
	used := 0
	for i, r := range word {
		if used += Wide(string(r)); used > room && i > 0 {
			return word[:i]
		}
	}
	return word
}

// Fold wraps the lines of a text that are wider than so many columns, and lets what goes
// on stand a little to the right of where it began. 0 columns leave all lines as they are.
func Fold(text string, columns int) string {
	if columns <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if Wide(line) <= columns {
			continue
		}
		margin := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines[i] = margin + strings.Join(Wrap(line, columns-len(margin), columns-len(margin)-2), "\n"+margin+"  ")
	}
	return strings.Join(lines, "\n")
}

// Narrow takes a column at a time from the widest of those that are over their least, until
// all fit into the room or none can give. It changes widths.
func Narrow(widths, least []int, room int) {
	for Sum(widths) > room {
		widest := -1
		for i, w := range widths {
			if w > max(least[i], 1) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// Sum is what widths take together.
func Sum(list []int) int {
	n := 0
	for _, v := range list {
		n += v
	}
	return n
}

// Edges is what borders and padding take of a line: one character before every column and
// one at the end, and a blank to either side of each field.
func Edges(columns int) int { return 3*columns + 1 }

// brokenWord is how wide a column is at least whose words are broken.
const brokenWord = 12

// fitted is the sheet for so many columns: as it is where it fits, or with its widest
// columns narrower, of which the first, which names the row, keeps its words whole. False
// where even that is too wide.
func (s Sheet) fitted(columns int) (Sheet, bool) {
	wide, word := s.measure()
	for _, name := range s.Spare {
		if at := slices.Index(s.Header, name); at >= 0 && Sum(wide) > columns-Edges(len(wide)) {
			s = s.without(at)
			wide, word = s.measure()
		}
	}
	room := columns - Edges(len(wide))
	if Sum(wide) <= room {
		return s, true
	}
	least := slices.Clone(word)
	for i := 1; i < len(least); i++ {
		least[i] = min(least[i], brokenWord)
	}
	if Sum(least) > room {
		return s, false
	}
	Narrow(wide, word, room)
	Narrow(wide, least, room)
	out := Sheet{Right: s.Right, ASCII: s.ASCII, AsIs: true, Header: lay(s.Header, wide)}
	for _, row := range s.Rows {
		out.Rows = append(out.Rows, lay(row, wide))
	}
	return out, true
}

// lay breaks the cells of a row into lines.
func lay(row []string, widths []int) []string {
	out := make([]string, len(row))
	for i, c := range row {
		var lines []string
		for part := range strings.SplitSeq(c, "\n") {
			lines = append(lines, Wrap(part, widths[i], widths[i])...)
		}
		out[i] = strings.Join(lines, "\n")
	}
	return out
}

// measure is how wide each column wants to be, and how wide it has to be so that no word
// is broken.
func (s Sheet) measure() (wide, word []int) {
	wide, word = make([]int, len(s.Header)), make([]int, len(s.Header))
	for _, row := range append([][]string{s.Header}, s.Rows...) {
		for i, c := range row {
			for part := range strings.SplitSeq(c, "\n") {
				for _, w := range strings.Fields(part) {
					word[i] = max(word[i], Wide(w))
				}
				wide[i] = max(wide[i], Wide(part))
			}
			if s.Widest > 0 {
				wide[i] = max(min(wide[i], s.Widest), word[i])
			}
		}
	}
	return wide, word
}

func (s Sheet) without(column int) Sheet {
	out := s
	out.Header, out.Rows, out.Right = slices.Delete(slices.Clone(s.Header), column, column+1), nil, nil
	for i, right := range s.Right {
		if i != column {
			out.Right = append(out.Right, right)
		}
	}
	for _, row := range s.Rows {
		out.Rows = append(out.Rows, slices.Delete(slices.Clone(row), column, column+1))
	}
	return out
}

// records writes a line a cell, with its column's name before it, where a row doesn't fit
// on a line. Cells that say nothing are left out.
func (s Sheet) records(w io.Writer, columns int) error {
	name := 0
	for _, h := range s.Header {
		name = max(name, Wide(h))
	}
	name = min(name, columns/3)
	var b strings.Builder
	for i, row := range s.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for k, c := range row {
			text := Wrap(c, columns-name-2, columns-name-2)
			head := Wrap(s.Header[k], name, name)
			for j := range max(len(head), len(text)) {
				if len(text) == 0 {
					break
				}
				line := nth(head, j)
				b.WriteString(strings.TrimRight(line+strings.Repeat(" ", name+2-Wide(line))+nth(text, j), " ") + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nth(lines []string, n int) string {
	if n < len(lines) {
		return lines[n]
	}
	return ""
}
