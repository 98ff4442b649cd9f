package results

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/verdict"
)

// FleetSchema names the format of a fleet document, with the same promise as
// Schema.
const FleetSchema = "mcpload.fleet/v1"

// A Fleet is how far servers have drifted from what is asked of them: for each
// what is required, what its code was read to set and what it does.
type Fleet struct {
	Schema  string  `json:"schema"`
	Version string  `json:"version"`
	Started string  `json:"started"` // RFC 3339
	Rows    []Drift `json:"drift"`
	// Run judges the same servers against the requirement.
	Run *Document `json:"run"`
}

// A Drift is one server's row.
type Drift struct {
	Server   string    `json:"server"`
	Package  string    `json:"package,omitempty"` // at its version
	Required Limit     `json:"required"`
	Promise  string    `json:"promise,omitempty"` // laws, where what is required is no bucket
	Laws     []Law     `json:"laws,omitempty"`    // and what was found of each
	Observed *Observed `json:"observed,omitempty"`
	// certified; nil where nothing was refused, or no token bucket explains it
	Measured *Measured `json:"measured,omitempty"`
	// "yes": something was refused for its rate; "no": nothing was, though it was tried; "?": it could not be tried
	Attached string   `json:"attached"`
	Tried    string   `json:"tried,omitempty"`   // how hard, where nothing was refused
	Limiter  string   `json:"limiter,omitempty"` // what kind, in words, where it is no token bucket
	Refusal  string   `json:"refusal,omitempty"` // how it refuses
	Charged  []Charge `json:"charged,omitempty"`
	Scope    string   `json:"scope,omitempty"`
	Headers  string   `json:"headers,omitempty"` // which say what is left of its limit, and if they are true, in words
	Trouble  string   `json:"trouble,omitempty"` // why it could not be measured

	Conform *DriftConform `json:"conform,omitempty"` // if it keeps the protocol; nil: that wasn't asked
	Audit   *DriftAudit   `json:"audit,omitempty"`   // what evades the limit; nil: that wasn't tried
}

// A Charge is what one kind of request costs.
type Charge struct {
	Kind   string `json:"kind"`
	Tokens int    `json:"tokens"`
}

// JSON writes the fleet as its document.
func (f *Fleet) JSON(w io.Writer) error {
	f.Schema = FleetSchema
	return WriteJSON(w, f)
}

var driftHeads = []string{"server", "required", "its code says", "measured live", "attached?", "how it refuses",
	"what is charged", "keeps MCP?"}

// cells are a row in words.
func (d Drift) cells() []string {
	name := d.Server
	if d.Package != "" {
		name = strings.ReplaceAll(d.Package, "==", " ")
	}
	measured := "-"
	switch {
	case len(d.Laws) > 0:
		measured = strings.ReplaceAll((&Server{Laws: d.Laws}).lawWords(), "\n", "; ")
	case d.Measured != nil:
		measured = d.Measured.String()
	case d.Limiter != "":
		measured = d.Limiter
	case d.Attached == "no":
		measured = "no limit: " + d.Tried
	}
	if measured == "-" && d.Trouble != "" {
		measured = d.Trouble
	} else if d.Trouble != "" {
		measured += "; " + d.Trouble
	}
	required := bare(d.Required)
	if d.Promise != "" {
		required = d.Promise
	}
	return []string{name, required, d.Observed.words(), measured, d.Attached,
		words.Dash(d.Refusal), d.charges(), d.Conform.words()}
}

// bare is a limit without where it was taken from.
func bare(l Limit) string { return Limit{Rate: l.Rate, Burst: l.Burst}.bucket() }

func (o *Observed) words() string {
	switch {
	case o == nil:
		return "not read"
	case o.Promise != "":
		return o.Promise
	case o.Rate == 0:
		return "no limit"
	}
	return Limit{Rate: o.Rate, Burst: o.Burst}.bucket()
}

// charges is what costs something else than nothing, and what is free.
func (d Drift) charges() string {
	var parts, free []string
	for _, c := range d.Charged {
		switch c.Tokens {
		case 0:
			free = append(free, c.Kind)
		default:
			parts = append(parts, fmt.Sprintf("%s %d", c.Kind, c.Tokens))
		}
	}
	if len(free) > 0 {
		parts = append(parts, "free: "+strings.Join(free, ", "))
	}
	return words.Dash(strings.Join(parts, "; "))
}

// Sheet is the rows.
func (f *Fleet) Sheet() screen.Sheet {
	s := screen.Sheet{Header: driftHeads, Widest: 28}
	audited := slices.ContainsFunc(f.Rows, func(d Drift) bool { return d.Audit != nil })
	if audited {
		s.Header = append(slices.Clone(driftHeads), "under audit")
	}
	for _, d := range f.Rows {
		cells := d.cells()
		if audited {
			cells = append(cells, d.Audit.words())
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}

// Table writes the rows for a terminal.
func (f *Fleet) Table(w io.Writer) error {
	if err := f.Sheet().Table(w); err != nil {
		return err
	}
	text := f.headers("", func(s string) string { return s }) + f.summary() + "\n"
	_, err := io.WriteString(w, screen.Fold(text, screen.Columns(w)))
	return err
}

// headers are a line for each server that says in headers what is left of its limit.
func (f *Fleet) headers(bullet string, escape func(string) string) string {
	var b strings.Builder
	for _, d := range f.Rows {
		if d.Headers != "" {
			b.WriteString(bullet + escape(d.Server+" sends "+d.Headers) + "\n")
		}
	}
	return b.String()
}

// Markdown writes the rows as a table in GitHub's Markdown.
func (f *Fleet) Markdown(w io.Writer) error {
	var b strings.Builder
	if err := f.Sheet().Markdown(&b); err != nil {
		return err
	}
	if said := f.headers("- ", screen.MarkdownText); said != "" {
		b.WriteString("\n" + said)
	}
	fmt.Fprintf(&b, "\n%s Measured %s by mcpload %s.\n", f.summary(), screen.MarkdownText(f.Started),
		screen.MarkdownText(f.Version))
	_, err := io.WriteString(w, b.String())
	return err
}

// summary counts what became of the requirement. What the run judged counts, also where the
// server couldn't be probed after it.
func (f *Fleet) summary() string {
	kept, broken, open, down, untold := 0, 0, 0, 0, 0
	for i, d := range f.Rows {
		said, called := verdict.Inconclusive, false
		if f.Run != nil && i < len(f.Run.Servers) {
			said, called = f.Run.Servers[i].Verdict, f.Run.Servers[i].called()
		}
		switch {
		case d.Trouble != "" && (said == verdict.Inconclusive || !called):
			down++
		case d.Attached == "no":
			open++
		case said == verdict.Pass:
			kept++
		case said == verdict.Fail:
			broken++
		default:
			untold++
		}
	}
	text := fmt.Sprintf("Of %s, %d kept the requirement, %d broke it, %d had no limit, %d could not be measured",
		words.Count(len(f.Rows), "server"), kept, broken, open, down)
	if untold > 0 {
		text += fmt.Sprintf(", %d could not be told", untold)
	}
	return text + "."
}

// called reports if a server was sent calls that it was judged by.
func (v *Server) called() bool {
	return slices.ContainsFunc(v.Scenarios, func(s Scenario) bool { return s.Calls.Sent > 0 })
}
