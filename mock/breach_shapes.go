package mock

// shapeBreaches break what results look like.
func shapeBreaches() []ConformFault {
	firstTool := func(change func(tool map[string]any)) func(*traffic) {
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
	return []ConformFault{
		{Name: "number-description", Row: "R16", Doc: "a tool's description is a number",
			after: firstTool(func(tool map[string]any) { tool["description"] = 7 })},
		{Name: "text-hint", Row: "T10", Doc: "a hint of a tool is a text", after: firstTool(func(tool map[string]any) {
			tool["annotations"] = map[string]any{"readOnlyHint": "true"}
		})},
	}
}
