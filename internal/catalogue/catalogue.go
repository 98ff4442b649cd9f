// Package catalogue lists what there is to choose from: servers, profiles, scenarios,
// faults and the tables of checks. Each list is made from the very values that the
// program runs on, as rows for people (Listing.Rows) and as a document (schema
// mcpload.list/v1).
//
// The package deliberately knows nothing of flags and prints nothing.
package catalogue

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// A Listing is one thing that can be listed.
type Listing struct {
	Name, Doc string
	header    []string
	rows      func(*profiles.Catalog) []row
}

// A row is one line of a listing: cells for people, fields for JSON.
type row struct {
	cells  []string
	fields map[string]any
}

// Listings is all that can be listed.
func Listings() []Listing {
	return []Listing{
		{"servers", "the servers that have a profile, and the limits that they promise",
			[]string{"server", "limit", "scope", "pattern", "loaded with", "its own code says"}, serverRows},
		{"profiles", "tiers and patterns, for profiles of your own", []string{"kind", "name", "value"}, profileRows},
		{"scenarios", "what a run sends, and what passes",
			[]string{"scenario", "what is sent", "what passes", "checks"}, scenarioRows},
		{"faults", "the ways in which a mock can break its promise", []string{"fault", "what is wrong"}, faultRows},
		{"startup-cases", "what startup sets credentials to, and what should come of it",
			[]string{"case", "the variable holds", "the server should"}, startCaseRows},
		{"startup-checks", "what startup asks of every start", []string{"check", "what must hold"}, startCheckRows},
		{"startup-faults", "the ways in which a mock can start wrongly",
			[]string{"fault", "what is wrong", "the check that fails"}, startFaultRows},
		{"conform", "what conform holds a server to", []string{"row", "level", "the server …", "sends at most"},
			conformRows},
		{"conform-faults", "the ways in which a mock can break the protocol",
			[]string{"fault", "what is wrong", "the row that fails"}, conformFaultRows},
	}
}

// Names are the names of all listings.
func Names() []string {
	var names []string
	for _, l := range Listings() {
		names = append(names, l.Name)
	}
	return names
}

// Named is the listing of a name, if there is one.
func Named(name string) (Listing, bool) {
	for _, l := range Listings() {
		if l.Name == name {
			return l, true
		}
	}
	return Listing{}, false
}

// Elsewhere is what there is to list, or where it is listed that isn't here.
func Elsewhere(name string) string {
	if name == "providers" {
		return "mcpload keys providers lists who issues credentials"
	}
	return profiles.Meant(name, Names()) + "one of " + strings.Join(Names(), ", ")
}

// Help lists them with what they are, a line each.
func Help() string {
	var lines []string
	for _, l := range Listings() {
		lines = append(lines, fmt.Sprintf("  %-15s %s", l.Name, l.Doc))
	}
	return strings.Join(lines, "\n")
}

// Fields are a listing's rows as objects of its document.
func (l Listing) Fields(c *profiles.Catalog) []map[string]any {
	rows := l.rows(c)
	fields := make([]map[string]any, len(rows))
	for i, r := range rows {
		fields[i] = r.fields
	}
	return fields
}

// Of is a listing of a catalogue, for people and as its document.
func (l Listing) Of(c *profiles.Catalog) export.Rows {
	sheet := screen.Sheet{Header: l.header, Widest: 44}
	for _, r := range l.rows(c) {
		sheet.Rows = append(sheet.Rows, r.cells)
	}
	return export.Rows{Document: map[string]any{"schema": "mcpload.list/v1", l.Name: l.Fields(c)},
		Sheets: []screen.Sheet{sheet}}
}

// EveryScenario is what can be named: the scenarios, and an audit's attempts.
func EveryScenario() []scenarios.Scenario {
	list := scenarios.All()
	for _, name := range audit.Names() {
		s, _ := audit.Named(name)
		list = append(list, s)
	}
	return list
}

func serverRows(c *profiles.Catalog) []row {
	var rows []row
	for _, p := range c.All() {
		l := p.Limit
		limit := limitText(l)
		if l.Inherited != "" {
			limit += " (from " + l.Inherited + ")"
		} else if l.Tier != "" {
			limit += " (" + l.Tier + ")"
		}
		load := p.Call.Method
		if p.Call.Tool != "" {
			load = p.Call.Tool
		}
		fields := map[string]any{
			"name": p.Name, "doc": p.Doc, "pattern": p.Pattern, "parent": p.Parent, "source": p.Source,
			"limit": map[string]any{"rate": l.Rate, "burst": l.Burst, "scope": l.Scope, "charges": l.Charges,
				"tier": l.Tier, "inherited": l.Inherited},
			"call": map[string]any{"method": p.Call.Method, "tool": p.Call.Tool, "never": p.Call.Never},
		}
		observed := "not read"
		if o := p.Observed; o != nil {
			observed = limitText(profiles.Limit{Rate: o.Rate, Burst: o.Burst})
			fields["observed"] = map[string]any{"rate": o.Rate, "burst": o.Burst, "scope": o.Scope, "source": o.Source,
				"note": o.Note}
		}
		rows = append(rows, row{[]string{p.Name, limit, string(l.Scope), p.Pattern, load, observed}, fields})
	}
	return rows
}

func limitText(l profiles.Limit) string {
	if l.Rate == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%g/s burst %d", l.Rate, l.Burst)
}

func profileRows(c *profiles.Catalog) []row {
	var rows []row
	for _, t := range profiles.Tiers() {
		rows = append(rows, row{[]string{"tier", t.Name, limitText(profiles.Limit{Rate: t.Rate, Burst: t.Burst})},
			map[string]any{"kind": "tier", "name": t.Name, "rate": t.Rate, "burst": t.Burst}})
	}
	for _, p := range profiles.Patterns() {
		rows = append(rows, row{[]string{"pattern", p.Name, p.Doc},
			map[string]any{"kind": "pattern", "name": p.Name, "doc": p.Doc}})
	}
	for _, p := range c.All() {
		rows = append(rows, row{[]string{"profile", p.Name, p.Source},
			map[string]any{"kind": "profile", "name": p.Name, "source": p.Source}})
	}
	return rows
}

func scenarioRows(*profiles.Catalog) []row {
	var rows []row
	for _, s := range EveryScenario() {
		var ids []string
		var checks []map[string]string
		for _, c := range s.Checks {
			ids = append(ids, c.ID)
			checks = append(checks, map[string]string{"id": c.ID, "doc": c.Doc})
		}
		rows = append(rows, row{[]string{s.Name, s.Doc, s.Criterion, strings.Join(ids, ", ")},
			map[string]any{"name": s.Name, "doc": s.Doc, "criterion": s.Criterion, "checks": checks}})
	}
	return rows
}

func faultRows(*profiles.Catalog) []row {
	var rows []row
	for _, f := range mock.Faults() {
		rows = append(rows, row{[]string{f.Name, f.Doc}, map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	for _, f := range mock.AuditFaults() {
		rows = append(rows, row{[]string{f.Name, f.Doc + " (run --audit shows it)"},
			map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	for _, f := range mock.LawFaults() {
		rows = append(rows, row{[]string{f.Name, f.Doc}, map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	for _, f := range mock.AuditLawFaults() {
		rows = append(rows, row{[]string{f.Name, f.Doc + " (run --audit shows it)"},
			map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	return rows
}
