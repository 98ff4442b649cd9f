package mock

import "sync/atomic"

// pageBreaches break lists that have pages, and reads.
func pageBreaches() []ConformFault {
	var turns atomic.Int64
	list := func(change func(r map[string]any, tools []any)) func(*traffic) {
		return on("tools/list", func(x *traffic) {
			x.editResult(func(r map[string]any) {
				if tools, ok := r["tools"].([]any); ok && len(tools) > 0 {
					change(r, tools)
				}
			})
		})
	}
	return []ConformFault{
		{Name: "endless-list", Row: "P02", Doc: "its list of tools gives the same cursor for ever",
			before: on("tools/list", func(x *traffic) { x.drop("cursor") })},
		{Name: "scopes-differ", Row: "P05", Doc: "the first page of a list is for one caller, and the next ones " +
			"for all", after: list(func(r map[string]any, _ []any) {
			r["cacheScope"] = "public"
			if r["nextCursor"] != nil {
				r["cacheScope"] = "private"
			}
		})},
		{Name: "shuffled", Row: "T04", Doc: "its tools have another order each time",
			after: list(func(_ map[string]any, tools []any) {
				if turns.Add(1)%3 == 0 && len(tools) > 1 {
					tools[0], tools[1] = tools[1], tools[0]
				}
			})},
		{Name: "empty-contents", Row: "P08", Doc: "an unknown resource has no contents", after: on("resources/read",
			func(x *traffic) {
				if x.failed() {
					x.result(map[string]any{"contents": []any{}, "resultType": "complete", "ttlMs": 0,
						"cacheScope": "private"})
				}
			})},
		{Name: "relative-uri", Row: "P09", Doc: "a resource's address has no scheme", after: on("resources/list",
			func(x *traffic) {
				x.editResult(func(r map[string]any) {
					if list, ok := r["resources"].([]any); ok && len(list) > 0 {
						if one, ok := list[0].(map[string]any); ok {
							one["uri"] = "text.txt"
						}
					}
				})
			})},
		{Name: "bad-schema", Row: "R15", Doc: "a tool's schema is no JSON Schema",
			after: list(func(_ map[string]any, tools []any) {
				if tool, ok := tools[0].(map[string]any); ok {
					tool["inputSchema"] = map[string]any{"type": "object",
						"properties": map[string]any{"a": map[string]any{"type": "float"}}}
				}
			})},
	}
}
