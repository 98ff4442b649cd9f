package mock

import (
	"encoding/json"
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// LawReads are the requests for prompts, resources and completions that a mock answers with a
// result because its laws name their methods: their params, by method. Such a mock has one of
// everything.
func LawReads(p promise.Promise) map[string]json.RawMessage {
	reads := map[string]json.RawMessage{
		"prompts/get":    json.RawMessage(`{"name":"` + fixturePrompt + `","arguments":{"name":"ada"}}`),
		"resources/read": json.RawMessage(`{"uri":"` + fixtureText + `"}`),
		"completion/complete": json.RawMessage(`{"ref":{"type":"ref/prompt","name":"` + fixturePrompt +
			`"},"argument":{"name":"name","value":""}}`),
	}
	for method := range reads {
		if !slices.ContainsFunc(p, func(l promise.Law) bool { return slices.Contains(l.Charge.Methods, method) }) {
			delete(reads, method)
		}
	}
	return reads
}
