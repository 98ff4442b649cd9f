package load

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParametersAndHints(t *testing.T) {
	for _, row := range []struct{ tool, parameters, hints string }{
		{`{"name":"x"}`, "?", "-"},
		{`{"name":"x","inputSchema":{"type":"object"},"annotations":{}}`, "none", "-"},
		{`{"name":"x","inputSchema":{"properties":{"q":{"type":"string"},"n":{"type":["integer","null"]},"any":{}},"required":["q"]},
			"annotations":{"readOnlyHint":true,"openWorldHint":false}}`, "q* string, any, n integer",
			"only reads, stays inside"},
		{`{"name":"x","inputSchema":{"properties":{"m":{"enum":["a","b",3,4,5,6]}}},"annotations":{"readOnlyHint":false,"destructiveHint":true,"openWorldHint":true}}`,
			`m one of "a","b",3,4,5, …`, "writes, destroys, reaches out"},
		{`{"name":"x","inputSchema":{"properties":{"m":{"type":7}}},"annotations":{"destructiveHint":false}}`, "m",
			"doesn't destroy"},
		{`{"name":"x","annotations":{"readOnlyHint":true,"destructiveHint":true}}`, "?", "only reads"}, // SDKs say so
	} {
		var tool ToolInfo
		require.NoError(t, json.Unmarshal([]byte(row.tool), &tool))
		assert.Equal(t, row.parameters, tool.Parameters(), row.tool)
		assert.Equal(t, row.hints, tool.Hints(), row.tool)
	}
}
