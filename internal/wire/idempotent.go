package wire

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// reads are the methods that change nothing, by the specification.
var reads = []string{"ping", methodDiscover, methodList, "prompts/list", "prompts/get", "resources/list",
	"resources/templates/list", "resources/read", "completion/complete"}

// Idempotent reports if calling a tool of the server's a second time does no more
// than the first, by its own annotations (revision 2025-11-25, ToolAnnotations). The
// protocol's default is that it does. Of tools that were never listed it is false.
func (s *Session) Idempotent(tool string) bool {
	if s.o.Idempotent != nil {
		return s.o.Idempotent(tool)
	}
	_, found := slices.BinarySearch(s.repeatable, tool)
	return found
}

// saysIdempotent reports if a tool describes itself so. A tool that only reads is.
func saysIdempotent(described json.RawMessage) bool {
	var t struct {
		Annotations struct {
			Reads bool `json:"readOnlyHint"`
			Same  bool `json:"idempotentHint"`
		} `json:"annotations"`
	}
	return json.Unmarshal(described, &t) == nil && (t.Annotations.Reads || t.Annotations.Same)
}

// mayRepeat reports if a request may be sent again although it may have been seen.
func (s *Session) mayRepeat(method, tool string) bool {
	if method == methodCall {
		return s.Idempotent(tool)
	}
	return slices.Contains(reads, method)
}

// crossedIdle reports if a request crossed the end of an idle connection.
func crossedIdle(a answer) bool { return a.fault != nil && errors.Is(a.fault.err, errClosedIdle) }

// noted notes a request that is sent once more, if anybody keeps such.
func (p *poster) noted(method string, a answer) {
	if p.aside != nil {
		p.aside(history.Request, method, a)
	}
}
