package conform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// dialects are those of JSON Schema that can be checked without fetching anything.
var dialects = map[string]*jsonschema.Draft{
	"": jsonschema.Draft2020,
	"https://json-schema.org/draft/2020-12/schema": jsonschema.Draft2020,
	"https://json-schema.org/draft/2019-09/schema": jsonschema.Draft2019,
	"http://json-schema.org/draft-07/schema":       jsonschema.Draft7,
	"http://json-schema.org/draft-06/schema":       jsonschema.Draft6,
	"http://json-schema.org/draft-04/schema":       jsonschema.Draft4,
}

// formats are those that are looked at in dialects before 2019-09, where that is left to
// whoever validates: a value that breaks one breaks no schema.
var formats = []string{"date", "date-time", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri",
	"iri-reference", "json-pointer", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template",
	"duration", "period", "semver", "uuid"}

// offline refuses to load what a schema points at.
type offline struct{}

func (offline) Load(string) (any, error) { return nil, errors.New("it is not fetched") }

// anyPattern is a pattern that isn't read: those of JSON Schema are of a richer
// language than Go's, so that a right one may look wrong here.
type anyPattern struct{}

func (anyPattern) MatchString(string) bool { return true }
func (anyPattern) String() string          { return "" }

// errDialect says that a schema is of a dialect that isn't known here, or no JSON.
var errDialect = errors.New("it is of no dialect that can be judged here")

// compile reads a schema by its dialect. What it points at is not fetched.
func compile(raw json.RawMessage) (*jsonschema.Schema, error) {
	draft, ok := dialects[strings.TrimSuffix(text(member(raw, "$schema")), "#")]
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if !ok || err != nil {
		return nil, errDialect
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.UseLoader(offline{})
	for _, name := range formats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(any) error { return nil }})
	}
	c.UseRegexpEngine(func(string) (jsonschema.Regexp, error) { return anyPattern{}, nil })
	if err := c.AddResource("mcpload:schema", value); err != nil {
		return nil, err
	}
	return c.Compile("mcpload:schema")
}

// badSchema says what is wrong with a schema by its dialect's own schema. known
// reports if that could be judged. What it points at is another matter: only the
// schema itself is held to its dialect.
func badSchema(raw json.RawMessage) (why string, known bool) {
	_, err := compile(raw)
	var bad *jsonschema.SchemaValidationError
	switch {
	case err == nil:
		return "", true
	case errors.As(err, &bad):
		return bad.Error(), true
	}
	return "", false
}

// compiledSchema is a schema to hold values to; nil where that can't be judged here.
func compiledSchema(raw json.RawMessage) *jsonschema.Schema {
	if bytes.Contains(raw, []byte(`"pattern`)) {
		return nil
	}
	schema, err := compile(raw)
	if err != nil {
		return nil
	}
	return schema
}

// keeps says how a value breaks a schema. known reports if that could be judged.
func keeps(schema *jsonschema.Schema, value json.RawMessage) (why string, known bool) {
	is, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil || schema == nil {
		return "", false
	}
	if err := schema.Validate(is); err != nil {
		return excerpt(err.Error()), true
	}
	return "", true
}

// badOutput says how a result of a tool breaks the tool's outputSchema. known reports if
// that could be judged.
func badOutput(tool string, schema *jsonschema.Schema, result json.RawMessage) (why string, known bool) {
	content := member(result, "structuredContent")
	if content == nil {
		return fmt.Sprintf("%s has an outputSchema, and its result no structuredContent", excerpt(tool)), true
	}
	if why, known = keeps(schema, content); why != "" {
		why = fmt.Sprintf("the structuredContent of %s doesn't keep its outputSchema: %s", excerpt(tool), why)
	}
	return why, known
}
