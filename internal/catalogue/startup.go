package catalogue

import (
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/startup"
)

func startCaseRows(*profiles.Catalog) []row {
	var rows []row
	for _, c := range startup.Cases() {
		rows = append(rows, row{[]string{c.Name, c.Doc, c.Expect.String()},
			map[string]any{"name": c.Name, "doc": c.Doc, "expected": c.Expect.String()}})
	}
	return rows
}

func startCheckRows(*profiles.Catalog) []row {
	var rows []row
	for _, c := range startup.Checks() {
		rows = append(rows, row{[]string{c.ID, c.Doc}, map[string]any{"id": c.ID, "doc": c.Doc}})
	}
	return rows
}

func startFaultRows(*profiles.Catalog) []row {
	var rows []row
	for _, f := range mock.StartFaults() {
		doc := f.Doc
		if f.HTTP {
			doc += " (with --transport http)"
		}
		rows = append(rows, row{[]string{f.Name, doc, f.Check},
			map[string]any{"name": f.Name, "doc": f.Doc, "check": f.Check, "http": f.HTTP}})
	}
	return rows
}
