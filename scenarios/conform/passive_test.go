package conform_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestListener holds single results to their rows: each wrong one breaks its row only,
// and each right one none.
func TestListener(t *testing.T) {
	values := `{"completion":{"values":[` + strings.Repeat(`"a",`, 100) + `"a"]}}`
	for _, c := range []struct{ revision, method, result, row string }{
		{conform.R2511, "tools/call", `{"content":[{"type":"text","text":"a"}]}`, ""},
		{conform.R2511, "tools/call", `{"content":[],"isError":true,"more":7}`, ""},
		{conform.R2511, "tools/call", `{"content":[{"type":"video"}]}`, "T09"},
		{conform.R2411, "tools/call", `{"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]}`, "T09"},
		{conform.R2511, "tools/call", `{"content":[{"type":"image","data":"!","mimeType":"image/png"}]}`, "T09"},
		{conform.R2511, "tools/call", `{"content":[],"isError":"no"}`, "R16"},
		{conform.R2511, "tools/list", `{"tools":[{"name":"a","inputSchema":{}}]}`, ""},
		{conform.R2511, "tools/list", `{"tools":[{"name":"a"}]}`, "R16"},
		{conform.R2511, "resources/read", `{"contents":{}}`, "R16"},
		{conform.R2511, "prompts/get", `{"messages":[{"role":"system","content":{"type":"text","text":"a"}}]}`, "P13"},
		{conform.R2511, "completion/complete", values, "P14"},
		{conform.R2026, "tools/call", `{"content":[],"resultType":"complete"}`, ""},
		{conform.R2026, "tools/call", `{"resultType":"input_required","inputRequests":{}}`, ""},
		{conform.R2026, "tools/call", `{"content":[]}`, "R11"},
	} {
		l := conform.Listen(c.revision)
		for range 2 { // the second time it is known
			l.Hear(c.method, json.RawMessage(c.result))
		}
		checked, wrong, breaches := l.Heard()
		assert.EqualValues(t, 2, checked, c.result)
		if c.row == "" {
			assert.Zero(t, wrong, c.result)
			assert.Empty(t, breaches, c.result)
			continue
		}
		assert.EqualValues(t, 2, wrong, c.result)
		if assert.Len(t, breaches, 1, c.result) {
			assert.Equal(t, c.row, breaches[0].ID, c.result)
			assert.EqualValues(t, 2, breaches[0].Count)
			assert.NotEmpty(t, breaches[0].Saw)
		}
	}

	l := conform.Listen(conform.R2511)
	l.Hear("ping", json.RawMessage(`{}`))
	checked, _, _ := l.Heard()
	assert.Zero(t, checked, "nothing is demanded of it")
}
