package target

import (
	"encoding/json"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/load"
)

// AnotherTool returns a tool beside the one that the server is loaded with, which says
// that it is harmless: to see if each has a limit of its own. It is one of those that the
// session was told of; false where there is none.
func (t *Target) AnotherTool(s *wire.Session) (tool string, arguments json.RawMessage, ok bool) {
	tools, err := toolsOf(s)
	if err != nil { // what can't be read isn't called
		return "", nil, false
	}
	own := t.Profile.Call.Tool
	c, ok := load.Choose(tools, func(name string) bool { return name == own || t.Profile.Call.Forbids(name) })
	return c.Tool, c.Arguments, ok && c.Unasked && own != ""
}
