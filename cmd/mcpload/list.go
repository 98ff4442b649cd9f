package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
)

// A listing is one thing that can be listed: its rows are made from the same
// values that the program runs on.
type listing struct {
	name, doc string
	header    []string
	rows      func(*profiles.Catalog) []row
}

// A row is one line of a listing: cells for the table, fields for JSON.
type row struct {
	cells  []string
	fields map[string]any
}

func listings() []listing {
	return []listing{
		{"servers", "the servers that have a profile, and the limits that they promise", []string{"server", "limit", "scope", "pattern", "loaded with", "its own code says"}, serverRows},
		{"profiles", "tiers and patterns, for profiles of your own", []string{"kind", "name", "value"}, profileRows},
		{"scenarios", "what a run sends, and what passes", []string{"scenario", "what is sent", "what passes", "checks"}, scenarioRows},
		{"faults", "the ways in which a mock can break its promise", []string{"fault", "what is wrong"}, faultRows},
		{"startup-cases", "what startup sets credentials to, and what should come of it", []string{"case", "the variable holds", "the server should"}, startCaseRows},
		{"startup-checks", "what startup asks of every start", []string{"check", "what must hold"}, startCheckRows},
		{"startup-faults", "the ways in which a mock can start wrongly", []string{"fault", "what is wrong", "the check that fails"}, startFaultRows},
		{"conform", "what conform holds a server to", []string{"row", "level", "the server …", "sends at most"}, conformRows},
		{"conform-faults", "the ways in which a mock can break the protocol", []string{"fault", "what is wrong", "the row that fails"}, conformFaultRows},
	}
}

func (a *app) listCommand() *cobra.Command {
	var format string
	var dirs, names []string
	for _, l := range listings() {
		names = append(names, l.name)
	}
	cmd := &cobra.Command{
		Use:       "list " + strings.Join(names, "|"),
		Short:     "List servers, profiles, scenarios, faults and more",
		Example:   "  mcpload list servers\n  mcpload list scenarios --format json",
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return hint.New(fmt.Errorf("list takes one word, not %d", len(args)), "one of "+strings.Join(names, ", "))
		},
		RunE: func(_ *cobra.Command, args []string) error {
			catalog, err := a.catalog(dirs)
			if err != nil {
				return err
			}
			for _, l := range listings() {
				if l.name == args[0] {
					return l.print(a.stdout, catalog, format)
				}
			}
			return hint.New(fmt.Errorf("there is no list of %q", args[0]), "one of "+strings.Join(names, ", "))
		},
	}
	registerTableOrJSON(cmd.Flags(), &format)
	cmd.Flags().StringArrayVar(&dirs, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	return cmd
}

func (l listing) print(w io.Writer, c *profiles.Catalog, format string) error {
	rows := l.rows(c)
	switch format {
	case "json":
		fields := make([]map[string]any, len(rows))
		for i, r := range rows {
			fields[i] = r.fields
		}
		return printJSON(w, map[string]any{"schema": "mcpload.list/v1", l.name: fields})
	case "table":
		table := tablewriter.NewTable(w, tablewriter.WithHeaderAutoFormat(0), tablewriter.WithRowMaxWidth(44))
		table.Header(l.header)
		for _, r := range rows {
			if err := table.Append(r.cells); err != nil {
				return err
			}
		}
		return table.Render()
	}
	return tableOrJSON(format)
}

func serverRows(c *profiles.Catalog) []row {
	var rows []row
	for _, p := range c.All() {
		l := p.Limit
		limit := limitText(l.Rate, l.Burst)
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
			"limit": map[string]any{"rate": l.Rate, "burst": l.Burst, "scope": l.Scope, "charges": l.Charges, "tier": l.Tier, "inherited": l.Inherited},
			"call":  map[string]any{"method": p.Call.Method, "tool": p.Call.Tool, "never": p.Call.Never},
		}
		observed := "not read"
		if o := p.Observed; o != nil {
			observed = limitText(o.Rate, o.Burst)
			fields["observed"] = map[string]any{"rate": o.Rate, "burst": o.Burst, "scope": o.Scope, "source": o.Source, "note": o.Note}
		}
		rows = append(rows, row{[]string{p.Name, limit, string(l.Scope), p.Pattern, load, observed}, fields})
	}
	return rows
}

func limitText(rate float64, burst int) string {
	if rate == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%g/s burst %d", rate, burst)
}

func profileRows(c *profiles.Catalog) []row {
	var rows []row
	for _, t := range profiles.Tiers() {
		rows = append(rows, row{[]string{"tier", t.Name, limitText(t.Rate, t.Burst)},
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
	for _, s := range everyScenario() {
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
		rows = append(rows, row{[]string{f.Name, f.Doc + " (run --audit shows it)"}, map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	for _, f := range mock.LawFaults() {
		rows = append(rows, row{[]string{f.Name, f.Doc}, map[string]any{"name": f.Name, "doc": f.Doc}})
	}
	return rows
}
