package target

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
)

// EndWords say how a call ended that was answered, and after how long.
func EndWords(c history.Call) string {
	how := c.Outcome.String() + ","
	switch c.Outcome {
	case history.OK:
		how = "answered"
	case history.Limited:
		how = "refused for its rate"
	case history.ToolError:
		how = "the tool says that it failed,"
	}
	return fmt.Sprintf("%s after %s", how, c.Service().Round(10*time.Microsecond))
}

// WriteReply writes the result of a tool call: its texts as they are and all else as JSON,
// or the whole as JSON.
func WriteReply(w io.Writer, result string, whole bool) error {
	var parts struct {
		Content []struct {
			Type string
			Text string
		}
		StructuredContent json.RawMessage
	}
	if whole || json.Unmarshal([]byte(result), &parts) != nil || len(parts.Content) == 0 {
		return results.WriteJSON(w, json.RawMessage(result))
	}
	for _, c := range parts.Content {
		if c.Type != "text" {
			fmt.Fprintf(w, "(%s; --format json shows it)\n", c.Type)
			continue
		}
		fmt.Fprintln(w, strings.TrimRight(c.Text, "\n"))
	}
	if parts.StructuredContent != nil {
		return results.WriteJSON(w, parts.StructuredContent)
	}
	return nil
}

// WhyNot says why a call has no result, and what its arguments should have been.
func (v *Visit) WhyNot(ctx context.Context, call history.Call, tool string) []string {
	if ctx.Err() != nil { // it is we who gave up, and whether the tool did anything nobody knows
		return []string{tool + ": the call was cancelled, and what it did is not known"}
	}
	lines := append([]string{fmt.Sprintf("%s: %s: %s", tool, call.Outcome, call.Detail)}, NotesOfDeath(v.Process())...)
	switch {
	case call.Outcome == history.ToolError || call.Outcome == history.Rejected:
		return append(lines, v.Advice(ctx, tool)...)
	case tooLong(call):
		return append(lines, "hint: "+readsLonger)
	}
	return lines // arguments explain no other outcome
}

// Advice is what the arguments of a tool should be, or which tools there are; nothing
// where the server doesn't say.
func (v *Visit) Advice(ctx context.Context, tool string) []string {
	items, err := v.List(ctx, "tools/list", "tools")
	if err != nil {
		return nil
	}
	var names []string
	for _, raw := range items {
		var t load.ToolInfo
		if json.Unmarshal(raw, &t) != nil {
			continue
		}
		if names = append(names, t.Name); t.Name == tool {
			args, _ := t.Example()
			return []string{fmt.Sprintf("hint: it takes %s; for example --args '%s'", t.Parameters(), args)}
		}
	}
	return []string{"hint: the server has no such tool; " + profiles.Meant(tool, names) + "it has " +
		words.First(names)}
}
