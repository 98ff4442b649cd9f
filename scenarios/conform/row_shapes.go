package conform

import (
	"encoding/json"
	"slices"
	"strings"
)

// shapeRows look at the shape of what was answered anyway, whatever row asked for it.
func shapeRows() []Row {
	return []Row{
		{ID: "R16", Area: Messages, Level: Must, Section: "schema", Effect: Lists,
			Says:  "gives the members of each result that are required, and gives them their types",
			Watch: keepsShapes},
		{ID: "T10", Area: Tools, Level: Must, From: R2503, Section: "schema ToolAnnotations", Effect: Lists,
			Needs: "tools",
			Says:  "gives the hints of its tools as true or false, and their titles as texts",
			Check: hintsAreBooleans},
	}
}

// results calls f for every result to a request that was right, and returns how many
// there were. f's first complaint ends it.
func (t *Trial) results(f func(e *Exchange, method string, result json.RawMessage) string) (n int, bad *Answer) {
	for _, e := range t.exchanges {
		method := e.method()
		if method == "" || !e.OK() || e.Reply.Limited() || strings.HasPrefix(method, "mcpload/") || !t.ofRevision(e) {
			continue
		}
		n++
		if why := f(e, method, e.result()); why != "" {
			return n, new(fail(e, "%s: %s", method, why))
		}
	}
	return n, nil
}

// ofRevision reports if a request speaks the trial's revision. A server may serve
// others too, and answers them as they want it.
func (t *Trial) ofRevision(e *Exchange) bool {
	header := e.Request.Header.Get("Mcp-Protocol-Version")
	if header != "" && header != t.Revision {
		return false
	}
	named := text(member(member(member(e.Request.Body, "params"), "_meta"), "io.modelcontextprotocol/protocolVersion"))
	if !Stateless(t.Revision) {
		return named == ""
	}
	return named == t.Revision && e.method() != "initialize"
}

// seen is the answer of a row that found nothing wrong with n results.
func seen(n int, bad *Answer) Answer {
	switch {
	case bad != nil:
		return *bad
	case n == 0:
		return skip("the server gave no such result")
	}
	return pass("%d results", n)
}

// spelling is a member as it was sent.
func spelling(raw json.RawMessage) string {
	if raw == nil {
		return "absent"
	}
	return excerpt(string(raw))
}

func hintsAreBooleans(t *Trial) Answer {
	list, none := t.tools()
	if none != nil {
		return *none
	}
	n := 0
	for _, tool := range list {
		for name, raw := range members(tool.schema["annotations"]) {
			switch {
			case name == "title" && isText(raw) || slices.Contains(hints, name) && (string(raw) == "true" ||
				string(raw) == "false"):
				n++
			case name == "title" || slices.Contains(hints, name):
				return fail(tool.page, "%s of %s is %s", name, excerpt(tool.name()), spelling(raw))
			}
		}
	}
	if n == 0 {
		return needs("a tool with hints", "no tool has any")
	}
	return pass("%d hints", n)
}

var hints = []string{"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
