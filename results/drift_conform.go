package results

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// A DriftConform is if a server of a fleet keeps the protocol. It decides nothing.
type DriftConform struct {
	Verdict   verdict.Verdict `json:"verdict"`
	Revisions []string        `json:"revisions"` // that were tried
	Broken    []string        `json:"broken"`    // the rows of MUSTs that it doesn't keep
	Judged    int             `json:"judged"`    // rows that could be judged, over all revisions
	Rows      int             `json:"rows"`      // that were tried
	Trouble   string          `json:"trouble,omitempty"`
}

// ConformOf is what a run of conform came to, of its one server.
func ConformOf(d *Document) DriftConform {
	c := DriftConform{Verdict: d.Verdict, Revisions: []string{}, Broken: []string{}}
	for i := range d.Servers {
		v := &d.Servers[i]
		judged, rows := v.conformCounts()
		c.Judged, c.Rows = c.Judged+judged, c.Rows+rows
		c.Revisions = append(c.Revisions, v.conformRevisions()...)
		for _, r := range v.conformRows(RowFail) {
			if r.Level == "MUST" && r.Known == "" && !slices.Contains(c.Broken, r.ID) {
				c.Broken = append(c.Broken, r.ID)
			}
		}
	}
	return c
}

// words are the cell. What couldn't be judged is no yes.
func (c *DriftConform) words() string {
	switch {
	case c == nil:
		return "-"
	case c.Trouble != "":
		return "? " + c.Trouble
	case len(c.Broken) > 0:
		return fmt.Sprintf("no: %d MUST (%s)", len(c.Broken), words.Few(c.Broken))
	case c.Verdict == verdict.Pass && c.Judged > 0:
		return fmt.Sprintf("yes: %d of %s judged", c.Judged, words.Count(c.Rows, "row"))
	}
	return fmt.Sprintf("? %d of %s judged", c.Judged, words.Count(c.Rows, "row"))
}
