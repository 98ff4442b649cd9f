package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/scenarios/load"
)

// offered is what a server offers, as --format json prints it.
type offered struct {
	Schema    string            `json:"schema"` // mcpload.tools/v1
	Server    string            `json:"server"`
	Protocol  string            `json:"protocol"`
	Transport string            `json:"transport"`
	Tools     []json.RawMessage `json:"tools"` // as the server describes them
	Resources []json.RawMessage `json:"resources"`
	Templates []json.RawMessage `json:"resourceTemplates"`
	Prompts   []json.RawMessage `json:"prompts"`
}

func (a *app) toolsCommand() *cobra.Command {
	f := &loadFlags{}
	var format string
	cmd := &cobra.Command{
		Use:   "tools URL | --server NAME | -- command args...",
		Short: "List a server's tools, resources and prompts",
		Long: `Tools connects to a server and lists what it offers: its tools with their arguments
and what they say of themselves, its resources and its prompts. It calls no tool.

--format json prints each as the server describes it, with its schemas.`,
		Example: `  mcpload tools http://127.0.0.1:8000/mcp
  mcpload tools -- python server.py
  mcpload tools http://127.0.0.1:8000/mcp --format json | jq '.tools[].inputSchema'`,
		Args: cobra.ArbitraryArgs,
		RunE: a.shown(&format, func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			return a.visiting(cmd.Context(), f, command, func(ctx context.Context, v *target.Visit) error { return a.tools(ctx, v, format) })
		}),
	}
	f.registerTarget(cmd)
	registerTableOrJSON(cmd.Flags(), &format)
	return cmd
}

// shown has what a command prints pass the gate, for people unless it is JSON.
func (a *app) shown(format *string, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := tableOrJSON(*format); err != nil {
			return err
		}
		g := &gate{a: a, to: a.stdout}
		forPeople(g, *format)
		out := a.stdout
		a.stdout = g
		err := run(cmd, args)
		a.stdout = out
		return errors.Join(err, g.end())
	}
}

// visiting opens a session for as long as a function takes.
func (a *app) visiting(ctx context.Context, f *loadFlags, command []string, look func(context.Context, *target.Visit) error) error {
	jobs, err := a.jobs(&f.targetFlags, command)
	if err != nil {
		return err
	}
	j := jobs[0]
	if err := f.connection.apply(&j.Options); err != nil {
		return err
	}
	if err := f.client.apply(&j); err != nil {
		return err
	}
	if err := a.online(); err != nil {
		return err
	}
	v, err := j.Visit(ctx)
	if err != nil {
		return explainLoad(&j.Target, err)
	}
	defer v.Close()
	return look(ctx, v)
}

// tools asks for what there is, and prints it.
func (a *app) tools(ctx context.Context, v *target.Visit, format string) error {
	doc := offered{Schema: "mcpload.tools/v1", Server: a.clean(v.ServerName()), Protocol: v.Protocol(), Transport: string(v.Transport())}
	for _, list := range []struct {
		method, field string
		into          *[]json.RawMessage
	}{
		{"tools/list", "tools", &doc.Tools}, {"resources/list", "resources", &doc.Resources},
		{"resources/templates/list", "resourceTemplates", &doc.Templates}, {"prompts/list", "prompts", &doc.Prompts},
	} {
		items, err := v.List(ctx, list.method, list.field)
		if err != nil && !errors.Is(err, target.ErrNotOffered) {
			a.say("%s", err)
		}
		*list.into = []json.RawMessage{}
		for _, raw := range items {
			*list.into = append(*list.into, json.RawMessage(a.secrets.redact(string(raw))))
		}
	}
	if format == "json" {
		return printJSON(a.stdout, doc)
	}
	return a.printTools(doc)
}

// printTools prints what there is for a person.
func (a *app) printTools(doc offered) error {
	fmt.Fprintf(a.stdout, "%s speaks %s over %s: %s, %s, %s, %s\n", orDash(doc.Server), doc.Protocol, doc.Transport, words.Count(len(doc.Tools), "tool"),
		words.Count(len(doc.Resources), "resource"), words.Count(len(doc.Templates), "resource template"), words.Count(len(doc.Prompts), "prompt"))
	var rows [][]string
	for _, raw := range doc.Tools {
		var t load.ToolInfo
		if err := json.Unmarshal(raw, &t); err != nil {
			a.say("a tool of the list can't be read: %s", err)
			continue
		}
		rows = append(rows, []string{t.Name, t.Parameters(), t.Hints(), described(raw)})
	}
	if err := a.printOffered([]string{"tool", "arguments (* required)", "says that it", "description"}, rows); err != nil {
		return err
	}
	for _, other := range []struct {
		head, key string
		items     []json.RawMessage
	}{{"resource", "uri", doc.Resources}, {"resource template", "uriTemplate", doc.Templates}, {"prompt", "name", doc.Prompts}} {
		rows = nil
		for _, raw := range other.items {
			var named map[string]any
			_ = json.Unmarshal(raw, &named) // what is no object has no name, and shows as that
			name, _ := named[other.key].(string)
			rows = append(rows, []string{orDash(name), described(raw)})
		}
		if err := a.printOffered([]string{other.head, "description"}, rows); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printOffered(head []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	table := tablewriter.NewTable(a.stdout, tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithRowMaxWidth(60))
	table.Header(head)
	for _, row := range rows {
		for i := range row {
			row[i] = strings.Map(printable.Visible, a.secrets.redact(row[i])) // in this order: what splits a secret is still to be seen
		}
		if err := table.Append(row); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.stdout)
	return table.Render()
}

// described is the first sentence of a description.
func described(raw json.RawMessage) string {
	var item struct {
		Description string `json:"description"`
	}
	_ = json.Unmarshal(raw, &item) // what is no object has none
	text := strings.Join(strings.Fields(item.Description), " ")
	if sentence, _, more := strings.Cut(text, ". "); more {
		text = sentence + "."
	}
	if r := []rune(text); len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return text
}
