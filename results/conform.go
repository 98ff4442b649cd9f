package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// A Conform is what the conformance scenario found of one revision.
type Conform struct {
	Protocol string       `json:"protocol"`
	Strict   bool         `json:"strict,omitempty"` // what isn't a MUST counts too
	Rows     []ConformRow `json:"rows"`
	Ended    string       `json:"ended,omitempty"` // why it was given up; empty: it wasn't
}

// What came of a row. Not testable is no pass and no fail.
const (
	RowPass        = "pass"
	RowFail        = "fail"
	RowNotTestable = "not testable"
)

// RowUntried begins what was seen of a row that isn't testable as there was no time for it.
const RowUntried = "not tried: "

// A ConformRow is one demand of the protocol, and what came of it.
type ConformRow struct {
	ID        string     `json:"id"`
	Area      string     `json:"area"`
	Level     string     `json:"level"`   // "MUST", "SHOULD" or "practice"
	Section   string     `json:"section"` // of the specification, in this revision
	Says      string     `json:"says"`    // what is demanded: "the server …"
	Answer    string     `json:"answer"`
	Saw       string     `json:"saw"`                 // of a row that isn't testable, why
	Need      string     `json:"need,omitempty"`      // what would make it testable
	Known     string     `json:"known,omitempty"`     // of a fail that a baseline names: its reason
	Exchanges []Exchange `json:"exchanges,omitempty"` // that show a fail
}

// An Exchange is a request and what came back, without secrets, and cut where it is
// long.
type Exchange struct {
	Line    string `json:"line,omitempty"` // a shell line that repeats it
	Request string `json:"request"`
	Reply   string `json:"reply"`
}

// NewConform puts rows into a scenario. Its findings are those rows that were judged
// and count: the MUSTs, or with strict all of them; that nothing was judged, or not
// all for the server's sake, is inconclusive.
func NewConform(c Conform, calls Counts) Scenario {
	s := Scenario{Scenario: "conform " + c.Protocol, Conform: &c, Calls: calls, Findings: []Finding{}}
	for _, r := range c.Rows {
		if r.Answer == RowNotTestable || !c.counts(r) || r.Answer == RowFail && r.Known != "" {
			continue
		}
		f := Finding{Check: r.ID, Verdict: verdict.Pass, Want: r.demand(), Saw: r.Saw}
		if r.Answer == RowFail {
			f.Verdict = verdict.Fail
		}
		s.Findings = append(s.Findings, f)
	}
	switch {
	case c.Ended != "":
		s.Findings = append(s.Findings, Finding{Check: "complete", Want: "every row is tried", Saw: c.Ended})
	case len(s.Findings) == 0 && len(c.Rows) > 0 && !slices.ContainsFunc(c.Rows, func(r ConformRow) bool {
		return r.Answer == RowNotTestable
	}): // as of chosen rows below a MUST, or known fails
		s.Findings = append(s.Findings, Finding{Check: "judged", Verdict: verdict.Pass, Want: "every row is judged",
			Saw: "none of those that fail counts"})
	case len(s.Findings) == 0:
		s.Findings = append(s.Findings, Finding{Check: "judged", Want: "a row at least is judged",
			Saw: "nothing could be judged"})
	}
	s.Verdict = s.worst()
	return s
}

func (c *Conform) counts(r ConformRow) bool { return c.Strict || r.Level == "MUST" }

// demand is a row's sentence with its word.
func (r ConformRow) demand() string {
	return fmt.Sprintf("%s: the server %s (%s)", r.Level, r.Says, r.Section)
}

// conforms reports if a document is about conformance and nothing else.
func (d *Document) conforms() bool {
	some := false
	for _, v := range d.Servers {
		for _, sc := range v.Scenarios {
			if sc.Conform == nil {
				return false
			}
			some = true
		}
	}
	return some
}

// SeedText is the seed; empty where none plays a part, as in conformance without odd arguments.
func (d *Document) SeedText() string {
	if d.Seed == 0 && d.conforms() {
		return ""
	}
	return strconv.FormatUint(d.Seed, 10)
}

// seedWords begin a line with the seed, where there is one.
func (d *Document) seedWords() string {
	if seed := d.SeedText(); seed != "" {
		return "seed " + seed + "; "
	}
	return ""
}

// A conformRow is a row over all revisions of a server.
type conformRow struct {
	ConformRow          // as the newest revision has it that answered so
	in         []string // revisions in which it did
	counts     bool
}

// conformRows lists a server's rows with an answer, areas in their order, the
// strongest level first. Rows of several revisions that answered the same are one; a fail that is
// known in some of them is two.
func (v *Server) conformRows(answer string) []conformRow {
	var out []conformRow
	for _, sc := range v.Scenarios {
		if sc.Conform == nil {
			continue
		}
		for _, r := range sc.Conform.Rows {
			if r.Answer != answer {
				continue
			}
			k := slices.IndexFunc(out, func(o conformRow) bool {
				return o.ID == r.ID && o.Known == r.Known && (answer != RowNotTestable || o.Saw == r.Saw)
			})
			if k < 0 {
				out = append(out, conformRow{ConformRow: r, counts: sc.Conform.counts(r)})
				k = len(out) - 1
			}
			out[k].in = append(out[k].in, sc.Conform.Protocol)
		}
	}
	return out
}

// OpenRows are rows that weren't testable for one reason.
type OpenRows struct {
	Why string // and what would make them so
	IDs []string
}

// Names are the rows' ids.
func (o OpenRows) Names() string { return strings.Join(o.IDs, ", ") }

// OpenRows lists a server's rows that weren't testable, those of one reason together.
func (v *Server) OpenRows() (out []OpenRows) {
	for _, r := range v.conformRows(RowNotTestable) {
		why := r.Saw
		if r.Need != "" {
			why += "; needs " + r.Need
		}
		k := slices.IndexFunc(out, func(o OpenRows) bool { return o.Why == why })
		if k < 0 {
			k = len(out)
			out = append(out, OpenRows{Why: why})
		}
		if !slices.Contains(out[k].IDs, r.ID) {
			out[k].IDs = append(out[k].IDs, r.ID)
		}
	}
	return out
}

// conformWords is the headline of a server.
func (v *Server) conformWords() string {
	counts, others := 0, 0
	var ids, known []string
	for _, r := range v.conformRows(RowFail) {
		switch {
		case r.Known != "":
			known = append(known, r.ID)
		case r.counts:
			counts++
			ids = append(ids, r.ID)
		default:
			others++
		}
	}
	judged, all := v.conformCounts()
	tail := fmt.Sprintf("; %d of %s could be judged", judged, words.Count(all, "row"))
	if others > 0 {
		tail = fmt.Sprintf("; %s below a MUST %s", words.Count(others, "demand"), map[bool]string{true: "isn't kept",
			false: "aren't kept"}[others == 1]) + tail
	}
	revisions := strings.Join(v.conformRevisions(), ", ")
	if v.Verdict == verdict.Pass && len(known) > 0 {
		return fmt.Sprintf("%s breaks nothing but what is known (%s) of what could be judged of MCP %s%s", v.spoken(),
			words.Few(known), revisions, tail)
	}
	if len(known) > 0 {
		tail = fmt.Sprintf("; %d known (%s)", len(known), words.Few(known)) + tail
	}
	switch {
	case counts > 0:
		return fmt.Sprintf("%s breaks %s (%s)%s", v.spoken(), words.Count(counts, "demand"), words.Few(ids), tail)
	case v.Verdict == verdict.Pass:
		return fmt.Sprintf("%s keeps what could be judged of MCP %s%s", v.spoken(), revisions, tail)
	}
	for _, sc := range v.Scenarios {
		if sc.Conform != nil && sc.Conform.Ended != "" {
			tail += "; " + strings.Repeat("in "+sc.Conform.Protocol+" ", min(1, len(v.conformRevisions())-1)) +
				sc.Conform.Ended
			break
		}
	}
	return fmt.Sprintf("no breach was seen in %s, but not everything could be tried%s", v.spoken(), tail)
}

func (v *Server) conformCounts() (judged, all int) {
	for _, sc := range v.Scenarios {
		if sc.Conform == nil {
			continue
		}
		for _, r := range sc.Conform.Rows {
			all++
			if r.Answer != RowNotTestable {
				judged++
			}
		}
	}
	return judged, all
}

func (v *Server) conformRevisions() []string {
	var list []string
	for _, sc := range v.Scenarios {
		if sc.Conform != nil {
			list = append(list, sc.Conform.Protocol)
		}
	}
	return list
}
