package mock

import "github.com/mcpload/mcpload/internal/revision"

// featureBreaches break tools, resources and prompts.
func featureBreaches() []ConformFault {
	// unknown answers what there is none of, named in the parameters, with code.
	unknown := func(method string, code int) func(*traffic) {
		return func(x *traffic) {
			if x.Method == method && x.failed() {
				x.fails(x.status, code, "no such thing")
			}
		}
	}
	tools := func(change func(tool map[string]any)) func(*traffic) {
		return on("tools/list", func(x *traffic) {
			x.editResult(func(r map[string]any) {
				if list, ok := r["tools"].([]any); ok && len(list) > 0 {
					if tool, ok := list[0].(map[string]any); ok {
						change(tool)
					}
				}
			})
		})
	}
	undeclared := func(x *traffic) {
		x.editResult(func(r map[string]any) {
			if c, ok := r["capabilities"].(map[string]any); ok {
				delete(c, "prompts")
			}
		})
	}
	return []ConformFault{
		{Name: "undeclared", Row: "T01", Doc: "it lists prompts and doesn't declare them", after: func(x *traffic) {
			if x.Method == "initialize" || x.Method == "server/discover" {
				undeclared(x)
			}
		}},
		{Name: "schemaless", Row: "T02", Doc: "a tool has no schema",
			after: tools(func(tool map[string]any) { tool["inputSchema"] = nil })},
		{Name: "lists-as-output", Row: "T02", Revision: revision.R2511, Doc: "a tool's outputSchema is of a list",
			after: tools(func(tool map[string]any) { tool["outputSchema"] = map[string]any{"type": "array"} })},
		{Name: "spaced-name", Row: "T03", Doc: "a tool's name has a space in it",
			after: tools(func(tool map[string]any) { tool["name"] = "my tool" })},
		{Name: "unknown-tool-result", Row: "T05", Doc: "an unknown tool is a result", after: on("tools/call",
			func(x *traffic) {
				if x.failed() {
					x.result(map[string]any{"content": []any{}, "isError": true, "resultType": "complete"})
				}
			})},
		{Name: "resource-code", Row: "P07", Doc: "an unknown resource has another code",
			after: unknown("resources/read", -32603)},
		{Name: "prompt-code", Row: "P12", Doc: "an unknown prompt has the code 0", after: unknown("prompts/get", 0)},
		{Name: "any-level", Row: "P15", Doc: "it takes any level of logging", after: on("logging/setLevel",
			func(x *traffic) { x.result(map[string]any{}) })},
	}
}
