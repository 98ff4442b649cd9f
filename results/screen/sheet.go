// Package screen lays out rows and columns: as a table with lines for a terminal, as
// Markdown for a document, as comma-separated values for a spreadsheet. It is the one
// place that draws tables. What stands in the fields, and in which colour, is the
// caller's; it knows no document.
package screen

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// A Sheet is a table: a header, and rows with as many cells. The zero value is empty.
type Sheet struct {
	Header []string
	Rows   [][]string
	Widest int      // cells are broken into lines of so many columns at most; 0: of any length
	Right  []bool   // columns of figures, which stand at the right; nil: none
	ASCII  bool     // lines are drawn of ASCII alone
	AsIs   bool     // cells are laid out already, and may hold colours
	Spare  []string // columns to leave out of a terminal that is too narrow for all, the first one first
}

// Add adds a row: texts as they are, all else as fmt.Sprint has it.
func (s *Sheet) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	s.Rows = append(s.Rows, row)
}

// Table writes the sheet with lines around its cells, no wider than the terminal that it
// is written to.
func (s Sheet) Table(w io.Writer) error { return s.TableIn(w, Columns(w)) }

// TableIn is Table for so many columns; 0 is any number.
func (s Sheet) TableIn(w io.Writer, columns int) error {
	if columns > 0 && !s.AsIs {
		fitted, ok := s.fitted(columns)
		if !ok {
			return s.records(w, columns)
		}
		s = fitted
	}
	symbols := tw.NewSymbols(tw.StyleLight)
	if s.ASCII {
		symbols = tw.NewSymbols(tw.StyleASCII)
	}
	options := []tablewriter.Option{tablewriter.WithEastAsian(tw.Off), tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRendition(tw.Rendition{Symbols: symbols})}
	if s.Widest > 0 {
		options = append(options, tablewriter.WithRowMaxWidth(s.Widest))
	}
	if s.AsIs {
		laid := tw.CellConfig{Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
			Alignment: tw.CellAlignment{PerColumn: s.alignment()}}
		options = append(options, tablewriter.WithConfig(tablewriter.Config{Header: laid, Row: laid}))
	}
	t := tablewriter.NewTable(w, options...)
	t.Header(s.Header)
	for _, row := range s.Rows {
		if err := t.Append(row); err != nil {
			return fmt.Errorf("cannot lay out a table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("cannot draw a table: %w", err)
	}
	return nil
}

func (s Sheet) alignment() tw.Alignment {
	align := tw.MakeAlign(len(s.Header), tw.AlignLeft)
	for i, right := range s.Right {
		if right {
			align[i] = tw.AlignRight
		}
	}
	return align
}

// Markdown writes the sheet as a table in GitHub's Markdown.
func (s Sheet) Markdown(w io.Writer) error {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + MarkdownText(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(s.Header)
	b.WriteString(strings.Repeat("| --- ", len(s.Header)) + "|\n")
	for _, row := range s.Rows {
		line(row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CSV writes the sheet as comma-separated values (RFC 4180, but with bare newlines), the
// header first.
func (s Sheet) CSV(w io.Writer) error {
	return csv.NewWriter(w).WriteAll(append([][]string{s.Header}, s.Rows...))
}
