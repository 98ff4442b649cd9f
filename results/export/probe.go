package export

import (
	"io"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
)

// A Probe is what there is to write of a probe, fresh or stored.
type Probe struct {
	Document *results.Probed
	Calls    []history.Call
}

// Probes are the formats of what a probe found.
func Probes() Set[Probe] {
	return Set[Probe]{
		{"table", "for people, on a terminal", DrawsNone,
			func(w io.Writer, p Probe) error { return p.Document.Table(w) }},
		{"json", "the whole document", DrawsNone, func(w io.Writer, p Probe) error { return p.Document.JSON(w) }},
		{"html", "one page that stands alone, with charts", DrawsPicture,
			func(w io.Writer, p Probe) error { return page.Probe(w, p.Document, p.Calls, nil) }},
	}
}
