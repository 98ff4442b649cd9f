package startup

import (
	"cmp"
	"fmt"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A PlanDocument is the document of mcpload.startplan/v1: the starts that would be made.
type PlanDocument struct {
	Schema string         `json:"schema"`
	Starts []PlannedStart `json:"starts"`
}

// A PlannedStart is one start.
type PlannedStart struct {
	Case     string `json:"case"`
	Expect   string `json:"expect"`             // what the server should do
	Holds    string `json:"holds"`              // what the variable holds
	Variable string `json:"variable,omitempty"` // that the case is about; none: of the controls
}

// PlanRows has a row a start.
func PlanRows(plan []Start) export.Rows {
	doc := PlanDocument{Schema: "mcpload.startplan/v1", Starts: []PlannedStart{}}
	s := screen.Sheet{Header: []string{"", "case", "variable", "it should", "the variable holds"}}
	for i, one := range plan {
		s.Add(i+1, one.Case.Name, cmp.Or(one.Env, "-"), one.Expect, one.Case.Doc)
		doc.Starts = append(doc.Starts, PlannedStart{one.Case.Name, fmt.Sprint(one.Expect), one.Case.Doc, one.Env})
	}
	return export.Rows{Document: doc, Sheets: []screen.Sheet{s}}
}
