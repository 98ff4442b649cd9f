package drive

import (
	"strconv"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// RepeatLine is the command that repeats a failed run: with its seed, and with the tool
// that was chosen; empty where nothing failed.
func RepeatLine(doc *results.Document, again *invoked.Command) string {
	if doc.Verdict != verdict.Fail {
		return ""
	}
	set := []invoked.Flag{{Name: "seed", Value: strconv.FormatUint(doc.Seed, 10)}}
	if len(doc.Servers) == 1 {
		c := doc.Servers[0].Target.Call
		if c != nil && c.Chosen && c.Tool != "" && doc.Servers[0].Target.Kind != string(target.Mock) {
			set = append(set, invoked.Flag{Name: "tool", Value: c.Tool})
			if c.Arguments != nil {
				set = append(set, invoked.Flag{Name: "args", Value: string(c.Arguments)})
			}
		}
	}
	return again.Line(set...)
}
