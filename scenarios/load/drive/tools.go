package drive

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
)

// maxToolPages bounds how many pages of tools are asked for.
const maxToolPages = 100

// Tools asks a server for its tools, all pages of them. It calls none.
func Tools(ctx context.Context, t *target.Target) ([]load.ToolInfo, error) {
	_, stop, err := t.Ready(ctx)
	defer stop()
	if err != nil {
		return nil, err
	}
	clock := runner.NewClock()
	o := t.Options
	o.Now, o.ListTools = clock.Now, false
	s, _, err := target.Dial(ctx, o)
	if err != nil {
		return nil, err
	}
	defer target.End(s.Close)
	var all []load.ToolInfo
	next := ""
	for range maxToolPages {
		a := history.Arrival{Due: clock.Now(), Method: "tools/list"}
		if next != "" {
			a.Arguments, err = json.Marshal(map[string]string{"cursor": next})
			if err != nil {
				return nil, err
			}
		}
		call, result := s.Fetch(ctx, a)
		if call.Outcome != history.OK {
			return nil, fmt.Errorf("the server doesn't list its tools: %s %s", call.Outcome, call.Detail)
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
