package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
)

// A RowChange is a row of conformance that is answered otherwise than before, or that
// one side only has.
type RowChange struct {
	Row      string `json:"row"`
	Protocol string `json:"protocol"` // the revision
	Level    string `json:"level"`    // "MUST", "SHOULD" or "practice"
	Base     string `json:"base"`     // "pass", "fail" or "not testable"; empty: it had no such row
	New      string `json:"new"`      // as base
	Saw      string `json:"saw"`      // on the new side
	known    bool
	counts   bool
}

// fixed and broke are the changes that matter most.
func (c *RowChange) fixed() bool { return c.Base == results.RowFail && c.New == results.RowPass }
func (c *RowChange) broke() bool { return c.Base == results.RowPass && c.New == results.RowFail }

// unseen reports if a row fails that wasn't judged before.
func (c *RowChange) unseen() bool {
	return c.Base != results.RowPass && c.Base != results.RowFail && c.New == results.RowFail
}

// lost reports if a row was judged, and isn't any more.
func (c *RowChange) lost() bool {
	return (c.Base == results.RowPass || c.Base == results.RowFail) && c.New == results.RowNotTestable
}

// conformed finds what changed in the last runs of both sides, revision by revision.
func (s *Server) conformed(b, n []part, o Options) {
	was, is := b[len(b)-1].server, n[len(n)-1].server
	for _, sc := range is.Scenarios {
		k := slices.IndexFunc(was.Scenarios, func(w results.Scenario) bool { return w.Scenario == sc.Scenario })
		if sc.Conform == nil || k < 0 || was.Scenarios[k].Conform == nil || !wanted(o.Scenarios, sc.Scenario) {
			continue
		}
		s.ofConform = true
		before := was.Scenarios[k].Conform
		for _, row := range sc.Conform.Rows {
			c := RowChange{Row: row.ID, Protocol: sc.Conform.Protocol, Level: row.Level, New: row.Answer, Saw: row.Saw,
				known: row.Known != "", counts: sc.Conform.Strict || row.Level == "MUST"}
			if j := slices.IndexFunc(before.Rows, func(r results.ConformRow) bool { return r.ID == row.ID }); j >= 0 {
				c.Base = before.Rows[j].Answer
			}
			if c.Base != c.New {
				s.Conform = append(s.Conform, c)
			}
		}
		for _, row := range before.Rows {
			if !slices.ContainsFunc(sc.Conform.Rows, func(r results.ConformRow) bool { return r.ID == row.ID }) {
				s.Conform = append(s.Conform, RowChange{Row: row.ID, Protocol: sc.Conform.Protocol, Level: row.Level,
					Base: row.Answer})
			}
		}
	}
}

// rowVerdicts are the regressions among rows: one that was kept and is broken. What
// was kept and can't be judged any more is undecided.
func (r *Report) rowVerdicts(s *Server) {
	for _, c := range s.Conform {
		switch {
		case c.broke() && c.counts && !c.known:
			r.regressed("%s breaks %s %s in %s: %s", s.Server, c.Level, c.Row, c.Protocol, c.Saw)
		case c.Base == results.RowPass && c.New == results.RowNotTestable && c.Level == "MUST":
			r.unsure("%s can't be judged any more by %s in %s, which it kept", s.Server, c.Row, c.Protocol)
		}
	}
}

// rowTable writes what got fixed and what broke.
func (s *Server) rowTable(b *strings.Builder) {
	line := func(word string, is func(c *RowChange) bool) {
		for _, c := range s.Conform {
			if !is(&c) {
				continue
			}
			fmt.Fprintf(b, "  %s %s %s in %s", word, c.Level, c.Row, c.Protocol)
			if c.Saw != "" && c.New != results.RowPass {
				fmt.Fprintf(b, ": %s", c.Saw)
			}
			b.WriteString("\n")
		}
	}
	line("broke:", (*RowChange).broke)
	line("fails, and was not judged before:", (*RowChange).unseen)
	line("fixed:", (*RowChange).fixed)
	n := 0
	var reasons []string
	lost := map[string][]string{}
	for _, c := range s.Conform {
		switch {
		case c.lost():
			why := fmt.Sprintf("%s: %s", c.Protocol, c.Saw)
			if lost[why] == nil {
				reasons = append(reasons, why)
			}
			lost[why] = append(lost[why], fmt.Sprintf("%s (%s)", c.Row, c.Base))
		case !c.broke() && !c.unseen() && !c.fixed():
			n++
		}
	}
	for _, why := range reasons {
		fmt.Fprintf(b, "  no longer judged: %s in %s\n", words.Few(lost[why]), why)
	}
	switch {
	case len(s.Conform) == 0:
		b.WriteString("  no row is answered otherwise\n")
	case n > 0:
		fmt.Fprintf(b, "  %s kept for the first time, or new, or gone\n", words.Were(n, "other row"))
	}
}
