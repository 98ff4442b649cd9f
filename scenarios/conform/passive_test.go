package conform_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestListener holds single results to their rows: each wrong one breaks its row only,
// and each right one none.
func TestListener(t *testing.T) {
	tools := []json.RawMessage{[]byte(`{"name":"sum","inputSchema":{"type":"object"},"outputSchema":{"type":"object",` +
		`"properties":{"n":{"type":"integer"}},"required":["n"]}}`)}
	values := `{"completion":{"values":[` + strings.Repeat(`"a",`, 100) + `"a"]}}`
	for _, c := range []struct{ revision, method, result, row string }{
		{conform.R2511, "tools/call", `{"content":[{"type":"text","text":"a"}],"structuredContent":{"n":1}}`, ""},
		{conform.R2511, "tools/call", `{"content":[],"structuredContent":{"n":"1"}}`, "T07"},
		{conform.R2511, "tools/call", `{"content":[]}`, "T07"},
		{conform.R2503, "tools/call", `{"content":[]}`, ""},
		{conform.R2511, "tools/call", `{"content":[],"isError":true,"more":7}`, ""},
		{conform.R2511, "tools/call", `{"structuredContent":{"n":2},"content":[{"type":"video"}]}`, "T09"},
		{conform.R2411, "tools/call", `{"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]}`, "T09"},
		{conform.R2511, "tools/call", `{"structuredContent":{"n":2},"content":[{"type":"image","data":"!","mimeType":"image/png"}]}`, "T09"},
		{conform.R2511, "tools/call", `{"structuredContent":{"n":2},"content":[],"isError":"no"}`, "R16"},
		{conform.R2511, "tools/list", `{"tools":[{"name":"a","inputSchema":{}}]}`, ""},
		{conform.R2511, "tools/list", `{"tools":[{"name":"a"}]}`, "R16"},
		{conform.R2511, "resources/read", `{"contents":{}}`, "R16"},
		{conform.R2511, "prompts/get", `{"messages":[{"role":"system","content":{"type":"text","text":"a"}}]}`, "P13"},
		{conform.R2511, "completion/complete", values, "P14"},
		{conform.R2026, "tools/call", `{"structuredContent":{"n":2},"content":[],"resultType":"complete"}`, ""},
		{conform.R2026, "tools/call", `{"resultType":"input_required","inputRequests":{}}`, ""},
		{conform.R2026, "tools/call", `{"structuredContent":{"n":2},"content":[]}`, "R11"},
	} {
		l := conform.Listen(c.revision, tools)
		for range 2 { // the second time it is known
			l.Hear(c.method, "sum", json.RawMessage(c.result))
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

	l := conform.Listen(conform.R2026, nil)
	for _, code := range []int{-32602, -32020, -32000, -32002, -32030} {
		l.HearError("resources/read", code)
	}
	_, wrong, breaches := l.Heard()
	assert.EqualValues(t, 2, wrong)
	if assert.Len(t, breaches, 1) {
		assert.Equal(t, "R12", breaches[0].ID)
	}

	l = conform.Listen(conform.R2511, nil)
	l.HearError("resources/read", -32002)
	_, wrong, _ = l.Heard()
	assert.Zero(t, wrong, "it is the code of that revision")
	l.Hear("ping", "", json.RawMessage(`{}`))
	checked, _, _ := l.Heard()
	assert.Zero(t, checked, "nothing is demanded of it")
}

// TestShapes: what is right and wrong in results, as the official packages say it too:
// the interop tests hold the same lines against those.
func TestShapes(t *testing.T) {
	text, err := os.ReadFile("testdata/shapes.jsonl")
	require.NoError(t, err)
	right, wrong := 0, 0
	for line := range strings.Lines(string(text)) {
		var c struct {
			Right  bool
			Method string
			Result json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(line), &c))
		l := conform.Listen(conform.R2511, nil)
		l.Hear(c.Method, "", c.Result)
		_, bad, breaches := l.Heard()
		assert.Equal(t, c.Right, bad == 0, "%s %v", line, breaches)
		if c.Right {
			right++
		} else {
			wrong++
		}
	}
	assert.Greater(t, right, 10)
	assert.Greater(t, wrong, 20)
}
