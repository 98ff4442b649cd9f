package conform

import (
	"bytes"
	"encoding/json"
	"errors"
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

// offline refuses to load what a schema points at.
type offline struct{}

func (offline) Load(string) (any, error) { return nil, errors.New("it is not fetched") }

// anyPattern is a pattern that isn't read: those of JSON Schema are of a richer
// language than Go's, so that a right one may look wrong here.
type anyPattern struct{}

func (anyPattern) MatchString(string) bool { return true }
func (anyPattern) String() string          { return "" }

// badSchema says what is wrong with a schema by its dialect's own schema. known
// reports if that could be judged. What it points at is another matter: only the
// schema itself is held to its dialect.
func badSchema(raw json.RawMessage) (why string, known bool) {
	draft, ok := dialects[strings.TrimSuffix(text(member(raw, "$schema")), "#")]
	if !ok {
		return "", false
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return "", false
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.UseLoader(offline{})
	c.UseRegexpEngine(func(string) (jsonschema.Regexp, error) { return anyPattern{}, nil })
	if err := c.AddResource("mcpload:schema", value); err != nil {
		return "", false
	}
	_, err = c.Compile("mcpload:schema")
	var bad *jsonschema.SchemaValidationError
	switch {
	case err == nil:
		return "", true
	case errors.As(err, &bad):
		return bad.Error(), true
	}
	return "", false
}
