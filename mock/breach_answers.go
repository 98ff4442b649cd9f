package mock

// answerBreaches break prompts that are got, and completion.
func answerBreaches() []ConformFault {
	return []ConformFault{
		{Name: "system-role", Row: "P13", Doc: "a prompt's message has the role system", after: on("prompts/get",
			func(x *traffic) {
				x.editResult(func(r map[string]any) {
					if list, ok := r["messages"].([]any); ok && len(list) > 0 {
						if m, ok := list[0].(map[string]any); ok {
							m["role"] = "system"
						}
					}
				})
			})},
		{Name: "completes-anything", Row: "P14-unknown", Doc: "it completes for prompts that there are none of",
			after: on("completion/complete", func(x *traffic) {
				if x.failed() {
					none := map[string]any{"values": []string{}}
					x.result(map[string]any{"completion": none, "resultType": "complete"})
				}
			})},
		{Name: "many-values", Row: "P14", Doc: "it completes with 101 values", after: on("completion/complete",
			func(x *traffic) {
				x.editResult(func(r map[string]any) {
					values := make([]string, 101)
					r["completion"] = map[string]any{"values": values}
				})
			})},
	}
}
