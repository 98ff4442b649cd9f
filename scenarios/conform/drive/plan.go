package drive

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// A PlanDocument is the document of mcpload.conformplan/v1: the requests that could be sent
// to a server that has one of everything.
type PlanDocument struct {
	Requests []PlannedRequest `json:"requests"`
	Schema   string           `json:"schema"`
}

// A PlannedRequest is one request.
type PlannedRequest struct {
	Line     string `json:"line"` // a command that sends it
	Protocol string `json:"protocol"`
	Row      string `json:"row"`
}

// PlanRows has a row for every request of a rehearsal, which spoke to an address in place
// of the server's.
func PlanRows(reports []conform.Report, address, server string) export.Rows {
	doc := PlanDocument{Schema: "mcpload.conformplan/v1", Requests: []PlannedRequest{}}
	sheet := screen.Sheet{Header: []string{"protocol", "row", "request"}}
	var b strings.Builder
	for _, r := range reports {
		for _, e := range r.Exchanges {
			line := e.Line
			if address != "" { // of lines that a process is written there is none
				line = strings.Replace(line, address, server, 1)
			}
			doc.Requests = append(doc.Requests, PlannedRequest{line, r.Revision, e.Row})
			sheet.Add(r.Revision, e.Row, line)
			fmt.Fprintf(&b, "%s  %-10s %s\n", r.Revision, e.Row, line)
		}
	}
	after := fmt.Sprintf("%s in %s, to a server that has one of everything; none was sent\n",
		words.Count(len(doc.Requests), "request"), words.Count(len(reports), "revision"))
	return export.Rows{Document: doc, Sheets: []screen.Sheet{sheet}, After: after,
		Text: func(w io.Writer) error { _, err := io.WriteString(w, b.String()+after); return err }}
}
