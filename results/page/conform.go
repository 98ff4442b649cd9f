package page

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results"
)

// A matrix is what came of each row of conformance in each revision.
type matrix struct {
	Revisions []string
	Areas     []matrixArea
	Breaches  []breach // those that count first, then by how strongly they are demanded, known ones last
	Open      []results.OpenRows
}

// A matrixArea is the rows of one area.
type matrixArea struct {
	Area string
	Rows []matrixRow
}

// A matrixRow is one row over the revisions, in their order.
type matrixRow struct {
	ID, Level, Says string
	Cells           []matrixCell
}

// A matrixCell is what came of a row in one revision.
type matrixCell struct {
	Class  string // pass, fail, inconclusive; empty: the revision has no such row
	Word   string // the answer, or "known"
	Saw    string
	Breach string // the id of the breach on the page; empty: none
}

// A breach is a row that fails, as the newest revision has it that does, and what shows it in each.
type breach struct {
	ID string
	results.ConformRow
	Counts bool
	In     []breachIn
}

// A breachIn is what shows a breach in one revision.
type breachIn struct {
	Revision  string
	Saw       string
	Exchanges []results.Exchange
}

// rank sorts breaches.
func (b *breach) rank() int {
	switch {
	case b.Known != "":
		return 3
	case b.Counts:
		return 0
	case b.Level == "SHOULD":
		return 1
	}
	return 2
}

// Revisions are those that a breach was seen in.
func (b *breach) Revisions() string {
	var list []string
	for _, in := range b.In {
		list = append(list, in.Revision)
	}
	return strings.Join(list, ", ")
}

// Alike reports if the same was seen in all of them.
func (b *breach) Alike() bool {
	return !slices.ContainsFunc(b.In, func(in breachIn) bool { return in.Saw != b.Saw })
}

// newMatrix returns nil where the server wasn't tried for conformance.
func newMatrix(id string, s *results.Server) *matrix {
	m := &matrix{}
	var at []*results.Conform
	for i := range s.Scenarios {
		if c := s.Scenarios[i].Conform; c != nil {
			at = append(at, c)
			m.Revisions = append(m.Revisions, c.Protocol)
		}
	}
	if len(at) == 0 {
		return nil
	}
	for column, c := range at {
		for _, r := range c.Rows {
			m.put(id, column, len(at), r, c)
		}
	}
	slices.SortStableFunc(m.Breaches, func(a, b breach) int { return a.rank() - b.rank() })
	m.Open = s.OpenRows()
	return m
}

// put puts one row's answer into its place.
func (m *matrix) put(id string, column, columns int, r results.ConformRow, c *results.Conform) {
	a := slices.IndexFunc(m.Areas, func(a matrixArea) bool { return a.Area == r.Area })
	if a < 0 {
		a = len(m.Areas)
		m.Areas = append(m.Areas, matrixArea{Area: r.Area})
	}
	area := &m.Areas[a]
	k := slices.IndexFunc(area.Rows, func(o matrixRow) bool { return o.ID == r.ID })
	if k < 0 {
		k = len(area.Rows)
		area.Rows = append(area.Rows, matrixRow{ID: r.ID, Level: r.Level, Says: r.Says, Cells: make([]matrixCell,
			columns)})
	}
	cell := matrixCell{Class: "inconclusive", Word: r.Answer, Saw: cut(r.Saw)}
	switch {
	case r.Answer == results.RowPass:
		cell.Class = "pass"
	case r.Answer == results.RowFail:
		cell.Class = "fail"
		switch {
		case r.Known != "":
			cell.Class, cell.Word = "inconclusive", "known"
		case !c.Strict && r.Level != "MUST": // it decides nothing
			cell.Class = "inconclusive"
		}
		cell.Breach = m.broken(id, r, c)
	}
	area.Rows[k].Cells[column] = cell
}

// broken puts a fail among the breaches, and returns the id of its own.
func (m *matrix) broken(id string, r results.ConformRow, c *results.Conform) string {
	k := slices.IndexFunc(m.Breaches, func(b breach) bool {
		return b.ConformRow.ID == r.ID && b.Known == r.Known
	})
	if k < 0 {
		k = len(m.Breaches)
		m.Breaches = append(m.Breaches, breach{ID: id + "-" + r.ID + "-" + c.Protocol, ConformRow: r,
			Counts: c.Strict || r.Level == "MUST"})
	}
	b := &m.Breaches[k]
	b.In = append(b.In, breachIn{c.Protocol, r.Saw, r.Exchanges})
	return b.ID
}
