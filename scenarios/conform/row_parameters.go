package conform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameterRows are about parameters of tools that go by headers too.
func parameterRows() []Row {
	return []Row{
		{ID: "H18", Area: Transport, Level: Must, From: R2026, On: []string{HTTP},
			Section: "basic/transports/streamable-http §x-mcp-header", Effect: Lists, Needs: "tools",
			Says:  "names headers in its tools' schemas that can be headers, each once, and for plain values only",
			Check: headersAreHeaders},
		{ID: "H19", Area: Transport, Level: Must, From: R2026, On: []string{HTTP},
			Section: "basic/transports/streamable-http §Server Behavior for Custom Headers",
			Effect:  Calls, Needs: "tools", Says: "refuses a call whose header is missing, or isn't its argument, " +
				"with 400 and error -32020", Check: comparesParameters},
	}
}

// token is what a header's name is made of.
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func headersAreHeaders(t *Trial) Answer {
	pages, _ := t.whole(listers[0])
	n := 0
	for _, page := range pages {
		var list []map[string]json.RawMessage
		if json.Unmarshal(member(page.result(), "tools"), &list) != nil {
			continue
		}
		for _, tool := range list {
			h := headers{met: map[string]bool{}}
			h.of(tool["inputSchema"], true)
			if n += h.count; h.wrong != "" {
				return fail(page, "in %s %s", excerpt(text(tool["name"])), h.wrong)
			}
		}
	}
	if n == 0 {
		return needs("a tool with x-mcp-header", "no tool has one")
	}
	return pass("%d headers", n)
}

// headers are those that a schema names.
type headers struct {
	count int
	met   map[string]bool
	wrong string // the first thing that is; empty: nothing
}

// of goes through a schema. reachable says that every parent is the root, or a property
// of such a one, as the specification wants it of parameters that go by headers.
func (h *headers) of(schema json.RawMessage, reachable bool) {
	for name, property := range members(member(schema, "properties")) {
		if raw := member(property, "x-mcp-header"); raw != nil {
			h.look(name, property, raw, reachable)
		}
		h.of(property, reachable)
	}
	for _, name := range []string{"items", "additionalProperties", "not", "if", "then", "else"} {
		h.inside(name, member(schema, name))
	}
	for _, name := range []string{"allOf", "anyOf", "oneOf", "prefixItems"} {
		var list []json.RawMessage
		if json.Unmarshal(member(schema, name), &list) != nil {
			continue // there are none
		}
		for _, one := range list {
			h.inside(name, one)
		}
	}
}

// inside looks at a schema that stands where no header's may.
func (h *headers) inside(name string, schema json.RawMessage) {
	if raw := member(schema, "x-mcp-header"); raw != nil {
		h.look(name, schema, raw, false)
	}
	if members(schema) != nil {
		h.of(schema, false)
	}
}

func (h *headers) look(name string, property, raw json.RawMessage, reachable bool) {
	h.count++
	header, kind := strings.ToLower(text(raw)), text(member(property, "type"))
	switch {
	case h.wrong != "":
	case !token.MatchString(header):
		h.wrong = fmt.Sprintf("%s goes by the header %s", excerpt(name), spelling(raw))
	case h.met[header]:
		h.wrong = "two parameters go by the header " + excerpt(text(raw))
	case slices.Contains([]string{"object", "array", "null", "number"}, kind):
		h.wrong = fmt.Sprintf("%s goes by a header, and is of the type %s", excerpt(name), kind)
	case !reachable:
		h.wrong = fmt.Sprintf("%s goes by a header, and isn't reached by properties only", excerpt(name))
	}
	h.met[header] = true
}

func comparesParameters(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	for _, c := range list {
		given := byHeaders(c.tool["inputSchema"], c.arguments)
		if len(given) == 0 || !c.OK() {
			continue
		}
		for _, value := range []string{"mcpload-other", ""} {
			e := t.Send(t.callOf(c.tool, c.arguments, nil).With(given[0].header, value))
			if a := t.refused(e, http.StatusBadRequest, mismatch); a.State != Pass {
				if value == "" {
					a.Saw = "without the header: " + a.Saw
				}
				return a
			}
		}
		return pass("one that is missing and one that is another are refused")
	}
	return needs("--tool NAME --args JSON, of a tool with x-mcp-header", "no call was made of a tool with one")
}

// A parameter is an argument that goes by a header too.
type parameter struct{ header, value string }

// byHeaders are those of a call, in the order of their names. What is absent or null, or
// is no text, whole number or flag, goes by none.
func byHeaders(schema json.RawMessage, args map[string]any) (list []parameter) {
	properties := members(member(schema, "properties"))
	for _, name := range sortedMembers(properties) {
		value := args[name]
		if inner, ok := value.(map[string]any); ok {
			list = append(list, byHeaders(properties[name], inner)...)
		}
		header := text(member(properties[name], "x-mcp-header"))
		if spelt, ok := plainValue(value); ok && token.MatchString(header) {
			list = append(list, parameter{"Mcp-Param-" + header, headerValue(spelt)})
		}
	}
	return list
}

// plainValue is a value as headers spell it.
func plainValue(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int:
		return fmt.Sprint(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
