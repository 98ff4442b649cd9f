package export

import (
	"io"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
)

// A Fleet is what there is to write of a fleet.
type Fleet struct {
	Report    *results.Fleet
	Histories map[string][]history.Call
	Whole     *results.TableOptions // also show the run behind the table; nil: don't
}

// Fleets are the formats of a fleet. Those for machines are of the run behind it.
func Fleets() Set[Fleet] {
	return Set[Fleet]{
		{"table", "a row a server", DrawsProof, fleetTable},
		{"json", "the whole document", DrawsNone, func(w io.Writer, f Fleet) error { return f.Report.JSON(w) }},
		{"markdown", "for a CI step summary", DrawsNone,
			func(w io.Writer, f Fleet) error { return f.Report.Markdown(w) }},
		{"csv", "a line a server", DrawsNone, func(w io.Writer, f Fleet) error { return f.Report.Sheet().CSV(w) }},
		{"html", "the runs as one page", DrawsPicture,
			func(w io.Writer, f Fleet) error { return page.HTML(w, f.Report.Run, f.Histories) }},
		{"junit", "for CI: a suite a server", DrawsNone,
			func(w io.Writer, f Fleet) error { return results.JUnit(w, f.Report.Run) }},
		{"sarif", "for code scanning", DrawsNone,
			func(w io.Writer, f Fleet) error { return results.SARIF(w, f.Report.Run) }},
		{"prometheus", "text exposition", DrawsNone,
			func(w io.Writer, f Fleet) error { return results.Prometheus(w, f.Report.Run) }},
	}
}

func fleetTable(w io.Writer, f Fleet) error {
	if err := f.Report.Table(w); err != nil || f.Whole == nil {
		return err
	}
	return results.Table(w, f.Report.Run, *f.Whole)
}
