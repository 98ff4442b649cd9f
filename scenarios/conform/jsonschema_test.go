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
