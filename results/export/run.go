package export

import (
	"io"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
)

// A Run is what there is to write of a run, fresh or stored.
type Run struct {
	Document  *results.Document
	Histories map[string][]history.Call
	// Each is there in place of Histories, where the calls are too many to be in memory:
	// it hands out one after the other. Nil: there are Histories.
	Each  func(fn func(server string, c *history.Call) error) error
	Table results.TableOptions
}

// vegeta writes every call.
func (r Run) vegeta(w io.Writer) error {
	if r.Each != nil {
		return results.VegetaStream(w, r.Document, r.Each)
	}
	return results.Vegeta(w, r.Document, r.Histories)
}

// Runs are the formats of a document of calls.
func Runs() Set[Run] {
	return Set[Run]{
		{"table", "for people, on a terminal", DrawsProof,
			func(w io.Writer, r Run) error { return results.Table(w, r.Document, r.Table) }},
		{"json", "the whole result document", DrawsNone, func(w io.Writer, r Run) error { return r.Document.JSON(w) }},
		{"html", "one page that stands alone, with charts", DrawsPicture,
			func(w io.Writer, r Run) error { return page.HTML(w, r.Document, r.Histories) }},
		{"markdown", "for a CI step summary", DrawsNone,
			func(w io.Writer, r Run) error { return results.Markdown(w, r.Document) }},
		{"junit", "for CI: a suite a server, a case a check", DrawsNone,
			func(w io.Writer, r Run) error { return results.JUnit(w, r.Document) }},
		{"benchfmt", "Go benchmarks, for benchstat", DrawsPicture,
			func(w io.Writer, r Run) error { return results.Benchmark(w, r.Document, r.Histories) }},
		{"vegeta", "every call, for vegeta report, plot and encode", DrawsAll,
			func(w io.Writer, r Run) error { return r.vegeta(w) }},
		{"sarif", "for code scanning: a result a breach", DrawsNone,
			func(w io.Writer, r Run) error { return results.SARIF(w, r.Document) }},
		{"prometheus", "text exposition, for a scraper or push gateway", DrawsNone,
			func(w io.Writer, r Run) error { return results.Prometheus(w, r.Document) }},
	}
}

// Starts are the formats of a document of starts, which has no calls.
func Starts() Set[Run] { return Runs().Without("benchfmt", "vegeta") }

// Kept is a stored run's calls.
type Kept interface {
	Histories() (map[string][]history.Call, error)
	Most() int // of one server
	EachCall(fn func(server string, c *history.Call) error) error
}

// Stored is a stored run with those of its calls that a format draws on. A load may have
// millions, so that they aren't read at once; a judged run has so many as its plan. Calls
// that can't be read are an error beside what there is without them.
func Stored(kept Kept, doc *results.Document, load bool, draws Draws) (r Run, err error) {
	r.Document = doc
	switch {
	case draws == DrawsNone:
	case !load:
		r.Histories, err = kept.Histories()
	case draws == DrawsPicture:
		r.Histories, err = doc.Picture(kept.Most(), kept.EachCall)
	case draws == DrawsAll:
		r.Each = kept.EachCall
	}
	return r, err
}
