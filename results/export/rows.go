package export

import (
	"encoding/json"
	"io"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/screen"
)

// Rows is a document that reads as rows: one sheet, or several that stand apart.
type Rows struct {
	Document any // what json writes
	Sheets   []screen.Sheet
	OneLine  bool   // json writes the document on one line, as one of several
	Before   string // text before the sheets, for people; it ends with a newline
	After    string // text after them
	// Text writes the whole for a terminal, in place of the sheets. Nil: they do.
	Text func(io.Writer) error
	// Markdown is the same for a document.
	Markdown func(io.Writer) error
	// HTML is the same as a page. Only Comparisons have one.
	HTML func(io.Writer) error
}

// Listings are the formats of a document that reads as rows.
func Listings() Set[Rows] {
	return Set[Rows]{
		{"table", "for people, on a terminal", DrawsNone, rowsTable},
		{"json", "the whole document", DrawsNone, rowsJSON},
		{"markdown", "for a document", DrawsNone, rowsMarkdown},
		{"csv", "for a spreadsheet", DrawsNone, rowsCSV},
	}
}

// Comparisons are the formats of what changed between runs.
func Comparisons() Set[Rows] {
	return append(Listings(), Format[Rows]{"html", "one page that stands alone, with distributions overlaid", DrawsNone,
		func(w io.Writer, r Rows) error { return r.HTML(w) }})
}

// Reports are the formats of a document that people read as text, which has no rows.
func Reports() Set[Rows] { return Listings().Without("csv") }

// Texts are the formats of a document that is a line or two for people.
func Texts() Set[Rows] {
	list := Listings()
	list[0].Name, list[0].Doc = "text", "for people"
	return list
}

// Line is a Text of one line, or a few.
func Line(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text+"\n"); return err }
}

func rowsJSON(w io.Writer, r Rows) error {
	if r.OneLine {
		return json.NewEncoder(w).Encode(r.Document)
	}
	return results.WriteJSON(w, r.Document)
}

func rowsTable(w io.Writer, r Rows) error {
	if r.Text != nil {
		return r.Text(w)
	}
	wide := screen.Columns(w)
	r.Before, r.After = screen.Fold(r.Before, wide), screen.Fold(r.After, wide)
	return r.write(w, screen.Sheet.Table)
}

func rowsMarkdown(w io.Writer, r Rows) error {
	if r.Markdown != nil {
		return r.Markdown(w)
	}
	if r.Before != "" {
		r.Before = screen.MarkdownText(r.Before) + "\n\n"
	}
	if r.After != "" {
		r.After = "\n" + screen.MarkdownText(r.After) + "\n"
	}
	return r.write(w, screen.Sheet.Markdown)
}

// csv writes the sheets one below the other: most documents have one.
func rowsCSV(w io.Writer, r Rows) error {
	r.Before, r.After = "", ""
	return r.write(w, screen.Sheet.CSV)
}

func (r Rows) write(w io.Writer, one func(screen.Sheet, io.Writer) error) error {
	if _, err := io.WriteString(w, r.Before); err != nil {
		return err
	}
	for i, s := range r.Sheets {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := one(s, w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, r.After)
	return err
}
