package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/scenarios/load"
)

// maxToolPages bounds how many pages of tools are asked for.
const maxToolPages = 100

// Tools asks a server for its tools, all pages of them. It calls none.
func Tools(ctx context.Context, t *target.Target) (all []load.ToolInfo, err error) {
	err = t.Visited(ctx, func(ctx context.Context, v *target.Visit) error {
		all, err = toolsOf(ctx, t, v)
		return err
	})
	return all, err
}

func toolsOf(ctx context.Context, t *target.Target, v *target.Visit) (all []load.ToolInfo, err error) {
	next := ""
	for range maxToolPages {
		a := history.Arrival{Method: "tools/list"}
		if next != "" {
			a.Arguments, err = json.Marshal(map[string]string{"cursor": next})
			if err != nil {
				return nil, err
			}
		}
		call, result := v.Ask(ctx, a)
		if call.Outcome != history.OK {
			return nil, t.Gone(fmt.Errorf("the server doesn't list its tools: %s %s", call.Outcome, call.Detail),
				v.Session)
		}
		tools, cursor, err := load.ReadTools(result)
		if err != nil {
			return nil, err
		}
		all = append(all, tools...)
		if next = cursor; next == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("the server's list of tools does not end within %d pages", maxToolPages)
}

// Draft is the plan of a server's harmless tools, and of those that are to be included,
// and how many it has. What it leaves out is said. The error has the server's words.
func Draft(ctx context.Context, t *target.Target, include []string, redact func(string) string,
	say func(format string, args ...any)) (plan []byte, taken int, err error) {
	tools, err := Tools(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	var names []string
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	for _, name := range include {
		if !slices.Contains(names, name) {
			return nil, 0, hint.New(fmt.Errorf("--include %s: the server has no such tool", name),
				"it has "+words.First(names))
		}
	}
	plan, left, err := load.Draft(t.Profile.Name, tools, include, redact)
	for _, l := range left {
		say("left out %s", l)
	}
	if err != nil {
		return nil, 0, hint.New(err, "some SDKs annotate every tool as destructive unless told otherwise; --include "+
			"NAME takes in those that you know to be harmless")
	}
	return plan, len(tools) - len(left), nil
}

// WritePlan writes a plan to a file that isn't there yet, or to stdout for -.
func WritePlan(name string, stdout io.Writer, plan []byte) error {
	if name == "-" {
		_, err := stdout.Write(plan)
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = file.Write(plan)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write the plan: %w", err)
	}
	return nil
}
