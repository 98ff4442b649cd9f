package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/scenarios/load"
)

// An Offered is what a server offers (schema mcpload.tools/v1).
type Offered struct {
	Schema    string            `json:"schema"` // mcpload.tools/v1
	Server    string            `json:"server"`
	Protocol  string            `json:"protocol"`
	Transport string            `json:"transport"`
	Tools     []json.RawMessage `json:"tools"` // as the server describes them
	Resources []json.RawMessage `json:"resources"`
	Templates []json.RawMessage `json:"resourceTemplates"`
	Prompts   []json.RawMessage `json:"prompts"`
}

// Offers lists what the server has, each item without its secrets. A list that the server
// hasn't is empty; one that can't be read is too, and is an error beside the others.
// The last error is of a server of which nothing could be listed.
func (v *Visit) Offers(ctx context.Context, redact func(string) string) (o Offered, troubles []error, none error) {
	o = Offered{Schema: "mcpload.tools/v1", Server: v.ServerName(), Protocol: v.Protocol(),
		Transport: string(v.Transport())}
	empty := true
	for _, list := range []struct {
		method, field string
		into          *[]json.RawMessage
	}{
		{"tools/list", "tools", &o.Tools}, {"resources/list", "resources", &o.Resources},
		{"resources/templates/list", "resourceTemplates", &o.Templates}, {"prompts/list", "prompts", &o.Prompts},
	} {
		items, err := v.List(ctx, list.method, list.field)
		if err != nil && !errors.Is(err, ErrNotOffered) {
			troubles = append(troubles, err)
		}
		empty = empty && len(items) == 0
		*list.into = []json.RawMessage{}
		for _, raw := range items {
			*list.into = append(*list.into, json.RawMessage(redact(string(raw))))
		}
	}
	if err := ctx.Err(); err != nil {
		return o, nil, err
	}
	if len(troubles) == 0 {
		return o, nil, nil
	}
	if empty {
		return o, nil, v.of.Gone(troubles[0], v.Session)
	}
	for _, note := range NotesOfDeath(v.Process()) {
		troubles = append(troubles, errors.New(note))
	}
	return o, troubles, nil
}

// Rows are the lists for people: without secrets, also where a secret stands in an escape
// that reading it undoes, and with nothing that a terminal obeys. Items that can't be read
// are left out, and are the errors.
func (o Offered) Rows(redact func(string) string) (export.Rows, []error) {
	var unread []error
	tools := screen.Sheet{Header: []string{"tool", "arguments (* required)", "says that it", "description"}}
	for _, raw := range o.Tools {
		var t load.ToolInfo
		if err := json.Unmarshal(raw, &t); err != nil {
			unread = append(unread, fmt.Errorf("a tool of the list can't be read: %w", err))
			continue
		}
		tools.Rows = append(tools.Rows, []string{t.Name, t.Parameters(), t.Hints(), described(raw)})
	}
	rows := export.Rows{Document: o}
	add := func(s screen.Sheet) {
		if len(s.Rows) == 0 {
			return
		}
		for _, row := range s.Rows {
			for i := range row {
				// In this order: what splits a secret is still to be seen.
				row[i] = strings.Map(printable.Visible, redact(row[i]))
			}
		}
		s.Widest = 60
		rows.Sheets = append(rows.Sheets, s)
	}
	add(tools)
	for _, other := range []struct {
		head, key string
		items     []json.RawMessage
	}{{"resource", "uri", o.Resources}, {"resource template", "uriTemplate", o.Templates},
		{"prompt", "name", o.Prompts}} {
		sheet := screen.Sheet{Header: []string{other.head, "description"}}
		for _, raw := range other.items {
			sheet.Add(words.Dash(textOf(raw, other.key)), described(raw)) // what has no name shows as that
		}
		add(sheet)
	}
	rows.Before = o.headline()
	if len(rows.Sheets) > 0 {
		rows.Before += "\n"
	}
	return rows, unread
}

// headline is a line that says who the server is and how much it has.
func (o Offered) headline() string {
	return fmt.Sprintf("%s speaks %s over %s: %s, %s, %s, %s\n", words.Dash(o.Server), o.Protocol, o.Transport,
		words.Count(len(o.Tools), "tool"), words.Count(len(o.Resources), "resource"),
		words.Count(len(o.Templates), "resource template"), words.Count(len(o.Prompts), "prompt"))
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
