package page

import (
	"slices"

	"github.com/mcpload/mcpload/results"
)

// A matrix is what came of each row of conformance in each revision.
type matrix struct {
	Revisions []string
	Areas     []matrixArea
	Breaches  []breach
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

// A breach is a fail and the exchanges that show it.
type breach struct {
	ID string
	results.ConformRow
	Revision string
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
			m.put(id, column, len(at), r, c.Protocol)
		}
	}
	return m
}

// put puts one row's answer into its place.
func (m *matrix) put(id string, column, columns int, r results.ConformRow, revision string) {
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
		cell.Class, cell.Breach = "fail", id+"-"+r.ID+"-"+revision
		if r.Known != "" {
			cell.Class, cell.Word = "inconclusive", "known"
		}
		m.Breaches = append(m.Breaches, breach{ID: cell.Breach, ConformRow: r, Revision: revision})
	}
	area.Rows[k].Cells[column] = cell
}
