package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/scenarios/load"
)

func (a *app) callCommand() *cobra.Command {
	f := &loadFlags{}
	var format, arguments string
	cmd := &cobra.Command{
		Use:   "call URL TOOL | TOOL --server NAME | TOOL -- command args...",
		Short: "Call one tool once, and print the reply",
		Long: `Call connects to a server, calls one of its tools once and prints what it answers:
its texts as they are, whatever else as JSON. --format json prints the whole result.

Exit status: 0 a result; 1 an error of the tool or the server, or a refusal; 2 it
could not be called.`,
		Example: `  mcpload call http://127.0.0.1:8000/mcp search --args '{"q":"cats"}'
  mcpload call ping -- python server.py`,
		Args: cobra.ArbitraryArgs,
		RunE: a.shown(&format, func(cmd *cobra.Command, args []string) error {
			at := cmd.ArgsLenAtDash()
			if at < 0 {
				at = len(args)
			}
			switch at {
			case 0:
				return hint.New(errors.New("which tool is to be called?"), "mcpload tools lists a server's tools; name one, as in: mcpload call http://127.0.0.1:8000/mcp ping")
			case 1:
			default:
				return unexpected(cmd, args[0])
			}
			tool, command := args[0], args[1:]
			if err := json.Unmarshal([]byte(arguments), &map[string]any{}); err != nil {
				return hint.New(fmt.Errorf("--args is no JSON object: %w", err), `such as --args '{"q":"cats"}'`)
			}
			return a.visiting(cmd.Context(), f, command, func(ctx context.Context, v *target.Visit) error {
				return a.callOne(ctx, v, tool, json.RawMessage(arguments), format)
			})
		}),
	}
	f.registerTarget(cmd)
	cmd.Flags().StringVar(&arguments, "args", "{}", "arguments of the tool, as a `JSON` object")
	cmd.Flags().StringVar(&format, "format", "table", "table (texts as they are) or json")
	return cmd
}

// callOne calls a tool and prints what came of it.
func (a *app) callOne(ctx context.Context, v *target.Visit, tool string, arguments json.RawMessage, format string) error {
	call, result := v.Ask(ctx, history.Arrival{Tool: tool, Arguments: arguments})
	if result == nil {
		return a.explainCall(ctx, v, call, tool)
	}
	a.say("%s after %s", outcomeWords(call), call.Service().Round(10*time.Microsecond))
	if call.Outcome != history.OK {
		a.status = exitFail
	}
	clean := a.secrets.redact(string(result))
	if format == "json" {
		return printJSON(a.stdout, json.RawMessage(clean))
	}
	var parts struct {
		Content []struct {
			Type string
			Text string
		}
		StructuredContent json.RawMessage
	}
	if err := json.Unmarshal([]byte(clean), &parts); err != nil || len(parts.Content) == 0 {
		return printJSON(a.stdout, json.RawMessage(clean))
	}
	for _, c := range parts.Content {
		if c.Type != "text" {
			fmt.Fprintf(a.stdout, "(%s; --format json shows it)\n", c.Type)
			continue
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(c.Text, "\n"))
	}
	if parts.StructuredContent != nil {
		return printJSON(a.stdout, parts.StructuredContent)
	}
	return nil
}

// outcomeWords say how a call ended.
func outcomeWords(c history.Call) string {
	switch c.Outcome {
	case history.OK:
		return "answered"
	case history.Limited:
		return "refused for its rate"
	case history.ToolError:
		return "the tool says that it failed,"
	}
	return c.Outcome.String() + ","
}

// explainCall says why a call has no result, and what its arguments should have been.
func (a *app) explainCall(ctx context.Context, v *target.Visit, call history.Call, tool string) error {
	a.status = exitFail
	a.say("%s: %s: %s", tool, call.Outcome, call.Detail)
	for _, note := range target.NotesOfDeath(v.Process()) {
		a.say("%s", note)
	}
	if call.Outcome == history.Limited {
		return nil
	}
	items, err := v.List(ctx, "tools/list", "tools")
	if err != nil {
		return nil // what is wrong was said
	}
	var names []string
	for _, raw := range items {
		var t load.ToolInfo
		if json.Unmarshal(raw, &t) != nil {
			continue
		}
		if names = append(names, t.Name); t.Name == tool {
			args, _ := t.Example()
			a.say("hint: it takes %s; for example --args '%s'", t.Parameters(), args)
			return nil
		}
	}
	a.say("hint: the server has no such tool; it has %s", words.First(names))
	return nil
}
