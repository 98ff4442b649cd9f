package catalogue

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// conformRows lists the table that conform goes through.
func conformRows(*profiles.Catalog) []row {
	var rows []row
	for _, r := range conform.Rows() {
		doc := fmt.Sprintf("%s\n%s; %s", r.Says, r.Section, r.Span())
		if len(r.On) > 0 {
			doc += "; over " + strings.Join(r.On, ", ")
		}
		rows = append(rows, row{[]string{r.ID, string(r.Level), doc, string(r.Effect)}, map[string]any{
			"id": r.ID, "area": r.Area, "level": r.Level, "says": r.Says, "section": r.Section,
			"from": r.From, "to": r.To, "transports": append([]string{}, r.On...), "effect": r.Effect, "needs": r.Needs,
		}})
	}
	return rows
}

func conformFaultRows(*profiles.Catalog) []row {
	var rows []row
	for _, f := range mock.ConformFaults() {
		rows = append(rows, row{[]string{f.Name, f.Doc, f.Row},
			map[string]any{"name": f.Name, "doc": f.Doc, "row": f.Row}})
	}
	return rows
}
