package compare

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// Rows are the report's changes: a row for what was measured of a server, for each law,
// scenario and row of conformance. A terminal is shown the report as Table writes it, a
// document what it comes to above the rows.
func (r *Report) Rows() export.Rows {
	return export.Rows{Document: r, Sheets: []screen.Sheet{r.sheet()}, Text: r.Table, Markdown: r.markdown,
		HTML: r.HTML}
}

func (r *Report) sheet() screen.Sheet {
	s := screen.Sheet{Header: append([]string{"server", "of", "verdict", "change", "admitted calls"}, shown...)}
	for i := range r.Servers {
		r.Servers[i].rows(&s)
	}
	return s
}

// rows adds a server's rows to a sheet.
func (s *Server) rows(sheet *screen.Sheet) {
	blank := make([]string, len(shown))
	add := func(of, verdict, change, admitted string, quantiles []string) {
		sheet.Rows = append(sheet.Rows, append([]string{s.Server, of, verdict, change, admitted}, quantiles...))
	}
	for _, c := range s.Conform {
		add(c.Level+" "+c.Row+" in "+c.Protocol, words.Dash(c.Base)+" → "+words.Dash(c.New), c.Saw, "", blank)
	}
	for _, l := range s.Laws {
		add(l.Law, "", moveText(l.Proven, l.Base+" → "+l.New), "", blank)
	}
	switch m := s.Measured; {
	case s.ofConform || len(s.Laws) > 0: // no bucket is measured
	case m.Why != "" && !m.Proven:
		add("measured", "", "~ ("+m.Why+")", "", blank)
	default:
		add("measured", "", moveText(m.Proven, fmt.Sprintf("%s → %s", m.Base, m.New)), "", blank)
	}
	for i := range s.Rows {
		row := &s.Rows[i]
		verdict, quantiles := "-", []string{}
		if row.Verdict != nil {
			verdict = row.Verdict.String()
		}
		for _, d := range row.Quantiles {
			quantiles = append(quantiles, d.String())
		}
		add(row.name(), verdict, row.distribution(), fmt.Sprintf("%d, %d", row.N[0], row.N[1]), quantiles)
	}
}

// moveText says a change, and whether it is proven.
func moveText(proven bool, change string) string {
	if proven {
		return "moved: " + change
	}
	return change + " ~"
}

// markdown writes the report for a document.
func (r *Report) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## mcpload compare: %s\n\n", screen.MarkdownText(r.Headline()))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "- %s\n", screen.MarkdownText(reason))
	}
	fmt.Fprintf(&b, "\nbase: %s; new: %s\n\n", screen.MarkdownText(JoinNames(r.Base)),
		screen.MarkdownText(JoinNames(r.New)))
	err := r.sheet().Markdown(&b)
	for i, n := range r.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", screen.MarkdownText(n))
	}
	_, written := io.WriteString(w, b.String())
	return errors.Join(err, written)
}
