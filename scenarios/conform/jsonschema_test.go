package conform

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestBadSchema holds what is no fault of a schema apart from what is.
func TestBadSchema(t *testing.T) {
	for schema, bad := range map[string]bool{
		`{"type":"object"}`:                      false,
		`{"type":"objekt"}`:                      true,
		`{"type":"object","required":"a"}`:       true,
		`{"type":"object","properties":{"a":7}}`: true,
		`{"type":"object","properties":{"a":{"pattern":"^(?=.*[a-z]).{8,}$"}}}`:                                                    false,
		`{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"pattern":"(?!x)y"}}}`:            false,
		`{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"$ref":"#/definitions/absent"}}}`: false,
		`{"type":"object","properties":{"a":{"$ref":"https://example.com/other.json"}}}`:                                           false,
		`{"$schema":"https://example.com/dialect","type":7}`:                                                                       false,
		`{"$id":"https://example.com/a","type":"object","$defs":{"b":{"$id":"b"}}}`:                                                false,
	} {
		why, _ := badSchema(json.RawMessage(schema))
		assert.Equal(t, bad, why != "", "%s: %s", schema, why)
	}
}

// TestWrong goes through what a shape refuses and lets pass.
func TestWrong(t *testing.T) {
	for result, bad := range map[string]bool{
		`{"tools":[]}`:   false,
		`{"tools":null}`: true,
		`{}`:             true,
		`{"tools":[{"name":"a","inputSchema":{},"icons":7}]}`:         false, // no shape names it
		`{"tools":[{"name":"a"}]}`:                                    true,
		`{"tools":[{"name":"a","inputSchema":{}}],"nextCursor":7}`:    true,
		`{"tools":[{"name":"a","inputSchema":{}}],"nextCursor":null}`: true,
	} {
		assert.Equal(t, bad, wrong("the result", "tools/list", json.RawMessage(result)) != "", result)
	}
	assert.Empty(t, wrong("it", "integer", json.RawMessage(`3.0`)))
	assert.NotEmpty(t, wrong("it", "integer", json.RawMessage(`3.5`)))
}

// TestFormatsBreakNoSchema: in every dialect it is left to whoever validates if a format
// is looked at.
func TestFormatsBreakNoSchema(t *testing.T) {
	for _, dialect := range []string{"", "http://json-schema.org/draft-07/schema#",
		"https://json-schema.org/draft/2019-09/schema"} {
		for _, format := range append([]string{"regex", "mcpload"}, formats...) {
			schema := `{"type":"string","format":"` + format + `"}`
			if dialect != "" {
				schema = `{"$schema":"` + dialect + `","type":"string","format":"` + format + `"}`
			}
			why, known := keeps(compiledSchema(json.RawMessage(schema)), json.RawMessage(`"( is none of them \\ %zz"`))
			assert.Empty(t, why, schema)
			assert.True(t, known, schema)
			why, _ = keeps(compiledSchema(json.RawMessage(schema)), json.RawMessage(`7`))
			assert.NotEmpty(t, why, schema)
		}
	}
}

// TestByHeaders goes through how arguments are spelt as headers.
func TestByHeaders(t *testing.T) {
	schema := json.RawMessage(`{"properties":{"a":{"x-mcp-header":"A"},"b":{"properties":{"c":{"x-mcp-header":"C"}}},` +
		`"bad":{"x-mcp-header":"no name"},"plain":{"type":"string"}}}`)
	for value, want := range map[any]string{"x": "x", "ü": "=?base64?w7w=?=", " x": "=?base64?IHg=?=", 7: "7",
		12345678.0: "12345678", -1e21: "-1000000000000000000000", true: "true", "=?base64?eA==?=": "=?base64?PT9iYXNlNjQ/ZUE9PT89?="} {
		got := byHeaders(schema, map[string]any{"a": value, "bad": 1, "plain": "x"})
		if assert.Len(t, got, 1, value) {
			assert.Equal(t, parameter{"Mcp-Param-A", want}, got[0])
		}
	}
	assert.Equal(t, []parameter{{"Mcp-Param-C", "7"}}, byHeaders(schema, map[string]any{"a": nil,
		"b": map[string]any{"c": 7.0}}))
	assert.Empty(t, byHeaders(schema, map[string]any{"a": []any{}, "b": "x"}))
}
