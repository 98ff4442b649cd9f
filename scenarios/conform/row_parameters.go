package conform

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// parameterRows are about parameters of tools that go by headers too.
func parameterRows() []Row {
	return []Row{
		{ID: "H18", Area: Transport, Level: Must, From: R2026, On: []string{HTTP}, Section: "basic/transports/streamable-http §x-mcp-header", Effect: Lists, Needs: "tools",
			Says: "names headers in its tools' schemas that can be headers, each once, and for plain values only", Check: headersAreHeaders},
		{ID: "H19", Area: Transport, Level: Must, From: R2026, On: []string{HTTP}, Section: "basic/transports/streamable-http §Server Behavior for Custom Headers",
			Effect: Calls, Needs: "tools", Says: "refuses a call whose header isn't its argument with 400 and error -32020", Check: comparesParameters},
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
			met := map[string]bool{}
			for name, property := range members(member(tool["inputSchema"], "properties")) {
				raw := member(property, "x-mcp-header")
				if raw == nil {
					continue
				}
				n++
				header := text(raw)
				kind := text(member(property, "type"))
				switch {
				case !token.MatchString(header):
					return fail(page, "%s of %s goes by the header %s", excerpt(name), excerpt(text(tool["name"])), spelling(raw))
				case met[strings.ToLower(header)]:
					return fail(page, "two parameters of %s go by the header %s", excerpt(text(tool["name"])), excerpt(header))
				case kind == "object" || kind == "array" || kind == "null":
					return fail(page, "%s of %s goes by a header, and is of the type %s", excerpt(name), excerpt(text(tool["name"])), kind)
				}
				met[strings.ToLower(header)] = true
			}
		}
	}
	if n == 0 {
		return needs("a tool with x-mcp-header", "no tool has one")
	}
	return pass("%d headers", n)
}

func comparesParameters(t *Trial) Answer {
	list, none := t.calls()
	if none != nil {
		return *none
	}
	for _, c := range list {
		for name, property := range members(member(c.tool["inputSchema"], "properties")) {
			header := text(member(property, "x-mcp-header"))
			if _, given := c.arguments[name]; !given || header == "" || !c.OK() {
				continue
			}
			return t.refused(t.Send(t.callOf(c.tool, c.arguments, nil).With("Mcp-Param-"+header, "mcpload-other")), http.StatusBadRequest, mismatch)
		}
	}
	return needs("--tool NAME --args JSON, of a tool with x-mcp-header", "no call was made of a tool with one")
}
