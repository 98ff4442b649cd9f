package drive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A PlanDocument is the document of mcpload.loadplan/v1: what a load would send first.
type PlanDocument struct {
	Calls    []PlannedCall `json:"calls"`    // the first ones
	Expected int           `json:"expected"` // how many there will be, about; 0: the replies say
	LengthNS int64         `json:"length_ns"`
	Schema   string        `json:"schema"`
	Server   string        `json:"server"`
	Sessions int           `json:"sessions"`
	Shape    string        `json:"shape"`
}

// A PlannedCall is one call of a plan.
type PlannedCall struct {
	DueNS     int64           `json:"due_ns"`
	Client    string          `json:"client"`
	Method    string          `json:"method"`
	Tool      string          `json:"tool,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// planRows is how many requests a dry run shows.
const planRows = 20

// PlanRows is what the job would send first: a row a call.
func (j *Job) PlanRows() export.Rows {
	doc := PlanDocument{Schema: "mcpload.loadplan/v1", Server: j.Profile.Name, Shape: j.Shape.Text,
		LengthNS: int64(j.Length), Expected: j.Expected(), Sessions: len(j.Names()), Calls: []PlannedCall{}}
	head := fmt.Sprintf("%s: %s, about %d requests in %s by %s; the first ones:\n", j.Profile.Name, j.Shape.Text,
		doc.Expected, j.Length.Round(10*time.Millisecond), words.Count(doc.Sessions, "session"))
	if j.Shape.Max {
		head = fmt.Sprintf("%s: as fast as %d connections get replies, for %s; the first requests:\n",
			j.Profile.Name, j.Connections, j.Length)
	}
	if j.Unnamed {
		head = "nobody named a call: a tool that says that it is harmless will take the place of tools/list\n" + head
	}
	var b strings.Builder
	b.WriteString(head)
	sheet := screen.Sheet{Header: []string{"due", "client", "call", "arguments"}}
	for call := range j.Plan.Share(j.firstDues, j.Split(j.Names()), j.Seed) {
		if len(doc.Calls) == planRows {
			break
		}
		due, what := call.Due.Round(time.Microsecond), cmp.Or(call.Tool, call.Method)
		doc.Calls = append(doc.Calls, PlannedCall{int64(call.Due), call.Client, call.Method, call.Tool, call.Arguments})
		sheet.Add(due, call.Client, what, string(call.Arguments))
		fmt.Fprintf(&b, "%12s  %-6s %-20s %s\n", due, call.Client, what, call.Arguments)
	}
	return export.Rows{Document: doc, Sheets: []screen.Sheet{sheet}, Before: head,
		Text: func(w io.Writer) error { _, err := io.WriteString(w, b.String()); return err }}
}
