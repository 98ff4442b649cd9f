package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// A Visit is one open session with a server that a person looks at.
type Visit struct {
	*wire.Session
	of    *Target
	clock runner.Clock
	stop  func()
}

// Visit starts what has to be started and opens a session. Close ends both.
func (t *Target) Visit(ctx context.Context) (*Visit, error) {
	_, stop, err := t.Ready(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	v := &Visit{of: t, clock: runner.NewClock(), stop: stop}
	o := t.Options
	o.Now, o.ListTools = v.clock.Now, false
	if t.Kind == Command {
		o.Patience = t.starting()
	}
	if v.Session, _, err = Dial(ctx, o); err != nil {
		stop()
		return nil, err
	}
	return v, nil
}

// Close ends the session, and what was started for it.
func (v *Visit) Close() {
	v.of.EndAll(Sessions{v.Session})
	v.stop()
}

// Ask makes one request.
func (v *Visit) Ask(ctx context.Context, a history.Arrival) (history.Call, json.RawMessage) {
	a.Due = v.clock.Now()
	return v.Fetch(ctx, a)
}

// mostPages bounds how many pages of a list are asked for.
const mostPages = 100

// ErrNotOffered is of a list that the server doesn't have.
var ErrNotOffered = errors.New("the server has no such list")

// List returns the items of a list, such as tools/list, of all its pages. field is
// what the result calls them.
func (v *Visit) List(ctx context.Context, method, field string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	var arguments json.RawMessage
	for range mostPages {
		call, result := v.Ask(ctx, history.Arrival{Method: method, Arguments: arguments})
		if call.Outcome == history.Broken { // its connection may have been closed meanwhile, and nothing is judged here
			call, result = v.Ask(ctx, history.Arrival{Method: method, Arguments: arguments})
		}
		switch {
		case call.Code == methodNotFound:
			return nil, fmt.Errorf("%s: %w", method, ErrNotOffered)
		case call.Outcome != history.OK:
			return nil, fmt.Errorf("the server doesn't answer %s: %s %s", method, call.Outcome, call.Detail)
		}
		var page map[string]json.RawMessage
		var items []json.RawMessage
		var next string
		if err := json.Unmarshal(result, &page); err != nil {
			return nil, fmt.Errorf("the answer to %s is no list: %w", method, err)
		}
		if err := json.Unmarshal(page[field], &items); err != nil {
			return nil, fmt.Errorf("the answer to %s has no list of %s: %w", method, field, err)
		}
		all = append(all, items...)
		if raw := page["nextCursor"]; raw != nil {
			if err := json.Unmarshal(raw, &next); err != nil {
				return nil, fmt.Errorf("the answer to %s has a cursor that is no text", method)
			}
		}
		if next == "" {
			return all, nil
		}
		arguments, _ = json.Marshal(map[string]string{"cursor": next}) // a text always has a form
	}
	return nil, fmt.Errorf("the list of %s does not end within %d pages", method, mostPages)
}

// methodNotFound is JSON-RPC's code for a method that there isn't.
const methodNotFound = -32601
